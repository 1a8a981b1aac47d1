"""What an attacker gained over guessing, with its interval, and what the budget promises at most. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

_STEPS = 60
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Advantage:
    """2 Pr[right] - 1 as found in independent trials whose secret was drawn by a fair coin: 0 is guessing, 1 is
    knowing.
    """

    right: int
    trials: int

    @property
    def estimate(self) -> float:
        return 2 * self.right / self.trials - 1

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the Clopper-Pearson interval (exact: it holds for any true value)."""
        tail = (1 - confidence) / 2
        low, high = 0.0, 1.0
        if self.right > 0:
            low = _crossing(lambda p: 1 - _at_most(self.right - 1, self.trials, p), tail)
        if self.right < self.trials:
            high = _crossing(lambda p: 1 - _at_most(self.right, self.trials, p), 1 - tail)
        return 2 * low - 1, 2 * high - 1


def gaussian_bound(rho: float, delta: float = 0.0, *, people: int = 1) -> float:
    """Return the largest advantage against Gaussian noise of `rho`-zCDP in all, however it was split: the total
    variation of two normals sqrt(2 rho) apart, and delta besides. `people` is in how many steps of one person the two
    worlds differ: a changed attribute is a removal and an addition.
    """
    return min(1.0, 2 * _NORMAL.cdf(people * math.sqrt(rho / 2)) - 1 + people * delta)


def any_bound(rho: float, delta: float = 0.0, *, people: int = 1) -> float:
    """Return the bound for any mechanism of `rho`-zCDP, by the inequalities of Pinsker and of Bretagnolle and Huber:
    looser, and they assume no shape.
    """
    pinsker, huber = math.sqrt(rho / 2), math.sqrt(1 - math.exp(-(people**2) * rho))
    return min(1.0, people * (pinsker + delta), huber + people * delta)


def promised_bound(epsilon: float, delta: float) -> float:
    """Return the bound that (epsilon, delta) alone gives."""
    return min(1.0, math.tanh(epsilon / 2) + 2 * delta / (math.exp(epsilon) + 1))


def _at_most(right: int, trials: int, p: float) -> float:
    """Return the chance of at most `right` successes."""
    if p <= 0:
        return 1.0
    if p >= 1:
        return 1.0 if right >= trials else 0.0
    logs = (
        math.lgamma(trials + 1) - math.lgamma(n + 1) - math.lgamma(trials - n + 1)
        + n * math.log(p) + (trials - n) * math.log1p(-p)
        for n in range(right + 1)
    )  # fmt: skip
    return min(1.0, math.fsum(math.exp(each) for each in logs))


def _crossing(rising: Callable[[float], float], level: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return low
