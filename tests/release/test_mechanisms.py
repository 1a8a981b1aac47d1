"""Noise cannot be seeded, so distributions are tested loosely; each bound states its chance of a false alarm."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import InputInvalid, QueryFailed
from pellucid.release import mechanisms
from pellucid.release.budget import PrivacyBudget, rho_of, rho_units_up
from pellucid.release.mechanisms import gaussian, half_width, key_threshold, noise_scale, threshold_counts

RHO_AT_ONE = rho_of(1.0, 10**9)


def test_sigma_at_epsilon_one_is_the_known_figure() -> None:
    assert noise_scale(1.0, RHO_AT_ONE) == pytest.approx(4.5309, abs=1e-4)


@settings(max_examples=100, deadline=None)
@given(sensitivity=st.floats(1.0, 1e9), rho=st.integers(10**4, 10**14))
def test_noise_costs_what_was_planned_and_never_more(sensitivity: float, rho: int) -> None:
    spent = gaussian([0], sensitivity=sensitivity, rho=rho).spent
    assert rho - max(2, rho // 10**10) <= spent.rho <= rho
    assert spent.delta == 0


def test_the_noise_has_the_planned_spread_and_no_bias() -> None:
    noised = gaussian([1_000_000] * 8000, sensitivity=100.0, rho=RHO_AT_ONE)
    noise = [value - 1_000_000 for value in noised.values]
    # sd of an sd from n = 8000 draws is sigma / sqrt(2n) = 0.8 %: 10 % is 12 such, p < 1e-30;
    # the mean is within 7 of its standard errors, p < 3e-12
    assert statistics.pstdev(noise) == pytest.approx(noised.sigma, rel=0.1)
    assert abs(statistics.fmean(noise)) < 7 * noised.sigma / math.sqrt(8000)


def test_about_95_percent_of_noise_is_within_the_half_width() -> None:
    for sensitivity in (0.1, 1.0, 100.0):
        noised = gaussian([0] * 8000, sensitivity=sensitivity, rho=RHO_AT_ONE)
        within = sum(abs(value) <= half_width(noised.sigma) for value in noised.values) / 8000
        # standard error 0.0025: 0.03 below 0.95 is 12 of them, p < 1e-30
        assert within > 0.92


def test_every_cell_gets_its_own_noise() -> None:
    # sigma 453: 1000 equal draws, or two equal releases of 1000 cells, have p < 1e-1000
    first = gaussian([0] * 1000, sensitivity=100.0, rho=RHO_AT_ONE).values
    second = gaussian([0] * 1000, sensitivity=100.0, rho=RHO_AT_ONE).values
    assert len(set(first)) > 100
    assert first != second


def test_values_beyond_32_bits_survive() -> None:
    (value,) = gaussian([2**40], sensitivity=1.0, rho=RHO_AT_ONE).values
    assert abs(value - 2**40) < 100  # 22 sigma, p < 1e-100


def test_a_sensitivity_of_zero_releases_zeros_and_costs_nothing() -> None:
    noised = gaussian([5, 7], sensitivity=0.0, rho=10)
    assert (noised.values, noised.sigma, noised.spent) == ((0, 0), 0.0, PrivacyBudget(0))


def test_no_cells_is_an_answer_that_costs_what_was_planned() -> None:
    noised = gaussian([], sensitivity=1.0, rho=RHO_AT_ONE)
    assert noised.values == ()
    assert noised.spent == gaussian([1], sensitivity=1.0, rho=RHO_AT_ONE).spent


def test_too_many_cells_are_refused() -> None:
    with pytest.raises(QueryFailed, match=r"more than 100,000 cells") as caught:
        gaussian([0] * 100_001, sensitivity=1.0, rho=RHO_AT_ONE)
    assert caught.value.code == "too-many-cells"


@pytest.mark.parametrize("sensitivity", [-1.0, math.nan, math.inf])
def test_an_unknown_sensitivity_gets_no_noise_at_all(sensitivity: float) -> None:
    with pytest.raises(ValueError, match="a sensitivity must be finite"):
        gaussian([1], sensitivity=sensitivity, rho=RHO_AT_ONE)


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(InputInvalid, match="too small to be shared"):
        gaussian([1], sensitivity=1.0, rho=0)


def test_noise_below_the_planned_scale_is_never_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mechanisms, "noise_scale", lambda sensitivity, rho: 1.0)
    with pytest.raises(QueryFailed, match="Nothing was released"):
        gaussian([1], sensitivity=1.0, rho=RHO_AT_ONE)
    with pytest.raises(QueryFailed, match="Nothing was released"):
        threshold_counts([1], max_groups=10, rho=RHO_AT_ONE, delta=10**7)


@settings(max_examples=100, deadline=None)
@given(
    rho=st.integers(10**7, 10**13),
    max_groups=st.integers(1, 200),
    delta=st.integers(10**3, 10**12),
)
def test_a_threshold_spends_no_more_than_its_delta_by_opendp(rho: int, max_groups: int, delta: int) -> None:
    spent = threshold_counts([], max_groups=max_groups, rho=rho, delta=delta).spent
    assert PrivacyBudget(rho, delta).covers(spent)
    assert spent.rho >= rho - max(2, rho // 10**10)


def test_the_threshold_is_at_most_one_above_the_tightest() -> None:
    sigma = noise_scale(math.sqrt(10), RHO_AT_ONE)
    chosen = key_threshold(sigma, 10, 10**7)
    tighter = mechanisms._threshold_measurement(sigma, chosen - 2)
    assert tighter.map((10, math.sqrt(10), 1.0))[1] > 1e-8


def test_cells_of_one_person_are_dropped_and_large_ones_kept() -> None:
    found = threshold_counts([1, 10_000, 1, 20_000, 0], max_groups=10, rho=RHO_AT_ONE, delta=10**7)
    # one-person cells pass with p < 1e-8 by construction, here three of them: p < 3e-9 in all; kept ones are
    # hundreds of sigma above
    assert list(found.counts) == [1, 3]
    assert abs(found.counts[1] - 10_000) < 12 * found.sigma
    assert all(count >= found.threshold for count in found.counts.values())


def test_thresholding_goes_through_any_number_of_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mechanisms, "LARGEST_VECTOR", 7)
    found = threshold_counts([100_000] * 25, max_groups=1, rho=RHO_AT_ONE, delta=10**7)
    assert list(found.counts) == list(range(25))


def test_a_threshold_delta_that_opendp_cannot_certify_is_refused() -> None:
    with pytest.raises(InputInvalid, match="threshold_delta must be at least 1e-12"):
        key_threshold(10.0, 10, 999)


def test_planning_does_not_import_opendp() -> None:
    script = (
        "import sys, pellucid.release.plan, pellucid.release.result, pellucid.release.accountant;"
        "print([name for name in ('opendp', 'pyarrow', 'pandas', 'numpy') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_laplace_noise_is_nowhere_better_for_the_same_rho() -> None:
    """Why there is none: what a ledger in zCDP charges for it buys a Gaussian with a smaller 95 % half-width, even
    where one person moves one count by one (the case in which Laplace wins for a pure epsilon).
    """
    from opendp import combinators, domains, measurements, metrics, mod

    mod.enable_features("contrib")
    integers = domains.vector_domain(domains.atom_domain(T="i64"))
    for groups in (1, 2, 10, 100):
        for scale in (0.7, 2.0, 15.0, 300.0):
            laplace = measurements.make_laplace(integers, metrics.l1_distance(T="i64"), scale=scale)
            rho = combinators.make_pureDP_to_zCDP(laplace).map(groups)
            sigma = noise_scale(math.sqrt(groups), rho_units_up(rho))
            beyond = math.exp(-1 / scale)
            width = next(w for w in range(10_000) if 2 * beyond ** (w + 1) / (1 + beyond) <= 0.05)
            assert half_width(sigma) <= width
