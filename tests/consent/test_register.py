"""Recording what people say, against a real control database."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from pellucid.audit.log import actions, details, entries
from pellucid.consent import register
from pellucid.consent.effect import Effect
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.replica import changes_since, current, narrowed_since, snapshot
from pellucid.consent.sets import read_set
from pellucid.engines.base import PermittedChange
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.records.tables import consent_records
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys

from .conftest import ADULT_YEAR, ALICE, BOB, CHILD_YEAR, CUSTOMER, DAY, NOW, PIA, add_subjects, make_policy

ADULTS = (("DE", ADULT_YEAR), ("DE", ADULT_YEAR))


def said(subject: int, verb: ConsentVerb, purpose: str | None = "range-planning", **more: object) -> ConsentRecord:
    fields = {"channel": "centre", "at": NOW} | more
    return ConsentRecord(CUSTOMER, subject, purpose, verb, **fields)  # type: ignore[arg-type]


def effect_of(database: Database, subject: int, purpose: str = "range-planning") -> Effect:
    with database.read() as connection:
        return read_set(connection, purpose, CUSTOMER).effect(subject)


@pytest.fixture
def adults(database: Database, policy: Policy) -> Database:
    add_subjects(database, *ADULTS)
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, 2, (), NOW)
    return database


def test_alice_gives_and_withdraws_and_bob_is_untouched(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    give = said(ALICE, ConsentVerb.GIVE, covers=Covers.HELD_DATA)
    with adults.write() as connection:
        register.record(connection, keys, policy, [give], PIA, NOW)
    assert effect_of(adults, ALICE) == Effect(plain=True)
    with adults.write() as connection:
        (receipt,) = register.record(connection, keys, policy, [said(ALICE, ConsentVerb.WITHDRAW)], PIA, NOW)
    assert effect_of(adults, ALICE) == Effect()
    assert effect_of(adults, BOB) == Effect()
    assert receipt.register_version == 3
    with adults.read() as connection:
        assert actions(connection) == ("consent.give", "consent.withdraw")
        assert current(connection)[0] == 3


def test_the_log_names_alice_by_a_pseudonym_only(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    with adults.write() as connection:
        (receipt,) = register.record(connection, keys, policy, [said(ALICE, ConsentVerb.REFUSE)], PIA, NOW)
    with adults.read() as connection:
        (entry,) = entries(connection)
    fields = entry.fields()
    assert fields["subject"] == receipt.pseudonym
    assert fields["purpose"] == "range-planning"
    assert fields["body"] == {
        "channel": "centre",
        "covers": "from_now",
        "explicit": False,
        "notice_version": "1",
        "register_version": 2,
        "said_at": NOW,
    }
    assert (receipt.log.leaf, receipt.log.leaf_hash) == (0, entry.leaf_hash.hex())
    assert "key-0" not in json.dumps(fields)


def test_a_batch_is_one_version_and_one_entry_a_record(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    batch = [said(ALICE, ConsentVerb.GIVE), said(BOB, ConsentVerb.GIVE), said(ALICE, ConsentVerb.WITHDRAW)]
    with adults.write() as connection:
        receipts = register.record(connection, keys, policy, batch, PIA, NOW)
    assert [receipt.register_version for receipt in receipts] == [2, 2, 2]
    assert [receipt.log.leaf for receipt in receipts] == [0, 1, 2]
    assert effect_of(adults, ALICE) == Effect()
    assert effect_of(adults, BOB) == Effect(not_before=NOW)


def test_one_bad_record_leaves_nothing_of_the_batch(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    batch = [said(ALICE, ConsentVerb.GIVE), said(7, ConsentVerb.GIVE)]
    with pytest.raises(NameUnknown, match="no subject '7'"), adults.write() as connection:
        register.record(connection, keys, policy, batch, PIA, NOW)
    with adults.read() as connection:
        assert connection.execute(select(consent_records)).all() == []
        assert current(connection)[0] == 1
        assert actions(connection) == ()


def test_an_empty_batch_is_refused(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    with pytest.raises(InputInvalid, match="nothing to record"), adults.write() as connection:
        register.record(connection, keys, policy, [], PIA, NOW)


def test_a_replica_gets_just_the_changes(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    with adults.read() as connection:
        version, _, sets = snapshot(connection)
    assert [(each.purpose, each.size) for each in sets] == [
        ("care", 2), ("delivery", 2), ("loyalty", 2), ("range-planning", 2)
    ]  # fmt: skip
    with adults.write() as connection:
        register.record(connection, keys, policy, [said(BOB, ConsentVerb.OBJECT, "loyalty")], PIA, NOW)
    with adults.read() as connection:
        latest, _, changes = changes_since(connection, version)
        assert latest == version + 1
        assert changes == [PermittedChange("loyalty", BOB, False, False, namespace=CUSTOMER)]
        assert narrowed_since(connection, "loyalty", version)
        assert not narrowed_since(connection, "range-planning", version)
        assert not narrowed_since(connection, "loyalty", latest)


def test_a_replica_of_a_version_that_never_was_loads_anew(adults: Database) -> None:
    with adults.read() as connection:
        assert changes_since(connection, 99)[2] is None
        assert changes_since(connection, -1)[2] is None
        assert changes_since(connection, 0)[2] is None  # the first import made whole sets
        assert changes_since(connection, 1)[2] == []


def test_a_yes_does_not_narrow(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    with adults.write() as connection:
        register.record(connection, keys, policy, [said(ALICE, ConsentVerb.GIVE)], PIA, NOW)
    with adults.read() as connection:
        assert not narrowed_since(connection, "range-planning", 1)


def test_a_consent_expires_by_time_alone(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    give = said(ALICE, ConsentVerb.GIVE, "care", covers=Covers.HELD_DATA, explicit=True)
    with adults.write() as connection:
        register.record(connection, keys, policy, [give], PIA, NOW)
    due = NOW + 365 * DAY
    with adults.read() as connection:
        assert current(connection) == (2, due)
    assert effect_of(adults, ALICE, "care") == Effect(plain=True, sensitive=True)
    with adults.write() as connection:
        assert register.advance(connection, policy, due - 1) == 2
        assert register.advance(connection, policy, due) == 3
    assert effect_of(adults, ALICE, "care") == Effect()
    with adults.read() as connection:
        assert current(connection) == (3, None)
        assert narrowed_since(connection, "care", 2)


def test_a_child_comes_of_age_by_time_alone(database: Database, policy: Policy) -> None:
    add_subjects(database, ("US", CHILD_YEAR))
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, 1, (), NOW)
    assert effect_of(database, 0, "care") == Effect()
    with database.read() as connection:
        _, due = current(connection)
    assert due is not None
    with database.write() as connection:
        register.advance(connection, policy, due)
    assert effect_of(database, 0, "care") == Effect(plain=True)
    assert effect_of(database, 0, "range-planning") == Effect()


def test_new_people_join_and_changed_facts_count(adults: Database, policy: Policy) -> None:
    add_subjects(adults, ("US", ADULT_YEAR), (None, ADULT_YEAR), first=2)
    with adults.write() as connection:
        assert register.subjects_added(connection, policy, CUSTOMER, 2, 2, (), NOW) == 2
    assert effect_of(adults, 2) == Effect(plain=True)
    assert effect_of(adults, 3) == Effect()
    with adults.write() as connection:
        connection.exec_driver_sql("UPDATE subjects SET jurisdiction = 'US' WHERE id = 3")
        assert register.subjects_added(connection, policy, CUSTOMER, 4, 0, [3], NOW) == 3
        assert register.subjects_added(connection, policy, CUSTOMER, 4, 0, [], NOW) == 3
    assert effect_of(adults, 3) == Effect(plain=True)


def test_a_restriction_closes_every_purpose_until_it_is_lifted(
    adults: Database, policy: Policy, keys: SubjectKeys
) -> None:
    with adults.write() as connection:
        register.record(connection, keys, policy, [said(ALICE, ConsentVerb.RESTRICT, None)], PIA, NOW)
    assert [effect_of(adults, ALICE, purpose) for purpose in policy.purposes] == [Effect()] * 4
    with adults.write() as connection:
        register.record(connection, keys, policy, [said(ALICE, ConsentVerb.LIFT, None, at=NOW + 1)], PIA, NOW + 1)
    assert effect_of(adults, ALICE, "delivery") == Effect(plain=True)


def test_activation_of_another_notice_closes_old_consents(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    with adults.write() as connection:
        register.record(connection, keys, policy, [said(ALICE, ConsentVerb.GIVE, covers=Covers.HELD_DATA)], PIA, NOW)
    renewed = replace(
        policy.purposes["range-planning"], notice=replace(policy.purposes["range-planning"].notice, version="2")
    )
    with adults.write() as connection:
        assert register.rebuild(connection, make_policy(renewed), NOW) == 3
    assert effect_of(adults, ALICE) == Effect()
    with adults.read() as connection:
        assert narrowed_since(connection, "range-planning", 2)
        assert narrowed_since(connection, "loyalty", 2)  # no longer declared
        assert ids.count(connection, CUSTOMER) == 2


def test_free_text_stands_in_the_erasable_half_of_the_log(adults: Database, policy: Policy, keys: SubjectKeys) -> None:
    text = {"channel": "anna called: she is ill", "method": "by phone", "screen": "x" * 65, "notice_version": "\u00e4"}
    for more in (
        text | {"language": "d e"},
        {"channel": "web/app:2+x", "method": "", "screen": "s-1", "language": "de"},
    ):
        with adults.write() as connection:
            register.record(connection, keys, policy, [said(ALICE, ConsentVerb.WITHDRAW, **more)], PIA, NOW)
    with adults.read() as connection:
        bodies = [json.loads(entry.body)["body"] for entry in entries(connection)]
        (private,) = [held.fields() for held in details(connection)]
    assert private == text | {"language": "d e"}
    words = {"channel", "method", "screen", "language", "notice_version"}
    assert [words & body.keys() for body in bodies] == [set(), words - {"method"}]
