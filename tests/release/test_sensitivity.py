from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.release.sensitivity import measure_sensitivity, subjects_sensitivity
from pellucid.rewrite.governed import Measure, MeasureKind
from tests.release.conftest import MONEY

CELLS = st.integers(1, 6)
AMOUNTS = st.lists(st.integers(-500, 500), min_size=1, max_size=40)


def keep_groups(rows: list[list[int]], max_groups: int) -> list[dict[int, list[int]]]:
    """Each subject's rows by cell, for at most `max_groups` cells: what the engine does before it clamps."""
    subjects: list[dict[int, list[int]]] = []
    for cell_by_amount in rows:
        cells: dict[int, list[int]] = {}
        for position, amount in enumerate(cell_by_amount):
            cells.setdefault(position % 7, []).append(amount)
        subjects.append(dict(list(cells.items())[:max_groups]))
    return subjects


def clamped(subject: dict[int, list[int]], measure: Measure) -> dict[int, int]:
    totals = {cell: sum(amounts) for cell, amounts in subject.items()}
    if measure.norm is None:
        return {cell: min(max(total, measure.lower), measure.upper) for cell, total in totals.items()}
    length = math.sqrt(sum(total * total for total in totals.values()))
    factor = min(1.0, measure.norm / length) if length else 1.0
    return {cell: math.trunc(total * factor) for cell, total in totals.items()}


def largest_move(contributions: list[dict[int, int]]) -> float:
    """The L2 distance between the vector with everybody and without one subject, for the worst subject."""
    everybody: dict[int, int] = {}
    for contribution in contributions:
        for cell, amount in contribution.items():
            everybody[cell] = everybody.get(cell, 0) + amount
    worst = 0.0
    for left_out in range(len(contributions)):
        others: dict[int, int] = {}
        for index, contribution in enumerate(contributions):
            for cell, amount in contribution.items():
                others[cell] = others.get(cell, 0) + (amount if index != left_out else 0)
        worst = max(worst, math.sqrt(sum((everybody[cell] - others[cell]) ** 2 for cell in everybody)))
    return worst


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(AMOUNTS, min_size=1, max_size=6),
    max_groups=CELLS,
    ends=st.tuples(st.integers(-300, 300), st.integers(-300, 300)),
)
def test_no_subject_moves_a_clamped_vector_by_more_than_stated(
    rows: list[list[int]], max_groups: int, ends: tuple[int, int]
) -> None:
    measure = replace(MONEY, lower=min(ends), upper=max(ends))
    contributions = [clamped(subject, measure) for subject in keep_groups(rows, max_groups)]
    cells = len({cell for contribution in contributions for cell in contribution})
    assert largest_move(contributions) <= measure_sensitivity(measure, max_groups, cells)
    assert measure_sensitivity(measure, max_groups, cells) <= measure_sensitivity(measure, max_groups)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(AMOUNTS, min_size=1, max_size=6), max_groups=CELLS, norm=st.integers(1, 2000))
def test_no_subject_moves_a_vector_bounded_by_norm_by_more_than_stated(
    rows: list[list[int]], max_groups: int, norm: int
) -> None:
    measure = replace(MONEY, norm=norm)
    contributions = [clamped(subject, measure) for subject in keep_groups(rows, max_groups)]
    assert largest_move(contributions) <= measure_sensitivity(measure, max_groups)


@settings(deadline=None)
@given(rows=st.lists(AMOUNTS, min_size=1, max_size=6), max_groups=CELLS)
def test_no_subject_moves_the_counts_of_people_by_more_than_stated(rows: list[list[int]], max_groups: int) -> None:
    contributions = [dict.fromkeys(subject, 1) for subject in keep_groups(rows, max_groups)]
    assert largest_move(contributions) <= subjects_sensitivity(max_groups)


def test_a_clamp_is_attained_so_the_stated_sensitivity_is_not_slack() -> None:
    measure = replace(MONEY, lower=-30, upper=10)
    assert largest_move([dict.fromkeys(range(4), -30)]) == measure_sensitivity(measure, 4) == 60.0


def test_a_norm_is_attained_in_any_number_of_groups_so_the_stated_sensitivity_is_not_slack() -> None:
    measure = replace(MONEY, norm=40)
    assert largest_move([dict.fromkeys(range(100), 4)]) == 40.0
    for groups in (1, 100, 10_000):
        assert 40.0 < measure_sensitivity(measure, groups) < 40.0 * (1 + 5e-12)


def test_the_larger_end_of_a_clamp_counts() -> None:
    assert measure_sensitivity(replace(MONEY, lower=-7, upper=3), 1) == 7.0


def test_a_root_that_is_not_a_float_is_rounded_up() -> None:
    assert subjects_sensitivity(2) > math.sqrt(2) - 1e-15
    assert subjects_sensitivity(2) ** 2 > 2


def test_bounds_of_nothing_have_no_sensitivity() -> None:
    assert measure_sensitivity(Measure("m0", MeasureKind.SUM, "", 0, 0, 0), 5) == 0.0
    assert measure_sensitivity(Measure("m0", MeasureKind.SUM, "", 0, 0, 0, norm=0), 5) == 0.0


def test_the_largest_bigint_bound_still_has_a_finite_sensitivity() -> None:
    measure = Measure("m0", MeasureKind.SUM, "", 0, 0, 2**63 - 1)
    assert 2**63 * 10 <= measure_sensitivity(measure, 100) < 2**63 * 10 * (1 + 1e-12)
