"""Filling a receipt in from what is known: pure, unsigned. What each member must say is checked by `audit.receipt`.

The subject stands in it by an id of their own for receipts (see `subjects.pairwise`), never by their natural key, and
not by their pseudonym in the log; that one stands in the entry, which is evidence and can be cut off.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pellucid.audit import receipt as form
from pellucid.audit.merkle import leaf_hash
from pellucid.consent.receipts import terms
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.errors import VerificationFailed
from pellucid.policy.bases import basis_for, covering
from pellucid.policy.categories import CATEGORIES, is_within
from pellucid.policy.model import Dataset, LegalBasis, Policy, Purpose, translated
from pellucid.policy.parts.purpose import declared_version
from pellucid.policy.retention import days_read


@dataclass(frozen=True, slots=True)
class LoggedChoice:
    """A record and where the log has it: origin, leaf, the entry verbatim, its tlog-proof.

    `details` are the entry's, empty if it has none; None if they are held no more.
    """

    record: ConsentRecord
    origin: str
    leaf: int
    entry: bytes
    proof: bytes
    details: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a receipt says besides: the subject's id for receipts and place (ISO 3166), and where to turn.

    `rights_url` is a page on which rights are exercised, `withdrawal` says how a yes is taken back; where they are
    empty the controller's contact stands in.
    """

    subject_id: str
    jurisdiction: str | None = None
    rights_url: str = ""
    withdrawal: str = ""


def build(policy: Policy, then: Policy, choice: LoggedChoice, about: Circumstances, now: int) -> dict[str, object]:
    """Return the receipt of a choice as of `now` (UTC µs), with its evidence and without its signature.

    What was chosen is told as the policy `then` declared it, and whom to turn to as `policy` does, which is in force.
    Raises VerificationFailed (`receipt-unfounded`) if record and entry differ: nothing is signed that the log denies.
    """
    entry = _entry(choice, about)
    hashed = leaf_hash(choice.entry).hex()
    name = f"urn:uuid:{uuid5(NAMESPACE_URL, f'{choice.origin}#{hashed}')}"
    return {
        "@context": dict(terms.CONTEXT),
        "@id": name,
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": name,
        "dct:conformsTo": terms.RECEIPT_SCHEMA,
        "pellucid:schema": form.SCHEMA,
        "dct:created": form.instant_text(now),
        "dct:publisher": policy.controller.name,
        "schema:recipient": "dpv:DataSubject",
        form.RECORD: _record(policy, then, choice, about, entry),
        form.LOG: {"origin": choice.origin, "leaf": choice.leaf, "leaf_hash": hashed},
        form.EVIDENCE: {"entry": choice.entry.decode(), "proof": choice.proof.decode()},
    }


def _record(
    policy: Policy, then: Policy, choice: LoggedChoice, about: Circumstances, entry: Mapping[str, Any]
) -> dict[str, object]:
    record, purposes = choice.record, _purposes(then, choice.record)
    bases = _bases(then, purposes, about)
    return {
        "@type": "dpv:ConsentRecord",
        "dct:identifier": f"{choice.origin}/{choice.leaf}",
        "dct:conformsTo": terms.RECORD_SCHEMA,
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": about.subject_id},
        "dpv:hasDataController": _controller(policy, about),
        "dpv:hasJurisdiction": about.jurisdiction or "",
        "dpv:hasApplicableLaw": [then.regimes[name].title for name in covering(then.regimes, about.jurisdiction)],
        "dpv:hasLegalBasis": _legal_bases(record, bases),
        form.NOTICE: _notice(record, purposes),
        form.PROCESS: [_process(then, purpose) for purpose in purposes] or _undeclared(record),
        form.STATUS: _status(record, purposes),
        "dpv:hasStatus": _objections(record, bases),
        "dpv:hasConsentControl": _control(policy, about, record),
        form.CHOICE: _choice(record, entry),
    }


def fits(record: ConsentRecord, entry: Mapping[str, Any], details: Mapping[str, Any] | None) -> bool:
    """Return whether a record says what its entry in the log says; what the entry leaves out has its default.

    Of what may have stood in `details` that are held no more (None), nothing is known and nothing is asked.
    """
    absent = {name: value for name, value in form.DEFAULTS.items() if details is not None or name not in form.ERASABLE}
    named = {"verb": entry["action"].removeprefix("consent."), "purpose": entry["purpose"]}
    told, said = {**absent, **(details or {}), **entry["body"], **named}, said_of(record)
    return all(told[name] == said[name] for name in told.keys() & said.keys())


def unfounded() -> VerificationFailed:
    """Return the refusal of a receipt of which register and log differ."""
    return VerificationFailed(
        "The register and the log say different things of this choice, so no receipt is given.",
        remedy="Run `pellucid audit verify`.",
        code="receipt-unfounded",
    )


def _entry(choice: LoggedChoice, about: Circumstances) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(choice.entry)
    if not fits(choice.record, entry, choice.details) or entry["subject"] == about.subject_id:
        raise unfounded()
    return entry


def said_of(record: ConsentRecord) -> dict[str, object]:
    """Return what a record says, member by member as a receipt has it."""
    return {
        "verb": record.verb.value,
        "purpose": record.purpose,
        "covers": record.covers.value,
        "explicit": record.explicit,
        "notice_version": record.notice_version,
        "channel": record.channel,
        "method": record.method,
        "by": record.by.value,
        "proof": record.proof,
        "member": record.member,
        "screen": record.screen,
        "language": record.language,
        "while_restricted": record.while_restricted,
        "without_choice": list(record.without_choice),
        "said_at": record.at,
    }


