"""Amounts of privacy loss as exact integers, and the tight conversion between zCDP's rho and (epsilon, delta).

What is granted is rounded down, what is charged is rounded up. Needs neither OpenDP nor SciPy, so that a preview
stays cheap; the tests hold it against OpenDP's own conversion. The ledger is `release.accountant`'s.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pellucid.errors import InputInvalid
from pellucid.policy.model import Allowance
from pellucid.records.columns import RHO_SCALE

DELTA_SCALE = 10**15
"""Stored delta is an integer count of 1e-15."""

LARGEST_EPSILON = 100.0
"""A larger epsilon protects nobody: it is a typing error, and refused."""

_FLOAT_MARGIN = 1e-12  # relative; far above the error of the dozen float operations in the conversion
_GOLDEN = (math.sqrt(5) - 1) / 2
_SEARCH = (-12.0, 30.0)  # ln(alpha - 1); any alpha gives a valid bound, so a poor end costs accuracy, never privacy


@dataclass(frozen=True, slots=True, order=False)
class PrivacyBudget:
    """An amount of zCDP `rho` (units of 1e-12) and of `delta` (units of 1e-15) that thresholds spend."""

    rho: int
    delta: int = 0

    def __post_init__(self) -> None:
        for name in ("rho", "delta"):
            amount = getattr(self, name)
            if type(amount) is not int or amount < 0:
                raise ValueError(f"{name} must be an integer of at least 0, got {amount!r}")

    def __add__(self, other: PrivacyBudget) -> PrivacyBudget:
        return PrivacyBudget(self.rho + other.rho, self.delta + other.delta)

    def minus(self, other: PrivacyBudget) -> PrivacyBudget:
        """Return what is left after `other`, never below zero."""
        return PrivacyBudget(max(0, self.rho - other.rho), max(0, self.delta - other.delta))

    def covers(self, other: PrivacyBudget) -> bool:
        """Return whether `other` fits into this amount, in both rho and delta."""
        return other.rho <= self.rho and other.delta <= self.delta

    def epsilon(self, delta: int) -> float:
        """Return the smallest epsilon that this rho is worth at `delta` (units of 1e-15), rounded up."""
        return epsilon_of(self.rho, delta)


def conversion_delta(allowance: Allowance) -> int:
    """Return the half of an allowance's delta that the zCDP conversion uses, in units of 1e-15, rounded down.

    The other half is what thresholds may spend over the period: rho-zCDP plus thresholds of delta_t is
    (epsilon, delta_c + delta_t)-DP, so the allowance's whole delta holds.
    """
    return delta_units(allowance.delta) // 2


def granted(allowance: Allowance) -> PrivacyBudget:
    """Return the rho and threshold delta that an allowance grants in a period, rounded down."""
    units = delta_units(allowance.delta)
    return PrivacyBudget(rho_of(allowance.epsilon, units // 2), units - units // 2)


def delta_units(delta: float) -> int:
    """Return a declared delta in units of 1e-15, rounded down; raises InputInvalid outside [2e-15, 0.1]."""
    if not 2 / DELTA_SCALE <= delta <= 0.1:
        raise InputInvalid(
            f"delta must be between 2e-15 and 0.1, got {delta!r}.",
            code="delta-out-of-range",
            remedy="Declare a delta well below 1 / the number of people, for example 1e-6.",
        )
    return int(Fraction(repr(float(delta))) * DELTA_SCALE)


def rho_units_up(rho: float) -> int:
    """Return a rho in units of 1e-12, rounded up; raises ValueError unless it is finite and at least 0."""
    if not (math.isfinite(rho) and rho >= 0):
        raise ValueError(f"rho must be finite and at least 0, got {rho!r}")
    return math.ceil(Fraction(rho) * RHO_SCALE)


def delta_units_up(delta: float) -> int:
    """Return a spent delta in units of 1e-15, rounded up; raises ValueError outside [0, 1]."""
    if not 0 <= delta <= 1:
        raise ValueError(f"delta must be between 0 and 1, got {delta!r}")
    return math.ceil(Fraction(delta) * DELTA_SCALE)


def delta_as_float(delta: int) -> float:
    """Return a delta in units of 1e-15 as people write it."""
    return delta / DELTA_SCALE


@lru_cache(maxsize=4096)
def rho_of(epsilon: float, delta: int) -> int:
    """Return the largest rho (units of 1e-12, rounded down) that is (epsilon, delta)-DP; `delta` in units of 1e-15.

    Canonne, Kamath, Steinke 2020, Proposition 12: every order alpha gives a sufficient rho, and the best is taken.
    Raises InputInvalid for an epsilon that is not in (0, 100].
    """
    if not 0 < epsilon <= LARGEST_EPSILON:
        raise InputInvalid(
            f"epsilon must be above 0 and at most {LARGEST_EPSILON:g}, got {epsilon!r}.",
            code="epsilon-out-of-range",
            remedy="Ask with an epsilon such as 0.5 or 1.",
        )
    log_delta = _log_delta(delta)

    def shortfall(log_order: float) -> float:
        return (_conversion_term(log_order, log_delta) - epsilon) / (1 + math.exp(log_order))

    best = -_least(shortfall)
    return max(0, math.floor(Fraction(best * (1 - _FLOAT_MARGIN)) * RHO_SCALE)) if best > 0 else 0


@lru_cache(maxsize=4096)
def epsilon_of(rho: int, delta: int) -> float:
    """Return the smallest epsilon (rounded up) such that `rho` (units of 1e-12) is (epsilon, delta)-DP."""
    if rho < 0:
        raise ValueError(f"rho must be at least 0, got {rho!r}")
    if rho == 0:
        return 0.0
    log_delta, exact_rho = _log_delta(delta), rho / RHO_SCALE

    def epsilon(log_order: float) -> float:
        return exact_rho * (1 + math.exp(log_order)) + _conversion_term(log_order, log_delta)

    return max(0.0, _least(epsilon) * (1 + _FLOAT_MARGIN))


def _log_delta(delta: int) -> float:
    if not 0 < delta < DELTA_SCALE:
        raise InputInvalid(
            f"The conversion of rho to epsilon needs a delta between 0 and 1, got {delta / DELTA_SCALE:g}.",
            code="delta-out-of-range",
            remedy="Declare a delta above 2e-15 in the policy.",
        )
    return math.log(delta / DELTA_SCALE)


def _conversion_term(log_order: float, log_delta: float) -> float:
    # (-ln delta - ln(alpha - 1) + alpha ln(1 - 1/alpha)) / (alpha - 1), written so that large orders keep their digits
    excess = math.exp(log_order)
    order = 1 + excess
    log_shrink = log_order - math.log(order) if order < 2 else math.log1p(-1 / order)
    return (-log_delta - math.log(order)) / excess + log_shrink


def _least(function: Callable[[float], float]) -> float:
    low, high = _SEARCH
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(120):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return min(at_left, at_right)
