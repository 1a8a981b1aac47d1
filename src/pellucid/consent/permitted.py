"""May this subject's rows be read for this purpose, now? The pure decision; storing it is `consent.register`'s work.

Deny wins. Every ground for denial is collected in the architecture's order, not only the first. Between `now` and
`next_due` the decision is constant but for dates in laws, so a replica computed now holds until then. Where several
speak (identities of one person, members of a household) the strictest counts: `consent.voices`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pellucid.consent.choices import Counted, Judge
from pellucid.consent.effect import NOTHING, Effect, strictest
from pellucid.consent.person import SubjectFacts, of_age
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.rule import Rule, rule_for
from pellucid.consent.said import SILENT, Said, read_said
from pellucid.consent.voices import Voice, voices
from pellucid.errors import Reason
from pellucid.policy.model import (
    Default,
    LegalBasis,
    Policy,
    Purpose,
    SensitiveUse,
    Unknown,
    VulnerableUse,
)
from pellucid.policy.reasons import reason
from pellucid.records.columns import from_instant
from pellucid.regulations.ruling import Ground

_CLOSED_CODES = {
    ConsentVerb.REFUSE: "refused",
    ConsentVerb.WITHDRAW: "withdrawn",
    ConsentVerb.OBJECT: "objected",
    ConsentVerb.OPT_OUT: "opted-out",
}
SIGNAL = "signal:"
"""How the method of a record begins that a browser's signal made."""


@dataclass(frozen=True, slots=True)
class SubjectDecision:
    """Which of a subject's rows may be read for a purpose, and why. `next_due` (UTC µs) is when to decide again.

    `reasons` are the grounds of the decision on plain rows, either way (a partial permission adds `outside-covers`);
    `sensitive_reasons` are the grounds for denying sensitive ones, empty if some may be read. `laws` are the figures of
    laws that it rests on, where any was signed off.
    """

    effect: Effect
    reasons: tuple[Reason, ...] = ()
    sensitive_reasons: tuple[Reason, ...] = ()
    basis: LegalBasis | None = None
    next_due: int | None = None
    laws: tuple[Ground, ...] = ()

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
    policy: Policy,
    purpose: Purpose,
    facts: SubjectFacts,
    records: Sequence[ConsentRecord],
    now: int,
    others: Sequence[Voice] = (),
) -> SubjectDecision:
    """Decide about one subject and one purpose at `now`.

    `records` are the subject's, in the order they were recorded; those of other purposes are left aside. What counts
    as latest is `at`, then that order, so a yes that arrives late never overrules a later no. `others` are the other
    identities of the same person.
    """
    spoken = voices(purpose.name, facts, records, others)
    found = [_decide(policy, purpose, each, now) for each in spoken]
    return found[0] if len(found) == 1 else _strictest(spoken, found)


def next_change(
    policy: Policy,
    purpose: Purpose,
    facts: SubjectFacts,
    records: Sequence[ConsentRecord],
    decision: SubjectDecision,
    others: Sequence[Voice] = (),
) -> int | None:
    """Return the next instant at which time alone alters the effect of `decision`, or None if it never does.

    Dates in laws are not among them: they concern everybody (`consent.rule.law_due`).
    """
    due = decision.next_due
    while due is not None:
        later = decide_subject(policy, purpose, facts, records, due, others)
        if later.effect != decision.effect:
            return due
        due = later.next_due
    return None


def _strictest(spoken: Sequence[Voice], found: Sequence[SubjectDecision]) -> SubjectDecision:
    """Put decisions about several voices together: what all of them permit, and why not more."""
    effect = strictest(each.effect for each in found)
    dues = [each.next_due for each in found if each.next_due is not None]
    told = [_told(voice, each) for voice, each in zip(spoken, found, strict=True)]
    return SubjectDecision(
        effect,
        _reasons(effect.plain or effect.not_before is not None, [reasons for reasons, _ in told], found),
        tuple(dict.fromkeys(each for _, sensitive in told for each in sensitive)),
        found[0].basis,
        min(dues, default=None),
        tuple(dict.fromkeys(ground for each in found for ground in each.laws)),
    )


def _reasons(
    permitted: bool, told: Sequence[tuple[Reason, ...]], found: Sequence[SubjectDecision]
) -> tuple[Reason, ...]:
    """Give the grounds of those that come to the same as all together: of denials where it is denied."""
    fitting = [reasons for reasons, each in zip(told, found, strict=True) if each.permitted is permitted]
    return tuple(dict.fromkeys(each for reasons in (fitting or told) for each in reasons))


