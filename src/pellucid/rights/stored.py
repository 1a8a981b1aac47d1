"""Requests and their events as rows of the control database. Reads and writes rows; which, is `rights.book`'s.

Writing is the caller's transaction. A request is changed as a whole, by whoever read it in the same transaction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, literal, select, tuple_, update

from pellucid.errors import NameUnknown
from pellucid.records.rights_tables import rights_events, rights_requests
from pellucid.rights.asking import as_bytes
from pellucid.rights.clock import Event
from pellucid.rights.request import FINAL, Request, RequestState, Right, Verification

ID = re.compile(r"r[0-9a-f]{12}")
RECTIFIED = "rectified"
"""The kind of the event of a request that tells that a part of a rectification was carried out."""

_OPEN = [state.value for state in RequestState if state not in FINAL]
_PART = 500


def load(connection: Connection, request: str) -> Request:
    """Return a request as it stands; raises NameUnknown."""
    row = None
    if ID.fullmatch(request):
        row = connection.execute(select(rights_requests).where(rights_requests.c.id == request)).one_or_none()
    if row is None:
        raise NameUnknown("request", request[:80], remedy="See what there is: pellucid requests list.")
    return as_request(row)


def all_requests(connection: Connection, *, closed: bool = False) -> list[Request]:
    """Return all requests that are not closed (or, with `closed`, all), by the day on which they are due."""
    wanted = select(rights_requests).order_by(
        rights_requests.c.due, rights_requests.c.received_at, rights_requests.c.id
    )
    if not closed:
        wanted = wanted.where(rights_requests.c.state.in_(_OPEN))
    return [as_request(row) for row in connection.execute(wanted)]


def next_due(
    connection: Connection,
    states: Sequence[RequestState],
    right: Right | None,
    after: tuple[str, int, str] | None,
    limit: int,
) -> list[Request]:
    """Return the first requests of some states and a right (None: any) after a day, an instant of receipt and an id."""
    columns = rights_requests.c
    order = (columns.due, columns.received_at, columns.id)
    wanted = select(rights_requests).where(*_among(states, right)).order_by(*order).limit(limit)
    if after is not None:
        wanted = wanted.where(tuple_(*order) > tuple_(*map(literal, after, (each.type for each in order))))
    return [as_request(row) for row in connection.execute(wanted)]


def count(connection: Connection, states: Sequence[RequestState], right: Right | None) -> int:
    """Return how many requests of some states and a right (None: any) there are."""
    return connection.scalar(select(func.count()).select_from(rights_requests).where(*_among(states, right))) or 0


def open_of(connection: Connection, namespace: str, subject: int, right: Right) -> list[Request]:
    """Return a subject's requests of one right that are not closed and joined no other, the earliest first."""
    table = rights_requests.c
    same = (table.namespace == namespace, table.subject == subject, table.right == right.value)
    wanted = select(rights_requests).where(*same, table.state.in_(_OPEN), table.canonical.is_(None))
    return [as_request(row) for row in connection.execute(wanted.order_by(table.received_at, table.id))]


def open_about(connection: Connection, namespace: str, subject: int) -> list[Request]:
    """Return a subject's requests of any right that are not closed, the earliest first."""
    table = rights_requests.c
    theirs = (table.namespace == namespace, table.subject == subject, table.state.in_(_OPEN))
    rows = connection.execute(select(rights_requests).where(*theirs).order_by(table.received_at, table.id))
    return [as_request(row) for row in rows]


def joined_to(connection: Connection, request: str) -> list[Request]:
    """Return the requests that joined another and are not closed, the earliest first."""
    table = rights_requests.c
    wanted = select(rights_requests).where(table.canonical == request, table.state.in_(_OPEN))
    return [as_request(row) for row in connection.execute(wanted.order_by(table.received_at, table.id))]


def put(connection: Connection, request: Request) -> None:
    """Write a new request."""
    connection.execute(insert(rights_requests).values(_as_row(request)))


def put_again(connection: Connection, request: Request) -> None:
    """Write a request that was there before."""
    connection.execute(update(rights_requests).where(rights_requests.c.id == request.id).values(_as_row(request)))


def note(connection: Connection, request: str, event: Event) -> None:
    """Add what happened to a request."""
    told = json.dumps(dict(event.told), sort_keys=True)
    values = {"request": request, "kind": event.kind, "at": event.at, "made_by": event.made_by, "told": told}
    connection.execute(insert(rights_events).values(values))


def last_at(connection: Connection, request: str) -> int:
    """Return when (UTC µs) the last thing happened to a request, or 0."""
    found = connection.scalar(select(func.max(rights_events.c.at)).where(rights_events.c.request == request))
    return int(found or 0)


def events_of(connection: Connection, request: str) -> list[Event]:
    """Return what happened to a request, the oldest first."""
    table = rights_events.c
    rows = connection.execute(select(rights_events).where(table.request == request).order_by(table.sequence))
    return [_as_event(row) for row in rows]


def events_of_all(connection: Connection, requests: Iterable[str], kinds: Iterable[str]) -> dict[str, list[Event]]:
    """Return what happened of some kinds to each of these requests, the oldest first."""
    found: dict[str, list[Event]] = {}
    wanted, table, some = list(requests), rights_events.c, list(kinds)
    for start in range(0, len(wanted), _PART):
        part = wanted[start : start + _PART]
        chosen = select(rights_events).where(table.request.in_(part), table.kind.in_(some))
        for row in connection.execute(chosen.order_by(table.sequence)):
            found.setdefault(row.request, []).append(_as_event(row))
    return found


def as_request(row: Row[Any]) -> Request:
    """Return a stored row as the request it is."""
    held: dict[str, Any] = dict(row._mapping)
    held["right"], held["state"] = Right(row.right), RequestState(row.state)
    held["verification"] = Verification(row.verification)
    held["asked"] = {} if row.asked is None else json.loads(bytes(row.asked))
    return Request(**held)


def _among(states: Sequence[RequestState], right: Right | None) -> Iterator[ColumnElement[bool]]:
    yield rights_requests.c.state.in_([state.value for state in states])
    if right is not None:
        yield rights_requests.c.right == right.value


def _as_row(request: Request) -> Mapping[str, object]:
    held: dict[str, object] = {name: getattr(request, name) for name in Request.__slots__}
    held |= {name: getattr(request, name).value for name in ("right", "state", "verification")}
    return held | {"asked": as_bytes(request.asked) if request.asked else None}


def _as_event(row: Row[Any]) -> Event:
    return Event(row.kind, row.at, row.made_by, json.loads(row.told))
