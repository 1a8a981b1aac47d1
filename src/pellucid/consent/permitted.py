"""May this subject's rows be read for this purpose, now? The pure decision; storing it is `consent.register`'s work.

Deny wins. Every ground for denial is collected in the architecture's order, not only the first. Between `now` and
`next_due` the decision is constant, so a replica computed now holds until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.said import Said, read_said
from pellucid.errors import Reason
from pellucid.policy.bases import basis_for
from pellucid.policy.model import Default, LegalBasis, Purpose, Regime, RegimeBasis, SensitiveUse, Unknown
from pellucid.policy.reasons import reason
from pellucid.records.columns import from_instant, to_instant

DAY = 86_400_000_000
"""Microseconds in a day."""

_CLOSED_CODES = {
    ConsentVerb.REFUSE: "refused",
    ConsentVerb.WITHDRAW: "withdrawn",
    ConsentVerb.OBJECT: "objected",
    ConsentVerb.OPT_OUT: "opted-out",
}


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """What is known of a subject besides what they said; None means unknown."""

    jurisdiction: str | None = None
    birth_year: int | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What a decision comes to in the permitted sets: two bits, and instants from which rows may be read (bit off)."""

    plain: bool = False
    sensitive: bool = False
    not_before: int | None = None
    sensitive_not_before: int | None = None

    @property
    def is_partial(self) -> bool:
        """A partial permission reaches only rows from an instant on."""
        return self.not_before is not None or self.sensitive_not_before is not None

    def narrows(self, before: Effect) -> bool:
        """Return whether any row that was readable under `before` is readable no more."""
        return _reach(self.plain, self.not_before) > _reach(before.plain, before.not_before) or _reach(
            self.sensitive, self.sensitive_not_before
        ) > _reach(before.sensitive, before.sensitive_not_before)


def _reach(whole: bool, not_before: int | None) -> float:
    if whole:
        return float("-inf")
    return float("inf") if not_before is None else not_before


NOTHING = Effect()


@dataclass(frozen=True, slots=True)
class SubjectDecision:
    """Which of a subject's rows may be read for a purpose, and why. `next_due` (UTC µs) is when to decide again.

    `reasons` are the grounds of the decision on plain rows, either way (a partial permission adds `outside-covers`);
    `sensitive_reasons` are the grounds for denying sensitive ones, empty if some may be read.
    """

    effect: Effect
    reasons: tuple[Reason, ...] = ()
    sensitive_reasons: tuple[Reason, ...] = ()
    basis: LegalBasis | None = None
    next_due: int | None = None

    @property
    def plain(self) -> bool:
        """All rows may be read."""
        return self.effect.plain

    @property
    def sensitive(self) -> bool:
        """All sensitive rows may be read."""
        return self.effect.sensitive

    @property
    def not_before(self) -> int | None:
        """Only rows from this instant on may be read."""
        return self.effect.not_before

    @property
    def sensitive_not_before(self) -> int | None:
        """Only sensitive rows from this instant on may be read."""
        return self.effect.sensitive_not_before

    @property
    def permitted(self) -> bool:
        """At least rows from some instant on may be read."""
        return self.effect.plain or self.effect.not_before is not None


def decide_subject(
    purpose: Purpose,
    regimes: Mapping[str, Regime],
    facts: SubjectFacts,
    records: Sequence[ConsentRecord],
    now: int,
) -> SubjectDecision:
    """Decide about one subject and one purpose at `now`.

    `records` are the subject's, in the order they were recorded; those of other purposes are left aside. What counts
    as latest is `at`, then that order, so a yes that arrives late never overrules a later no.
    """
    rule = basis_for(purpose, regimes, facts.jurisdiction)
    said = read_said(purpose, rule, records)
    in_force = tuple(given for given in said.gives if _in_force(purpose, given, now))
    due = min(_instants(purpose, facts, said, now), default=None)
    denied = (*_standing_grounds(purpose, rule, facts, said, now), *_choice_grounds(purpose, rule, said, in_force))
    if denied or rule is None:
        return SubjectDecision(NOTHING, denied, denied, rule.basis if rule else None, due)
    by_choice = _needs_give(rule, said)
    whole, since = _span(in_force) if by_choice else (True, None)
    explicit = tuple(given for given in in_force if given in said.explicit)
    withheld = tuple(_sensitive_grounds(purpose, said, explicit))
    sensitive, sensitive_since = (False, None) if withheld else _span(explicit)
    grounds = tuple(_permit_grounds(rule, in_force if by_choice else (), since))
    return SubjectDecision(Effect(whole, sensitive, since, sensitive_since), grounds, withheld, rule.basis, due)


