"""What ties people's rights together: who tells recipients and people, who opens the book, what the worker does of it.

Each desk knows its own story; what one needs of another is passed in from here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, select

from pellucid.delivery import outbox
from pellucid.delivery.recipients import Notice
from pellucid.delivery.recipients import tell as tell_recipients
from pellucid.governance.activate import active_policy
from pellucid.policy.model import Actor
from pellucid.records.jobs import Claim
from pellucid.records.rights_tables import erasure_parts, erasures, packages, rights_requests
from pellucid.rights import evidence, schedule, self_served
from pellucid.rights.book import Book
from pellucid.rights.challenges import JOB as CHALLENGE
from pellucid.rights.challenges import Contacts
from pellucid.rights.clock import Terms
from pellucid.rights.expiry import JOB as EXPIRY
from pellucid.rights.identity import OpenBook
from pellucid.rights.keeping import forget_closed
from pellucid.rights.means import Tell
from pellucid.rights.packages import over
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import WORKER, Plan, Task, challenge_task, expiry_plan, expiry_task

CARRY_ON = "erasure-carry-on"
PACKAGES = "package-expiry"
FORGET = "request-forget"
EVIDENCE = "evidence-expiry"
CARRY_OUT = "request-carry-out"
DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Duties:
    """What the worker calls: to carry on with erasures, to remove packages, to read whom a code can be sent to, to let
    go of what is over, to carry out what people asked for by themselves.
    """

    carry_on: Callable[[Actor], object]
    remove_packages: Callable[[], object]
    contacts: Contacts
    retain: Callable[[Claim, Actor], None]
    carry_out: Callable[[str, Actor], object]


def terms_of(room: Room) -> Terms:
    """Return what the controller set itself for answering requests and keeping them."""
    settings = room.settings
    return Terms(settings.request_days, settings.request_keep_months, settings.erasure_wait_hours)


def open_book(room: Room) -> OpenBook:
    """Return what opens the book of requests within a write transaction."""

    def opened(connection: Connection, actor: Actor, now: int) -> Book:
        policy = active_policy(connection) or room.policy()
        return Book(connection, room.subject_keys, policy, terms_of(room), actor, now)

    return opened


def tell_of_erasures(room: Room) -> Tell:
    """Return what puts word of an erasure into the outbox, once a recipient, and says how far it has come."""

    def tell(connection: Connection, recipient: str, about: str, what: Mapping[str, object]) -> str:
        policy = active_policy(connection) or room.policy()
        declared, now = policy.recipients.get(recipient), room.clock()
        if declared is None:  # declared no more since the plan was made
            return outbox.GIVEN_UP
        for namespace, keys in _keys(what).items():
            notice = Notice("erasure", f"{about}:{namespace}", namespace, keys)
            tell_recipients(connection, policy.controller, [declared], notice, now)
        states = {each.state for each in outbox.beginning(connection, f"erasure:{about}:")}
        return next((state for state in _WORST_FIRST if state in states), outbox.DUE)

    return tell


_WORST_FIRST = (outbox.GIVEN_UP, outbox.DUE, outbox.SENT, outbox.ANSWERED)


def _keys(what: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for each in json.loads(json.dumps(what.get("erase", []))):
        found.setdefault(each["namespace"], []).append(each["key"])
    return {namespace: tuple(keys) for namespace, keys in found.items()}


def duty_tasks(room: Room, duties: Duties) -> Mapping[str, Task]:
    """Return what does each kind of job that people's rights make."""
    return {
        CHALLENGE: challenge_task(room, duties.contacts),
        EXPIRY: expiry_task(room, open_book(room)),
        CARRY_ON: Task(lambda _claim: _quietly(duties.carry_on(WORKER))),
        PACKAGES: Task(lambda _claim: _quietly(duties.remove_packages())),
        FORGET: Task(_forget),
        EVIDENCE: Task(_forget_evidence),
        CARRY_OUT: Task(lambda claim: _quietly(duties.carry_out(claim.job.about, WORKER))),
        schedule.JOB: Task(lambda claim: duties.retain(claim, WORKER)),
    }


def duty_plans(room: Room) -> tuple[Plan, ...]:
    """Return what finds that work by itself: what was begun and is not done, what is over."""
    return (
        expiry_plan(room),
        Plan(CARRY_ON, _unfinished),
        Plan(PACKAGES, _packages_over),
        Plan(FORGET, _requests_over),
        Plan(EVIDENCE, _evidence_over),
        Plan(CARRY_OUT, lambda connection, now: ((each, now) for each in self_served.ready(connection, now))),
        Plan(schedule.JOB, _retention),
    )


def _quietly(_done: object) -> None:
    """Take no notice of what a duty returns."""


def _forget(claim: Claim) -> None:
    with claim.database.write() as connection:
        claim.done(connection)
        forget_closed(connection, WORKER, claim.clock())


def _forget_evidence(claim: Claim) -> None:
    with claim.database.write() as connection:
        claim.done(connection)
        evidence.forget_logged(connection, WORKER, claim.clock())


def _unfinished(connection: Connection, now: int) -> Iterable[tuple[str, int]]:
    """Yield erasures that somebody died over: running, and begun an hour ago; each is tried once a day.

    And what was kept of people who were erased, once a day, as long as there may be any.
    """
    running = select(erasures.c.id).where(erasures.c.state == "running", erasures.c.started_at <= now - DAY // 24)
    for name in connection.scalars(running):
        yield f"{name}/{now // DAY}", now
    waits = erasure_parts.c.kind.in_(("held", "kept-rows"))  # holds end, and each row has a day of its own
    if connection.scalar(select(exists().where(waits))):
        yield f"kept/{now // DAY}", now


def _packages_over(connection: Connection, now: int) -> Iterable[tuple[str, int]]:
    for name in connection.scalars(select(packages.c.id).where(over(now))):
        yield f"{name}/{now // DAY}", now


def _requests_over(connection: Connection, now: int) -> Iterable[tuple[str, int]]:
    over = (rights_requests.c.closed_at.is_not(None), rights_requests.c.keep_until <= now)
    if connection.scalar(select(exists().where(*over))):
        last = connection.scalar(select(func.max(rights_requests.c.keep_until)).where(*over))
        yield f"{last}/{now // DAY}", now


def _evidence_over(connection: Connection, now: int) -> Iterable[tuple[str, int]]:
    found = evidence.over(connection, now)
    if found:
        yield f"{found[-1].until}/{now // DAY}", now


def _retention(connection: Connection, now: int) -> Iterable[tuple[str, int]]:
    """Yield the day, if what is over goes by itself: once a day, whoever works."""
    if schedule.scheduled(connection) is not None:
        yield str(now // DAY), now
