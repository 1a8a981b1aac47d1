"""What may enter the register: every no, and every yes that means something. Pure; `consent.register` stores it.

A record that narrows is never rejected for what it says, only read as strictly as it can be; a record that widens
must fit the purpose, its current notice and the subject's regime.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import SPLIT_METHOD, By, ConsentRecord, ConsentVerb
from pellucid.consent.rule import rule_for
from pellucid.consent.said import is_closed, is_restricted
from pellucid.consent.voices import Voice
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Default, Policy, Purpose, SensitiveUse
from pellucid.policy.parts.purpose import declared_version
from pellucid.records.columns import from_instant, to_instant

EARLIEST = to_instant(datetime(1900, 1, 1, tzinfo=UTC))
"""Nobody who is asked now said anything before."""


def admit(
    policy: Policy,
    record: ConsentRecord,
    facts: SubjectFacts | None,
    earlier: Sequence[ConsentRecord],
    now: int,
    others: Sequence[Voice] = (),
) -> ConsentRecord:
    """Return the record as it is to be kept, given what the subject, and their other identities, said before.

    Raises NameUnknown for an unknown purpose or subject, InputInvalid for a future instant or a yes that does not fit.
    """
    demand_fit(policy, record, now)
    if facts is None or facts.erased:
        # An erased subject has no key left to be named by in the log; who comes back is a new subject.
        raise NameUnknown("subject", str(record.subject), remedy="Import the person's data first: `pellucid data add`.")
    if record.at < EARLIEST:
        record = replace(record, at=EARLIEST)
    if record.verb is ConsentVerb.GIVE:
        return _admit_give(policy, record, facts, earlier, now)
    if record.verb is ConsentVerb.LIFT:
        return _admit_lift(record, earlier)
    return _admit_narrowing(policy, record, facts, earlier, now, others)


def demand_fit(policy: Policy, record: ConsentRecord, now: int) -> None:
    """Raise for whatever is wrong with a record whoever it is about; where it is so refused, nobody is looked up.

    Else who sends what cannot be recorded would learn from the answer who is there. Raises as `admit` does.
    """
    if record.purpose is not None and record.purpose not in policy.purposes:
        raise NameUnknown("purpose", record.purpose, tuple(policy.purposes))
    if record.at > now:
        raise InputInvalid(
            f"Nobody can have said this yet: got {from_instant(record.at):%Y-%m-%d %H:%M:%S} UTC, "
            f"allowed until {from_instant(now):%Y-%m-%d %H:%M:%S} UTC.",
            remedy="Check the instant and its time zone.",
        )
    if record.verb.narrows:
        return
    if record.at < EARLIEST:
        raise InputInvalid(
            "Nobody can have said this so long ago; allowed from 1900-01-01 on.", remedy="Check the instant."
        )
    _demand_proof(record)
    if record.verb is ConsentVerb.LIFT:
        _demand_everything(record)
    else:
        _demand_current_notice(policy, record)


def _demand_current_notice(policy: Policy, record: ConsentRecord) -> None:
    if record.purpose is None:
        raise InputInvalid("A yes needs its purpose: consent is specific.", remedy="Name one purpose a record.")
    current = policy.purposes[record.purpose].notice.version
    if record.notice_version and declared_version(record.notice_version) != current != record.notice_version:
        raise InputInvalid(
            f"A yes to {record.purpose!r} needs its current notice: got version {record.notice_version!r}, "
            f"allowed {current!r}.",
            remedy="Show the current notice and ask again.",
            code="notice-not-current",
        )


def _demand_everything(record: ConsentRecord) -> None:
    if record.purpose is not None:
        raise InputInvalid(
            f"A restriction is lifted for the whole person: got purpose {record.purpose!r}.",
            remedy="Leave the purpose out.",
        )


def _admit_give(
    policy: Policy, record: ConsentRecord, facts: SubjectFacts, earlier: Sequence[ConsentRecord], now: int
) -> ConsentRecord:
    purpose = policy.purposes[record.purpose or ""]
    beside = _demand_sense(policy, purpose, record, facts, earlier, now)
    notice = record.notice_version or purpose.notice.version
    return replace(record, notice_version=notice, without_choice=(purpose.name,) if beside else ())


def _demand_proof(record: ConsentRecord) -> None:
    """Refuse a yes on somebody else's behalf without a proof; a no needs none: it only takes away."""
    if record.by is not By.SELF and not record.proof.strip():
        raise InputInvalid(
            f"A yes by the {record.by.value} needs a proof that they may speak for the person; got none.",
            remedy="Say where the proof lies, e.g. the number of the file.",
            code="proof-missing",
        )


def _demand_sense(
    policy: Policy,
    purpose: Purpose,
    record: ConsentRecord,
    facts: SubjectFacts,
    earlier: Sequence[ConsentRecord],
    now: int,
) -> bool:
    """Return whether a yes is said beside a basis that offers no choice; raises InputInvalid if it alters nothing."""
    rule = rule_for(policy, purpose, facts, now)
    if rule is None or not _offers_no_choice(policy, purpose, facts, earlier, now):
        return False
    guards = purpose.guardian and record.by is By.GUARDIAN
    if not (guards or (record.explicit and purpose.sensitive is SensitiveUse.EXPLICIT_CONSENT)):
        raise InputInvalid(
            f"{purpose.name!r} rests on {rule.basis.value} for this person, so a yes changes nothing.",
            remedy="Leave it out, or give explicit consent where the purpose asks for it for sensitive data.",
        )
    return True


def _admit_lift(record: ConsentRecord, earlier: Sequence[ConsentRecord]) -> ConsentRecord:
    if not is_restricted(earlier):
        raise InputInvalid("There is no restriction to lift.", remedy="See `pellucid consent show`.")
    return replace(record, explicit=False, without_choice=())


def _admit_narrowing(
    policy: Policy,
    record: ConsentRecord,
    facts: SubjectFacts,
    earlier: Sequence[ConsentRecord],
    now: int,
    others: Sequence[Voice],
) -> ConsentRecord:
    # Said after all that was recorded, also where a clock that was ahead then dated that later than now.
    said = [*earlier, *(each for voice in others for each in voice.records)]
    at = max([record.at, *(each.at for each in said if each.at > now)])
    if record.verb is ConsentVerb.RESTRICT:
        return replace(record, at=at, purpose=None, explicit=False, without_choice=())
    bound = record.method != SPLIT_METHOD  # what keeps a part of a person closed closes whatever the basis
    concerned = [purpose for purpose in policy.purposes.values() if bound and record.concerns(purpose.name)]
    free = tuple(purpose.name for purpose in concerned if _offers_no_choice(policy, purpose, facts, earlier, now))
    current = policy.purposes[record.purpose].notice.version if record.purpose else ""
    notice = record.notice_version or current
    return replace(record, at=at, explicit=False, notice_version=notice, without_choice=free)


def _offers_no_choice(
    policy: Policy, purpose: Purpose, facts: SubjectFacts, earlier: Sequence[ConsentRecord], now: int
) -> bool:
    rule = rule_for(policy, purpose, facts, now)
    if rule is None or rule.default is not Default.NO_CHOICE:
        return False
    agreed = any(
        each.verb is ConsentVerb.GIVE and each.concerns(purpose.name) and purpose.name not in each.without_choice
        for each in earlier
    )  # while there was a choice: switching the basis does not take it away
    return not agreed and not is_closed(purpose, rule.default, earlier)
