from __future__ import annotations

import math
from fractions import Fraction

import opendp.prelude as dp
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pellucid.errors import InputInvalid
from pellucid.policy.model import Allowance, Period
from pellucid.release.budget import (
    PrivacyBudget,
    conversion_delta,
    delta_units,
    delta_units_up,
    epsilon_of,
    granted,
    rho_of,
    rho_units_up,
)

dp.enable_features("contrib")
EPSILONS = st.floats(0.001, 50)
DELTAS = st.integers(10**3, 10**12)
RHOS = st.integers(10**3, 10**14)


def opendp_epsilon(rho: float, delta: float) -> float:
    """OpenDP's own conversion, through a Gaussian whose privacy map is `rho`."""
    integers = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float)
    gaussian = dp.m.make_gaussian(*integers, scale=1.0)
    return float(dp.c.make_zCDP_to_approxDP(gaussian).map(math.sqrt(2 * rho)).epsilon(delta=delta))


def test_epsilon_one_at_delta_1e_6_is_the_known_rho() -> None:
    assert rho_of(1.0, 10**9) == pytest.approx(24_355_970_000, rel=1e-6)


@settings(max_examples=150, deadline=None)
@given(epsilon=EPSILONS, delta=DELTAS)
@example(epsilon=1.0, delta=10**9)
def test_what_epsilon_grants_is_never_worth_more_than_that_epsilon_by_opendp(epsilon: float, delta: int) -> None:
    rho = rho_of(epsilon, delta)
    assert opendp_epsilon(rho / 1e12, delta / 1e15) <= epsilon * (1 + 1e-9)


@settings(max_examples=150, deadline=None)
@given(rho=RHOS, delta=DELTAS)
def test_the_epsilon_shown_agrees_with_opendp(rho: int, delta: int) -> None:
    theirs = opendp_epsilon(rho / 1e12, delta / 1e15)
    # OpenDP searches its epsilon to about nine digits and rounds up
    assert epsilon_of(rho, delta) == pytest.approx(theirs, rel=1e-5, abs=1e-7)


@settings(max_examples=200, deadline=None)
@given(epsilon=EPSILONS, delta=DELTAS)
def test_the_conversion_there_and_back_loses_almost_nothing_and_gains_nothing(epsilon: float, delta: int) -> None:
    back = epsilon_of(rho_of(epsilon, delta), delta)
    assert back <= epsilon * (1 + 1e-9)
    assert back == pytest.approx(epsilon, rel=1e-4)


@given(first=RHOS, second=RHOS, delta=DELTAS)
def test_epsilon_rises_with_rho(first: int, second: int, delta: int) -> None:
    low, high = sorted((first, second))
    assert epsilon_of(low, delta) <= epsilon_of(high, delta) * (1 + 1e-9)


@given(st.floats(0, 1e6))
def test_a_charge_is_rounded_up_to_the_next_unit(rho: float) -> None:
    units = rho_units_up(rho)
    assert Fraction(units, 10**12) >= Fraction(rho) > Fraction(units - 1, 10**12)


@given(st.floats(0, 1))
def test_a_spent_delta_is_rounded_up_to_the_next_unit(delta: float) -> None:
    units = delta_units_up(delta)
    assert Fraction(units, 10**15) >= Fraction(delta) > Fraction(units - 1, 10**15)


def test_an_allowance_splits_its_delta_between_conversion_and_thresholds() -> None:
    allowance = Allowance(1.0, 2e-6, Period.YEAR)
    assert granted(allowance) == PrivacyBudget(rho_of(1.0, 10**9), 10**9)
    assert conversion_delta(allowance) == 10**9


def test_a_declared_delta_is_exact() -> None:
    assert delta_units(1e-6) == 10**9


def test_what_is_left_is_never_negative() -> None:
    assert PrivacyBudget(3, 1).minus(PrivacyBudget(5, 0)) == PrivacyBudget(0, 1)


def test_a_budget_covers_only_what_fits_in_both_parts() -> None:
    assert PrivacyBudget(3, 1).covers(PrivacyBudget(3, 1))
    assert not PrivacyBudget(3, 1).covers(PrivacyBudget(3, 2))
    assert not PrivacyBudget(3, 1).covers(PrivacyBudget(4, 1))


@pytest.mark.parametrize("amount", [-1, 0.5, True, "1"])
def test_a_budget_is_whole_and_not_negative(amount: object) -> None:
    with pytest.raises(ValueError, match="rho must be an integer of at least 0"):
        PrivacyBudget(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.nan, math.inf, 101.0])
def test_an_epsilon_that_protects_nobody_is_refused(epsilon: float) -> None:
    with pytest.raises(InputInvalid, match="epsilon must be above 0"):
        rho_of(epsilon, 10**9)


@pytest.mark.parametrize("delta", [0.0, -1e-6, math.nan, 0.2, 1e-15])
def test_a_delta_out_of_range_is_refused(delta: float) -> None:
    with pytest.raises(InputInvalid, match="delta must be between"):
        delta_units(delta)


@pytest.mark.parametrize("rho", [-1.0, math.nan, math.inf])
def test_a_rho_that_is_no_amount_is_refused(rho: float) -> None:
    with pytest.raises(ValueError, match="rho must be finite"):
        rho_units_up(rho)
