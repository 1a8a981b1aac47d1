"""The feed of changes: complete and in order, whoever writes meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from pellucid.audit.log import actions
from pellucid.consent import register
from pellucid.consent.bulk_changes import ChangeRow, changes
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.records.tables import consent_records, subjects
from pellucid.subjects.keys import SubjectKeys
from pellucid.workspace.consent_files import ConsentFiles

from .conftest import ALICE, BOB, CUSTOMER, NOW, PIA
from .test_bulk_import import people, room_of


def no(subject: int, purpose: str | None = "loyalty", verb: ConsentVerb = ConsentVerb.OBJECT) -> ConsentRecord:
    return ConsentRecord(CUSTOMER, subject, purpose, verb, at=NOW - 5)


def said(database: Database, keys: SubjectKeys, policy: Policy, *records: ConsentRecord) -> None:
    with database.write() as connection:
        register.record(connection, keys, policy, records, PIA, NOW)


def page(database: Database, policy: Policy, since: int, limit: int = 100) -> tuple[list[ChangeRow], int]:
    with database.read() as connection:
        return changes(connection, policy, since, limit)


@pytest.fixture
def made(database: Database, policy: Policy) -> Database:
    people(database, policy)
    return database


def test_pages_tell_everything_once_and_in_order(made: Database, policy: Policy, keys: SubjectKeys) -> None:
    said(made, keys, policy, no(ALICE), no(BOB))
    said(made, keys, policy, no(BOB, None, ConsentVerb.RESTRICT))
    found, after = page(made, policy, 0, 2)
    rest, end = page(made, policy, after, 2)
    assert [(each.subject, each.verb, each.purpose, each.version) for each in found + rest] == [
        ("key-0", "object", "loyalty", 3),
        ("key-1", "object", "loyalty", 3),
        ("key-1", "restrict", None, 4),
    ]
    assert (rest[0].purposes, found[0].purposes) == (tuple(policy.purposes), ("loyalty",))
    assert (rest[0].at, rest[0].recorded_at) == (NOW - 5, NOW)
    assert page(made, policy, end) == ([], end)


def test_an_erased_person_is_named_no_more(made: Database, policy: Policy, keys: SubjectKeys) -> None:
    said(made, keys, policy, no(ALICE))
    with made.write() as connection:
        connection.execute(update(subjects).where(subjects.c.id == ALICE).values(natural_key=None))
    (found,), _ = page(made, policy, 0)
    assert (found.subject, found.to_json()["subject"]) == (None, None)


def test_numbers_that_a_failed_transaction_drew_hide_no_change(
    made: Database, policy: Policy, keys: SubjectKeys
) -> None:
    said(made, keys, policy, no(ALICE))
    _, after = page(made, policy, 0)
    with pytest.raises(ZeroDivisionError), made.write() as connection:
        register.record(connection, keys, policy, [no(BOB)], PIA, NOW)
        raise ZeroDivisionError
    assert page(made, policy, after) == ([], after)
    said(made, keys, policy, no(BOB))
    assert [each.subject for each in page(made, policy, after)[0]] == ["key-1"]


def test_nothing_is_put_in_before_a_place_that_was_given_out(made: Database, policy: Policy, keys: SubjectKeys) -> None:
    """Whoever reads while somebody writes, and another waits to, gets no place past what is still to come."""
    seen: list[ChangeRow] = []
    after, stop = 0, threading.Event()

    def follow() -> None:
        nonlocal after
        while True:
            last = stop.is_set()
            found, after = page(made, policy, after, 3)
            seen.extend(found)
            if last and not found:
                return

    def write(subject: int) -> None:
        for number in range(15):
            try:
                with made.write() as connection:
                    register.record(connection, keys, policy, [no(subject)], PIA, NOW + number)
                    if number % 3 == 0:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass

    reader = threading.Thread(target=follow)
    writers = [threading.Thread(target=write, args=(subject,)) for subject in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    whole, _ = page(made, policy, 0, 1000)
    assert seen == whole
    assert len(whole) == 4 * 10
    assert sorted(whole, key=lambda each: (each.version, each.sequence)) == whole


def test_a_page_with_any_is_logged(made: Database, policy: Policy, keys: SubjectKeys, tmp_path: Path) -> None:
    files = ConsentFiles(room_of(tmp_path, made, policy))
    assert files.changes(0, 5, actor=PIA) == ([], 0)
    said(made, keys, policy, no(ALICE))
    found, after = files.changes(0, 5, actor=PIA)
    assert (len(found), after) == (1, found[0].sequence)
    with made.read() as connection:
        assert actions(connection) == ("consent.object", "consent.changes-shown")


def test_what_was_recorded_before_its_instant_was_noted_is_in_the_feed(made: Database, policy: Policy) -> None:
    old = {"version": 1, "namespace": CUSTOMER, "subject": BOB, "purpose": None, "verb": "object", "explicit": False}
    old |= {"covers": "from_now", "notice_version": "", "channel": "", "at": 7, "without_choice": ""}
    with made.write() as connection:
        connection.execute(insert(consent_records).values(old))
    (found,), _ = page(made, policy, 0)
    assert (found.at, found.recorded_at) == (7, None)
