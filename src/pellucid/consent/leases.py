"""Leases on a purpose: how a question that keeps meeting changes gets to commit without breaking a promise.

A withdrawal commits at once; it is *acknowledged* only when no lease that was there at its commit is left. Whoever
waits deletes a lease that has expired, and a question whose lease is gone cannot commit. See ARCHITECTURE, path (a).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, delete, insert, select

from pellucid.consent.receipt import ConsentReceipt
from pellucid.failpoints import reach
from pellucid.records.database import Database
from pellucid.records.tables import purpose_leases

POLL_SECONDS = 0.05
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Lease:
    """When a lease on a purpose ends by the clock, and how long (µs) it is: a clock set back must not prolong it."""

    purpose: str
    expires_at: int
    length: int

    def left(self, now: int, waited: float) -> float:
        """Return the microseconds that may still be waited for it, having waited so many."""
        return min(self.expires_at - now, self.length - waited)


Leases = Mapping[str, Lease]
"""By id."""

_Look = tuple[float, Leases]
"""When a look began (monotonic seconds), and what it found."""

_STANDING = select(purpose_leases)
_LOOKS: WeakKeyDictionary[Database, _Look] = WeakKeyDictionary()
"""The last look of any thread of this process: many who wait ask the database no more often than one."""


def take_lease(connection: Connection, purpose: str, now: int, seconds: float) -> str:
    """Take a lease on a purpose for a while, in a short write transaction of its own; return its id."""
    lease = secrets.token_hex(16)
    values = {"id": lease, "purpose": purpose, "taken_at": now, "expires_at": now + round(seconds * SECOND)}
    connection.execute(insert(purpose_leases).values(values))
    reach("lease.taken")
    return lease


def holds_lease(connection: Connection, lease: str) -> bool:
    """Return whether a lease is still there; asked in the transaction that commits the answer."""
    # The row lock makes a waiting writer's delete and this commit exclude each other where writers run side by side.
    statement = select(purpose_leases.c.id).where(purpose_leases.c.id == lease).with_for_update()
    return connection.execute(statement).first() is not None


def drop_lease(connection: Connection, lease: str) -> None:
    """Give a lease back; one that is gone already is no error."""
    connection.execute(delete(purpose_leases).where(purpose_leases.c.id == lease))


def standing_leases(connection: Connection) -> Leases:
    """Return the leases that are there; asked in the transaction that records, those at its commit."""
    rows = connection.execute(_STANDING)
    return {row.id: Lease(row.purpose, row.expires_at, row.expires_at - row.taken_at) for row in rows}


def await_leases(
    database: Database,
    purposes: Collection[str] | None,
    clock: Callable[[], int],
    sleep: Callable[[float], None],
    standing: Leases | None = None,
) -> None:
    """Wait until every lease on these purposes (None: on any) is given back, or has expired and is deleted here.

    Call it after the change has committed: a lease taken later belongs to a question that sees the change. `standing`
    are the leases at the commit, if somebody looked; else those there are now. `clock` returns UTC µs, `sleep` takes
    seconds. Nobody waits longer than a lease is long, whatever the clock does.
    """
    seen, waited = time.monotonic(), 0.0
    if standing is None:
        seen, standing = _newer_look(database, seen)
    awaited = {name: lease for name, lease in standing.items() if purposes is None or lease.purpose in purposes}
    while awaited:
        now = clock()
        expired = [name for name, lease in awaited.items() if lease.left(now, waited) <= 0]
        if expired:
            with database.write() as connection:
                connection.execute(delete(purpose_leases).where(purpose_leases.c.id.in_(expired)))
            reach("lease.expired")
        still = {name: lease for name, lease in awaited.items() if name not in expired}
        if still:
            pause = min(POLL_SECONDS, min(lease.left(now, waited) for lease in still.values()) / SECOND)
            sleep(pause)
            waited += pause * SECOND
            seen, standing = _newer_look(database, seen)
        awaited = {name: still[name] for name in standing.keys() & still.keys()}


def acknowledge(
    database: Database,
    receipts: Sequence[ConsentReceipt],
    clock: Callable[[], int],
    sleep: Callable[[float], None],
    standing: Leases | None = None,
) -> tuple[ConsentReceipt, ...]:
    """Wait until no answer under way can be released without these records, and return the receipts with that instant.

    Call it after the recording transaction has committed; `standing` as for `await_leases`. A yes needs no waiting.
    """
    narrowing = [receipt.record.purpose for receipt in receipts if receipt.record.verb.narrows]
    if narrowing:
        purposes = {name for name in narrowing if name is not None}
        await_leases(database, None if None in narrowing else purposes, clock, sleep, standing)
    at = clock()
    return tuple(replace(receipt, acknowledged_at=at) for receipt in receipts)


def _newer_look(database: Database, seen: float) -> _Look:
    """Return what leases there are by a look that began after the one `seen`; another waiting thread's will do."""
    last = _LOOKS.get(database)
    if last is None or last[0] <= seen:
        began = time.monotonic()
        with database.read() as connection:
            last = (began, standing_leases(connection))
        _LOOKS[database] = last
    return last
