"""The arithmetic of attacks: gains, their limits and false alarms; what totals give away, against brute force."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.insights.attacks.gain import FALSE_ALARMS, Gain, Told, bound_of
from pellucid.insights.attacks.ranges import NARROW, Keys, follows, lines_of, narrow, whole_lines
from pellucid.release.attempts import _solved
from pellucid.release.budget import PrivacyBudget
from tests.attacks.advantage import Advantage, any_bound, gaussian_bound

CHANCE = FALSE_ALARMS / 10


@given(st.integers(0, 60), st.integers(1, 60))
def test_intervals_are_those_of_the_attack_tests_which_are_written_apart(right: int, trials: int) -> None:
    right = min(right, trials)
    assert Gain(right, trials).interval() == pytest.approx(Advantage(right, trials).interval(), abs=1e-6)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_bounds_are_those_of_the_attack_tests(rho: int, delta: int) -> None:
    halves = [PrivacyBudget(rho // 2, delta), PrivacyBudget(rho - rho // 2)]
    assert bound_of(halves) == pytest.approx(any_bound(rho / 1e12, delta / 1e15))
    assert bound_of(halves) >= gaussian_bound(rho / 1e12, delta / 1e15) - 1e-12


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.0, 5.0])
def test_whole_numbers_with_noise_that_is_hardly_wider_stay_under_the_bound_though_two_normals_do_not(
    sigma: float,
) -> None:
    rho = 1 / (2 * sigma**2)
    weights = [math.exp(-((k / sigma) ** 2) / 2) for k in range(-60, 61)]
    apart = max(weights) / math.fsum(weights)  # at the cut between the two: all that is not in both is one middle
    assert gaussian_bound(rho) < apart <= bound_of([PrivacyBudget(round(rho * 1e12))])


@pytest.mark.parametrize("bound", [0.0, 0.09, 0.28, 0.9, 1.0])
@pytest.mark.parametrize("trials", [50, 400])
def test_a_sound_answer_is_accused_no_more_often_than_stated(bound: float, trials: int) -> None:
    """Worked out, not drawn: the chance of a finding where the true gain is the bound itself."""
    right = (1 + bound) / 2
    alarms = [n for n in range(trials + 1) if Gain(n, trials).surely_above(bound, CHANCE)]
    assert math.fsum(_chance(n, trials, right) for n in alarms) <= CHANCE


@pytest.mark.parametrize(("bound", "trials"), [(0.09, 200), (0.28, 400)])
def test_a_gain_that_would_be_seen_is_seen_in_nine_of_ten_runs(bound: float, trials: int) -> None:
    right = (1 + Gain(0, trials).seen_from(bound, CHANCE)) / 2
    alarms = [n for n in range(trials + 1) if Gain(n, trials).surely_above(bound, CHANCE)]
    assert math.fsum(_chance(n, trials, right) for n in alarms) == pytest.approx(0.9, abs=1e-3)


def test_a_bound_of_one_can_never_be_passed() -> None:
    assert Gain(0, 200).seen_from(1.0, CHANCE) == 1.0
    assert not Gain(200, 200).surely_above(1.0, CHANCE)


def test_errors_prove_an_epsilon_only_as_far_as_they_are_few_and_tries_are_many() -> None:
    assert Told(100, 50, 100, 50).epsilon(0.0) == 0.0
    assert Told(0, 0, 100, 50).epsilon(0.0) == 0.0
    few, many = Told(100, 100, 100, 0).epsilon(0.0), Told(10_000, 10_000, 10_000, 0).epsilon(0.0)
    assert 2.5 < few < many < math.log(10_000)
    assert Told(1000, 900, 1000, 300).epsilon(0.0) < math.log(7)
    assert Told(1000, 100, 1000, 0).epsilon(0.0) > Told(1000, 100, 1000, 0).epsilon(0.05)


def _chance(right: int, trials: int, p: float) -> float:
    return math.comb(trials, right) * p**right * (1 - p) ** (trials - right)


# -- what totals give away ---------------------------------------------------------------------------------------------

CELLS = st.lists(
    st.tuples(st.tuples(st.integers(0, 2), st.integers(0, 2)), st.integers(0, 3)),
    min_size=1, max_size=4, unique_by=lambda cell: cell[0],
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_ranges_are_those_of_all_tables_with_the_same_totals(cells: list[tuple[tuple[int, int], int]]) -> None:
    keys: list[Keys] = [each for each, _ in cells]
    figures = [10 * figure for _, figure in cells]
    lines = lines_of(keys)
    largest = sum(figure for _, figure in cells)
    tables = [
        table
        for table in product(range(largest + 1), repeat=len(cells))
        if all(sum(table[place] for place in line) * 10 == sum(figures[place] for place in line) for line in lines)
    ]
    for place, figure in enumerate(figures):
        found = [10 * table[place] for table in tables]
        width = max(found) - min(found)
        assert narrow(place, keys, figures) == (width <= figure * NARROW)
        if follows(place, lines):
            assert width == 0


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1)), min_size=1, unique=True))
def test_what_follows_is_what_the_proposal_s_attack_finds_which_goes_another_way(keys: list[Keys]) -> None:
    lines = lines_of(keys)
    assert {place for place in range(len(keys)) if follows(place, lines)} == _solved(lines, len(keys))


def test_one_key_has_one_total() -> None:
    assert lines_of([(1,), (2,)]) == [[0, 1]]
    assert follows(0, lines_of([(1,)]))
    assert narrow(0, [(1,)], [40])
    assert not narrow(0, [(1,), (2,)], [40, 12])
    with pytest.raises(ValueError, match="at most two keys, got 3"):
        narrow(0, [(1, 2, 3)], [1])


def test_lines_withheld_whole_are_those_of_several_keys_without_a_cell_shown() -> None:
    assert whole_lines([("a", 1), ("a", 2), ("b", 1)], [("b", 2)]) == {(0, "a"), (1, 1)}
    assert whole_lines([("a",)], [("b",)]) == frozenset()


def test_a_tenth_is_exact() -> None:
    assert Fraction(1, 10) == NARROW
