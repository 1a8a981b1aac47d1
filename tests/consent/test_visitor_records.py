"""Rows of visitors: found by their secret's hash alone, ended by joining, and deleted when they are over."""

from __future__ import annotations

import pytest

from pellucid.consent import visitor_records as records
from pellucid.consent.visitor_records import DAY, Kept
from pellucid.consent.visitors import VisitorChoice
from pellucid.records.database import Database
from tests.consent.conftest import NOW

ALICE, BOB, OTHER = b"a" * 32, b"b" * 32, b"o" * 32
ENDS = NOW + 180 * DAY
YES, NO = {"offers": VisitorChoice(True, NOW, "1", "page", "en")}, {"offers": VisitorChoice(False, NOW, "1")}


@pytest.fixture
def alice(database: Database) -> Kept:
    with database.write() as connection:
        return records.begin(connection, ALICE, YES, ENDS, NOW)


def found(database: Database, digest: bytes, now: int = NOW) -> Kept | None:
    with database.read() as connection:
        return records.find(connection, digest, now)


def test_what_was_kept_is_found_until_it_is_over_and_by_nobody_else(database: Database, alice: Kept) -> None:
    assert found(database, ALICE, ENDS - 1) == Kept(alice.id, YES, True, ENDS)
    assert (found(database, ALICE, ENDS), found(database, BOB)) == (None, None)


def test_who_comes_back_after_it_was_over_begins_anew(database: Database, alice: Kept) -> None:
    with database.write() as connection:
        made = records.begin(connection, ALICE, NO, ENDS + DAY, ENDS)

    assert found(database, ALICE, ENDS) == made
    assert made.id != alice.id


def test_who_was_known_on_another_host_begins_anew_there_too(database: Database, alice: Kept) -> None:
    with database.write() as connection:
        records.know_also(connection, alice.id, OTHER, NOW)
        made = records.begin(connection, OTHER, NO, ENDS + DAY, ENDS)

    assert (found(database, OTHER, ENDS), found(database, ALICE, ENDS)) == (made, None)


def test_other_choices_take_the_place_of_those_before(database: Database, alice: Kept) -> None:
    with database.write() as connection:
        assert records.change(connection, alice, NO, ENDS + DAY) is True

    assert found(database, ALICE) == Kept(alice.id, NO, True, ENDS + DAY)


def test_a_joined_record_ends_and_another_goes_on_that_nothing_ties_to_it(database: Database, alice: Kept) -> None:
    with database.write() as connection:
        assert records.end(connection, alice, "session-1", NO, NOW + DAY) is True
        assert records.end(connection, alice, "session-2", NO, NOW + DAY) is False
        assert records.change(connection, alice, YES, ENDS) is False
    goes_on = found(database, ALICE, NOW + DAY)
    with database.read() as connection:
        shown = records.joined_to(connection, "session-1", NOW + DAY)
        strange = records.joined_to(connection, "session-2", NOW + DAY)
        late = records.joined_to(connection, "session-1", NOW + 2 * DAY)

    assert goes_on is not None
    assert (goes_on.choices, goes_on.fresh, goes_on.ends_at) == (NO, False, ENDS)
    assert goes_on.id != alice.id
    assert shown is not None
    assert (shown.id, shown.choices) == (alice.id, YES)
    assert (strange, late) == (None, None)


def test_another_host_knows_it_by_a_secret_of_its_own_and_only_the_last_one(database: Database, alice: Kept) -> None:
    with database.write() as connection:
        assert records.know_also(connection, alice.id, OTHER, NOW) is True
        assert records.know_also(connection, "nothing", BOB, NOW) is False
        assert records.know_also(connection, alice.id, BOB, ENDS) is False
    assert found(database, OTHER) == found(database, ALICE)
    with database.write() as connection:
        records.know_also(connection, alice.id, BOB, NOW)

    assert found(database, OTHER) is None
    assert found(database, BOB) == found(database, ALICE)


def test_only_what_is_over_is_removed(database: Database, alice: Kept) -> None:
    with database.write() as connection:
        records.begin(connection, BOB, NO, NOW + DAY, NOW)
        assert (records.any_over(connection, NOW), records.remove_over(connection, NOW)) == (False, 0)
        assert (records.any_over(connection, NOW + DAY), records.remove_over(connection, NOW + DAY)) == (True, 1)

    assert found(database, ALICE) == alice


def test_records_are_counted_from_when_they_were_begun(database: Database, alice: Kept) -> None:
    with database.read() as connection:
        assert (records.made_since(connection, NOW - 1), records.made_since(connection, NOW)) == (1, 0)
