"""Requests that people make by themselves, in the privacy centre or by a program of the company: what needs no hand.

A copy is made as soon as they are known. An erasure begins once the staff approved it, and not before the instant that
the person was told when they asked, until which they may take it back; never so late that the law's day is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, or_, select

from pellucid.errors import InputInvalid
from pellucid.records.columns import from_instant, to_instant
from pellucid.records.rights_tables import rights_requests
from pellucid.rights import stored
from pellucid.rights.request import Request, RequestState, Right

CENTRE = "privacy-centre"
"""The channel of the privacy centre."""
PROGRAM = "program:"
"""How the agent of a request is written that a program of the company filed."""
BEGINS = "begins_at"
"""In what is told of a filing: before which instant (UTC µs) an erasure does not begin."""
HANDLESS = frozenset({Right.ACCESS, Right.PORTABILITY, Right.ERASURE})
HOUR = 3_600_000_000


def is_self_served(request: Request) -> bool:
    """Return whether a request was made by the person themselves, where they were told what happens when."""
    return request.channel == CENTRE or (request.agent or "").startswith(PROGRAM)


def begins_at(request: Request, due: date, hours: int) -> int | None:
    """Return before which instant an erasure does not begin; None: at once. The whole day before its day is left."""
    if request.right is not Right.ERASURE or hours == 0 or not is_self_served(request):
        return None
    latest = to_instant(datetime.combine(due - timedelta(days=1), time(), UTC))
    return max(request.received_at, min(request.received_at + hours * HOUR, latest))


def waits_until(connection: Connection, request: str) -> int | None:
    """Return before which instant a request is not carried out, as the person was told; None: there is none."""
    filed = next((each for each in stored.events_of(connection, request) if each.kind == "filed"), None)
    told = None if filed is None else filed.told.get(BEGINS)
    return told if isinstance(told, int) else None


def is_begun(connection: Connection, request: str) -> bool:
    """Return whether a request is being carried out, so that it can be taken back no more."""
    kinds = [each.kind for each in stored.events_of(connection, request)]
    return [kind for kind in kinds if kind in ("begun", "stopped")][-1:] == ["begun"]


def demand_over(connection: Connection, request: Request, now: int) -> None:
    """Raise InputInvalid before the instant until which the person may take an erasure back."""
    until = waits_until(connection, request.id)
    if until is not None and now < until:
        raise InputInvalid(
            f"The erasure {request.id} begins at {from_instant(until):%Y-%m-%d %H:%M} UTC at the earliest: "
            "until then the person may take it back.",
            remedy="Wait: the worker begins it then, if it is approved.",
            code="erasure-waits",
        )


def ready(connection: Connection, now: int) -> Iterator[str]:
    """Yield the requests that can be carried out now without anybody's hand."""
    columns = rights_requests.c
    where = (
        columns.state == RequestState.IN_PROGRESS.value,
        columns.right.in_([each.value for each in sorted(HANDLESS)]),
        columns.subject.is_not(None),
        columns.canonical.is_(None),
        or_(columns.channel == CENTRE, columns.agent.startswith(PROGRAM)),
    )
    for id in connection.scalars(select(columns.id).where(*where)).all():
        if stored.load(connection, id).ready and (waits_until(connection, id) or 0) <= now:
            yield id