def _choice(record: ConsentRecord, entry: Mapping[str, Any]) -> dict[str, object]:
    return {**said_of(record), **entry["body"], "recorded_at": entry["at"]}


def _controller(policy: Policy, about: Circumstances) -> dict[str, object]:
    controller = policy.controller
    return {
        "@type": "dpv:DataController",
        "dpv:hasName": controller.name,
        "dpv:hasContact": controller.contact,
        "dpv:hasLocation": controller.country,
        "dpv:isExercisedAt": about.rights_url or controller.contact,
    }


def _purposes(policy: Policy, record: ConsentRecord) -> list[Purpose]:
    if record.purpose is None:
        return list(policy.purposes.values())
    return [policy.purposes[record.purpose]] if record.purpose in policy.purposes else []


def _undeclared(record: ConsentRecord) -> list[dict[str, object]]:
    """Return what can be said of a purpose that was not declared: a choice about it still has its receipt."""
    named = {"@type": "dpv:Purpose", "dct:identifier": record.purpose}
    return [] if record.purpose is None else [{"@type": "dpv:Process", "dpv:hasPurpose": named}]


def _process(policy: Policy, purpose: Purpose) -> dict[str, object]:
    broader = list(dict.fromkeys(terms.PURPOSES[kind] for kind in purpose.kinds if kind in terms.PURPOSES))
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@type": "dpv:Purpose",
            "dct:identifier": purpose.name,
            "dct:title": purpose.title,
            "dct:description": purpose.description,
            "skos:broader": broader,
        },
        "dpv:hasPersonalData": [_data(category) for category in purpose.categories],
        "dpv:hasRecipient": [_recipient(policy, name) for name in purpose.recipients],
        "dpv:hasStorageCondition": _storage(policy.datasets.values(), purpose),
    }


def _data(category: str) -> dict[str, object]:
    known, term = CATEGORIES.get(category), terms.data_term(category)
    return {
        "@type": "dpv:PersonalData",
        "dct:identifier": category,
        "dct:title": category if known is None else known.title,
        "skos:broader": [] if term is None else [term],
    }


def _recipient(policy: Policy, name: str) -> dict[str, object]:
    recipient = policy.recipients[name]
    return {
        "@type": terms.RECIPIENTS.get(recipient.kind, terms.OTHER_RECIPIENT),
        "dpv:hasName": recipient.title,
        "dpv:hasLocation": recipient.country,
    }


def _storage(datasets: Iterable[Dataset], purpose: Purpose) -> list[dict[str, object]]:
    """Return how long rows of each dataset about people are kept that the purpose may read something of."""
    return [
        {"@type": "dpv:StorageDuration", "dct:title": dataset.title, "dpv:hasDuration": f"P{days}D"}
        for dataset in datasets
        if (days := days_read(dataset, purpose)) is not None and not dataset.is_public and _is_read(dataset, purpose)
    ]


def _is_read(dataset: Dataset, purpose: Purpose) -> bool:
    held = {column.category for column in dataset.columns.values()}
    return any(is_within(category, allowed) for category in held for allowed in purpose.categories)


def _bases(policy: Policy, purposes: Sequence[Purpose], about: Circumstances) -> list[LegalBasis]:
    rules = (basis_for(purpose, policy.regimes, about.jurisdiction) for purpose in purposes)
    return list(dict.fromkeys(rule.basis for rule in rules if rule is not None))


def _legal_bases(record: ConsentRecord, bases: Sequence[LegalBasis]) -> list[str]:
    explicit = record.verb is ConsentVerb.GIVE and record.explicit
    return [
        terms.EXPLICIT_CONSENT if explicit and basis is LegalBasis.CONSENT else terms.BASES[basis] for basis in bases
    ]


def _notice(record: ConsentRecord, purposes: Sequence[Purpose]) -> dict[str, object]:
    """Return which notice was shown; its words, too, where it was the purpose's current one."""
    declared = declared_version(record.notice_version)
    words = [
        translated(purpose.translations, record.language, "notice") or purpose.notice.text
        for purpose in purposes[:1]
        if purpose.notice.version in (declared, record.notice_version)
    ]
    return {
        "@type": "dpv:ConsentNotice",
        "dct:hasVersion": record.notice_version,
        "dct:language": record.language,
        "dct:description": words[0] if words and record.purpose is not None else "",
        "pellucid:screen": record.screen,
    }


def _status(record: ConsentRecord, purposes: Sequence[Purpose]) -> dict[str, object]:
    lasts = purposes[0].consent_days if len(purposes) == 1 and record.verb is ConsentVerb.GIVE else None
    status: dict[str, object] = {
        "@type": form.STATES[record.verb.value],
        "dpv:isIndicatedAtTime": form.instant_text(record.at),
        "dpv:isIndicatedBy": terms.INDICATED_BY[record.by],
        "dpv:hasIndicationMethod": ", ".join(word for word in (record.method, record.channel) if word),
    }
    return status if lasts is None else {**status, "dpv:hasDuration": f"P{lasts}D"}


def _objections(record: ConsentRecord, bases: Sequence[LegalBasis]) -> list[str]:
    if record.verb is not ConsentVerb.OBJECT:
        return []
    return [terms.OBJECTED[basis] for basis in bases if basis in terms.OBJECTED]


def _control(policy: Policy, about: Circumstances, record: ConsentRecord) -> dict[str, object]:
    kind = "dpv:WithdrawConsent" if record.verb is ConsentVerb.GIVE else "dpv:ProvideConsent"
    return {"@type": kind, "dct:description": about.withdrawal or policy.controller.contact}
