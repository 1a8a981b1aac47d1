"""A person's own statement beside what is held of them (GDPR Art. 16, second sentence); it alters no row and no answer.

It is personal data: part of what is held of the person, shown with it, and erased with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.policy.model import Actor
from pellucid.records.rights_tables import statements
from pellucid.rights.choice import subject_of
from pellucid.rights.corrections import StatementAsked
from pellucid.rights.request import Request
from pellucid.subjects.keys import SubjectKeys


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person says of a dataset (None: of all that is held), since when (UTC µs), and by which request."""

    dataset: str | None
    text: str = field(repr=False)
    at: int
    request: str


def keep_statement(
    connection: Connection,
    keys: SubjectKeys,
    request: Request,
    part: int,
    asked: StatementAsked,
    *,
    actor: Actor,
    now: int,
) -> None:
    """Keep a statement beside what is held, in the caller's write transaction and as its last statement.

    The log gets a commitment to its words.
    """
    subject = subject_of(request)
    values = {"request": request.id, "part": part, "namespace": request.namespace, "subject": subject, "at": now}
    connection.execute(insert(statements).values(**values, dataset=asked.dataset, text=asked.text))
    said = keys.commitment(connection, request.namespace, subject, asked.text.encode())
    pseudonym = keys.pseudonym(connection, request.namespace, subject)
    body = {"request": request.id, "dataset": asked.dataset, "statement": said}
    append(connection, AuditEntry("data.completed", actor, now, subject=pseudonym, body=body))


def statements_of(connection: Connection, namespace: str, subject: int) -> tuple[Statement, ...]:
    """Return what a person stated, the oldest first."""
    columns = statements.c
    where = (columns.namespace == namespace, columns.subject == subject)
    rows = connection.execute(select(statements).where(*where).order_by(columns.at, columns.request, columns.part))
    return tuple(Statement(row.dataset, row.text, row.at, row.request) for row in rows)
