"""Reminding the privacy officer of requests that are due soon or overdue: each day that is set once, by mail.

The mail names the request, the right and the day, and nothing about the person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from sqlalchemy import Connection, select

from pellucid.delivery import outbox
from pellucid.errors import DeliveryFailed
from pellucid.policy.addresses import is_address
from pellucid.policy.model import Policy
from pellucid.records.columns import from_instant
from pellucid.records.jobs import Claim
from pellucid.records.rights_tables import rights_requests
from pellucid.rights.request import RequestState

JOB = "request-reminder"
OVERDUE = "overdue"
UNDER_WAY = (RequestState.OPEN.value, RequestState.IN_PROGRESS.value)


def wanted(connection: Connection, days: Sequence[int], now: int) -> Iterator[tuple[str, int]]:
    """Yield about what a reminder is wanted, and from when: a request, its day, and the stage that it has reached.

    An extension changes the day, so that reminders begin anew. Days are UTC's. Duplicates are due with their first one.
    """
    today = _day(now)
    last = today + timedelta(days=max(days, default=0))
    near = select(rights_requests.c.id, rights_requests.c.due).where(
        rights_requests.c.state.in_(UNDER_WAY),
        rights_requests.c.canonical.is_(None),
        rights_requests.c.due != "",
        rights_requests.c.due <= last.isoformat(),
    )
    for row in connection.execute(near):
        stage = _stage((date.fromisoformat(row.due) - today).days, days)
        if stage is not None:
            yield f"{row.id}/{row.due}/{stage}", now


@dataclass(frozen=True, slots=True)
class Reminder:
    """Puts the mail of a reminder, if its request is still under way and due on that day."""

    policy: Callable[[], Policy]

    def __call__(self, claim: Claim) -> None:
        """Put the mail; raises DeliveryFailed where the policy names no address for it."""
        controller, now = self.policy().controller, claim.clock()
        id, due, stage = claim.job.about.rsplit("/", 2)
        with claim.database.write() as connection:
            found = select(rights_requests.c.right).where(
                rights_requests.c.id == id, rights_requests.c.due == due, rights_requests.c.state.in_(UNDER_WAY)
            )
            right = connection.scalar(found)
            about = f"reminder:{claim.job.about}"
            if right is not None and not outbox.about(connection, about):  # put, before a restore, by a job since lost
                if not is_address(controller.contact):
                    raise _no_address()
                subject, text = _words(id, right, due, stage)
                outbox.put_mail(connection, about, controller.contact, subject, text, now)
            claim.done(connection)


def _stage(left: int, days: Sequence[int]) -> str | None:
    """Return the stage that so many days before the last one have: the nearest of those set, or overdue."""
    if left < 0:
        return OVERDUE
    return next((str(day) for day in sorted(days) if left <= day), None)


def _words(id: str, right: str, due: str, stage: str) -> tuple[str, str]:
    what = "is overdue" if stage == OVERDUE else "is due soon"
    text = (
        f"The request {id} ({right}) {what}. Its last day {'was' if stage == OVERDUE else 'is'} {due} (UTC).\n\n"
        f"See: pellucid requests show {id}\n"
    )
    return f"Request {id} {what}: {due}", text


def _no_address() -> DeliveryFailed:
    return DeliveryFailed(
        "The controller's contact is no mail address, so nobody can be reminded.",
        remedy="Write a mail address as `contact:` of the controller, and activate the policy.",
        code="reminder-unaddressed",
    )


def _day(now: int) -> date:
    return from_instant(now).astimezone(UTC).date()
