"""Handing over what is to go out: mail to the mail server, callbacks to agents, other notices into a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.delivery import outbox, recipients
from pellucid.delivery.mail import Mail, MailServer, send
from pellucid.delivery.outbox import Delivery
from pellucid.errors import DeliveryFailed, NameUnknown
from pellucid.failpoints import reach
from pellucid.policy.model import Actor
from pellucid.records.jobs import Claim, Job
from pellucid.rights import messages
from pellucid.settings import Settings
from pellucid.workspace.callbacks import Callbacks
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class Sending:
    """Hands over the delivery of a job and settles both at once. After a crash in between it is handed over again.

    `may_go` says, of what a delivery is for, whether it may go out still; what may not is given up and forgotten.
    """

    room: Room
    actor: Actor
    callbacks: Callbacks
    may_go: Callable[[Connection, str], bool] = lambda _connection, _about: True

    def __call__(self, claim: Claim) -> None:
        """Hand it over, unless it is settled; raises what `delivery` raises."""
        id = claim.job.about
        with claim.database.read() as connection:
            delivery, content = outbox.find(connection, id), outbox.content_of(connection, id)
        if content is None:
            _demand_handed_over(delivery)
            return
        if self._stopped(claim, delivery, content):
            return
        by, demand_unchanged = self._hand_over(delivery, content)
        reach("delivery.handed-over")
        with claim.database.write() as connection:
            demand_unchanged(connection)
            claim.done(connection)
            now = claim.clock()
            outbox.sent(connection, id, now)
            body = {
                "delivery": id,
                "kind": delivery.kind,
                "recipient": delivery.recipient,
                "about": delivery.about,
                "by": by,
            }
            append(connection, AuditEntry("delivery.sent", self.actor, now, body=body))
            reach("delivery.before-commit")

    def _stopped(self, claim: Claim, delivery: Delivery, content: Mapping[str, Any]) -> bool:
        """Give a delivery up that may not go out any more, and log that."""
        with claim.database.read() as connection:
            if self._may_go(connection, delivery, content):
                return False
        with claim.database.write() as connection:
            claim.done(connection)
            now = claim.clock()
            outbox.give_up(connection, delivery.id, now)
            with suppress(NameUnknown):  # the request is gone
                messages.leave_to_staff(connection, delivery.about, self.actor.name, now)
            body = {"delivery": delivery.id, "kind": delivery.kind, "about": delivery.about}
            append(connection, AuditEntry("delivery.stopped", self.actor, now, body=body))
        return True

    def given_up(self, connection: Connection, job: Job, now: int) -> None:
        """Settle the delivery of a job that was given up, and forget what it said: the staff has to tell it."""
        outbox.give_up(connection, job.about, now)
        with suppress(NameUnknown):  # what is gone is nobody's to tell
            messages.leave_to_staff(connection, outbox.find(connection, job.about).about, self.actor.name, now)

    def _may_go(self, connection: Connection, delivery: Delivery, content: Mapping[str, Any]) -> bool:
        if delivery.kind == outbox.CALLBACK:
            return self.callbacks.may_go(connection, delivery, content)
        return self.may_go(connection, delivery.about)

    def _hand_over(self, delivery: Delivery, content: Mapping[str, Any]) -> tuple[str, Callable[[Connection], None]]:
        """Return how it went, and what raises if what was said holds no longer when it is settled."""
        if delivery.kind == outbox.CALLBACK:
            return "callback", self.callbacks.hand_over(delivery, content)
        if content["to"]:
            post(self.room.settings, outbox.mail_of(delivery, content))
            return "mail", _holds
        recipients.write_file(self.room.folder, delivery, content, self._signature)
        return "file", _holds

    def _signature(self, text: bytes) -> str:
        return self.room.log_key.sign(text).line().removesuffix("\n")


def _holds(_connection: Connection) -> None:
    """Raise nothing: a mail or a notice says what happened, which stays so."""


def _demand_handed_over(delivery: Delivery) -> None:
    if delivery.state == outbox.GIVEN_UP:
        raise DeliveryFailed(
            f"What the delivery {delivery.id} said was forgotten when it was given up.",
            remedy="Have it made anew by what it was for, or tell them yourself.",
            code="delivery-forgotten",
            for_good=True,
        )


def post(settings: Settings, mail: Mail) -> None:
    """Send a mail through the server that is set; raises what `delivery.mail.send` raises."""
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_from,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
        tls=settings.smtp_tls,
    )
    send(server, mail)
