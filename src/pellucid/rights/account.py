"""What the control database says of one person, as JSON that they are given: one read transaction, one moment.

Rows of datasets are not here (`rights.access` reads those), nor is what the log says of uses (`transparency.uses`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select

from pellucid.audit.receipt import instant_text
from pellucid.consent import show
from pellucid.policy.bases import basis_for
from pellucid.policy.model import Default, LegalBasis, Policy, Purpose
from pellucid.policy.parts.purpose import declared_version
from pellucid.records.asked import Asked
from pellucid.records.columns import from_instant
from pellucid.records.rights_tables import legal_holds, rights_events, rights_requests
from pellucid.records.tables import policy_snapshots, signal_questions, signals_seen, subject_links, subjects
from pellucid.records.web_tables import delegations
from pellucid.regulations.duties import rights
from pellucid.rights.statement import statements_of
from pellucid.subjects.ids import ESTIMATED
from pellucid.subjects.links import CERTAIN, LINKED, Identity

SHARED = (
    "If several people share this identifier, as a household does, the rows of all of them stand here: what is held "
    "does not tell them apart."
)
LIKELY_LEFT_OUT = (
    "Other identifiers are only likely to be yours. Nothing of them is here, since they may be somebody else's. Show "
    "us that they are yours, as by signing in with them, and ask again."
)
ESTIMATE = "an estimate of ours"
BASES = {
    LegalBasis.CONSENT: "your consent",
    LegalBasis.CONTRACT: "our contract with you",
    LegalBasis.LEGAL_OBLIGATION: "a duty that the law lays on us",
    LegalBasis.VITAL_INTERESTS: "protecting somebody's life",
    LegalBasis.PUBLIC_INTEREST: "a task in the public interest",
    LegalBasis.LEGITIMATE_INTERESTS: "our legitimate interests",
}
SILENCE = {
    Default.OPT_IN: "As long as you say nothing, your data are left out.",
    Default.OPT_OUT: "As long as you say nothing, your data are included; you may object or opt out.",
    Default.NO_CHOICE: "There is no choice to make.",
}
VULNERABLE = "vulnerable"
FACTS = {"jurisdiction": "where you live", "birth_year": "year of birth", VULNERABLE: "vulnerable"}

_ONE = Asked(select(subjects).where(subjects.c.namespace == bindparam("space"), subjects.c.id == bindparam("id")))


def identity_facts(
    connection: Connection, policy: Policy, identity: Identity, *, without_sensitive: bool = False
) -> dict[str, Any] | None:
    """Return one identity with its natural key and what is known of it; None for one that was erased."""
    rows = _ONE(connection, space=identity[0], id=identity[1])
    if not rows or rows[0].natural_key is None:
        return None
    row = rows[0]
    unit = policy.namespaces.get(identity[0])
    guessed = row.estimated or 0
    facts = [
        {"fact": title, "value": value, "how_known": ESTIMATE if guessed & ESTIMATED[name] else "from data held"}
        for name, title in FACTS.items()
        if (value := getattr(row, name)) is not None and not (without_sensitive and name == VULNERABLE)
    ]
    title = unit.title if unit is not None else identity[0]
    return {"namespace": identity[0], "title": title, "key": row.natural_key, "facts": facts, "note": SHARED}


def places_of(connection: Connection, identities: Sequence[Identity]) -> tuple[str | None, ...]:
    """Return where the identities are known to live, each once."""
    found = [
        connection.scalar(select(subjects.c.jurisdiction).where(subjects.c.namespace == space, subjects.c.id == each))
        for space, each in identities
    ]
    return tuple(dict.fromkeys(found))


def links_told(connection: Connection, identities: Sequence[Identity]) -> dict[str, Any]:
    """Return how certain identities came to be linked, and whether there are likely ones, which are left out."""
    ours, told, likely = set(identities), [], set[Identity]()
    for row in connection.execute(_about(subject_links, identities).order_by(subject_links.c.sequence)):
        ends = {(row.namespace, row.subject), (row.other_namespace, row.other)}
        if ends <= ours:
            told.append(
                {"state": row.state, "evidence": row.evidence, "at": instant_text(row.at), "confidence": row.confidence}
            )
        elif row.state == LINKED and row.confidence != CERTAIN:
            likely |= ends - ours
        else:
            likely -= ends
    return {"links": told, "likely": len(likely), "note": LIKELY_LEFT_OUT if likely else ""}


def consents(connection: Connection, identities: Sequence[Identity]) -> list[dict[str, Any]]:
    """Return everything the person said, as it is recorded, the oldest first."""
    kept = [each for identity in identities for each in show.history(connection, *identity)]
    told = []
    for each in sorted(kept, key=lambda each: (each.record.at, each.sequence)):
        record = {name: _plain(value) for name, value in asdict(each.record).items()}
        del record["subject"]
        told.append({**record, "at": instant_text(each.record.at)})
    return told


def purposes_told(
    connection: Connection, policy: Policy, identities: Sequence[Identity], places: Sequence[str | None], now: int
) -> list[dict[str, Any]]:
    """Return every purpose: why, on which basis, who receives answers, and whether this person's rows may be used."""
    return [
        {
            "name": purpose.name,
            "title": purpose.title,
            "description": purpose.description,
            "notice": {"version": purpose.notice.version, "text": purpose.notice.text},
            "bases": _bases(policy, purpose, places),
            "kinds": list(purpose.kinds),
            "consent_days": purpose.consent_days,
            "recipients": [_recipient(policy, name) for name in purpose.recipients],
            "decisions": [_decision(connection, policy, identity, purpose, now) for identity in identities],
        }
        for purpose in policy.purposes.values()
    ]


