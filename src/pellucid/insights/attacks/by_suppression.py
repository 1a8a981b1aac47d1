"""Attacks on exact figures: what was shown of an insight, its withheld cells, and what its totals and earlier releases
tell of them. Everything in here is exact but how often an attack told something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import pyarrow as pa

from pellucid.insights.attacks.found import Attacked, Guarantee, Kind
from pellucid.insights.attacks.gain import CONFIDENCE, at_least, at_most
from pellucid.insights.attacks.ranges import follows, lines_of, narrow, whole_lines
from pellucid.policy.model import SuppressedRule
from pellucid.release.attempts import MOST_ALGEBRA
from pellucid.release.judged import Cell, Limits
from pellucid.release.suppress import KeptCell, cell_name, packed, people_changed, suppress
from pellucid.rewrite.governed import Block, MeasureKind

_SUMMABLE = {MeasureKind.ROWS, MeasureKind.VALUES, MeasureKind.SUM}
Earlier = Mapping[str, Sequence[KeptCell]]


@dataclass(slots=True)
class Shown:
    """An insight whose exact figures left: its cells of today, and by name what is kept of those that were released.

    `common` are today's cells, printed under a key that all insights of this attack share. `away` are the exact blocks
    without each person drawn at random.
    """

    leaf: int
    secret: str = field(repr=False)
    block: Block
    rule: SuppressedRule
    earlier: Earlier = field(repr=False)
    cells: list[Cell] = field(repr=False)
    common: list[Cell] = field(repr=False)
    away: Sequence[pa.Table] = field(repr=False, default=())

    @property
    def limits(self) -> Limits:
        """The limits of its rule."""
        return Limits.of(self.rule)

    def kept(self, cell: Cell) -> Sequence[KeptCell]:
        """Return what is kept of a cell, the oldest first."""
        return self.earlier.get(cell_name(cell, self.secret), ())

    def was_shown(self, cell: Cell) -> bool:
        """Return whether a cell's figures left, in any release."""
        return any(kept.shown for kept in self.kept(cell))

    def is_secret(self, cell: Cell) -> bool:
        """Return whether a cell was withheld for its own sake, not to hide another, and somebody is in it."""
        return cell.people > 0 and not self.kept(cell)


def attack_suppressed(insights: Sequence[Shown]) -> list[Attacked]:
    """Run every attack on the exact figures of insights."""
    over = f"{len(insights)} insights" if len(insights) > 1 else "1 insight"
    tried = [
        (Kind.DIFFERENCING, f"earlier and later figures of one cell; {over}", _over_time),
        (Kind.MEMBERSHIP, "people drawn at random leave, and the insight is run again", _leaving),
        (Kind.RECONSTRUCTION, f"withheld cells, out of totals and shown cells; {over}", _following),
        (Kind.RECONSTRUCTION, "withheld figures, to a tenth, out of totals and shown cells", _narrowed),
    ]
    found = []
    for kind, about, attack in tried:
        outcomes = [(insight.leaf, told) for insight in insights for told in attack(insight)]
        found += _row(kind, about, outcomes)
    pairs = [(one.leaf, told) for one, other in alike(insights) for told in _between(one, other)]
    return found + _row(Kind.DIFFERENCING, "one insight's figures less another's of the same groups", pairs)


def alike(insights: Sequence[Shown]) -> list[tuple[Shown, Shown]]:
    """Return the pairs of insights whose cells can be subtracted: the same groups and the same figures."""
    return [pair for pair in combinations(insights, 2) if _signature(pair[0].block) == _signature(pair[1].block)]


def uncovered(insight: Shown) -> int:
    """Return how many withheld cells are not attacked: of a line with no cell shown, whose total is taken as known."""
    withheld, shown = _parted(insight)
    whole = whole_lines([cell.keys for cell in withheld], [cell.keys for cell in shown])
    return sum(not insight.kept(cell) and _is_in(cell, whole) for cell in withheld)  # whoever is in them


def is_large(insight: Shown) -> bool:
    """Return whether it has more withheld cells than are worked out together."""
    return len(_parted(insight)[0]) > MOST_ALGEBRA


