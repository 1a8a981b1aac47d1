"""What attacks gained over guessing, how sure that is, and what was promised at most. Pure arithmetic."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pellucid.records.columns import RHO_SCALE
from pellucid.release.budget import DELTA_SCALE, PrivacyBudget

FALSE_ALARMS = 1e-3
"""In at most this share of runs a sound workspace is accused, however many tests a run makes."""

CONFIDENCE = 0.95
POWER = 0.9
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Gain:
    """How often an attacker was right in trials whose secret was drawn by a fair coin.

    The gain is 2 Pr[right] - 1: 0 is guessing, 1 is knowing.
    """

    right: int
    trials: int

    @property
    def estimate(self) -> float:
        """The gain as found."""
        return 2 * self.right / self.trials - 1

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the Clopper-Pearson interval of the gain (exact: it holds for any true value)."""
        tail = (1 - confidence) / 2
        return 2 * at_least(self.right, self.trials, tail) - 1, 2 * at_most(self.right, self.trials, tail) - 1

    def surely_above(self, bound: float, chance: float) -> bool:
        """Return whether it is above a bound; wrongly so with at most this chance."""
        return 2 * at_least(self.right, self.trials, chance) - 1 > bound

    def seen_from(self, bound: float, chance: float) -> float:
        """Return the gain that this many trials would have told from the bound in nine of ten runs; 1 if none."""
        needed = bisect_left(
            range(self.trials + 1), True, key=lambda right: Gain(right, self.trials).surely_above(bound, chance)
        )
        if needed > self.trials:
            return 1.0
        return 2 * _crossing(lambda p: 1 - _cumulated(needed - 1, self.trials, p), POWER) - 1


@dataclass(frozen=True, slots=True)
class Told:
    """Trials by what was true: how often an attacker said yes with the person there, and with the person away."""

    there: int
    said_there: int
    away: int
    said_away: int

    def epsilon(self, delta: float) -> float:
        """Return the epsilon that the attacker's errors prove with 95 % confidence at this delta; 0 if none.

        (Epsilon, delta) says that Pr[yes | there] <= exp(epsilon) Pr[yes | away] + delta, and so for no.
        """
        tail = (1 - CONFIDENCE) / 4
        pairs = (
            (self.said_there, self.there, self.said_away, self.away),
            (self.away - self.said_away, self.away, self.there - self.said_there, self.there),
        )
        found = [0.0]
        for right, rights, wrong, wrongs in pairs:
            low, high = at_least(right, rights, tail) - delta, at_most(wrong, wrongs, tail)
            if rights and wrongs and low > 0 and high > 0:
                found.append(math.log(low / high))
        return max(found)


def bound_of(costs: Sequence[PrivacyBudget]) -> float:
    """Return the largest gain about one person that answers of these costs allow in all, however it was split.

    It is the largest total variation of two answers whose divergence is at most rho (Pinsker 1964; Bretagnolle and
    Huber 1979), and the delta of thresholds besides. The one of two normals sqrt(2 rho) apart is smaller by a fifth,
    and noise in whole numbers passes it where it is no wider than what it is added to.
    """
    rho = sum(cost.rho for cost in costs) / RHO_SCALE
    delta = sum(cost.delta for cost in costs) / DELTA_SCALE
    return min(1.0, math.sqrt(rho / 2) + delta, math.sqrt(-math.expm1(-rho)) + delta)


def at_least(found: int, trials: int, tail: float) -> float:
    """Return the lower Clopper-Pearson limit of a share: it is wrong with at most the chance `tail`."""
    return 0.0 if found == 0 else _crossing(lambda p: 1 - _cumulated(found - 1, trials, p), tail)


def at_most(found: int, trials: int, tail: float) -> float:
    """Return the upper Clopper-Pearson limit of a share: it is wrong with at most the chance `tail`."""
    return 1.0 if found == trials else _crossing(lambda p: 1 - _cumulated(found, trials, p), 1 - tail)


def _cumulated(most: int, trials: int, p: float) -> float:
    """Return the chance of at most so many successes."""
    if most < 0 or p >= 1:
        return 0.0 if most < trials else 1.0
    if p <= 0:
        return 1.0
    counts = np.arange(most + 1)
    steps = np.log((trials - counts[1:] + 1) / counts[1:])
    logs = np.concatenate([[0.0], np.cumsum(steps)]) + counts * math.log(p) + (trials - counts) * math.log1p(-p)
    return float(min(1.0, np.exp(logs).sum()))


def _crossing(rising: Callable[[float], float], level: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return low
