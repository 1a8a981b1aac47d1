"""A person's own statement beside what is held of them (GDPR Art. 16, second sentence); it alters no row and no answer.

It is personal data: part of what is held of the person, shown with it, and erased with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.policy.model import Actor
from pellucid.records.database import Database
from pellucid.records.rights_tables import statements
from pellucid.rights.choice import Close, demand_ready
from pellucid.rights.request import Request, Right
from pellucid.subjects.keys import SubjectKeys


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person says of a dataset (None: of all that is held), since when (UTC µs), and by which request."""

    dataset: str | None
    text: str = field(repr=False)
    at: int
    request: str


def complete(
    database: Database,
    keys: SubjectKeys,
    request: Request,
    dataset: str | None,
    text: str,
    *,
    actor: Actor,
    now: int,
    close: Close,
) -> None:
    """Keep a statement beside what is held, and close the request, in one transaction; the log gets a commitment."""
    subject = demand_ready(request, Right.RECTIFICATION)
    with database.write() as connection:
        connection.execute(
            insert(statements).values(
                request=request.id, namespace=request.namespace, subject=subject, dataset=dataset, text=text, at=now
            )
        )
        close(connection)
        said = keys.commitment(connection, request.namespace, subject, text.encode())
        pseudonym = keys.pseudonym(connection, request.namespace, subject)
        body = {"request": request.id, "dataset": dataset, "statement": said}
        append(connection, AuditEntry("data.completed", actor, now, subject=pseudonym, body=body))


def statements_of(connection: Connection, namespace: str, subject: int) -> tuple[Statement, ...]:
    """Return what a person stated, the oldest first."""
    columns = statements.c
    where = (columns.namespace == namespace, columns.subject == subject)
    rows = connection.execute(select(statements).where(*where).order_by(columns.at, columns.request))
    return tuple(Statement(row.dataset, row.text, row.at, row.request) for row in rows)
