"""mallory tries to learn whether alice is there, and what she buys; what is gained stays within what the budget allows.

Every attack first wins against a plain database. The slow test runs what the docs' table holds with fewer trials.
"""

from __future__ import annotations

import math

import pytest

from pellucid.consent.coverage import Coverage, band_of
from tests.attacks.advantage import Advantage, any_bound, gaussian_bound, promised_bound
from tests.attacks.neighbours import QUESTIONS, Purpose, World, governed, ungoverned
from tests.attacks.oracles import ORACLES, Oracle, choices_that_show
from tests.attacks.report import MANY, Measured, measure, measure_all
from tests.attacks.strategies import STRATEGIES, Strategy
from tests.conftest import Tried

SURE = 1 - 1e-5
"""Confidence at which an attack looks as if it were beyond its bound: once in 5,000 runs of all of them by chance."""
AGAIN = 360
"""Trials by which it is then looked again, so that chance alone accuses nobody (below 1e-9)."""
FEW = [strategy for strategy in STRATEGIES if strategy.parts <= MANY]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda each: each.name)
def test_an_attack_wins_where_nothing_stands_in_front(strategy: Strategy) -> None:
    for world in strategy.worlds:
        mallory = ungoverned(world)
        mallory.begin()
        assert strategy.guess(mallory, None, direct=True) is world


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda each: each.name)
def test_an_oracle_speaks_where_nothing_stands_in_front(oracle: Oracle) -> None:
    differing, asked = oracle.differing_ungoverned(World.ABSENT, World.PHARMACY)
    assert differing == asked > 0


@pytest.mark.slow
@pytest.mark.promise("hidden", "refusals, errors, row order, previews, coverage, receipts, the budget left")
@pytest.mark.parametrize("oracle", ORACLES, ids=lambda each: each.name)
def test_an_oracle_says_the_same_of_both_worlds(oracle: Oracle, tried: Tried) -> None:
    assert oracle.differing(World.ABSENT, World.PHARMACY, Purpose.GENEROUS) == (0, len(oracle.questions))
    tried(len(oracle.questions), "the same to the letter with and without a person")


@pytest.mark.slow
@pytest.mark.parametrize("oracle", ORACLES, ids=lambda each: each.name)
def test_an_oracle_says_the_same_of_what_she_buys(oracle: Oracle) -> None:
    assert oracle.differing(World.BAKERY, World.PHARMACY, Purpose.GENEROUS) == (0, len(oracle.questions))


@pytest.mark.parametrize("strategy", FEW[:2], ids=lambda each: each.name)
def test_an_attack_spends_the_whole_allowance_and_not_more(strategy: Strategy) -> None:
    found = measure(strategy, Purpose.USUAL, 4, seed=1)
    mallory = governed(World.ABSENT, Purpose.USUAL)
    whole = mallory.allowed().rho / 1e12
    assert 0.999 * whole < found.rho <= whole
    assert found.answered == strategy.parts * 4


@pytest.mark.slow
def test_an_attack_gains_no_more_than_the_bound() -> None:
    found = measure(STRATEGIES[1], Purpose.GENEROUS, 20, seed=2)
    demand_within_its_bound(found)
    assert found.bound < 0.55


def demand_within_its_bound(found: Measured) -> None:
    """Raise AssertionError if an attack gained more than its bound, and does so again."""
    if found.advantage.interval(SURE)[0] > found.bound:
        (strategy,) = (each for each in STRATEGIES if each.name == found.strategy)
        again = measure(strategy, Purpose(found.purpose), AGAIN, seed=4)
        assert again.advantage.interval(SURE)[0] <= again.bound, (found, again)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.promise("hidden", "differencing, small cells, dominance, joins, clipping, rare groups, 1,000 questions")
def test_no_attack_gains_more_than_the_bound_and_the_best_come_near_it(tried: Tried) -> None:
    """Some ninety trials each: were twice the noise's worth let out (bound 0.82 in place of 0.49), it would be seen."""
    found = measure_all(trials=90, thousands=2, purposes=[Purpose.GENEROUS])
    assert {each.strategy for each in found} == {strategy.name for strategy in STRATEGIES}
    for each in found:
        demand_within_its_bound(each)
        assert each.control_right == each.control_trials
        assert each.asked <= QUESTIONS * each.trials
    best = max(each.advantage.estimate for each in found if each.steps == 1 and each.trials > MANY // 2)
    assert best > 0.2, "several gain 0.4 +- 0.1: none of them as little as that by chance (below 1e-6)"
    tried(
        sum(each.asked for each in found),
        f"at most {best:.2f} over guessing, where the budget bounds it by {found[0].bound:.2f}",
    )
    thousand = next(each for each in found if each.strategy == STRATEGIES[2].name)
    assert thousand.answered == thousand.asked == 2 * QUESTIONS


def test_an_objection_shows_outside_the_noise_as_the_threat_model_says() -> None:
    """Known and open: versions and places in the log count what everybody does. The band does not move by one."""
    assert choices_that_show() == {
        "the register's version in a stamp": True,
        "the place of a receipt in the log": True,
        "the coverage band": False,
    }
    assert band_of(Coverage(19, 19, 19, 0)) != band_of(Coverage(20, 20, 20, 0))


def test_the_interval_is_clopper_and_pearsons() -> None:
    low, high = Advantage(8, 10).interval()
    assert (round((low + 1) / 2, 4), round((high + 1) / 2, 4)) == (0.4439, 0.9748)
    assert Advantage(10, 10).interval()[1] == 1.0
    assert Advantage(0, 10).interval()[0] == -1.0


def test_the_bounds_are_those_of_two_normals_of_pinsker_and_of_epsilon() -> None:
    assert math.isclose(gaussian_bound(0.5), 0.3829, abs_tol=1e-4)  # normals one sigma apart: 2 Phi(1/2) - 1
    assert gaussian_bound(0.5, 0.01, people=2) == pytest.approx(0.6827 + 0.02, abs=1e-4)
    assert any_bound(0.5) == 0.5
    assert promised_bound(1.0, 0.0) == pytest.approx((math.e - 1) / (math.e + 1))
    assert promised_bound(1.0, 1e-3) == pytest.approx((math.e - 1 + 2e-3) / (math.e + 1))
