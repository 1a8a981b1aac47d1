"""Complementary suppression against a checker that knows nothing of rectangles: linear algebra over all small sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.release.complement import Table, complement

PRIME = 1_000_003
MINIMUM = 10


def rank(rows: Iterable[Sequence[int]]) -> int:
    """Return the rank modulo a prime, by plain elimination."""
    left = [list(row) for row in rows]
    found = 0
    for column in range(len(left[0]) if left else 0):
        pivot = next((row for row in left if row[column] % PRIME), None)
        if pivot is None:
            continue
        left.remove(pivot)
        inverse = pow(pivot[column], -1, PRIME)
        left = [[(a - row[column] * inverse * b) % PRIME for a, b in zip(row, pivot, strict=True)] for row in left]
        found += 1
    return found


def inside(rows: list[list[int]], kept: Sequence[int]) -> int:
    """Return how many independent combinations of the rows touch none but the kept columns."""
    outside = [[value for place, value in enumerate(row) if place not in kept] for row in rows]
    return rank(rows) - rank(outside)


def totals(keys: Sequence[tuple[int, ...]]) -> list[list[int]]:
    lines = [[1] * len(keys)]
    for axis in range(len(keys[0])) if len(keys[0]) > 1 else ():
        lines += [[int(key[axis] == value) for key in keys] for value in sorted({key[axis] for key in keys})]
    return lines


def isolated(keys: Sequence[tuple[int, ...]], people: Sequence[int], withheld: frozenset[int]) -> list[tuple[int, ...]]:
    """Return the sets of cells with too few people about which more can be worked out than totals alone tell."""
    occupied = [place for place, count in enumerate(people) if count]
    lines = totals(keys)
    shown = [[int(place == one) for place in range(len(keys))] for one in range(len(keys)) if one not in withheld]
    totals_only = [[row[place] for place in occupied] for row in lines]
    known = totals_only + [[row[place] for place in occupied] for row in shown]
    found = []
    hidden = [place for place in range(len(occupied)) if occupied[place] in withheld]
    for size in range(1, len(hidden) + 1):
        for chosen in combinations(hidden, size):
            few = sum(people[occupied[place]] for place in chosen) < MINIMUM
            if few and inside(known, chosen) > inside(totals_only, chosen):
                found.append(tuple(occupied[place] for place in chosen))
    return found


def withheld_of(
    keys: Sequence[tuple[int, ...]], people: Sequence[int], known: frozenset[int] = frozenset()
) -> frozenset[int]:
    small = [place for place, count in enumerate(people) if count < MINIMUM]
    fine = frozenset(range(len(keys))) - set(small)
    table = Table(
        keys=keys,
        hiding=fine - known,
        shown=fine & known,
        weights=people,
        fine=lambda hidden, hiding: sum(people[place] for place in (*hidden, *hiding)) >= MINIMUM,
    )
    found = complement(table, [place for place in small if people[place]])
    return frozenset(range(len(keys))) if found is None else frozenset(small) | found


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[tuple[int, ...]], list[int]]:
    shape = draw(st.sampled_from([(2,), (5,), (2, 2), (2, 3), (3, 3), (3, 4), (2, 5), (2, 2, 2), (2, 2, 3)]))
    keys = list(product(*map(range, shape)))
    if draw(st.booleans()):
        keys = [key for key in keys if draw(st.integers(0, 6))] or keys[:1]
    counts = st.sampled_from([0, 1, 2, 4, 6, 9, 10, 11, 15, 30])
    return keys, [draw(counts) for _ in keys]


@settings(max_examples=400, deadline=None)
@given(tables())
@pytest.mark.promise("suppressed", "random tables of one to three keys, over every small set of cells")
def test_nothing_about_too_few_people_can_be_worked_out_beyond_the_totals(
    table: tuple[list[tuple[int, ...]], list[int]],
) -> None:
    keys, people = table
    assert isolated(keys, people, withheld_of(keys, people)) == []


def test_without_complements_a_withheld_cell_is_the_total_less_the_others() -> None:
    keys, people = list(product(range(3), range(3))), [4, 20, 30, 12, 20, 30, 11, 20, 30]
    alone = frozenset({0})
    assert isolated(keys, people, alone) == [(0,)]
    withheld = withheld_of(keys, people)
    assert len(withheld) == 4
    assert isolated(keys, people, withheld) == []


def test_a_bridge_between_two_rectangles_is_found_by_the_checker() -> None:
    """Two withheld cells in every line are not enough: the cell between two closed rectangles follows from totals."""
    keys = list(product(range(5), range(5)))
    pattern = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 2), (4, 3), (2, 2)]
    pattern = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3), (1, 2)]
    people = [5 if key in pattern else 20 for key in keys]
    withheld = frozenset(place for place, key in enumerate(keys) if key in pattern)
    for axis, value in product((0, 1), range(4)):
        assert sum(keys[place][axis] == value for place in withheld) >= 2
    assert (keys.index((1, 2)),) in isolated(keys, people, withheld)


def test_a_value_with_too_few_people_is_withheld_whole_and_its_cells_stay_apart() -> None:
    keys = list(product(range(3), range(4)))
    people = [1, 2, 1, 3, 20, 20, 20, 20, 30, 30, 30, 30]
    withheld = withheld_of(keys, people)
    assert {0, 1, 2, 3} <= withheld
    assert len(withheld) < len(keys)
    assert isolated(keys, people, withheld) == []


def test_a_cell_known_from_an_earlier_answer_hides_nobody() -> None:
    keys, people = [(0,), (1,), (2,)], [4, 12, 40]
    assert withheld_of(keys, people) == {0, 1}
    assert withheld_of(keys, people, known=frozenset({1})) == {0, 2}
    assert withheld_of(keys, people, known=frozenset({1, 2})) == {0, 1, 2}
