"""A withdrawal is acknowledged only when nothing under way can be released without it; two recorders lose nothing."""

from __future__ import annotations

import multiprocessing

import pytest

from pellucid.audit import log
from pellucid.consent import register
from pellucid.consent.leases import acknowledge, await_leases, drop_lease, holds_lease, take_lease
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.replica import current
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.subjects.keys import SubjectKeys

from .conftest import ADULT_YEAR, ALICE, CUSTOMER, NOW, PIA, add_subjects, make_policy

SECOND = 1_000_000
KEYS = SubjectKeys(b"k" * 32)


class Clock:
    """Time that passes only when somebody sleeps; `events` happen at their second."""

    def __init__(self) -> None:
        self.now = NOW
        self.events: dict[int, object] = {}

    def read(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += round(seconds * SECOND)
        for at in [at for at in self.events if at <= self.now]:
            event = self.events.pop(at)
            assert callable(event)
            event()


@pytest.fixture
def alices(database: Database, policy: Policy) -> Database:
    add_subjects(database, ("DE", ADULT_YEAR))
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, 1, (), NOW)
    return database


def lease_on(database: Database, purpose: str, seconds: float = 60) -> str:
    with database.write() as connection:
        return take_lease(connection, purpose, NOW, seconds)


def held(database: Database, lease: str) -> bool:
    with database.write() as connection:  # as an answer asks, in the transaction that commits it
        return holds_lease(connection, lease)


def say(database: Database, verb: ConsentVerb, purpose: str | None = "loyalty") -> tuple[ConsentReceipt, ...]:
    said = ConsentRecord(CUSTOMER, ALICE, purpose, verb, at=NOW)
    with database.write() as connection:
        return register.record(connection, KEYS, make_policy(), [said], PIA, NOW)


def drop(database: Database, lease: str) -> None:
    with database.write() as connection:
        drop_lease(connection, lease)


def test_without_leases_the_acknowledgement_is_at_once(alices: Database) -> None:
    clock = Clock()
    (receipt,) = acknowledge(alices, say(alices, ConsentVerb.OBJECT), clock.read, clock.sleep)
    assert receipt.acknowledged_at == NOW


@pytest.mark.promise("withdrawal", "leases held, expired and taken while people withdraw")
def test_the_acknowledgement_waits_until_a_lease_is_given_back(alices: Database) -> None:
    clock, lease = Clock(), lease_on(alices, "loyalty")
    clock.events[NOW + 2 * SECOND] = lambda: drop(alices, lease)
    receipts = say(alices, ConsentVerb.OBJECT)
    with alices.read() as connection:
        assert current(connection)[0] == 2  # it is in force already
    (receipt,) = acknowledge(alices, receipts, clock.read, clock.sleep)
    assert receipt.acknowledged_at == NOW + 2 * SECOND


@pytest.mark.promise("withdrawal", "leases held, expired and taken while people withdraw")
def test_a_lease_that_expired_is_taken_away_so_that_its_question_cannot_commit(alices: Database) -> None:
    clock, lease = Clock(), lease_on(alices, "loyalty", seconds=3)
    (receipt,) = acknowledge(alices, say(alices, ConsentVerb.WITHDRAW), clock.read, clock.sleep)
    assert receipt.acknowledged_at == NOW + 3 * SECOND
    assert not held(alices, lease)


def test_a_lease_on_another_purpose_is_not_waited_for(alices: Database) -> None:
    clock, lease = Clock(), lease_on(alices, "care")
    await_leases(alices, {"loyalty"}, clock.read, clock.sleep)
    assert (clock.now, held(alices, lease)) == (NOW, True)


@pytest.mark.promise("withdrawal", "leases held, expired and taken while people withdraw")
def test_a_no_to_everything_waits_for_every_purpose(alices: Database) -> None:
    clock = Clock()
    lease_on(alices, "care", seconds=1)
    lease_on(alices, "loyalty", seconds=2)
    (receipt,) = acknowledge(alices, say(alices, ConsentVerb.RESTRICT, None), clock.read, clock.sleep)
    assert receipt.acknowledged_at == NOW + 2 * SECOND


def test_a_lease_taken_while_waiting_is_not_waited_for(alices: Database) -> None:
    clock = Clock()
    lease_on(alices, "loyalty", seconds=2)
    later: list[str] = []
    clock.events[NOW + SECOND] = lambda: later.append(lease_on(alices, "loyalty", seconds=600))
    acknowledge(alices, say(alices, ConsentVerb.OBJECT), clock.read, clock.sleep)
    assert clock.now == NOW + 2 * SECOND
    assert held(alices, later[0])


def test_a_yes_waits_for_nobody(alices: Database) -> None:
    clock = Clock()
    lease_on(alices, "loyalty")
    (receipt,) = acknowledge(alices, say(alices, ConsentVerb.GIVE), clock.read, clock.sleep)
    assert receipt.acknowledged_at == NOW


def record_many(url: str, subject: int, times: int) -> None:
    database = Database(url)
    for turn in range(times):
        verb = ConsentVerb.OBJECT if turn % 2 == 0 else ConsentVerb.GIVE
        said = ConsentRecord(CUSTOMER, subject, "loyalty", verb, at=NOW + turn)
        with database.write() as connection:
            register.record(connection, KEYS, make_policy(), [said], PIA, NOW + turn)
    database.close()


@pytest.mark.slow
@pytest.mark.promise("withdrawal", "leases held, expired and taken while people withdraw")
def test_two_processes_recording_at_once_lose_no_version(alices: Database) -> None:
    add_subjects(alices, ("DE", ADULT_YEAR), first=1)
    with alices.write() as connection:
        register.subjects_added(connection, make_policy(), CUSTOMER, 1, 1, (), NOW)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=record_many, args=(alices.url, subject, 15)) for subject in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    assert [worker.exitcode for worker in workers] == [0, 0]
    with alices.read() as connection:
        versions = [entry.fields()["body"]["register_version"] for entry in log.entries(connection)]  # type: ignore[index]
        assert versions == list(range(3, 33))
        assert current(connection)[0] == 32