def _told(voice: Voice, found: SubjectDecision) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Return a voice's grounds, named as those of another where they are; a household's members stay unnamed."""
    if not voice.label:
        return found.reasons, found.sensitive_reasons
    sensitive = tuple(_of_another(voice, each) for each in found.sensitive_reasons)
    if found.permitted:
        return found.reasons, sensitive
    return tuple(_of_another(voice, each) for each in found.reasons), sensitive


def _of_another(voice: Voice, why: Reason) -> Reason:
    return reason(f"another-{voice.label}", why=why.message)


# -- one voice ---------------------------------------------------------------------------------------------------------


def _decide(policy: Policy, purpose: Purpose, voice: Voice, now: int) -> SubjectDecision:
    facts = voice.facts
    rule = rule_for(policy, purpose, facts, now)
    said = read_said(purpose, rule.default if rule else None, voice.records) if voice.records else SILENT
    counted = Judge(purpose, rule, facts).counted(said, now)
    due = min(_instants(purpose, rule, facts, counted, now), default=None)
    denied = (*_standing_grounds(purpose, rule, facts, counted, now), *_choice_grounds(purpose, rule, counted))
    laws = rule.grounds if rule else ()
    if denied or rule is None:
        return SubjectDecision(NOTHING, denied, denied, rule.basis if rule else None, due, laws)
    whole, since = _span(counted.plain) if counted.needs_give else (True, None)
    withheld = tuple(_sensitive_grounds(purpose, said, counted.explicit))
    sensitive, sensitive_since = (False, None) if withheld else _span(counted.explicit)
    chosen = counted.needs_give and (rule.default is not Default.NO_CHOICE or said.closed_by is not None)
    grounds = tuple(_permit_grounds(rule, counted.plain if chosen else (), since))
    return SubjectDecision(Effect(whole, sensitive, since, sensitive_since), grounds, withheld, rule.basis, due, laws)


def _standing_grounds(
    purpose: Purpose, rule: Rule | None, facts: SubjectFacts, counted: Counted, now: int
) -> Iterator[Reason]:
    """Give the grounds against whatever the subject chose about the purpose, in the order in which denial wins."""
    if facts.erased:
        yield reason("erased", at="an earlier day")
    if counted.restricted_by is not None:
        yield reason("restricted", at=day_of(counted.restricted_by))
    if rule is None:
        yield reason("unknown-place")
    reached = facts.reached(purpose.minimum_age, now)
    guessed = reached is False and facts.age_estimated and counted.guarded  # else it is refused for being a minor
    if (reached is None or guessed) and purpose.unknown_age is not Unknown.ADULT:
        yield reason("unknown-age")
    yield from _vulnerability_unknown(purpose, facts)
    if reached is False and not counted.guarded:
        yield reason("minor", minimum_age=purpose.minimum_age)
    if facts.vulnerable and purpose.vulnerable is not VulnerableUse.MAY:
        yield reason("vulnerable")
    if rule is not None and (rule.prohibited or counted.judge.is_young(rule.prohibited_below, now)):
        ground = rule.prohibiting()
        yield reason("law-prohibits", law=ground.law, cite=ground.cite)


def _vulnerability_unknown(purpose: Purpose, facts: SubjectFacts) -> Iterator[Reason]:
    unknown = facts.vulnerable is None or (facts.vulnerable is False and facts.vulnerable_estimated)
    if unknown and purpose.vulnerable is VulnerableUse.NEVER:
        yield reason("unknown-vulnerability")


def day_of(record: ConsentRecord) -> str:
    """Return the day on which something was said, as reasons tell it."""
    return f"{from_instant(record.at):%Y-%m-%d}"


def _choice_grounds(purpose: Purpose, rule: Rule | None, counted: Counted) -> Iterator[Reason]:
    if rule is None or not counted.needs_give or counted.plain:
        return
    said = counted.said
    if said.gives:
        yield from counted.why_not(said.gives[-1])
    elif said.closed_by is not None:
        by_signal = said.closed_by.method.startswith(SIGNAL)
        yield reason("signal" if by_signal else _CLOSED_CODES[said.closed_by.verb], at=day_of(said.closed_by))
    else:
        yield reason("no-record")


def _permit_grounds(rule: Rule, gives: Sequence[ConsentRecord], since: int | None) -> Iterator[Reason]:
    if gives:
        yield reason("permitted-consent", at=day_of(gives[-1]))
    elif rule.basis is LegalBasis.CONSENT:
        yield reason("permitted", basis=rule.basis.value)
    else:
        yield reason(f"permitted-{rule.basis.value}")
    if since is not None:
        yield reason("outside-covers", at=f"{from_instant(since):%Y-%m-%d}")


def _span(gives: Sequence[ConsentRecord]) -> tuple[bool, int | None]:
    """Return what the gives in force reach together: all rows, or rows from the earliest of them on."""
    if any(given.covers is Covers.HELD_DATA for given in gives):
        return True, None
    return False, min(given.at for given in gives)


def _sensitive_grounds(purpose: Purpose, said: Said, explicit: Sequence[ConsentRecord]) -> Iterator[Reason]:
    if purpose.sensitive is not SensitiveUse.EXPLICIT_CONSENT:
        yield reason("sensitive-never")
    elif said.limited_by is not None:
        yield reason("limited", at=day_of(said.limited_by))
    elif not explicit:
        yield reason("sensitive-without-explicit-consent")


def _instants(purpose: Purpose, rule: Rule | None, facts: SubjectFacts, counted: Counted, now: int) -> Iterator[int]:
    """Give the instants after now at which time alone may alter the decision."""
    for given in counted.said.gives:
        expiry = counted.expiry(given)
        if expiry is not None and expiry > now:
            yield expiry
    if facts.birth_year is None:
        return
    for age in {purpose.minimum_age, *((rule.opt_in_below, rule.prohibited_below) if rule is not None else ())}:
        grown = of_age(facts.birth_year, age)
        if age > 0 and grown > now:
            yield grown
