"""What the worker can do: every kind of job with what does it, and what finds work by itself. The one place for both.

A job is put in the transaction of what causes it (`records.jobs.put`); or a planner finds that it is wanted, which
needs nobody to remember it. Whoever adds a kind of work adds a line to `tasks`, and to `plans` if it comes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.audit.places import KEYS
from pellucid.delivery import outbox
from pellucid.policy.model import Actor
from pellucid.records.jobs import Claim, Job
from pellucid.rights import challenges, expiry, reminders
from pellucid.rights.challenge_mail import ChallengeSender
from pellucid.rights.challenges import Contacts
from pellucid.rights.identity import IdentityChecks, OpenBook
from pellucid.subjects.keys import load_or_create_key
from pellucid.transparency.message_due import language_of
from pellucid.transparency.messages import may_go
from pellucid.workspace.callbacks import Callbacks
from pellucid.workspace.room import PSEUDONYM_KEY, Room
from pellucid.workspace.sending import Sending, post

WORKER = Actor("system", "worker", (), "system")
"""Who the log says did what the worker does."""

Handler = Callable[[Claim], None]
"""Does a job. Safe to repeat; it may settle the claim with its own last write, and renews it where it takes long."""


def _nothing(_connection: Connection, _job: Job, _now: int) -> None:
    """Do nothing about a job that was given up."""


@dataclass(frozen=True, slots=True)
class Task:
    """What does one kind of job, and what else changes, in the same transaction, when such a job is given up."""

    do: Handler
    given_up: Callable[[Connection, Job, int], None] = _nothing


@dataclass(frozen=True, slots=True)
class Plan:
    """Finds what jobs of a kind are wanted by now: pairs of what they are about and when they are due."""

    kind: str
    wanted: Callable[[Connection, int], Iterable[tuple[str, int]]]


def tasks(room: Room) -> Mapping[str, Task]:
    """Return what does each kind of job."""
    sending = Sending(
        room, WORKER, Callbacks(room), lambda connection, about: may_go(connection, room.subject_keys, about)
    )
    return {
        outbox.JOB: Task(sending, sending.given_up),
        reminders.JOB: Task(reminders.Reminder(room.policy)),
    }


def plans(room: Room) -> tuple[Plan, ...]:
    """Return what finds work by itself."""
    days = room.settings.reminder_days
    return (Plan(reminders.JOB, lambda connection, now: reminders.wanted(connection, days, now)),)


def challenge_task(room: Room, contacts: Contacts) -> Task:
    """Return what sends challenges (kind `identity-challenge`), given what reads people's contacts."""
    sender = ChallengeSender(
        key=challenge_key(room),
        contacts=contacts,
        send=lambda mail: post(room.settings, mail),
        policy=room.policy,
        actor=WORKER,
        per_hour=room.settings.challenges_per_hour,
        language=language_of,
        public_url=room.settings.public_url,
    )
    return Task(sender)


def expiry_task(room: Room, book: OpenBook) -> Task:
    """Return what lets unverified requests expire (kind `request-expiry`), given the book of requests."""
    return Task(expiry.Expiry(book, room.settings.unverified_days, WORKER))


def expiry_plan(room: Room) -> Plan:
    """Return what finds requests to let expire."""
    days = room.settings.unverified_days
    return Plan(expiry.JOB, lambda connection, now: expiry.wanted(connection, days, now))


def identity_checks(room: Room, book: OpenBook) -> IdentityChecks:
    """Return what asks people to show who they are, given the book of requests."""
    settings = room.settings
    return IdentityChecks(
        database=room.database,
        key=challenge_key(room),
        book=book,
        clock=room.clock,
        per_hour=settings.challenges_per_hour,
        links=bool(settings.public_url),
    )


def challenge_key(room: Room) -> bytes:
    """Return the key of challenges."""
    return challenges.challenge_key(load_or_create_key(room.folder / KEYS / PSEUDONYM_KEY))
