"""What is to go out, put in the transaction of what causes it together with its job: neither is without the other.

What a delivery says is kept until it is settled and no longer. A crash between handing over and settling hands it over
twice: its id is the same both times, and stands in a mail's Message-ID and in a file's name.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pellucid.delivery.mail import Mail
from pellucid.errors import NameUnknown, RecordingFailed
from pellucid.records import jobs
from pellucid.records.columns import from_instant
from pellucid.records.rights_tables import deliveries

JOB = "delivery"
MAIL, RECIPIENT, CALLBACK = "mail", "recipient", "callback"
DUE, SENT, ANSWERED, GIVEN_UP = "due", "sent", "answered", "given-up"
MESSAGE = "message:"
"""How what the delivery of a message to a person is for begins; the number of the message's link follows."""


def about_message(link: str) -> str:
    """Return what the delivery of a message is for, by the number of its link."""
    return f"{MESSAGE}{link}"


def message_of(about: str) -> str | None:
    """Return the number of the link in the message that a delivery is for; None if it is for something else."""
    return about.removeprefix(MESSAGE) if about.startswith(MESSAGE) else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that goes out, without what it says; `recipient` names a declared one or an agent."""

    id: str
    kind: str
    recipient: str
    about: str
    state: str
    answer: str | None
    made_at: int
    settled_at: int | None


def put_mail(connection: Connection, about: str, to: str, subject: str, text: str, now: int, *, html: str = "") -> str:
    """Put a mail, and the job that sends it; returns the delivery's id. Raises InputInvalid for what no mail may be."""
    id = secrets.token_hex(16)
    Mail(id, to, subject, text, from_instant(now), html)
    content = {"to": to, "subject": subject, "text": text, "html": html}
    return put(connection, id, MAIL, "", about, content, now)


def put(
    connection: Connection, id: str, kind: str, recipient: str, about: str, content: Mapping[str, Any], now: int
) -> str:
    """Put a delivery of a kind, and the job that hands it over; returns its id."""
    values = {"id": id, "kind": kind, "recipient": recipient, "about": about, "state": DUE, "made_at": now}
    written = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
    connection.execute(insert(deliveries).values(**values, content=written))
    jobs.put(connection, JOB, id, now)
    return id


def find(connection: Connection, id: str) -> Delivery:
    """Return a delivery; raises NameUnknown."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == id)).one_or_none()
    if row is None:
        raise NameUnknown("delivery with the id", id)
    return _delivery(row)


def content_of(connection: Connection, id: str) -> dict[str, Any] | None:
    """Return what a delivery says; None once it is settled."""
    kept = connection.scalar(select(deliveries.c.content).where(deliveries.c.id == id))
    return None if kept is None else dict(json.loads(bytes(kept)))


def about(connection: Connection, what: str) -> tuple[Delivery, ...]:
    """Return the deliveries for one thing, the oldest first."""
    wanted = select(deliveries).where(deliveries.c.about == what).order_by(deliveries.c.made_at, deliveries.c.id)
    return tuple(_delivery(row) for row in connection.execute(wanted))


def beginning(connection: Connection, prefix: str) -> tuple[Delivery, ...]:
    """Return the deliveries for things whose names begin so, the oldest first."""
    wanted = select(deliveries).where(deliveries.c.about.startswith(prefix, autoescape=True))
    ordered = wanted.order_by(deliveries.c.made_at, deliveries.c.id)
    return tuple(_delivery(row) for row in connection.execute(ordered))


def to_recipients(connection: Connection) -> tuple[Delivery, ...]:
    """Return all that recipients were to be told, the oldest first."""
    wanted = select(deliveries).where(deliveries.c.kind == RECIPIENT)
    return tuple(
        _delivery(row) for row in connection.execute(wanted.order_by(deliveries.c.made_at, deliveries.c.recipient))
    )


def mail_of(delivery: Delivery, content: Mapping[str, Any]) -> Mail:
    """Return the mail that a delivery is, the same each time."""
    written = from_instant(delivery.made_at)
    return Mail(delivery.id, content["to"], content["subject"], content["text"], written, content["html"])


def due_again(connection: Connection, now: int) -> int:
    """Put the job of each delivery that is due and has none, as after a restore; return how many."""
    wanted = select(deliveries.c.id).where(deliveries.c.state == DUE).order_by(deliveries.c.sequence)
    return sum(jobs.put(connection, JOB, id, now) for id in connection.scalars(wanted).all())


def sent(connection: Connection, id: str, now: int) -> None:
    """Settle a delivery that is due as sent, and forget what it says; raises RecordingFailed if it is not due."""
    _change(connection, id, DUE, {"state": SENT, "settled_at": now, "content": None})


def give_up(connection: Connection, id: str, now: int) -> None:
    """Give a delivery up, and forget what it says; one that is settled, or gone, stays as it is."""
    due = update(deliveries).where(deliveries.c.id == id, deliveries.c.state == DUE)
    connection.execute(due.values(state=GIVEN_UP, settled_at=now, content=None))


def answer(connection: Connection, id: str, words: str, now: int) -> None:
    """Record what the recipient of a sent delivery answered; raises RecordingFailed for any other."""
    _change(connection, id, SENT, {"state": ANSWERED, "answer": words, "settled_at": now})


def _change(connection: Connection, id: str, state: str, values: dict[str, Any]) -> None:
    wanted = update(deliveries).where(deliveries.c.id == id, deliveries.c.state == state)
    if connection.execute(wanted.values(values)).rowcount != 1:
        raise RecordingFailed(
            f"The delivery {id} is not {state}, so nothing was changed.",
            remedy="Look at what became of it: `pellucid recipient list`.",
            code="delivery-state",
        )


def _delivery(row: Row[Any]) -> Delivery:
    held = dict(row._mapping)
    del held["content"], held["sequence"]
    return Delivery(**held)
