"""Carrying a request out: noted first, done by what was registered for its right, then closed with those that joined.

A process may die anywhere between: whoever carries it out again begins anew, so a fulfiller must be idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sqlalchemy import Connection

from pellucid.errors import InputInvalid, PellucidError
from pellucid.failpoints import reach
from pellucid.policy.model import Actor
from pellucid.records.database import Database
from pellucid.rights import stored
from pellucid.rights.book import Book
from pellucid.rights.request import Request, Right

Fulfiller: TypeAlias = Callable[[Request, Actor, int], Mapping[str, object]]
"""Does what a request asks, for the actor, at an instant (UTC µs), and tells what was done, without personal data.

It opens its own transactions, is not called inside one, and does nothing a second time that it did before. What it
raises means that the request is not fulfilled.
"""


def carry_out(
    database: Database,
    book: Callable[[Connection], Book],
    fulfillers: Mapping[Right, Fulfiller],
    request: str,
) -> Request:
    """Do what a request asks and close it, with the duplicates that joined it; safe to repeat after a crash.

    Raises NameUnknown, InputInvalid unless it is ready and something is registered for its right, and whatever the
    fulfiller raises.
    """
    with database.read() as connection:
        fulfil = _demand_fulfiller(fulfillers, stored.load(connection, request))
    with database.write() as connection:
        opened = book(connection)
        found = opened.begin(request)
    reach("request.begun")
    try:
        told = fulfil(found, opened.actor, opened.now)
    except Exception as error:
        code = error.code if isinstance(error, PellucidError) else "defect"
        with database.write() as connection:
            book(connection).stop(request, code)
        raise
    reach("request.carried-out")
    with database.write() as connection:
        done = book(connection).finish(request, told)
        reach("request.before-commit")
    reach("request.after-commit")
    return done


def _demand_fulfiller(fulfillers: Mapping[Right, Fulfiller], request: Request) -> Fulfiller:
    fulfil = fulfillers.get(request.right)
    if fulfil is None:
        raise InputInvalid(
            f"Nothing here carries out {request.right.value} requests by itself.",
            remedy="Do it by hand, and deny the request only if you will not do it.",
            code="request-no-fulfiller",
        )
    return fulfil
