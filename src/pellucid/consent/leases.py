"""Leases on a purpose: how a question that keeps meeting changes gets to commit without breaking a promise.

A withdrawal commits at once; it is *acknowledged* only when no lease that was there at its commit is left. Whoever
waits deletes a lease that has expired, and a question whose lease is gone cannot commit. See ARCHITECTURE, path (a).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, delete, insert, select

from pellucid.consent.receipt import ConsentReceipt
from pellucid.failpoints import reach
from pellucid.records.database import Database
from pellucid.records.tables import permitted_sets, purpose_leases

POLL_SECONDS = 0.05
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class _Lease:
    """When a lease ends by the clock, and how long (µs) it is: a clock that was set back must not prolong it."""

    expires_at: int
    length: int

    def left(self, now: int, waited: float) -> float:
        """Return the microseconds that may still be waited for it, having waited so many."""
        return min(self.expires_at - now, self.length - waited)


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


def await_leases(
    database: Database, purposes: Collection[str], clock: Callable[[], int], sleep: Callable[[float], None]
) -> None:
    """Wait until every lease that is on these purposes now is given back, or has expired and is deleted here.

    Call it after the change has committed: a lease taken later belongs to a question that sees the change. `clock`
    returns UTC µs, `sleep` takes seconds. Nobody waits longer than a lease is long, whatever the clock does.
    """
    awaited, waited = _leases(database, purposes), 0.0
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
        awaited = {name: still[name] for name in _leases(database, purposes).keys() & still.keys()}


def acknowledge(
    database: Database,
    receipts: Sequence[ConsentReceipt],
    clock: Callable[[], int],
    sleep: Callable[[float], None],
) -> tuple[ConsentReceipt, ...]:
    """Wait until no answer under way can be released without these records, and return the receipts with that instant.

    Call it after the recording transaction has committed. A yes needs no waiting.
    """
    narrowing = [receipt.record.purpose for receipt in receipts if receipt.record.verb.narrows]
    if narrowing:
        purposes = {name for name in narrowing if name is not None}
        await_leases(database, _every_purpose(database) if None in narrowing else purposes, clock, sleep)
    at = clock()
    return tuple(replace(receipt, acknowledged_at=at) for receipt in receipts)


def _leases(database: Database, purposes: Collection[str]) -> dict[str, _Lease]:
    statement = select(purpose_leases).where(purpose_leases.c.purpose.in_(sorted(purposes)))
    with database.read() as connection:
        rows = connection.execute(statement).all()
    return {row.id: _Lease(row.expires_at, row.expires_at - row.taken_at) for row in rows}


def _every_purpose(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(select(permitted_sets.c.purpose))) | set(
            connection.scalars(select(purpose_leases.c.purpose))
        )
