"""The recipient desk of a workspace: what recipients were told of erasures and the like, and what they answered."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.delivery import outbox, recipients
from pellucid.delivery.outbox import Delivery
from pellucid.policy.model import Actor
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class RecipientDesk:
    """`workspace.recipients`."""

    room: Room

    def list(self, *, actor: Actor) -> tuple[Delivery, ...]:
        """Return everything that recipients were to be told, the oldest first; never what about whom."""
        self.room.demand(actor, "recipients-show")
        with self.room.database.read() as connection:
            return outbox.to_recipients(connection)

    def record_answer(self, delivery: str, answer: str, *, actor: Actor) -> None:
        """Record what a recipient answered. Raises NameUnknown, InputInvalid, RecordingFailed and NotPermitted."""
        self.room.demand(actor, "recipients-answer")
        now = self.room.clock()
        with self.room.database.write() as connection:
            told = recipients.record_answer(connection, delivery, answer, now)
            recipients.take_away(self.room.folder, told)  # before the commit: a crash must not leave it behind for good
            body = {"delivery": told.id, "recipient": told.recipient, "about": told.about}
            entry = AuditEntry("recipient.answered", actor, now, body=body, details={"answer": answer})
            append(connection, entry)