def next_change(
    purpose: Purpose,
    regimes: Mapping[str, Regime],
    facts: SubjectFacts,
    records: Sequence[ConsentRecord],
    decision: SubjectDecision,
) -> int | None:
    """Return the next instant at which time alone alters the effect of `decision`, or None if it never does."""
    due = decision.next_due
    while due is not None:
        later = decide_subject(purpose, regimes, facts, records, due)
        if later.effect != decision.effect:
            return due
        due = later.next_due
    return None


def _standing_grounds(
    purpose: Purpose, rule: RegimeBasis | None, facts: SubjectFacts, said: Said, now: int
) -> Iterator[Reason]:
    """Give the grounds against whatever the subject chose about the purpose, in the order in which denial wins."""
    if facts.erased:
        yield reason("erased", at="an earlier day")
    if said.restricted_by is not None:
        yield reason("restricted", at=_day(said.restricted_by))
    if rule is None:
        yield reason("unknown-place")
    if purpose.minimum_age > 0:
        if facts.birth_year is None:
            if purpose.unknown_age is not Unknown.ADULT:
                yield reason("unknown-age")
        elif now < _of_age(purpose, facts.birth_year):
            yield reason("minor", minimum_age=purpose.minimum_age)


def _day(record: ConsentRecord) -> str:
    return f"{from_instant(record.at):%Y-%m-%d}"


def _of_age(purpose: Purpose, birth_year: int) -> int:
    """Return when everybody born in a year is certainly of age: the year after the one of that birthday."""
    year = birth_year + purpose.minimum_age + 1
    return to_instant(datetime(min(max(year, 1), 9999), 1, 1, tzinfo=UTC))


def _needs_give(rule: RegimeBasis, said: Said) -> bool:
    return rule.default is Default.OPT_IN or said.closed_by is not None


def _choice_grounds(
    purpose: Purpose, rule: RegimeBasis | None, said: Said, in_force: Sequence[ConsentRecord]
) -> Iterator[Reason]:
    if rule is None or not _needs_give(rule, said) or in_force:
        return
    if said.gives:
        last = said.gives[-1]
        if last.notice_version != purpose.notice.version:
            yield reason("notice-changed", seen=last.notice_version, current=purpose.notice.version)
        else:
            yield reason("consent-expired", at=_day(last), days=purpose.consent_days)
    elif said.closed_by is not None:
        yield reason(_CLOSED_CODES[said.closed_by.verb], at=_day(said.closed_by))
    else:
        yield reason("no-record")


def _permit_grounds(rule: RegimeBasis, gives: Sequence[ConsentRecord], since: int | None) -> Iterator[Reason]:
    if gives:
        yield reason("permitted-consent", at=_day(gives[-1]))
    elif rule.basis is LegalBasis.CONSENT:
        yield reason("permitted", basis=rule.basis.value)
    else:
        yield reason(f"permitted-{rule.basis.value}")
    if since is not None:
        yield reason("outside-covers", at=f"{from_instant(since):%Y-%m-%d}")


def _in_force(purpose: Purpose, given: ConsentRecord, now: int) -> bool:
    expiry = _expiry(purpose, given)
    return given.notice_version == purpose.notice.version and (expiry is None or now < expiry)


def _expiry(purpose: Purpose, given: ConsentRecord) -> int | None:
    return None if purpose.consent_days is None else given.at + purpose.consent_days * DAY


def _span(gives: Sequence[ConsentRecord]) -> tuple[bool, int | None]:
    """Return what the gives in force reach together: all rows, or rows from the earliest of them on."""
    if any(given.covers is Covers.HELD_DATA for given in gives):
        return True, None
    return False, min(given.at for given in gives)


def _sensitive_grounds(purpose: Purpose, said: Said, explicit: Sequence[ConsentRecord]) -> Iterator[Reason]:
    if purpose.sensitive is not SensitiveUse.EXPLICIT_CONSENT:
        yield reason("sensitive-never")
    elif said.limited_by is not None:
        yield reason("limited", at=_day(said.limited_by))
    elif not explicit:
        yield reason("sensitive-without-explicit-consent")


def _instants(purpose: Purpose, facts: SubjectFacts, said: Said, now: int) -> Iterator[int]:
    """Give the instants after now at which time alone may alter the decision."""
    for given in said.gives:
        expiry = _expiry(purpose, given)
        if expiry is not None and expiry > now:
            yield expiry
    if facts.birth_year is not None and purpose.minimum_age > 0:
        of_age = _of_age(purpose, facts.birth_year)
        if of_age > now:
            yield of_age
