"""Erasures of people with several identifiers: what is certainly theirs goes together, whatever else is only likely."""

from __future__ import annotations

import pytest

from pellucid.policy.model import Actor
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, BOB, DAY, rows_of
from tests.rights.erasure.test_retention import activate, total

CLEO = "c002"


@pytest.fixture
def pia(shop: Workspace) -> Actor:
    return shop.actor("pia")


def link(shop: Workspace, one: str, other: str, pia: Actor, confidence: str = "certain") -> None:
    shop.identities.link(("", one), ("", other), evidence="signed in", actor=pia, confidence=confidence)


def test_a_likely_link_keeps_no_certain_identity_out_of_an_erasure(shop: Workspace, pia: Actor) -> None:
    link(shop, ALICE, BOB, pia)
    link(shop, BOB, CLEO, pia, "likely")
    cleo = rows_of(shop, CLEO)
    planned = {each.target: each.told.get("people") for each in shop.erasures.plan([("", ALICE)], actor=pia)}
    done = shop.erasures.run([("", ALICE)], actor=pia)
    assert (planned["purchases"], done.people) == (2, 2)
    assert (rows_of(shop, ALICE), rows_of(shop, BOB), rows_of(shop, CLEO)) == (0, 0, cleo)
    assert cleo > 0


def test_somebody_linked_to_an_identity_that_was_erased_before_is_erased_too(shop: Workspace, pia: Actor) -> None:
    link(shop, ALICE, BOB, pia, "likely")
    shop.erasures.run([("", ALICE)], actor=pia)
    with shop.room.database.write() as connection:  # as an earlier version, or another's certainty, may have left it
        connection.exec_driver_sql("UPDATE subject_links SET confidence = 'certain'")
    done = shop.erasures.run([("", BOB)], actor=pia)
    assert (done.people, rows_of(shop, BOB)) == (1, 0)


def test_a_hold_keeps_the_rows_of_every_identity_of_the_person(shop: Workspace, pia: Actor) -> None:
    link(shop, ALICE, BOB, pia)
    before = rows_of(shop, ALICE), rows_of(shop, BOB)
    hold = shop.erasures.hold(person=("", ALICE), dataset=None, reason="Claim 3", actor=pia)
    done = shop.erasures.run([("", BOB)], actor=pia)
    held = [each.part.told for each in shop.erasures.show(done.id, actor=pia)[1] if each.part.kind == "held"]
    assert ((rows_of(shop, ALICE), rows_of(shop, BOB)), len(held)) == (before, 1)
    shop.erasures.release(hold.id, actor=pia)
    shop.erasures.carry_on(actor=pia)
    assert (rows_of(shop, ALICE), rows_of(shop, BOB)) == (0, 0)


@pytest.mark.parametrize("confidence", ["certain", "likely"])
def test_retention_spares_every_identity_of_who_is_restricted(confidence: str, shop: Workspace, pia: Actor) -> None:
    link(shop, ALICE, BOB, pia, confidence)
    shop.consent.record("restrict", ALICE, purpose=None, actor=pia)
    alice, bob, later = rows_of(shop, ALICE), rows_of(shop, BOB), shop.room.clock() + 60 * DAY
    activate(shop, rows=60)
    with Workspace(shop.folder, clock=lambda: later) as then:
        then.retention.run(actor=pia)
        assert (rows_of(then, ALICE), rows_of(then, BOB), total(then)[0]) == (alice, bob, alice + bob)


def test_retention_spares_a_household_while_one_of_it_is_restricted(shop: Workspace, pia: Actor) -> None:
    shop.consent.record("restrict", ALICE, purpose=None, actor=pia, member="Ann")
    shop.consent.record("lift", ALICE, purpose=None, actor=pia, member="Ben")
    alice, later = rows_of(shop, ALICE), shop.room.clock() + 60 * DAY
    activate(shop, rows=60)
    with Workspace(shop.folder, clock=lambda: later) as then:
        then.retention.run(actor=pia)
        assert (rows_of(then, ALICE), total(then)[0]) == (alice, alice)
        then.consent.record("lift", ALICE, purpose=None, actor=pia, member="Ann")
        then.retention.run(actor=pia)
        assert total(then)[0] == 0
