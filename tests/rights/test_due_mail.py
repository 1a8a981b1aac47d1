"""Reminders and expiry: each once, on its day, of what is still under way; and no mail names a person."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from pellucid.delivery import outbox
from pellucid.errors import DeliveryFailed
from pellucid.policy.model import Actor, Controller, Policy
from pellucid.records import jobs
from pellucid.records.database import Database
from pellucid.records.jobs import Claim
from pellucid.records.rights_tables import deliveries, identity_challenges, rights_requests
from pellucid.rights import expiry, reminders
from pellucid.rights.request import NEED_USER_VERIFICATION, RequestState
from tests.rights.requests import DAY, NOW, Book, put_request, stored

TODAY = "2025-10-09"  # the day of NOW in UTC
DAYS = (7, 1)
WORKER = Actor("system", "worker", (), "system")


def wanted(control: Database, now: int = NOW, days: tuple[int, ...] = DAYS) -> list[str]:
    with control.read() as connection:
        return sorted(about for about, _ in reminders.wanted(connection, days, now))


def do(control: Database, handler: Any, kind: str, abouts: Iterable[str], now: int = NOW) -> None:
    """Put the jobs and do them, as a worker does."""
    with control.write() as connection:
        for about in abouts:
            jobs.put(connection, kind, about, now)
    while True:
        with control.write() as connection:
            job = jobs.claim(connection, [kind], "w", now, 300)
        if job is None:
            return
        handler(Claim(control, job, lambda: now, 300))


def mails(control: Database) -> list[dict[str, str]]:
    with control.read() as connection:
        return [
            json.loads(bytes(content))
            for content in connection.scalars(select(deliveries.c.content).order_by(deliveries.c.sequence))
        ]


def reminder(contact: str = "privacy@shop.example") -> reminders.Reminder:
    from tests.policy.test_compare import sound

    policy: Policy = replace(sound(), controller=Controller("Shop", "DE", contact, "pia"))
    return reminders.Reminder(lambda: policy)


@pytest.mark.parametrize(
    ("due", "stage"),
    [
        ("2025-10-08", "overdue"),
        ("2025-10-09", "1"),
        ("2025-10-10", "1"),
        ("2025-10-11", "7"),
        ("2025-10-16", "7"),
        ("2025-10-17", None),
        ("", None),
    ],
)
def test_a_request_has_one_stage_on_each_day(control: Database, due: str, stage: str | None) -> None:
    put_request(control, due=due)
    assert wanted(control) == ([] if stage is None else [f"r1/{due}/{stage}"])


def test_what_is_closed_or_joined_another_is_not_reminded_of(control: Database) -> None:
    for number, state in enumerate(RequestState):
        put_request(control, f"s{number}", state=state.value, due=TODAY)
    put_request(control, "duplicate", canonical="s0", due=TODAY)
    assert wanted(control) == [f"s0/{TODAY}/1", f"s1/{TODAY}/1"]
    assert wanted(control, days=()) == []


def test_each_stage_is_mailed_once_and_an_extension_begins_anew(control: Database) -> None:
    put_request(control, due="2025-10-16")
    for days_on in range(12):
        now = NOW + days_on * DAY
        do(control, reminder(), reminders.JOB, wanted(control, now), now)
        do(control, reminder(), reminders.JOB, wanted(control, now), now)
    told = [mail["subject"] for mail in mails(control)]
    assert told == [
        "Request r1 is due soon: 2025-10-16",
        "Request r1 is due soon: 2025-10-16",
        "Request r1 is overdue: 2025-10-16",
    ]
    with control.write() as connection:
        connection.execute(update(rights_requests).values(due="2025-11-01"))
    later = NOW + 16 * DAY
    do(control, reminder(), reminders.JOB, wanted(control, later), later)
    assert len(mails(control)) == 4


def test_a_reminder_names_the_request_and_nothing_about_the_person(control: Database) -> None:
    put_request(control, due=TODAY, subject=424242, namespace="household", proof="drawer 3", channel="till")
    do(control, reminder(), reminders.JOB, wanted(control))
    (mail,) = mails(control)
    assert mail == {
        "to": "privacy@shop.example",
        "subject": f"Request r1 is due soon: {TODAY}",
        "text": f"The request r1 (access) is due soon. Its last day is {TODAY} (UTC).\n\n"
        "See: pellucid requests show r1\n",
        "html": "",
    }


def test_what_was_closed_meanwhile_is_not_reminded_of(control: Database) -> None:
    put_request(control, due=TODAY)
    abouts = wanted(control)
    with control.write() as connection:
        connection.execute(update(rights_requests).values(state="fulfilled"))
    do(control, reminder(), reminders.JOB, abouts)
    assert mails(control) == []


def test_without_an_address_nobody_is_reminded_and_the_job_says_so(control: Database) -> None:
    put_request(control, due=TODAY)
    with pytest.raises(DeliveryFailed, match="The controller's contact is no mail address"):
        do(control, reminder("+49 30 1234"), reminders.JOB, wanted(control))
    with control.read() as connection:
        assert [job.state for job in jobs.unsettled(connection)] == ["due"]


# -- expiry -----------------------------------------------------------------------------------------------------------


def asked_at(control: Database, request: str, at: int) -> None:
    values = {"id": f"{request}-{at}", "request": request, "kind": "code", "digest": b"", "strength": 1, "attempts": 0}
    with control.write() as connection:
        connection.execute(insert(identity_challenges).values(**values, made_at=at, expires_at=at))


def unshown(control: Database, id: str = "r1", **changes: Any) -> None:
    put_request(control, id, reason=NEED_USER_VERIFICATION, verification="asked", received_at=NOW - 31 * DAY, **changes)


def late(control: Database, now: int = NOW) -> list[str]:
    with control.read() as connection:
        return sorted(about for about, _ in expiry.wanted(connection, 30, now))


def expire(control: Database, abouts: Iterable[str], now: int = NOW) -> None:
    do(control, expiry.Expiry(Book, 30, WORKER), expiry.JOB, abouts, now)


def test_a_request_expires_when_nobody_showed_who_they_are(control: Database) -> None:
    unshown(control)
    put_request(control, "r2", received_at=NOW - 31 * DAY)  # nobody was asked
    asked_at(control, "r1", NOW - 30 * DAY)
    assert late(control, NOW - 1) == []
    expire(control, late(control))
    assert (stored(control).state, stored(control, "r2").state) == (RequestState.EXPIRED, RequestState.IN_PROGRESS)
    assert late(control) == []


def test_whoever_was_asked_again_has_time_anew(control: Database) -> None:
    unshown(control)
    asked_at(control, "r1", NOW - 40 * DAY)
    planned = late(control)
    asked_at(control, "r1", NOW - DAY)
    expire(control, planned)
    assert (late(control), stored(control).state) == ([], RequestState.IN_PROGRESS)
    expire(control, late(control, NOW + 29 * DAY), NOW + 29 * DAY)
    assert stored(control).state == RequestState.EXPIRED


def test_whoever_showed_it_meanwhile_is_left(control: Database) -> None:
    unshown(control)
    planned = late(control)
    with control.write() as connection:
        shown = {"verification": "shown", "verified_strength": 1, "reason": ""}
        connection.execute(update(rights_requests).values(shown))
    expire(control, planned)
    assert stored(control).state == RequestState.IN_PROGRESS


def test_whoever_showed_too_little_expires_too(control: Database) -> None:
    unshown(control, right="erasure", verified_strength=1)
    with control.write() as connection:
        connection.execute(update(rights_requests).values(verification="shown"))
    expire(control, late(control))
    assert stored(control).state == RequestState.EXPIRED


def test_the_mails_of_reminders_are_deliveries_of_their_requests(control: Database) -> None:
    put_request(control, due=TODAY)
    do(control, reminder(), reminders.JOB, wanted(control))
    with control.read() as connection:
        (told,) = outbox.about(connection, f"reminder:r1/{TODAY}/1")
        assert (told.kind, told.state, jobs.known(connection, outbox.JOB, [told.id])) == ("mail", "due", {told.id})
