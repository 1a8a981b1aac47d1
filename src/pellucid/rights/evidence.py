"""What was kept of erased people to prove that uses of their data were lawful, removed once its time is over.

It is the dated note (`kept_evidence`) and the records of what they said, which had stayed under a number for nothing
else. What a hold keeps stays. So does whatever goes with the newest record of all, until another follows: its place in
the feed of changes must never be given again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.policy.model import Actor
from pellucid.records.rights_tables import kept_evidence
from pellucid.records.tables import consent_records, subjects
from pellucid.rights.holds import reaching
from pellucid.subjects.links import Identity

RECORDS = "consent-records"


@dataclass(frozen=True, slots=True)
class Over:
    """A note of evidence whose time is over, and whose records go with it (None: of no person's)."""

    id: str
    until: int
    identity: Identity | None


def over(connection: Connection, now: int) -> list[Over]:
    """Return what may go now, the oldest first."""
    held = {each.identity for each in reaching(connection, now) if each.identity is not None}
    last = connection.execute(_LAST).one_or_none()
    waits = None if last is None else (last.namespace, last.subject)
    found = _noted(connection, now)
    return [each for each in found if each.identity is None or each.identity not in held | {waits}]


def forget(connection: Connection, now: int) -> tuple[int, int]:
    """Remove what may go now, in the caller's write transaction; return how many notes and how many records went."""
    gone, records = over(connection, now), 0
    for each in gone:
        connection.execute(delete(kept_evidence).where(kept_evidence.c.id == each.id))
        if each.identity is not None and _is_nobody(connection, each.identity):
            namespace, subject = each.identity
            theirs = (consent_records.c.namespace == namespace, consent_records.c.subject == subject)
            records += connection.execute(delete(consent_records).where(*theirs)).rowcount
    return len(gone), records


def forget_logged(connection: Connection, actor: Actor, now: int) -> int:
    """Do as `forget`, and log it if anything went: the last call of a write transaction; return how many notes went."""
    notes, records = forget(connection, now)
    if notes:
        body = {"evidence": notes, "records": records}
        append(connection, AuditEntry("evidence.forgotten", actor, now, body=body))
    return notes


_LAST = select(consent_records.c.namespace, consent_records.c.subject).where(
    consent_records.c.sequence == select(func.max(consent_records.c.sequence)).scalar_subquery()
)


def _noted(connection: Connection, now: int) -> Iterator[Over]:
    statement = select(kept_evidence).where(kept_evidence.c.until <= now)
    for row in connection.execute(statement.order_by(kept_evidence.c.until, kept_evidence.c.id)):
        content = json.loads(bytes(row.content)) if row.kind == RECORDS else None
        identity = None if content is None else (str(content["namespace"]), int(content["subject"]))
        yield Over(row.id, row.until, identity)


def _is_nobody(connection: Connection, identity: Identity) -> bool:
    """Return whether the number is tied to nobody: records of somebody who is known are never removed."""
    mine = (subjects.c.namespace == identity[0], subjects.c.id == identity[1])
    return connection.scalar(select(subjects.c.natural_key).where(*mine)) is None
