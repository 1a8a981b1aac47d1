"""What may enter the register: every no, and every yes that means something. Pure; `consent.register` stores it.

A record that narrows is never rejected for what it says, only read as strictly as it can be; a record that widens
must fit the purpose, its current notice and the subject's regime.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pellucid.consent.permitted import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.said import is_closed, is_restricted
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.bases import basis_for
from pellucid.policy.model import Default, Policy, Purpose, SensitiveUse
from pellucid.records.columns import from_instant


def admit(
    policy: Policy, record: ConsentRecord, facts: SubjectFacts | None, earlier: Sequence[ConsentRecord], now: int
) -> ConsentRecord:
    """Return the record as it is to be kept, given what the subject said before.

    Raises NameUnknown for an unknown purpose or subject, InputInvalid for a future instant or a yes that does not fit.
    """
    if facts is None or facts.erased:
        # An erased subject has no key left to be named by in the log; who comes back is a new subject.
        raise NameUnknown("subject", str(record.subject), remedy="Import the person's data first: `pellucid data add`.")
    if record.purpose is not None and record.purpose not in policy.purposes:
        raise NameUnknown("purpose", record.purpose, tuple(policy.purposes))
    if record.at > now:
        raise InputInvalid(
            f"Nobody can have said this yet: got {from_instant(record.at):%Y-%m-%d %H:%M:%S} UTC, "
            f"allowed until {from_instant(now):%Y-%m-%d %H:%M:%S} UTC.",
            remedy="Check the instant and its time zone.",
        )
    if record.verb is ConsentVerb.GIVE:
        return _admit_give(policy, record, facts, earlier)
    if record.verb is ConsentVerb.LIFT:
        return _admit_lift(record, earlier)
    return _admit_narrowing(policy, record, facts, earlier, now)


def _admit_give(
    policy: Policy, record: ConsentRecord, facts: SubjectFacts, earlier: Sequence[ConsentRecord]
) -> ConsentRecord:
    if record.purpose is None:
        raise InputInvalid("A yes needs its purpose: consent is specific.", remedy="Name one purpose a record.")
    purpose = policy.purposes[record.purpose]
    if record.notice_version not in ("", purpose.notice.version):
        raise InputInvalid(
            f"A yes to {purpose.name!r} needs its current notice: got version {record.notice_version!r}, "
            f"allowed {purpose.notice.version!r}.",
            remedy="Show the current notice and ask again.",
        )
    _refuse_meaningless(policy, purpose, record, facts, earlier)
    return replace(record, notice_version=purpose.notice.version, without_choice=())


def _refuse_meaningless(
    policy: Policy, purpose: Purpose, record: ConsentRecord, facts: SubjectFacts, earlier: Sequence[ConsentRecord]
) -> None:
    rule = basis_for(purpose, policy.regimes, facts.jurisdiction)
    if rule is None or rule.default is not Default.NO_CHOICE or is_closed(purpose, rule, earlier):
        return
    if not (record.explicit and purpose.sensitive is SensitiveUse.EXPLICIT_CONSENT):
        raise InputInvalid(
            f"{purpose.name!r} rests on {rule.basis.value} for this person, so a yes changes nothing.",
            remedy="Leave it out, or give explicit consent where the purpose asks for it for sensitive data.",
        )


def _admit_lift(record: ConsentRecord, earlier: Sequence[ConsentRecord]) -> ConsentRecord:
    if record.purpose is not None:
        raise InputInvalid(
            f"A restriction is lifted for the whole person: got purpose {record.purpose!r}.",
            remedy="Leave the purpose out.",
        )
    if not is_restricted(earlier):
        raise InputInvalid("There is no restriction to lift.", remedy="See `pellucid consent show`.")
    return replace(record, explicit=False, without_choice=())


def _admit_narrowing(
    policy: Policy, record: ConsentRecord, facts: SubjectFacts, earlier: Sequence[ConsentRecord], now: int
) -> ConsentRecord:
    # Said after all that was recorded, also where a clock that was ahead then dated that later than now.
    at = max([record.at, *(each.at for each in earlier if each.at > now)])
    if record.verb is ConsentVerb.RESTRICT:
        return replace(record, at=at, purpose=None, explicit=False, without_choice=())
    concerned = [purpose for purpose in policy.purposes.values() if record.concerns(purpose.name)]
    free = tuple(purpose.name for purpose in concerned if _offers_no_choice(policy, purpose, facts, earlier))
    current = policy.purposes[record.purpose].notice.version if record.purpose else ""
    notice = record.notice_version or current
    return replace(record, at=at, explicit=False, notice_version=notice, without_choice=free)


def _offers_no_choice(policy: Policy, purpose: Purpose, facts: SubjectFacts, earlier: Sequence[ConsentRecord]) -> bool:
    rule = basis_for(purpose, policy.regimes, facts.jurisdiction)
    if rule is None or rule.default is not Default.NO_CHOICE:
        return False
    return not is_closed(purpose, rule, earlier)
