"""Erasures that people asked for: from the request to the receipt, and when somebody dies in between."""

from __future__ import annotations

import pytest

from pellucid.errors import InputInvalid, NotPermitted
from pellucid.rights import stored
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, BOB, rows_of


def approved(shop: Workspace) -> str:
    pia, omar = shop.actor("pia"), shop.actor("omar")
    request = shop.requests.file("erasure", ALICE, actor=omar).request.id
    with pytest.raises(InputInvalid, match=r"may not be carried out|not known well enough"):
        shop.requests.carry_out(request, actor=pia)
    shop.requests.verify(request, evidence="file 7", actor=pia)
    with pytest.raises(NotPermitted, match="filed the request"):
        shop.requests.approve(request, actor=omar)
    shop.requests.approve(request, actor=pia)
    return request


@pytest.mark.promise("erased", "an erasure without proof of who asks, or approved by who filed it")
def test_a_request_ends_with_nobody_knowing_the_person_and_a_receipt(shop: Workspace) -> None:
    pia = shop.actor("pia")
    done = shop.requests.carry_out(approved(shop), actor=pia)
    assert (done.request.state.value, rows_of(shop, ALICE)) == ("fulfilled", 0)
    (erasure,) = shop.erasures.list(actor=pia)
    assert shop.erasures.receipt(erasure.id, actor=pia) != b""


def test_who_died_before_the_request_was_closed_closes_it_and_erases_once(shop: Workspace) -> None:
    pia, request = shop.actor("pia"), approved(shop)
    with shop.room.database.read() as connection:
        found = stored.load(connection, request)
    shop.erasures.fulfil(found, pia, shop.room.clock())
    done = shop.requests.carry_out(request, actor=pia)
    assert (done.request.state.value, len(shop.erasures.list(actor=pia))) == ("fulfilled", 1)


def test_a_request_of_another_identity_of_who_was_erased_ends_with_that_erasure(shop: Workspace) -> None:
    pia, omar = shop.actor("pia"), shop.actor("omar")
    shop.identities.link(("", ALICE), ("", BOB), evidence="signed in", actor=pia)
    requests = [shop.requests.file("erasure", each, actor=omar).request.id for each in (ALICE, BOB)]
    for each in requests:
        shop.requests.verify(each, evidence="file 7", actor=pia)
        shop.requests.approve(each, actor=pia)
    done = [shop.requests.carry_out(each, actor=pia) for each in requests]
    (erasure,) = shop.erasures.list(actor=pia)
    told = [each.told["erasure"] for view in done for each in view.events if each.kind == "fulfilled"]
    assert ([each.request.state.value for each in done], told) == (["fulfilled"] * 2, [erasure.id] * 2)
    assert erasure.people == 2


def test_a_request_of_who_was_erased_without_one_ends_with_that_erasure(shop: Workspace) -> None:
    pia, request = shop.actor("pia"), approved(shop)
    shop.erasures.run([("", ALICE)], actor=pia)
    assert shop.requests.carry_out(request, actor=pia).request.state.value == "fulfilled"
    assert len(shop.erasures.list(actor=pia)) == 1
