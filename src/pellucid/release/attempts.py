"""Attacks that are tried on an exact answer before anybody may approve it, and what came of them: held or not, no data.

Each goes another way than the rule it tries. A cell that could be worked out is a defect of pellucid, and the insight
cannot be approved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pellucid.policy.model import SuppressedRule
from pellucid.release.judged import Cell, Limits, Withheld
from pellucid.release.suppress import KeptCell, Suppressed, changed, packed, people_changed
from pellucid.rewrite.governed import Block

PRIME = 2**61 - 1
MOST_ALGEBRA = 400
"""Withheld cells up to which it is worked out whether they follow from totals; beyond, one line at a time."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attack: its name, what it does, what it went over, how often it was tried, and told of too few people.

    `tried` follows the data: how many cells are shown tells whether somebody is in a small one, and anybody may propose
    anything. So it is for tests; `told` says what may be stored and shown.
    """

    name: str
    title: str
    over: str
    tried: int
    broken: int

    def told(self) -> dict[str, object]:
        """Return what may be told before an approval: nothing that follows the data, unless pellucid has a defect."""
        return {"name": self.name, "title": self.title, "over": self.over, "held": self.held}

    @property
    def held(self) -> bool:
        """Whether it never told anything."""
        return self.broken == 0


def attempts(answer: Suppressed, block: Block, rule: SuppressedRule) -> tuple[Attempt, ...]:
    """Try every attack on an answer."""
    limits = Limits.of(rule)
    shown = [cell for cell, verdict in zip(answer.cells, answer.verdicts, strict=True) if verdict is None]
    figures, keys = sum(measure.shown for measure in block.measures), len(block.keys)
    tried = (
        (
            "largest-contributor",
            "Subtract what others in a cell brought",
            f"figures: {figures}",
            _largest(shown, limits),
        ),
        ("leave-one-out", "Ask again without one person", f"figures: {figures}", _leave_one_out(shown, limits)),
        ("conditions", "Subtract parts marked by conditions", f"conditions: {len(block.atoms)}", _parts(shown, limits)),
        ("differences", "Subtract one figure from another", f"pairs: {len(block.pairs)}", _differences(shown, limits)),
        ("totals", "Work withheld cells out of totals", f"keys: {keys}", _totals(answer)),
    )
    found = []
    for name, title, over, outcomes in tried:
        results = list(outcomes)
        found.append(Attempt(name, title, over, len(results), results.count(False)))
    return tuple(found)


def _largest(shown: Sequence[Cell], limits: Limits) -> Iterator[bool]:
    for cell in shown:
        for figure in cell.figures.values():
            yield figure.people == 0 or (
                figure.people >= limits.minimum and figure.largest <= limits.share * figure.weight
            )


def _leave_one_out(shown: Sequence[Cell], limits: Limits) -> Iterator[bool]:
    """Change one person's bucket of a cell: the next release must find the cell changed, and by too few."""
    for cell in shown:
        for bucket in [place for place, printed in enumerate(cell.sketch) if printed][:3]:
            without = Cell(cell.keys, cell.people - 1, sketch=[*cell.sketch])
            without.sketch[bucket] ^= 0x5DEECE66D
            before = KeptCell("", True, packed(cell))
            change = changed(without, [before], limits)
            yield change.verdict is Withheld.CHANGED and people_changed(before.sketch, packed(without)) == 1


def _parts(shown: Sequence[Cell], limits: Limits) -> Iterator[bool]:
    for cell in shown:
        yield from (people >= limits.minimum for people in cell.occupied)
        yield from (part.people == 0 or part.people >= limits.minimum for part in cell.combinations)


def _differences(shown: Sequence[Cell], limits: Limits) -> Iterator[bool]:
    for cell in shown:
        yield from (part.people == 0 or part.people >= limits.minimum for part in cell.differences)


def _totals(answer: Suppressed) -> Iterator[bool]:
    """Work out, from the totals of all keys and the shown cells, each withheld cell that can be."""
    withheld = [place for place, verdict in enumerate(answer.verdicts) if verdict is not None]
    keys = [answer.cells[place].keys for place in withheld]
    if len(withheld) == len(answer.cells) or not withheld or not keys[0]:
        return
    primary = [
        place
        for place, cell in enumerate(withheld)
        if answer.verdicts[cell] is not Withheld.COMPLEMENT and answer.cells[cell].people
    ]
    lines: dict[tuple[int, object], list[int]] = {(-1, None): list(range(len(withheld)))}
    for place, values in enumerate(keys):
        for axis, value in enumerate(values) if len(values) > 1 else ():
            lines.setdefault((axis, value), []).append(place)
    whole = _whole_lines(answer, withheld)
    if len(withheld) > MOST_ALGEBRA:
        alone = {held[0] for line, held in lines.items() if len(held) == 1 and line not in whole}
        yield from (place not in alone for place in primary)
        return
    solved = _solved(list(lines.values()), len(withheld))
    for place in primary:
        known_anyway = len(keys[place]) > 1 and any(line in whole for line in enumerate(keys[place]))
        yield known_anyway or place not in solved


def _whole_lines(answer: Suppressed, withheld: Sequence[int]) -> frozenset[tuple[int, object]]:
    """Return the values of keys all of whose cells are withheld: their totals are all that is known of them."""
    gone = frozenset(withheld)
    shown = {line for place, cell in enumerate(answer.cells) if place not in gone for line in enumerate(cell.keys)}
    return frozenset(line for place in withheld for line in enumerate(answer.cells[place].keys) if line not in shown)


def _solved(lines: Sequence[Sequence[int]], size: int) -> set[int]:
    """Return the unknowns that the lines' sums determine, by elimination modulo a large prime."""
    rows = [{place: 1 for place in line} for line in lines]
    reduced: dict[int, dict[int, int]] = {}
    for row in rows:
        for pivot, known in reduced.items():
            _subtract(row, known, pivot)
        if not row:
            continue
        pivot = min(row)
        inverse = pow(row[pivot], -1, PRIME)
        scaled = {place: value * inverse % PRIME for place, value in row.items()}
        for known in reduced.values():
            _subtract(known, scaled, pivot)
        reduced[pivot] = scaled
    return {pivot for pivot, row in reduced.items() if len(row) == 1 and pivot < size}


def _subtract(row: dict[int, int], known: dict[int, int], pivot: int) -> None:
    factor = row.get(pivot, 0)
    if factor:
        for place, value in known.items():
            left = (row.get(place, 0) - factor * value) % PRIME
            if left:
                row[place] = left
            else:
                row.pop(place, None)
