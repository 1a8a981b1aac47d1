"""The signal desk of a workspace: what browsers and devices say by Global Privacy Control, GPP and TCF strings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent import leases
from pellucid.consent.honour import (
    CHANNEL,
    LEAVE,
    Honoured,
    answer,
    note,
    open_questions,
    records_of_signal,
    seen,
    weigh,
)
from pellucid.consent.permitted import SIGNAL
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.register import subjects_added
from pellucid.consent.signals import SignalReading
from pellucid.consent.submission import Beside, Submission
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Actor, Policy
from pellucid.records.tables import signal_questions
from pellucid.subjects import ids
from pellucid.subjects.links import Identity
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class SignalDesk:
    """`workspace.signals`."""

    room: Room

    def apply(
        self, subject: str, reading: SignalReading, *, actor: Actor, namespace: str | None = None, new: bool = False
    ) -> Honoured:
        """Honour a signal for a browser, device or person; a signal without a no changes nothing.

        With `new` an identity that was never seen is made, as for a browser that comes for the first time. Repeating
        the same signal records nothing more. Raises NameUnknown.
        """
        policy = self.room.demand(actor, "signal-apply")
        name = namespace_of(policy, namespace)
        if not reading.opts_out:
            return Honoured(reading.source)
        return honour(self.room, policy, (name, self._subject(policy, name, subject, new)), reading, actor)

    def answer(self, subject: str, purpose: str, said: str, *, actor: Actor, namespace: str | None = None) -> None:
        """Take the answer to a question about a signal against a programme: `leave` opts out, `stay` keeps both.

        A `leave` is answered and recorded in one transaction, or not at all; repeating it opts out once more, which
        counts once. Raises NameUnknown, and InputInvalid where nothing was asked.
        """
        policy = self.room.demand(actor, "signal-apply")
        if purpose not in policy.purposes:  # before the person, so that it does not tell who is there
            raise NameUnknown("purpose", purpose, tuple(policy.purposes))
        name, now = namespace_of(policy, namespace), self.room.clock()
        found = self._subject(policy, name, subject, new=False)

        def note_answer(connection: Connection, _receipts: Sequence[ConsentReceipt] = ()) -> None:
            if said == LEAVE and _has_left(connection, name, found, purpose):
                return
            answer(connection, name, found, purpose, said, now)
            pseudonym = self.room.subject_keys.pseudonym(connection, name, found)
            entry = AuditEntry("signal.answered", actor, now, purpose, subject=pseudonym, body={"answer": said})
            append(connection, entry)

        if said == LEAVE:
            method = f"{SIGNAL}affirmed"
            record = ConsentRecord(name, found, purpose, ConsentVerb.OPT_OUT, at=now, channel=CHANNEL, method=method)
            _record(self.room, policy, (record,), actor, note_answer)
            return
        with self.room.database.write() as connection:
            note_answer(connection)

    def shown(
        self, subject: str, *, actor: Actor, namespace: str | None = None
    ) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
        """Return the signals that came from a subject, since when, and the purposes asked about; asking is logged."""
        policy = self.room.demand(actor, "consent-show")
        name = namespace_of(policy, namespace)
        found = self._subject(policy, name, subject, new=False)
        with self.room.database.write() as connection:
            told = seen(connection, name, found), open_questions(connection, name, found)
            pseudonym = self.room.subject_keys.pseudonym(connection, name, found)
            append(connection, AuditEntry("consent.shown", actor, self.room.clock(), subject=pseudonym))
        return told

    def _subject(self, policy: Policy, namespace: str, key: str, new: bool) -> int:
        with self.room.database.read() as connection:
            found = ids.find(connection, namespace, key)
        if found is not None:
            return found
        if not new:
            raise NameUnknown("subject", key, remedy="Check the key, or import the person's data first.")
        if any(path.namespace == namespace for dataset in policy.datasets.values() for path in dataset.subjects):
            raise InputInvalid(
                f"{namespace!r} is a namespace of people with data: only an import makes them.",
                code="namespace-of-data",
                remedy="Declare a namespace for browsers, and name it.",
            )
        with self.room.database.write() as connection:
            first = ids.count(connection, namespace)
            (made,) = ids.assign(connection, namespace, pa.array([key])).to_pylist()
            if made >= first:
                subjects_added(connection, policy, namespace, first, 1, (), self.room.clock())
        return int(made)


def honour(room: Room, policy: Policy, identity: Identity, reading: SignalReading, actor: Actor) -> Honoured:
    """Record what a signal closes for an identity, and what it asks; repeating it records nothing more."""
    with room.database.read() as connection:
        honoured = weigh(connection, policy, *identity, reading, room.clock())
    said = records_of_signal(honoured, *identity, room.clock())
    if said:
        _record(room, policy, said, actor)
    now = room.clock()
    with room.database.write() as connection:
        if note(connection, honoured, *identity, now) or honoured.closes:
            pseudonym = room.subject_keys.pseudonym(connection, *identity)
            body = honoured.as_json() | {"malformed": reading.malformed}
            append(connection, AuditEntry("signal.honoured", actor, now, subject=pseudonym, body=body))
    return honoured


def _record(
    room: Room, policy: Policy, said: tuple[ConsentRecord, ...], actor: Actor, beside: Beside | None = None
) -> None:
    done = room.recorder.record(Submission(policy, said, actor, said_now=True, beside=beside))
    leases.acknowledge(room.database, done.receipts, room.clock, time.sleep, done.standing)


def _has_left(connection: Connection, namespace: str, subject: int, purpose: str) -> bool:
    columns = signal_questions.c
    where = (columns.namespace == namespace, columns.subject == subject, columns.purpose == purpose)
    return connection.scalar(select(columns.answer).where(*where)) == LEAVE
