"""What is told of the register, to whom; and what a customer is given for a choice."""

from __future__ import annotations

import pytest

from pellucid.consent import register
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.show import history, state, why
from pellucid.errors import NameUnknown
from pellucid.policy.model import Policy
from pellucid.policy.reasons import NEUTRAL, customer_sentence
from pellucid.records.database import Database
from pellucid.subjects.keys import SubjectKeys

from .conftest import ADULT_YEAR, ALICE, BOB, CHILD_YEAR, CUSTOMER, DAY, NOW, PIA, add_subjects


def say(verb: ConsentVerb, purpose: str | None, subject: int = ALICE, days_ago: int = 0) -> ConsentRecord:
    return ConsentRecord(CUSTOMER, subject, purpose, verb, channel="centre", at=NOW - days_ago * DAY)


@pytest.fixture
def told(database: Database, policy: Policy, keys: SubjectKeys) -> Database:
    add_subjects(database, ("DE", ADULT_YEAR), ("DE", CHILD_YEAR))
    records = [
        say(ConsentVerb.WITHDRAW, "range-planning"),
        say(ConsentVerb.GIVE, "range-planning", days_ago=9),
        say(ConsentVerb.REFUSE, "range-planning", BOB),
        say(ConsentVerb.LIMIT, None),
    ]
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, 2, (), NOW)
        register.record(connection, keys, policy, records, PIA, NOW)
    return database


def test_an_officer_hears_every_reason(told: Database, policy: Policy) -> None:
    with told.read() as connection:
        explained = why(connection, policy, CUSTOMER, BOB, "range-planning", NOW)
    assert [each.code for each in explained.reasons] == ["minor", "refused"]
    assert explained.sentences[0] == str(explained.reasons[0])
    assert not explained.permitted


def test_other_staff_hear_yes_or_no(told: Database, policy: Policy) -> None:
    with told.read() as connection:
        minor = why(connection, policy, CUSTOMER, BOB, "delivery", NOW, "staff")
        refused = why(connection, policy, CUSTOMER, BOB, "range-planning", NOW, "staff")
        withdrawn = why(connection, policy, CUSTOMER, ALICE, "range-planning", NOW, "staff")
        permitted = why(connection, policy, CUSTOMER, ALICE, "loyalty", NOW, "staff")
    assert minor.sentences == ("Permitted.",)  # delivery sets no age
    assert refused == withdrawn
    assert (refused.sentences, refused.reasons) == (("Not permitted.",), ())
    assert (permitted.sentences, permitted.reasons) == (("Permitted.",), ())


def test_a_customer_hears_their_own_choice_but_only_neutrally_what_others_decided(
    told: Database, policy: Policy
) -> None:
    with told.read() as connection:
        alice = why(connection, policy, CUSTOMER, ALICE, "range-planning", NOW, "customer")
        bob = why(connection, policy, CUSTOMER, BOB, "range-planning", NOW, "customer")
    assert alice.sentences == (customer_sentence("withdrawn"),)
    assert bob.sentences == (NEUTRAL, customer_sentence("refused"))
    assert (alice.reasons, bob.reasons) == ((), ())


def test_the_history_is_in_the_order_it_was_said(told: Database) -> None:
    with told.read() as connection:
        kept = history(connection, CUSTOMER, ALICE)
        loyalty = history(connection, CUSTOMER, ALICE, "loyalty")
    assert [(each.record.verb.value, each.version) for each in kept] == [("give", 2), ("withdraw", 2), ("limit", 2)]
    assert [each.record.verb.value for each in loyalty] == ["limit"]


def test_an_unknown_name_is_said_so(told: Database, policy: Policy) -> None:
    with told.read() as connection:
        with pytest.raises(NameUnknown, match="no purpose 'x'"):
            state(connection, policy, CUSTOMER, ALICE, "x", NOW)
        with pytest.raises(NameUnknown, match="no subject '9'"):
            state(connection, policy, CUSTOMER, 9, "loyalty", NOW)


def test_a_receipt_says_what_when_and_where_it_is_logged(told: Database, policy: Policy, keys: SubjectKeys) -> None:
    with told.write() as connection:
        (receipt,) = register.record(connection, keys, policy, [say(ConsentVerb.OBJECT, "loyalty")], PIA, NOW)
    assert receipt.text("Loyalty programme").splitlines() == [
        "You objected: Loyalty programme.",
        "Recorded 2026-06-01 12:00:00 UTC as change 3.",
        f"Entry 4 of the log ({receipt.log.leaf_hash}).",
    ]
    assert receipt.as_json() == {
        "verb": "object",
        "purpose": "loyalty",
        "explicit": False,
        "covers": "from_now",
        "notice_version": "1",
        "channel": "centre",
        "said_at": NOW,
        "recorded_at": NOW,
        "acknowledged_at": None,
        "register_version": 3,
        "subject": receipt.pseudonym,
        "leaf": 4,
        "leaf_hash": receipt.log.leaf_hash,
    }
