"""Deciding about many people under one policy at one instant: people of whom the same is known are decided once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.consent.permitted import Effect, SubjectFacts, decide_subject, next_change
from pellucid.consent.record import ConsentRecord
from pellucid.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision comes to, and the instant at which time alone changes that."""

    effect: Effect
    due: int | None


class Decider:
    """Outcomes by purpose, facts and records; those without records are kept."""

    def __init__(self, policy: Policy, now: int) -> None:
        self._policy = policy
        self._now = now
        self._silent: dict[tuple[str, SubjectFacts], Outcome] = {}

    def outcome(self, purpose: str, facts: SubjectFacts, records: Sequence[ConsentRecord]) -> Outcome:
        """Return the outcome for one subject; raises KeyError for an undeclared purpose."""
        if records:
            return self._decide(purpose, facts, records)
        key = (purpose, facts)
        if key not in self._silent:
            self._silent[key] = self._decide(purpose, facts, ())
        return self._silent[key]

    def _decide(self, name: str, facts: SubjectFacts, records: Sequence[ConsentRecord]) -> Outcome:
        purpose, regimes = self._policy.purposes[name], self._policy.regimes
        decision = decide_subject(purpose, regimes, facts, records, self._now)
        return Outcome(decision.effect, next_change(purpose, regimes, facts, records, decision))
