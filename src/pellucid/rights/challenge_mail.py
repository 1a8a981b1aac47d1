"""The work of sending a challenge: which contact it goes to, and what the mail says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.delivery.mail import Mail
from pellucid.failpoints import reach
from pellucid.policy.model import Actor, Policy
from pellucid.records.columns import from_instant
from pellucid.records.jobs import Claim
from pellucid.records.rights_tables import identity_challenges, rights_requests
from pellucid.rights import challenges
from pellucid.rights.challenges import LINK, Contact, Contacts
from pellucid.rights.corrected_contacts import trusted
from pellucid.rights.request import FINAL, Right

WORDS = {
    Right.ACCESS: "to be shown the data that we hold about you",
    Right.PORTABILITY: "to be given the data that we hold about you",
    Right.RECTIFICATION: "to have data about you corrected",
    Right.ERASURE: "to have the data that we hold about you erased",
    Right.RESTRICTION: "to have the use of your data restricted",
    Right.LIFT_RESTRICTION: "to have your data used again",
    Right.OBJECTION: "to object to a use of your data",
    Right.OPT_OUT: "to opt out of a use of your data",
    Right.LIMIT: "to limit the use of your sensitive data",
    Right.HUMAN_REVIEW: "to have a decision about you reviewed by a person",
}


@dataclass(frozen=True, slots=True)
class ChallengeSender:
    """Sends one challenge for each job, to a contact that `contacts` reads from the data; safe to repeat."""

    key: bytes = field(repr=False)
    contacts: Contacts
    send: Callable[[Mail], None]
    policy: Callable[[], Policy]
    actor: Actor
    public_url: str = ""

    def __call__(self, claim: Claim) -> None:
        """Send the challenge that a job is about, if it still holds and there is whom to send it to."""
        chosen = self._prepare(claim)
        if chosen is not None:
            reach("challenge.noted")
            self.send(self._mail(claim, *chosen))
            reach("challenge.handed-over")
        body = {"challenge": claim.job.about, "sent": chosen is not None}
        details = {} if chosen is None else {"column": chosen[2].column}
        with claim.database.write() as connection:
            claim.done(connection)
            entry = AuditEntry("identity.challenge", self.actor, claim.clock(), body=body, details=details)
            append(connection, entry)

    def _prepare(self, claim: Claim) -> tuple[Row[Any], Row[Any], Contact] | None:
        """Choose the contact, and note it before anything goes out: an answer may come at once."""
        with claim.database.read() as connection:
            challenge, request = _rows(connection, claim.job.about)
        if not _is_wanted(challenge, request, claim.clock()):
            return None
        held, policy = self.contacts(request.namespace, request.subject), self.policy()
        with claim.database.write() as connection:
            challenge, request = _rows(connection, claim.job.about)
            now = claim.clock()
            usable = trusted(connection, policy, request, held, now)
            chosen = challenges.choose(connection, self.key, challenge, usable, now)
            if chosen is None or not _is_wanted(challenge, request, now):
                return None
            noted = update(identity_challenges).where(identity_challenges.c.id == challenge.id)
            connection.execute(noted.values(contact=chosen[1], sent_at=challenge.sent_at or now))
        return challenge, request, chosen[0]

    def _mail(self, claim: Claim, challenge: Row[Any], request: Row[Any], contact: Contact) -> Mail:
        controller = self.policy().controller
        secret = challenges.secret_of(self.key, challenge.id, challenge.kind)
        if challenge.kind == LINK:
            # Behind the #, so that neither servers' logs nor programs that fetch links from mails get hold of it.
            shown = f"open this link: {self.public_url.rstrip('/')}/verify/{request.id}#{secret}"
        else:
            shown = f"give this code: {secret[:4]} {secret[4:]}"
        text = (
            f"Somebody, we hope you, asked {controller.name} {WORDS[Right(request.right)]}.\n\n"
            f"To show that it is you, {shown}\n\n"
            f"It holds for ten minutes, once, and for the request {request.id} only. Pass it on to nobody: "
            "we never ask for it on the telephone or by mail.\n\n"
            f"If it was not you, you need not do anything. You can tell us: {controller.contact}\n"
        )
        written = from_instant(challenge.made_at)
        return Mail(challenge.id, contact.address, "Is it you who asks about your data?", text, written)


def _rows(connection: Connection, id: str) -> tuple[Row[Any], Row[Any]]:
    challenge = connection.execute(select(identity_challenges).where(identity_challenges.c.id == id)).one()
    wanted = select(rights_requests).where(rights_requests.c.id == challenge.request)
    return challenge, connection.execute(wanted).one()


def _is_wanted(challenge: Row[Any], request: Row[Any], now: int) -> bool:
    return (
        request.subject is not None
        and request.state not in {state.value for state in FINAL}
        and challenge.used_at is None
        and now < challenge.expires_at
    )
