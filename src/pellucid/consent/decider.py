"""Deciding about many people under one policy at one instant: people of whom the same is known are decided once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pellucid.consent.effect import Effect
from pellucid.consent.permitted import decide_subject, next_change
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord
from pellucid.consent.rule import law_due
from pellucid.consent.voices import Voice
from pellucid.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision comes to, and the instant at which time alone changes that."""

    effect: Effect
    due: int | None


class Decider:
    """Outcomes by purpose, facts and records; those without records are kept."""

    def __init__(self, policy: Policy, now: int) -> None:
        self.policy = policy
        self.now = now
        self._silent: dict[tuple[str, SubjectFacts], Outcome] = {}

    def outcome(
        self, purpose: str, facts: SubjectFacts, records: Sequence[ConsentRecord], others: Sequence[Voice] = ()
    ) -> Outcome:
        """Return the outcome for one subject; raises KeyError for an undeclared purpose."""
        if records or others:
            return self._decide(purpose, facts, records, others)
        key = (purpose, facts)
        if key not in self._silent:
            self._silent[key] = self._decide(purpose, facts, (), ())
        return self._silent[key]

    def law_due(self, purpose: str, crowd: Iterable[SubjectFacts]) -> int | None:
        """Return when a date in a law may change the rule of a purpose for any of these people."""
        places = {facts.jurisdiction for facts in crowd}
        return law_due(self.policy, self.policy.purposes[purpose], places, self.now)

    def _decide(
        self, name: str, facts: SubjectFacts, records: Sequence[ConsentRecord], others: Sequence[Voice]
    ) -> Outcome:
        purpose = self.policy.purposes[name]
        decision = decide_subject(self.policy, purpose, facts, records, self.now, others)
        return Outcome(decision.effect, next_change(self.policy, purpose, facts, records, decision, others))
