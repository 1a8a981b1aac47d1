"""Quantiles: their scores against brute force, what they cost, and how well they do."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import QueryFailed
from pellucid.policy.model import ReleaseRule
from pellucid.release.mechanisms import choose
from pellucid.release.plan import plan
from pellucid.release.private import release
from pellucid.release.quantile import noise_of, quantiles, rank_half_width, scores
from pellucid.rewrite.governed import WEIGHT, Grid, Measure, MeasureKind
from tests.release.conftest import make_block, make_exact, make_query

RHO = 50_000_000_000
MEDIAN = Grid(0, 100, 100, 1, 2)
VALUES = Measure("m0", MeasureKind.QUANTILE, "median of price", 0, 0, 20, grid=MEDIAN)
CELLS = st.dictionaries(st.integers(0, 12), st.integers(0, 10_000), max_size=6)
SHARES = st.fractions(min_value=Fraction(1, 100), max_value=Fraction(99, 100), max_denominator=100)


def splits(cell: dict[int, int], grid: Grid, place: int) -> Fraction:
    """Return by how much weight a place misses the wanted share, written out from the definition."""
    below = sum(weight for at, weight in cell.items() if at < place)
    above = sum(weight for at, weight in cell.items() if at > place)
    wanted = Fraction(grid.part, grid.whole) * sum(cell.values())
    return max(Fraction(0), below - wanted, wanted - (sum(cell.values()) - above))


@given(cell=CELLS, share=SHARES)
def test_scores_are_by_how_much_weight_each_place_misses(cell: dict[int, int], share: Fraction) -> None:
    grid = Grid(0, 12, 12, share.numerator, share.denominator)
    assert scores(cell, grid) == [-grid.whole * splits(cell, grid, place) for place in range(13)]


@given(cell=CELLS, person=CELLS, share=SHARES)
def test_a_person_moves_no_score_by_more_than_the_larger_part_of_their_weight(
    cell: dict[int, int], person: dict[int, int], share: Fraction
) -> None:
    grid = Grid(0, 12, 12, share.numerator, share.denominator)
    both = dict(Counter(cell) + Counter(person))
    moved = max(grid.part, grid.whole - grid.part) * sum(person.values())
    assert all(abs(x - y) <= moved for x, y in zip(scores(cell, grid), scores(both, grid), strict=True))


@settings(max_examples=30, deadline=None)
@given(sensitivity=st.floats(0.5, 5_000), rho=st.integers(10**6, 10**12), share=SHARES)
def test_a_quantile_costs_what_was_planned_and_never_more(sensitivity: float, rho: int, share: Fraction) -> None:
    grid = Grid(0, 10, 10, share.numerator, share.denominator)
    spent = quantiles([{3: 10**6}], grid, sensitivity=sensitivity, rho=rho).spent
    assert rho * (1 - 1e-6) - 2 <= spent.rho <= rho


def test_noise_that_would_cost_more_than_planned_is_never_drawn() -> None:
    scale = noise_of(MEDIAN, 20.0, RHO)
    with pytest.raises(QueryFailed) as caught:
        choose([[0, 0]], scale=scale / 1.5, moved=20 * WEIGHT, rho=RHO)
    assert caught.value.code == "noise-not-calibrated"


def test_among_many_values_the_answer_is_close_in_rank_as_often_as_stated() -> None:
    weights = dict.fromkeys(range(101), 200 * WEIGHT)  # 200 values at each place: the median is 50
    found = quantiles([weights] * 400, MEDIAN, sensitivity=20.0, rho=RHO)
    within = rank_half_width(MEDIAN, found.sigma)
    off = [max(0, abs(value - 50) * 200 - 100) for value in found.values]
    assert 200 < within < 2_000, "the statement would be empty or the test unfair"
    assert sum(rank > within for rank in off) <= 0.05 * 400 + 3 * math.sqrt(400 * 0.05 * 0.95)
    assert len(set(found.values)) > 1, "there is no noise"


def test_no_value_at_all_is_answered_by_any_value_of_the_grid() -> None:
    found = quantiles([{}] * 300, Grid(5, 8, 3, 1, 2), sensitivity=1.0, rho=RHO)
    assert set(found.values) == {5, 6, 7, 8}


def test_the_chances_of_an_answer_differ_by_no_more_than_rho_allows() -> None:
    """One person's weight decides between two places; 3,000 draws bound how much that shows (false alarm < 1e-6)."""
    grid, rho, draws = Grid(0, 1, 1, 1, 2), 20_000_000_000, 3_000
    alone = quantiles([{0: 10 * WEIGHT, 1: 10 * WEIGHT}] * draws, grid, sensitivity=math.sqrt(draws), rho=draws * rho)
    joined = quantiles([{0: 10 * WEIGHT, 1: 11 * WEIGHT}] * draws, grid, sensitivity=math.sqrt(draws), rho=draws * rho)
    share = [sum(each.values) / draws for each in (alone, joined)]
    epsilon = math.sqrt(8 * rho / 10**12)  # a mechanism of bounded range costs rho = epsilon² / 8
    slack = 5 * math.sqrt(0.25 / draws)
    assert share[1] - slack <= math.exp(epsilon) * (share[0] + slack)
    assert share[1] > share[0] - slack


def test_a_block_releases_a_quantile_beside_other_measures(rule: ReleaseRule) -> None:
    count = Measure("m1", MeasureKind.ROWS, "rows", 0, 0, 20)
    query = make_query(make_block(VALUES, count))
    places = [[10, 90], [40], None]
    weights = [[400_000 * WEIGHT, 100_000 * WEIGHT], [900_000 * WEIGHT], None]
    exact = make_exact(
        {"k0": ["a", "b", "c"], "_subjects": [9, 9, 0], "m0": [0] * 3, "m1": [0] * 3, "h0": places, "w0": weights}
    )
    planned = plan(query, rule)
    got = release(exact, query, planned)
    table = got.tables["b0"]
    assert table.column("m0").to_pylist()[:2] == [10, 40]
    assert 0 <= table.column("m0").to_pylist()[2] <= 100
    assert table.column_names == ["k0", "m0", "m1", "m1_error"]
    assert planned.cost.covers(got.spent)
    assert "rank is off" in planned.reasons["b0", "m0"]
    assert planned.half_width("b0", "m0") is None
