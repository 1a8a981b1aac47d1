"""What totals give away of withheld cells: which follow from them, and between which bounds the others lie. Pure.

The true figures are known in here, so a range is a question of flow: how much can be added to a cell and carried round
through other withheld cells, so that every known total stays as it is (Castro 2006; exact for one and two keys). With
more keys only what follows is worked out.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

Keys = tuple[object, ...]
Line = tuple[int, object]
GRAND: Line = (-1, None)
"""The line of all cells."""

UNBOUNDED = 2**100
PRIME = 2**61 - 1
NARROW = Fraction(1, 10)
"""A withheld figure counts as worked out if it is known to a tenth of itself."""


def whole_lines(withheld: Sequence[Keys], shown: Iterable[Keys]) -> frozenset[Line]:
    """Return the values of keys, of several keys, all of whose cells are withheld: the rule takes their total as known,
    and says nothing of what follows from it.
    """
    seen = {line for keys in shown for line in enumerate(keys)}
    return frozenset(line for keys in withheld if len(keys) > 1 for line in enumerate(keys) if line not in seen)


def lines_of(withheld: Sequence[Keys]) -> list[list[int]]:
    """Return the withheld cells on each line whose total is taken as known: all of them, and each key's values."""
    lines: dict[Line, list[int]] = defaultdict(list)
    for place, keys in enumerate(withheld):
        lines[GRAND].append(place)
        if len(keys) > 1:
            for line in enumerate(keys):
                lines[line].append(place)
    return list(lines.values())


def follows(place: int, lines: Sequence[Sequence[int]]) -> bool:
    """Return whether sums of lines determine one place: elimination modulo a large prime, that place last."""
    rows = [{-1 if each == place else each: 1 for each in line} for line in lines]
    reduced: dict[int, dict[int, int]] = {}
    for row in rows:
        while row:
            pivot = max(row)
            if pivot == -1:
                return True
            if pivot not in reduced:
                inverse = pow(row[pivot], -1, PRIME)
                reduced[pivot] = {each: value * inverse % PRIME for each, value in row.items()}
                break
            factor = row[pivot]
            for each, value in reduced[pivot].items():
                left = (row.get(each, 0) - factor * value) % PRIME
                if left:
                    row[each] = left
                else:
                    row.pop(each, None)
    return False


def narrow(place: int, withheld: Sequence[Keys], figures: Sequence[int]) -> bool:
    """Return whether a withheld figure, all figures being whole numbers from 0 on, is known to a tenth of itself.

    Raises ValueError for more than two keys.
    """
    keys = withheld[place]
    if len(keys) > 2:
        raise ValueError(f"ranges are worked out for at most two keys, got {len(keys)}")
    enough = int(figures[place] * NARROW) + 1
    if len(keys) < 2:
        return len(withheld) == 1 or sum(figures) < enough  # beside others, from 0 to all that is withheld
    graph = _graph(place, withheld, figures)
    down = min(figures[place], _flow(graph, (0, keys[0]), (1, keys[1]), enough))
    up = _flow(graph, (1, keys[1]), (0, keys[0]), enough - down) if down < enough else 0
    return down + up < enough


Graph = Mapping[Line, dict[Line, int]]


def _graph(place: int, withheld: Sequence[Keys], figures: Sequence[int]) -> Graph:
    """Return what can be carried from line to line: along a cell as much as one likes, back as much as is in it."""
    graph: dict[Line, dict[Line, int]] = defaultdict(dict)
    for one, keys in enumerate(withheld):
        row, column = (0, keys[0]), (1, keys[1])
        if one != place:
            graph[row][column] = UNBOUNDED
            graph[column][row] = figures[one]
    return graph


def _flow(graph: Graph, source: Line, sink: Line, enough: int) -> int:
    """Return the largest flow, or any that is enough."""
    left = {node: dict(edges) for node, edges in graph.items()}
    total = 0
    while total < enough:
        path = _path(left, source, sink)
        if path is None:
            return total
        steps = list(pairwise(path))
        carried = min(enough - total, *(left[one][other] for one, other in steps))
        for one, other in steps:
            left[one][other] -= carried
            back = left.setdefault(other, {})
            back[one] = back.get(one, 0) + carried
        total += carried
    return total


def _path(left: Mapping[Line, Mapping[Line, int]], source: Line, sink: Line) -> list[Line] | None:
    before: dict[Line, Line] = {source: source}
    waiting = deque([source])
    while waiting:
        node = waiting.popleft()
        if node == sink:
            path = [node]
            while path[-1] != source:
                path.append(before[path[-1]])
            return path[::-1]
        for other, room in left.get(node, {}).items():
            if room > 0 and other not in before:
                before[other] = node
                waiting.append(other)
    return None
