"""Erasures that people asked for: from the request to the receipt, and when somebody dies in between."""

from __future__ import annotations

import pytest

from pellucid.errors import InputInvalid, NotPermitted
from pellucid.rights import stored
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, rows_of


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
