"""Which of a person's choices count for a purpose at an instant, and why the others do not. Pure.

A yes counts while its notice stands and it has not expired, from somebody who may give it, on a screen nobody doubts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import By, ConsentRecord, ScreenState
from pellucid.consent.rule import Rule
from pellucid.consent.said import Said
from pellucid.errors import Reason
from pellucid.policy.model import Default, Purpose, RestrictedUse, Unknown
from pellucid.policy.reasons import reason
from pellucid.records.columns import from_instant

DAY = 86_400_000_000
"""Microseconds in a day."""

Gives = tuple[ConsentRecord, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges choices about a purpose under a rule, for a person of whom this is known."""

    purpose: Purpose
    rule: Rule | None
    facts: SubjectFacts

    def counted(self, said: Said, now: int) -> Counted:
        """Return what of that counts at `now`."""
        gives = tuple(given for given in said.gives if self.fails(given, now) is None)
        against = None if self.purpose.while_restricted is not RestrictedUse.NONE else said.restricted_by
        restricted_by = against
        if against is not None:
            gives = tuple(each for each in gives if each.while_restricted and each.at >= against.at)
            restricted_by = None if gives else against
        explicit = tuple(given for given in gives if given in said.explicit)
        plain = explicit if self.rule is not None and self.rule.explicit else gives
        # only where the restriction stands against this purpose is a yes beside it all that may be relied on
        needs = self._needs_give(said, now) or (against is not None and bool(gives))
        guarded = self.purpose.guardian and any(given.by is By.GUARDIAN for given in plain)
        return Counted(self, said, plain, explicit, needs, guarded, restricted_by, now)

    def _needs_give(self, said: Said, now: int) -> bool:
        if self.rule is None or said.closed_by is not None or self.rule.default is Default.OPT_IN:
            return True
        guarded = self.purpose.minimum_age if self.purpose.guardian else 0
        return self.is_young(max(self.rule.opt_in_below, guarded), now)

    def is_young(self, age: int, at: int) -> bool:
        """Return whether somebody is taken to be younger; an unknown age is what the purpose says of it."""
        reached = self.facts.reached(age, at)
        return reached is False or (reached is None and self.purpose.unknown_age is not Unknown.ADULT)

    def fails(self, given: ConsentRecord, now: int) -> str | None:
        """Return the code of why a yes does not count, or None if it does."""
        if given.screen_state is ScreenState.INVALIDATED:
            return "consent-invalidated"
        if given.screen_state is ScreenState.DOUBTFUL:
            return "consent-frozen"
        if not self.purpose.notice.stands_for(given.notice_version):
            return "notice-changed"
        expiry = self.expiry(given)
        if expiry is not None and now >= expiry:
            return "consent-expired"
        if given.by is not By.GUARDIAN and self.needs_guardian(given.at):
            return "guardian-missing"
        return None

    def needs_guardian(self, at: int) -> bool:
        """Return whether somebody who said yes at `at` was too young to say it alone."""
        return any(self.is_young(age, at) for age in self.guardian_ages())

    def guardian_ages(self) -> tuple[int, int]:
        """Return the ages below which only a guardian's yes counts: by the policy, and by the laws."""
        return self.purpose.minimum_age if self.purpose.guardian else 0, self.rule.guardian_below if self.rule else 0

    def expiry(self, given: ConsentRecord) -> int | None:
        """Return when a yes expires, or None if it never does."""
        return None if self.purpose.consent_days is None else given.at + self.purpose.consent_days * DAY


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts: yeses for plain rows and for sensitive ones, whether one is needed, and whether a guardian gave it.

    `restricted_by` is the restriction that stands against this purpose.
    """

    judge: Judge
    said: Said
    plain: Gives
    explicit: Gives
    needs_give: bool
    guarded: bool
    restricted_by: ConsentRecord | None
    now: int

    def expiry(self, given: ConsentRecord) -> int | None:
        """Return when a yes expires, or None if it never does."""
        return self.judge.expiry(given)

    def why_not(self, given: ConsentRecord) -> Iterator[Reason]:
        """Give the reason why a yes does not count; none where only a restriction stands against it, told apart."""
        purpose, at = self.judge.purpose, f"{from_instant(given.at):%Y-%m-%d}"
        code = self.judge.fails(given, self.now)
        if code is None and self.restricted_by is not None:
            return
        if code is None and self.said.limited_by is not None:
            code, at = "limited", f"{from_instant(self.said.limited_by.at):%Y-%m-%d}"
        yield reason(
            code or "explicit-missing",
            at=at,
            seen=given.notice_version,
            current=purpose.notice.version,
            days=purpose.consent_days,
            age=max(self.judge.guardian_ages()),
            why=f"the screen {given.screen} it was given on was found wanting",
        )
