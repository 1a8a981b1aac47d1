"""Messages to a person about their request: by mail where an address is held, else by the staff, who note how.

Something may have to wait until one has gone out (GDPR Art. 12(3)-(4), 18(3)): a mail that was handed over, or a note.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.delivery import outbox
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Actor, Authority, Controller
from pellucid.rights import stored
from pellucid.rights.choice import subject_of
from pellucid.rights.clock import Event
from pellucid.rights.message_text import compose
from pellucid.rights.message_words import MESSAGES, OF_THE_CLOCK
from pellucid.rights.request import Request
from pellucid.subjects.keys import SubjectKeys

WAYS = ("account", "in-person", "letter", "mail", "phone")
"""How the staff may have told somebody."""

TELLING, TOLD = "telling", "told"
"""Kinds of events of a request: a message is on its way, and the staff told it."""


def tell(
    connection: Connection,
    controller: Controller,
    request: Request,
    message: str,
    reasons: str,
    *,
    to: str | None,
    language: str = "",
    authorities: Sequence[Authority] = (),
    until: str = "",
    actor: str,
    now: int,
) -> None:
    """Put a message on its way by mail, or, where no address is held, note that the staff has to tell it.

    It is in the person's `language`, or in the company's where theirs is not known. One that has to state the right to
    complain names the `authorities`; an extension tells `until` when it is to be answered. Safe to repeat: one of each
    kind a request, and one for each time that its clock was stopped. It is for the caller's write transaction.
    """
    if _noted(connection, request, message, TELLING):
        return
    way = "staff" if to is None else "mail"
    if to is not None:
        spoken = controller.spoken_to(language)
        told = compose(spoken, controller, request.id, message, reasons, authorities, until)
        outbox.put_mail(
            connection, _about(connection, request, message), to, told.subject, told.text, now, html=told.html
        )
    event = {"message": message, "by": way}
    stored.note(connection, request.id, Event(TELLING, _not_before(connection, request, now), actor, event))


def leave_to_staff(connection: Connection, about: str, actor: str, now: int) -> None:
    """Note that the staff has to tell what a mail said that was given up; `about` is what that delivery was for.

    What is no message about a request, was told otherwise, or is of a clock that goes on again is left alone.
    """
    id, _, said = about.partition(":")
    message = said.partition(":")[0]
    if message not in MESSAGES or not stored.ID.fullmatch(id):
        return
    request = stored.load(connection, id)
    if _about(connection, request, message) == about and not is_told(connection, request, message):
        event = {"message": message, "by": "staff"}
        stored.note(connection, id, Event(TELLING, _not_before(connection, request, now), actor, event))


def is_told(connection: Connection, request: Request, message: str) -> bool:
    """Return whether a message has gone out: the mail was handed over, or the staff told it."""
    put = outbox.about(connection, _about(connection, request, message))
    sent = any(each.state in (outbox.SENT, outbox.ANSWERED) for each in put)
    return sent or _noted(connection, request, message, TOLD)


def note_told(
    connection: Connection, keys: SubjectKeys, request: Request, message: str, how: str, actor: Actor, now: int
) -> None:
    """Note that the staff told the person a message, and log it, in the caller's write transaction.

    Raises NameUnknown for a message or a way that there is not, InputInvalid for one that is not to be told.
    """
    if message not in MESSAGES:
        raise NameUnknown("message", message, MESSAGES)
    if how not in WAYS:
        raise NameUnknown("way to tell somebody", how, WAYS)
    if not _noted(connection, request, message, TELLING):
        raise InputInvalid(
            f"The message {message} is not to be told for the request {request.id}.",
            remedy=f"See what is: pellucid requests show {request.id}.",
            code="message-not-due",
        )
    if is_told(connection, request, message):
        return
    told = {"message": message, "how": how}
    stored.note(connection, request.id, Event(TOLD, _not_before(connection, request, now), actor.name, told))
    known = request.subject is not None  # whoever wrote to us can be told without
    pseudonym = keys.pseudonym(connection, request.namespace, subject_of(request)) if known else None
    body = {"request": request.id, **told}
    append(connection, AuditEntry("request.told", actor, now, subject=pseudonym, body=body))


def _noted(connection: Connection, request: Request, message: str, kind: str) -> bool:
    events = stored.events_of(connection, request.id)
    since = max((at for at, each in enumerate(events) if each.kind == OF_THE_CLOCK.get(message)), default=-1)
    return any(each.kind == kind and each.told["message"] == message for each in events[since + 1 :])


def _not_before(connection: Connection, request: Request, now: int) -> int:
    return max(now, stored.last_at(connection, request.id))  # whatever the clock says


def _about(connection: Connection, request: Request, message: str) -> str:
    """Return what a delivery is for; what may be told more than once tells for the which time it is."""
    if message not in OF_THE_CLOCK:
        return f"{request.id}:{message}"
    happened = [each.kind for each in stored.events_of(connection, request.id)]
    return f"{request.id}:{message}:{happened.count(OF_THE_CLOCK[message])}"
