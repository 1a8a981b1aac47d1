"""A mail about a request that cannot be delivered: what it said is the staff's to tell, and listed for them."""

from __future__ import annotations

import pytest

from pellucid.delivery import outbox
from tests.web.pages.test_acts import path_of
from tests.web.visitors import Grocer

SAYS = "that the objection is upheld"


@pytest.fixture
def request_id(grocer: Grocer) -> str:
    """An objection whose outcome is on its way to a mailbox that is there no more."""
    request, now = grocer.filed("objection", "h0001"), grocer.now()
    grocer.office.replies["RCPT"] = "550 no such mailbox"
    with grocer.workspace.room.database.write() as connection:
        outbox.put_mail(connection, f"{request}:objection-upheld", "gone@home.example", "Decided", "Hello.", now)
    return request


def test_it_is_listed_for_the_officer_until_they_note_that_they_told_it(grocer: Grocer, request_id: str) -> None:
    pia, place = grocer.known_staff("pia"), f"/staff/requests/{request_id}"
    before = pia.get(place).words.count(SAYS)
    grocer.work()
    given_up = pia.get(place).words.count(SAYS)
    done = pia.submit(place, f"{place}/acts/told", message="objection-upheld", how="letter")

    assert (before, given_up) == (0, 1)
    assert path_of(done) == place
    assert pia.get(place).words.count(SAYS) == 0


def test_what_was_told_otherwise_or_is_of_no_request_is_not_listed(grocer: Grocer, request_id: str) -> None:
    with grocer.workspace.room.database.write() as connection:
        for about in ("message:1", f"{request_id}:no-such-message", "r00000000000f:objection-upheld"):
            outbox.put_mail(connection, about, "gone@home.example", "Hello", "Hello.", grocer.now())
    grocer.work()
    told = grocer.workspace.requests.show(request_id, actor=grocer.workspace.actor("pia")).events

    assert [each.told["by"] for each in told if each.kind == "telling"] == ["staff"]
