"""Requests in pages, by the day on which they are due, each page going on after the place where the last one ended.

Where a page ended is a place in that order and not a number of requests, so what is closed or filed meanwhile moves
nothing over the edge. One whose day moves on may be listed again; none that stays is left out. Reads only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.errors import InputInvalid
from pellucid.rights import stored
from pellucid.rights.request import Request, RequestState, Right
from pellucid.rights.showing import View, views_of

PLACE = r"(\d{4}-\d\d-\d\d|)\.(\d{1,17})\.(r[0-9a-f]{12})"
"""How a place is written: the day, the instant of receipt (UTC µs) and the id of the request before it."""

NOT_CLOSED = (RequestState.OPEN, RequestState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Requests, the next one due first; `total` of the kind are there, `after` is where to go on (None: nowhere)."""

    views: tuple[View, ...]
    total: int
    after: str | None


def request_page(
    connection: Connection,
    now: int,
    states: Sequence[RequestState] = NOT_CLOSED,
    right: Right | None = None,
    after: str = "",
    limit: int = 50,
) -> RequestPage:
    """Return the next `limit` requests of some states and a right (None: any) after a place; raises InputInvalid."""
    place = _place(after) if after else None
    found = stored.next_due(connection, states, right, place, limit + 1)
    shown = found[:limit]
    views = tuple(views_of(connection, shown, now))
    end = _written(shown[-1]) if len(found) > limit else None
    return RequestPage(views, stored.count(connection, states, right), end)


def _place(after: str) -> tuple[str, int, str]:
    written = re.fullmatch(PLACE, after, re.ASCII)
    if written is None:
        raise InputInvalid(
            f"There is no such place in the list of requests: {after[:60]!r}.",
            remedy="Give the place that the page before told, or none for the first page.",
            code="page-unknown",
        )
    return written[1], int(written[2]), written[3]


def _written(request: Request) -> str:
    return f"{request.due}.{request.received_at}.{request.id}"
