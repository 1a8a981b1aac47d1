"""Handing over what is to go out: mail to the mail server, notices without an address into the folder `outbox`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.delivery import outbox, recipients
from pellucid.delivery.mail import Mail, MailServer, send
from pellucid.delivery.outbox import Delivery
from pellucid.errors import DeliveryFailed
from pellucid.failpoints import reach
from pellucid.policy.model import Actor
from pellucid.records.jobs import Claim, Job
from pellucid.settings import Settings
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class Sending:
    """Hands over the delivery of a job and settles both at once. After a crash in between it is handed over again.

    `may_go` says, of what a delivery is for, whether it may go out still; what may not is given up and forgotten.
    """

    room: Room
    actor: Actor
    may_go: Callable[[Connection, str], bool] = lambda _connection, _about: True

    def __call__(self, claim: Claim) -> None:
        """Hand it over, unless it is settled; raises what `delivery` raises."""
        id = claim.job.about
        with claim.database.read() as connection:
            delivery, content = outbox.find(connection, id), outbox.content_of(connection, id)
        if content is None:
            _demand_handed_over(delivery)
            return
        if self._stopped(claim, delivery):
            return
        by = self._hand_over(delivery, content)
        reach("delivery.handed-over")
        with claim.database.write() as connection:
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

    def _stopped(self, claim: Claim, delivery: Delivery) -> bool:
        """Give a delivery up that may not go out any more, and log that."""
        with claim.database.read() as connection:
            if self.may_go(connection, delivery.about):
                return False
        with claim.database.write() as connection:
            claim.done(connection)
            now = claim.clock()
            outbox.give_up(connection, delivery.id, now)
            body = {"delivery": delivery.id, "kind": delivery.kind, "about": delivery.about}
            append(connection, AuditEntry("delivery.stopped", self.actor, now, body=body))
        return True

    def given_up(self, connection: Connection, job: Job, now: int) -> None:
        """Settle the delivery of a job that was given up, and forget what it said."""
        outbox.give_up(connection, job.about, now)

    def _hand_over(self, delivery: Delivery, content: Mapping[str, Any]) -> str:
        if content["to"]:
            post(self.room.settings, outbox.mail_of(delivery, content))
            return "mail"
        recipients.write_file(self.room.folder, delivery, content, self._signature)
        return "file"

    def _signature(self, text: bytes) -> str:
        return self.room.log_key.sign(text).line().removesuffix("\n")


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
