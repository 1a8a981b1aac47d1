"""Who receives something of a person's data: what went out about them alone, and who may be given answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pellucid.delivery.recipients import Notice, tell
from pellucid.policy.model import Recipient
from pellucid.records.database import Database
from pellucid.transparency.full import is_abroad
from pellucid.transparency.receivers import Receivers, receivers
from pellucid.transparency.use_index import UseIndex
from pellucid.transparency.uses import Uses
from tests.consent.conftest import CUSTOMER
from tests.rights.requests import put_request
from tests.transparency.made_log import FEED_READER, MadeLog

ALICE, BOB = range(2)


@pytest.fixture
def made(control: Database) -> MadeLog:
    """Alice has baskets; Bob has none."""
    found = MadeLog(control)
    found.publish("baskets", {ALICE})
    return found


def of(made: MadeLog, subject: int) -> Receivers:
    pseudonyms = made.pseudonyms(subject)
    with made.database.read() as connection:
        uses = Uses(UseIndex.at(connection), made.policy, pseudonyms)
        return receivers(uses, {"loyalty": True})


def test_whoever_could_have_been_counted_is_told_for_which_recipients(made: MadeLog) -> None:
    made.use("query.released", "loyalty", "baskets")
    (mine,), (others,) = (of(made, each).declared for each in (ALICE, BOB))

    assert mine.to_json() == {
        "recipient": "partner",
        "title": "A partner",
        "kind": "third_party",
        "country": "FR",
        "abroad": False,
        "safeguard": "",
        "purposes": [{"purpose": "loyalty", "title": "Loyalty", "used_now": True, "could_have_been_counted": True}],
    }
    assert others.purposes[0].could_have_been_counted is False


def test_nothing_in_person_is_told_as_such(made: MadeLog) -> None:
    made.use("query.released", "loyalty", "baskets")

    assert (of(made, ALICE).in_person, of(made, ALICE).handed_on, of(made, ALICE).told) == (False, (), ())


def test_what_they_said_that_a_program_was_handed_is_told_to_them_alone(made: MadeLog) -> None:
    made.say(ALICE, "object", "loyalty")
    made.log("consent.changes-shown", FEED_READER, after=0, until=10)
    mine, others = of(made, ALICE), of(made, BOB)

    assert ([(each.alike.known, each.times) for each in mine.handed_on], mine.in_person) == (
        [("What you said was in it.", 1)],
        True,
    )
    assert others.in_person is False


def test_every_part_of_a_correction_that_a_recipient_was_told_is_told(made: MadeLog) -> None:
    put_request(made.database, "r0123456789ab", subject=ALICE, namespace=CUSTOMER)
    partner = made.policy.recipients["partner"]
    with made.database.write() as connection:
        for part in ("1", "2"):
            notice = Notice("rectification", f"r0123456789ab-{part}", CUSTOMER, ("key-0",))
            tell(connection, made.policy.controller, [partner], notice, made.now)

    assert [(each["recipient"], each["of"]) for each in of(made, ALICE).told] == [("A partner", "rectification")] * 2
    assert of(made, BOB).told == ()


@pytest.mark.parametrize(
    ("controller", "recipient", "abroad"), [("DE", "US", True), ("DE", "NO", False), ("US", "IN", False)]
)
def test_abroad_is_outside_the_economic_area_of_a_controller_within(
    made: MadeLog, controller: str, recipient: str, abroad: bool
) -> None:
    policy = replace(made.policy, controller=replace(made.policy.controller, country=controller))

    assert is_abroad(policy, Recipient("x", "X", recipient, "processor")) is abroad
