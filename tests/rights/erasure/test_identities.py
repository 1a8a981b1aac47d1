"""Erasures of people with several identifiers: what is certainly theirs goes together, whatever else is only likely."""

from __future__ import annotations

import pytest

from pellucid.policy.model import Actor
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, BOB, rows_of

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
