"""What the log is told of records: one entry each, about a person by pseudonym; and the receipts that come of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append_all
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord
from pellucid.policy.model import Actor
from pellucid.subjects.keys import SubjectKeys

Said = tuple[Actor, ConsentRecord]
"""A record, and who recorded it."""


def log_records(
    connection: Connection, keys: SubjectKeys, records: Sequence[Said], version: int, now: int
) -> tuple[ConsentReceipt, ...]:
    """Append an entry for each record, as the transaction's last statement, and return the receipts in their order."""
    names: dict[tuple[str, int], str] = {}
    for namespace in {item.namespace for _, item in records}:
        ids = sorted({item.subject for _, item in records if item.namespace == namespace})
        for subject, name in zip(ids, keys.pseudonyms(connection, namespace, ids), strict=True):
            names[namespace, subject] = name
    named = [(actor, item, names[item.namespace, item.subject]) for actor, item in records]
    logged = append_all(connection, [_entry(actor, item, name, version, now) for actor, item, name in named])
    return tuple(
        ConsentReceipt(item, version, name, place, now) for (_, item, name), place in zip(named, logged, strict=True)
    )


def _entry(actor: Actor, item: ConsentRecord, pseudonym: str, version: int, now: int) -> AuditEntry:
    body = {
        "notice_version": item.notice_version,
        "channel": item.channel,
        "covers": item.covers.value,
        "explicit": item.explicit,
        "said_at": item.at,
        "register_version": version,
    }
    return AuditEntry(f"consent.{item.verb.value}", actor, now, item.purpose, pseudonym, body=body)
