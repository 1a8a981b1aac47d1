"""What attacks found: the report that leaves. It holds counts and gains, never a figure, a key or anybody's id."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

COARSE = 0.05
"""Gains about people of the data are told in steps of this, outward: finer, they would be a figure of their own."""


class Guarantee(StrEnum):
    """How the attacked answers left."""

    PRIVATE = "private"
    SUPPRESSED = "suppressed"


class Kind(StrEnum):
    """The attacks."""

    DIFFERENCING = "differencing"
    MEMBERSHIP = "membership"
    RECONSTRUCTION = "reconstruction"


class Why(StrEnum):
    """Why something was not attacked."""

    ERASED = "question-erased"
    PARAMETERS = "parameters"
    NOBODY = "about-nobody"
    POLICY = "policy-unreadable"
    REFUSED = "refused-now"
    FAILED = "engine-failed"
    EARLIER = "earlier"
    SEVERAL = "several-kinds-of-people"
    QUANTILES = "quantiles-only"
    CHANGED = "cells-changed"
    LINES = "lines-withheld-whole"
    LARGE = "many-withheld-cells"
    GROUPS = "groups-are-data"
    FEW = "too-few-people"
    UNLIKE = "unlike"


SENTENCES: Mapping[Why, str] = {
    Why.ERASED: "answers whose question was erased from the log",
    Why.PARAMETERS: "answers to questions with parameters, whose types are not kept",
    Why.NOBODY: "answers from public tables alone, which tell of nobody",
    Why.POLICY: "answers under a policy whose snapshot cannot be read any more",
    Why.REFUSED: "answers to questions that the gate refuses now, by the policy that they left under",
    Why.FAILED: "answers to questions that the engine could not run again",
    Why.EARLIER: "answers that are older than the last ones that were asked for",
    Why.SEVERAL: "answers about several kinds of people at once",
    Why.QUANTILES: "answers with a part that holds nothing but medians and quantiles",
    Why.CHANGED: "insights as they were: today's figures stand for those that left",
    Why.LINES: "withheld cells of a group without any cell shown, whose total the rule takes as known",
    Why.LARGE: "insights with so many withheld cells that they were worked out one total at a time only",
    Why.GROUPS: "answers whose groups are data, from which nobody's presence was solved for (membership was tried)",
    Why.FEW: "kinds of people with too few in the data to draw some at random",
    Why.UNLIKE: "pairs of insights with other groups or other figures, which were not subtracted",
}


@dataclass(frozen=True, slots=True)
class Attacked:
    """One attack: what it went over, how often it was tried, what it gained (95 % interval low to high), the most that
    is promised, the gain that would have been told from that in nine of ten runs, and how often it was beyond.

    For private answers a gain is the advantage over guessing; for exact figures it is the share of tries that told
    something of too few people, and `bound` is 0. `leaves` are the log entries of answers that told too much.
    """

    guarantee: Guarantee
    attack: Kind
    over: str
    tried: int
    gain: float
    low: float
    high: float
    bound: float
    beyond: int
    seen_from: float | None = None
    epsilon_shown: float | None = None
    epsilon_promised: float | None = None
    leaves: tuple[int, ...] = ()

    @property
    def held(self) -> bool:
        """Whether it gained no more than what was promised."""
        return self.beyond == 0

    @property
    def could_fail(self) -> bool:
        """Whether a gain beyond the bound would have been told at all: not, if the bound is near 1 or tries are few."""
        return self.tried > 0 and (self.seen_from is None or self.seen_from < 1)

    def coarse(self) -> Attacked:
        """Return it with figures in coarse steps, rounded away from each other."""
        told = asdict(self) | {
            "gain": _step(self.gain, round),
            "low": max(-1.0, _step(self.low, math.floor)),
            "high": min(1.0, _step(self.high, math.ceil)),
            "epsilon_shown": None if self.epsilon_shown is None else _step(self.epsilon_shown, math.floor),
        }
        return Attacked(**told)

    def to_json(self) -> dict[str, object]:
        """Return a JSON-ready dict of the fields, whether it held, and whether it could have failed."""
        return asdict(self) | {"leaves": list(self.leaves), "held": self.held, "could_fail": self.could_fail}


@dataclass(frozen=True, slots=True)
class AttackReport:
    """What came of all attacks. `answers` counts the answers attacked by guarantee; `not_attacked` counts by reason.

    `since` and `at` are UTC µs.
    """

    since: int
    at: int
    purpose: str | None
    answers: Mapping[str, int]
    attacks: tuple[Attacked, ...]
    not_attacked: Mapping[Why, int]

    @property
    def findings(self) -> tuple[Attacked, ...]:
        """Attacks that gained more than what was promised."""
        return tuple(each for each in self.attacks if not each.held)

    @property
    def nothing_attacked(self) -> bool:
        """Whether nothing was attacked in a way that could have failed, which says nothing about any promise."""
        return not any(each.could_fail for each in self.attacks)

    @property
    def outcome(self) -> str:
        """`held`, `beyond` what was promised, or `nothing-attacked`."""
        if self.findings:
            return "beyond"
        return "nothing-attacked" if self.nothing_attacked else "held"

    def to_json(self) -> dict[str, object]:
        """Return a JSON-ready dict of the same shape as the fields, and the outcome."""
        return {
            "outcome": self.outcome,
            "since": self.since,
            "at": self.at,
            "purpose": self.purpose,
            "answers": dict(self.answers),
            "attacks": [each.to_json() for each in self.attacks],
            "not_attacked": {why.value: count for why, count in self.not_attacked.items()},
        }


def _step(value: float, way: Callable[[float], int]) -> float:
    return round(way(round(value / COARSE, 6)) * COARSE, 2)
