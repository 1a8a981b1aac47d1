"""Stored requests for tests, and the steps that a book takes with them: rows of `rights_requests`, and a log entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, event, insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NameUnknown
from pellucid.policy.model import Actor
from pellucid.records.database import Database
from pellucid.records.rights_tables import rights_requests
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
    row = {"strength": STRENGTHS[Right(str(changes.get("right", row["right"])))], **row, **changes}
    with database.write() as connection:
        connection.execute(insert(rights_requests).values(row))


def stored(database: Database, id: str = "r1") -> Request:
    with database.read() as connection:
        return _read(connection, id)


@dataclass(frozen=True)
class Book:
    """The steps that checks take, with the rows of `rights_requests` and an entry of the log each."""

    connection: Connection
    actor: Actor
    now: int

    def ask(self, request: str, how: str = "", /) -> Request:
        return self._step(request, lambda one: one.ask_verification(self.now), {})

    def show(self, request: str, how: str, strength: int, details: Mapping[str, object] | None = None, /) -> Request:
        return self._step(request, lambda one: one.show(how, strength, self.now), details or {})

    def expire(self, request: str, /) -> Request:
        return self._step(request, lambda one: one.expire(self.now, self.now + DAY), {})

    def _step(self, request: str, step: Callable[[Request], Request], details: Mapping[str, object]) -> Request:
        after = step(_read(self.connection, request))
        kept = ("id", "right", "state", "verification", "asked")
        held = {column.name: getattr(after, column.name) for column in rights_requests.c if column.name not in kept}
        values = held | {"state": after.state.value, "verification": after.verification.value}
        self.connection.execute(update(rights_requests).where(rights_requests.c.id == request).values(values))
        entry = AuditEntry("request.step", self.actor, self.now, body={"request": request}, details=details)
        append(self.connection, entry)
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


def statements_of(database: Database, call: Callable[[], object]) -> list[str]:
    """Return what the call sends to the database, in order, without values."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    engines = {database._engine, database._reader}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    assert sent
    return sent
