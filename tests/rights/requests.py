"""Stored requests for tests, and the steps that a book takes with them: rows of `rights_requests`, and a log entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NameUnknown
from pellucid.policy.model import Actor
from pellucid.records.database import Database
from pellucid.records.rights_tables import rights_requests
from pellucid.rights.identity import Step
from pellucid.rights.request import STRENGTHS, Request, RequestState, Right, Verification

NOW = 1_760_000_000_000_000
SECOND = 1_000_000
DAY = 86_400 * SECOND


def put_request(database: Database, id: str = "r1", *, subject: int | None = 7, **changes: Any) -> None:
    """Store a request that is under way, about alice unless it is said otherwise."""
    row = {
        "id": id,
        "right": "access",
        "namespace": "customer",
        "subject": subject,
        "by_whom": "self",
        "channel": "web",
        "state": "in_progress",
        "reason": "",
        "verification": "none",
        "verified_strength": 0,
        "received_at": NOW - DAY,
        "due": "2025-11-08",
    }
    with database.write() as connection:
        connection.execute(insert(rights_requests).values(row | changes))


def stored(database: Database, id: str = "r1") -> Request:
    with database.read() as connection:
        return _read(connection, id)


def take(
    connection: Connection, request: str, step: Step, actor: Actor, now: int, details: Mapping[str, object], /
) -> Request:
    """Take one step of a stored request, and log it."""
    after = step(_read(connection, request))
    held = {
        column.name: getattr(after, column.name)
        for column in rights_requests.c
        if column.name not in ("id", "right", "state", "verification", "asked")
    }
    values = held | {"state": after.state.value, "verification": after.verification.value}
    connection.execute(update(rights_requests).where(rights_requests.c.id == request).values(values))
    append(connection, AuditEntry("request.step", actor, now, body={"request": request}, details=details))
    return after


def _read(connection: Connection, id: str) -> Request:
    row = connection.execute(select(rights_requests).where(rights_requests.c.id == id)).one_or_none()
    if row is None:
        raise NameUnknown("request", id)
    return _request(row)


def _request(row: Row[Any]) -> Request:
    held = {name: value for name, value in row._mapping.items() if name in {each.name for each in fields(Request)}}
    right = Right(row.right)
    typed = {"right": right, "state": RequestState(row.state), "verification": Verification(row.verification)}
    return Request(**held | typed | {"asked": {}, "strength": STRENGTHS[right]})