def notices(connection: Connection, policy: Policy, said: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the text of each notice that the person was shown, also of earlier policies."""
    wanted = {
        (name, str(each["notice_version"]) or policy.purposes[name].notice.version)
        for each in said
        for name in ([each["purpose"]] if each["purpose"] else policy.purposes)
        if name in policy.purposes or each["notice_version"]
    }
    texts: dict[tuple[str, str], str] = {
        (purpose.name, purpose.notice.version): purpose.notice.text for purpose in policy.purposes.values()
    }
    if {(name, declared_version(version)) for name, version in wanted} - texts.keys():
        texts = dict(_earlier_notices(connection)) | texts
    gone = "The text of this notice is not held any more."
    return [
        {"purpose": name, "version": version, "text": texts.get((name, declared_version(version)), gone)}
        for name, version in sorted(wanted)
    ]


def rights_told(policy: Policy, places: Sequence[str | None], now: int) -> list[dict[str, Any]]:
    """Return the rights that the laws in force give the person, with their citations."""
    known = [place for place in places if place is not None] or list(_served(policy))
    titles = {law.id: law.name for law in policy.laws}
    return [
        {"right": each.id, "law": titles.get(each.law, each.law), "cite": each.cite, "text": each.text}
        for each in rights(policy.laws, known, from_instant(now).date(), policy.controller.country)
    ]


def others_kept(connection: Connection, identities: Sequence[Identity]) -> dict[str, Any]:
    """Return the person's requests and statements, browser signals with what was asked because of them, and holds.

    Of who may act for whom only their own part: who the other is, is the other's.
    """
    return {
        "signals": [
            {"signal": row.signal, "first_at": instant_text(row.first_at)}
            for row in connection.execute(_about(signals_seen, identities))
        ],
        "questions": [
            {
                "purpose": row.purpose,
                "signal": row.signal,
                "asked_at": instant_text(row.asked_at),
                "answer": row.answer,
                "answered_at": _instant(row.answered_at),
            }
            for row in connection.execute(_about(signal_questions, identities))
        ],
        "statements": [
            {"dataset": each.dataset, "text": each.text, "at": instant_text(each.at), "request": each.request}
            for identity in identities
            for each in statements_of(connection, *identity)
        ],
        "requests": [_request(connection, row) for row in connection.execute(_about(rights_requests, identities))],
        "holds": [
            {"basis": row.basis, "since": instant_text(row.since), "until": _instant(row.until)}
            for row in connection.execute(_about(legal_holds, identities))
            if row.released_at is None
        ],
        "delegations": [
            {
                "part": "acted for" if (row.namespace, row.subject) in identities else "acts",
                "kind": row.kind,
                "since": instant_text(row.made_at),
                "until": _instant(row.until),
                "ended": _instant(row.ended_at),
            }
            for row in connection.execute(_about(delegations, identities))
        ],
    }


def _about(table: Any, identities: Sequence[Identity]) -> Any:
    ends = [(table.c.namespace, table.c.subject)]
    if "other" in table.c:
        ends.append((table.c.other_namespace, table.c.other))
    return select(table).where(
        or_(*(and_(space == name, subject == each) for space, subject in ends for name, each in identities))
    )


def _request(connection: Connection, row: Any) -> dict[str, Any]:
    events = select(rights_events).where(rights_events.c.request == row.id).order_by(rights_events.c.sequence)
    return {
        "id": row.id,
        "right": row.right,
        "by": row.by_whom,
        "channel": row.channel,
        "state": row.state,
        "reason": row.reason,
        "verification": row.verification,
        "received_at": instant_text(row.received_at),
        "due": row.due,
        "closed_at": _instant(row.closed_at),
        "kept_until": _instant(row.keep_until),
        "asked": None if row.asked is None else json.loads(row.asked),
        "events": [{"kind": each.kind, "at": instant_text(each.at)} for each in connection.execute(events)],
    }


def _decision(connection: Connection, policy: Policy, identity: Identity, purpose: Purpose, now: int) -> dict[str, Any]:
    told = show.why(connection, policy, identity[0], identity[1], purpose.name, now, "customer")
    return {"namespace": identity[0], "may_be_used": told.permitted, "why": list(told.sentences)}


def _bases(policy: Policy, purpose: Purpose, places: Sequence[str | None]) -> list[dict[str, str]]:
    found = {basis.regime: basis for place in places if (basis := basis_for(purpose, policy.regimes, place))}
    return [
        {
            "under": policy.regimes[name].title,
            "basis": basis.basis.value,
            "in_words": BASES[basis.basis],
            "silence": SILENCE[basis.default],
        }
        for name, basis in found.items()
    ]


def _recipient(policy: Policy, name: str) -> dict[str, str]:
    found = policy.recipients[name]
    return {"name": name, "title": found.title, "country": found.country, "kind": found.kind}


def _earlier_notices(connection: Connection) -> Iterator[tuple[tuple[str, str], str]]:
    for content in connection.scalars(select(policy_snapshots.c.content)):
        for name, purpose in json.loads(content)["purposes"].items():
            notice = purpose["notice"]
            yield (name, notice["version"]), notice["text"]


def _served(policy: Policy) -> Iterator[str]:
    for regime in policy.regimes.values():
        yield from regime.jurisdictions


def _instant(value: int | None) -> str | None:
    return None if value is None else instant_text(value)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
