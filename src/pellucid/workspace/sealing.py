"""Sealing the log for receipts: the worker signs its head once choices wait for one, so that each can be proved soon.

Signing reads all leaf hashes (about two seconds a million entries) while nothing is written, so it is not done whenever
somebody presses a button; what waits is told by when it will be ready.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from pellucid.audit.checkpoint import sign_checkpoint
from pellucid.records.jobs import Claim
from pellucid.records.tables import consent_records, log_checkpoints
from pellucid.subjects.links import Identity
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import Plan, Task

JOB = "checkpoint"
MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Sealing:
    """Which records of a person are under a signed head, and within how many minutes the next one comes; 0: unknown."""

    sealed: frozenset[int]
    minutes: int


def sealing_of(connection: Connection, room: Room, identity: Identity) -> Sealing:
    """Return of which of a person's records, by their places in the register, a receipt can be made."""
    columns = consent_records.c
    theirs = (columns.namespace == identity[0], columns.subject == identity[1])
    found = select(columns.sequence).where(*theirs, columns.recorded_at < _signed_until(connection))
    return Sealing(frozenset(connection.scalars(found)), room.settings.checkpoint_minutes)


def sealing_task(room: Room) -> Task:
    """Return what signs the head of the log (kind `checkpoint`)."""

    def sign(claim: Claim) -> None:
        with claim.database.write() as connection:
            claim.done(connection)
            sign_checkpoint(connection, room.log_key, claim.clock())

    return Task(sign)


def sealing_plan(room: Room) -> Plan:
    """Return what finds that choices wait for a signed head: at most once in the minutes that are set, 0 never."""

    def wanted(connection: Connection, now: int) -> Iterable[tuple[str, int]]:
        every = room.settings.checkpoint_minutes * MINUTE
        last = select(consent_records.c.recorded_at).order_by(consent_records.c.sequence.desc()).limit(1)
        newest = connection.scalar(last) if every else None
        if newest is not None and newest >= _signed_until(connection):
            yield str(now // every), now

    return Plan(JOB, wanted)


def _signed_until(connection: Connection) -> int:
    return connection.scalar(select(func.max(log_checkpoints.c.at))) or 0
