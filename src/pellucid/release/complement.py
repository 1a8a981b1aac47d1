"""Which further cells must be withheld, so that nobody works a withheld one out of totals and the cells beside it.

The grand total, and the total of each value of each key, are taken as known. A withheld cell is hidden by a rectangle:

              k      k'         whatever is added to the one corner and taken from the next leaves every total as it
        r    cell   cell        is; so whatever can be worked out and holds one corner holds another one too. The three
        r2   cell   cell        others are cells that might be shown: they tell of enough people by themselves.

A value of a key with no such cell is withheld whole, beside cells of other values that tie its cells together: what can
be worked out of it is its total, which was taken as known, or holds one of those cells. With one key the rectangle is a
pair. Where none can be found, everything is withheld. Pure; a test checks it by brute force, another way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

Line = tuple[int, object]
"""A key's position, and one of its values."""

Keys = tuple[object, ...]


@dataclass(slots=True)
class Table:
    """Cells by their keys. `hiding` are cells that may hide others; `weights` say how much is lost with a cell.

    `shown` are those that cannot hide any, because they are known from an earlier answer. `fine(hidden,
    hiding)` says whether cells taken together tell of enough people.
    """

    keys: Sequence[Keys]
    hiding: frozenset[int]
    shown: frozenset[int]
    weights: Sequence[int]
    fine: Callable[[Sequence[int], Sequence[int]], bool]
    chosen: set[int] = field(default_factory=set)
    covered: set[int] = field(default_factory=set)
    at: dict[Keys, int] = field(default_factory=dict)
    lines: dict[Line, list[int]] = field(default_factory=lambda: defaultdict(list))
    beside: dict[tuple[int, Keys], list[int]] = field(default_factory=lambda: defaultdict(list))
    bare: set[Line] = field(default_factory=set)

    def __post_init__(self) -> None:
        for place, keys in enumerate(self.keys):
            self.at[keys] = place
            for axis, value in enumerate(keys):
                self.lines[axis, value].append(place)
                self.beside[axis, _rest(keys, axis)].append(place)
        self.bare = {line for line, held in self.lines.items() if self.hiding.isdisjoint(held)}

    def bare_lines(self, place: int) -> list[Line]:
        """Return the bare lines that a cell is in."""
        return [line for line in enumerate(self.keys[place]) if line in self.bare]

    def cost(self, places: Iterable[int]) -> int:
        """Return what is lost by withholding these cells, beyond what is withheld already."""
        return sum(self.weights[place] for place in places if place not in self.chosen)

    def choose(self, places: Collection[int], *hidden: int) -> None:
        """Withhold these cells."""
        self.chosen.update(places)
        self.covered.update(places, hidden)


def complement(table: Table, hidden: Sequence[int], kept: Sequence[int] = ()) -> frozenset[int] | None:
    """Return the cells to withhold so that `hidden` ones stay hidden; None if only everything would do.

    `kept` cells were withheld for others before and stay so: they are used first, and are hidden themselves.
    """
    table.chosen.update(kept)
    if not table.keys or not table.keys[0]:
        return frozenset(kept)
    if len(table.keys[0]) == 1:
        return _in_one_line(table, hidden)
    lines = dict.fromkeys(line for place in hidden for line in table.bare_lines(place))
    if any(not table.shown.isdisjoint(table.lines[line]) or not _tie_together(table, line) for line in lines):
        return None
    clear = [place for place in hidden if not table.bare_lines(place)]
    for place in sorted(clear, key=lambda one: table.weights[one], reverse=True):
        if not _hide(table, place):
            return None
    for place in kept:
        if place not in table.covered and not _hide(table, place):
            return None
    return frozenset(table.chosen)


def _in_one_line(table: Table, hidden: Sequence[int]) -> frozenset[int] | None:
    """Return what to withhold in a table with one key: its total less what is shown is the sum of all that is withheld,
    so that has to be fine, and to hold a cell that may hide others.
    """
    candidates = sorted(table.hiding - table.chosen, key=lambda one: (table.weights[one], one))
    while True:
        withheld = sorted(table.chosen)
        enough = len(hidden) + len(withheld) > 1 and bool(withheld)
        if enough and table.fine(hidden or withheld[:1], withheld if hidden else withheld[1:]):
            return frozenset(withheld)
        if not candidates:
            return None
        table.chosen.add(candidates.pop(0))


def _hide(table: Table, place: int) -> bool:
    """Hide a cell by the cheapest rectangle whose other corners may hide others."""
    best: tuple[int, tuple[int, ...]] | None = None
    for corners in _rectangles(table, place):
        cost = table.cost(corners)
        if best is None or (cost, corners) < best:
            best = cost, corners
        if cost == 0:
            break
    if best is None:
        return False
    table.choose(best[1], place)
    return True


def _rectangles(table: Table, place: int) -> Iterable[tuple[int, int, int]]:
    keys = table.keys[place]
    for axis, value in enumerate(keys):
        across = [one for one in table.beside[axis, _rest(keys, axis)] if one != place and one in table.hiding]
        along = [one for one in table.lines[axis, value] if one != place and one in table.hiding]
        for second in sorted(across, key=lambda one: (one not in table.chosen, table.weights[one])):
            if not table.fine((place,), (second,)):
                continue
            other = table.keys[second][axis]
            for third in along:
                fourth = table.at.get(_with(table.keys[third], axis, other))
                if fourth is not None and fourth in table.hiding:
                    yield second, third, fourth


def _tie_together(table: Table, line: Line) -> bool:
    """Withhold cells of other values of a key so that the cells of a bare line can be told apart by nothing known."""
    axis, _ = line
    left = {_rest(table.keys[place], axis): {_rest(table.keys[place], axis)} for place in table.lines[line]}
    others = [other for other in table.lines if other[0] == axis and other not in table.bare]
    while len({id(group) for group in left.values()}) > 1:
        best: tuple[tuple[int, int], list[int], set[Keys]] | None = None
        for other in others:
            ends = {_rest(table.keys[place], axis): place for place in table.lines[other]}
            ends = {rest: place for rest, place in ends.items() if rest in left and _is_withheld(table, place, other)}
            ends = _useful(ends, left)
            merged = len({id(left[rest]) for rest in ends}) - 1
            cost = table.cost(place for place in ends.values() if place in table.hiding)
            if merged > 0 and (best is None or (-merged, cost) < best[0]):
                best = (-merged, cost), [place for place in ends.values() if place in table.hiding], set(ends)
        if best is None:
            return False
        table.choose(best[1], *table.lines[line])
        together = set().union(*(left[rest] for rest in best[2]))
        left.update(dict.fromkeys(together, together))
    return True


def _useful(ends: dict[Keys, int], left: dict[Keys, set[Keys]]) -> dict[Keys, int]:
    """Keep one end a group: one more in the same group would tie nothing."""
    return {rest: place for rest, place in {id(left[rest]): (rest, place) for rest, place in ends.items()}.values()}


def _is_withheld(table: Table, place: int, beside: Line) -> bool:
    """Whether a cell may hide others, or is withheld whatever happens: it stands in a bare line of another key."""
    if place in table.shown:
        return False
    return place in table.hiding or any(line != beside for line in table.bare_lines(place))


def _rest(keys: Keys, axis: int) -> Keys:
    return keys[:axis] + keys[axis + 1 :]


def _with(keys: Keys, axis: int, value: object) -> Keys:
    return (*keys[:axis], value, *keys[axis + 1 :])