def _over_time(insight: Shown) -> Iterator[bool]:
    """Compare each figure of a cell with every one before: fewer people than the minimum may not be what differs."""
    for cell in insight.earlier.values():
        for place, later in enumerate(cell):
            for before in cell[:place] if later.shown else ():
                people = people_changed(before.sketch, later.sketch)
                known = any(each.shown and each.sketch == later.sketch for each in cell[:place])
                yield insight.limits.too_few(people) and not known and (people > 0 or not before.shown)


def _leaving(insight: Shown) -> Iterator[bool]:
    """Let a person leave and make the next release: no figure that was shown may come back changed by so few."""
    for exact in insight.away:
        next_ = suppress(exact, insight.block, insight.rule, insight.earlier, insight.secret)
        told = False
        for cell, verdict in zip(next_.cells, next_.verdicts, strict=True):
            for kept in insight.kept(cell) if verdict is None else ():
                told |= kept.shown and 0 < people_changed(kept.sketch, packed(cell)) < insight.limits.minimum
        yield told


def _following(insight: Shown) -> Iterator[bool]:
    """Work withheld cells out of the totals of all keys."""
    withheld, places = _sought(insight)
    lines = lines_of([cell.keys for cell in withheld])
    if len(withheld) > MOST_ALGEBRA:
        lines = [line for line in lines if len(line) == 1]
    yield from (follows(place, lines) for place in places)


def _narrowed(insight: Shown) -> Iterator[bool]:
    """Find the range of each withheld figure to which nobody can bring less than nothing."""
    withheld, places = _sought(insight)
    if len(insight.block.keys) > 2 or len(withheld) > MOST_ALGEBRA:
        return
    keys = [cell.keys for cell in withheld]
    for number, measure in enumerate(insight.block.measures):
        figures = [cell.figures.get(number) for cell in withheld]
        if not measure.shown or measure.kind not in _SUMMABLE:
            continue
        if any(each is not None and each.total != each.weight for each in figures):
            continue  # somebody brings less than nothing: there is no lower end
        totals = [each.total if each is not None else 0 for each in figures]
        yield from (narrow(place, keys, totals) for place in places if totals[place])


def _between(one: Shown, other: Shown) -> Iterator[bool]:
    """Compare cells that two insights showed: fewer people than the minimum may not be what differs."""
    theirs = {cell.keys: (cell, printed) for cell, printed in zip(other.cells, other.common, strict=True)}
    for cell, printed in zip(one.cells, one.common, strict=True):
        if cell.keys in theirs and one.was_shown(cell) and other.was_shown(theirs[cell.keys][0]):
            people = people_changed(packed(printed), packed(theirs[cell.keys][1]))
            yield 0 < people < max(one.limits.minimum, other.limits.minimum)


def _parted(insight: Shown) -> tuple[list[Cell], list[Cell]]:
    shown = [cell for cell in insight.cells if insight.was_shown(cell)]
    return [cell for cell in insight.cells if not insight.was_shown(cell)], shown


def _sought(insight: Shown) -> tuple[list[Cell], list[int]]:
    """Return the withheld cells, and the places of those that an attacker is after."""
    withheld, shown = _parted(insight)
    if not shown or not insight.block.keys:
        return withheld, []
    whole = whole_lines([cell.keys for cell in withheld], [cell.keys for cell in shown])
    places = [place for place, cell in enumerate(withheld) if insight.is_secret(cell) and not _is_in(cell, whole)]
    return withheld, places


def _is_in(cell: Cell, lines: frozenset[tuple[int, object]]) -> bool:
    return any(line in lines for line in enumerate(cell.keys))


def _signature(block: Block) -> object:
    keys = [key.origins for key in block.keys]
    return block.namespace, keys, [(each.kind, each.origins, each.scale) for each in block.measures]


TENS = 10
"""Tries on exact figures are told in tens, rounded up."""


def _row(kind: Kind, over: str, outcomes: Sequence[tuple[int, bool]]) -> list[Attacked]:
    told = sum(each for _, each in outcomes)
    tried = TENS * max(1, -(-len(outcomes) // TENS))  # how many withheld cells somebody is in is nobody's to know
    tail = (1 - CONFIDENCE) / 2
    leaves = sorted({leaf for leaf, each in outcomes if each})
    low, high = at_least(told, tried, tail), at_most(told, tried, tail)
    return [Attacked(Guarantee.SUPPRESSED, kind, over, tried, told / tried, low, high, 0.0, told, leaves=tuple(leaves))]
