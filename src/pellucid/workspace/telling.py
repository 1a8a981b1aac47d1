"""Telling a person about a request of theirs, for the desks that decide about it: in their language, by the outbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from pellucid.policy.model import Actor, Policy
from pellucid.records.columns import from_instant
from pellucid.records.database import Database
from pellucid.rights import messages, stored
from pellucid.rights.covering import authorities_of
from pellucid.rights.request import Request
from pellucid.subjects import ids
from pellucid.transparency.message_due import language_of
from pellucid.transparency.words import Words

MailAddress = Callable[[str, int], str | None]
"""The mail address that is held of a person (namespace, id), if one is; it may read data."""


def address_of(database: Database, mail_address: MailAddress, request: str) -> str | None:
    """Return the address that is held of the person of an open request, if they are known as well as it demands."""
    with database.read() as connection:
        found = stored.load(connection, request)
    if found.subject is None or found.closed or not found.known:
        return None
    return mail_address(found.namespace, found.subject)


@dataclass(frozen=True, slots=True)
class Telling:
    """Puts a message to a person on its way in the caller's transaction (a `rights.choice.TellPerson`).

    `to` is the address that is held of them: it was looked up before, since that reads data. Where it is None, or the
    person is not known or was erased since, the staff has to tell it.
    """

    policy: Policy
    to: str | None = field(repr=False)
    actor: Actor
    now: int

    def __call__(self, connection: Connection, request: Request, message: str, reasons: str) -> None:
        """Put it; of each kind one a request, however often."""
        on, language, held = from_instant(self.now).date(), "", False
        if request.subject is not None:
            language = language_of(connection, (request.namespace, request.subject))
            held = request.known and ids.natural_key(connection, request.namespace, request.subject) is not None
        messages.tell(
            connection,
            self.policy.controller,
            request,
            message,
            reasons,
            to=self.to if held else None,
            language=language,
            until=Words(self.policy.controller.spoken_to(language)).date(date.fromisoformat(request.due)),
            authorities=authorities_of(connection, self.policy, request.namespace, request.subject, on),
            actor=self.actor.name,
            now=self.now,
        )
