"""Whoever asks for the same again is led to the open request; nobody files without end, and nobody locks others out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import update

from pellucid.records.rights_tables import rights_requests
from pellucid.rights import stored
from pellucid.settings import Settings
from pellucid.web import cookies
from tests.web.visitors import Browser, Grocer

REQUESTS = "/privacy/requests"
MOST = 2


@pytest.fixture
def settings() -> Settings:
    return Settings(requests_per_person=MOST)


def ask(browser: Browser, **fields: str) -> tuple[str, str]:
    """Ask for a copy; returns which request it led to, and what it told."""
    path, _, told = browser.submit(REQUESTS, REQUESTS, right="access", **fields).place.partition("?told=")
    return path.rpartition("/")[2], told


def review(browser: Browser, decision: str) -> int:
    return browser.submit(REQUESTS, f"{REQUESTS}/review", decision=decision, statement="why?").status


def filed(grocer: Grocer, right: str) -> list[str]:
    with grocer.workspace.room.database.read() as connection:
        return [each.id for each in stored.all_requests(connection, closed=True) if each.right.value == right]


def test_the_same_again_leads_to_the_open_request_until_that_is_closed(grocer: Grocer) -> None:
    browser = grocer.known()
    first, again, other = ask(browser, plain="yes"), ask(browser, plain="yes"), ask(browser)
    page = browser.get(f"{REQUESTS}/{first[0]}?told=asked-already")

    assert [told for _, told in (first, again, other)] == ["filed", "asked-already", "filed"]
    assert (again[0] == first[0], other[0] == first[0], len(filed(grocer, "access"))) == (True, False, 2)
    assert page.words.count("You asked for this already: this is that request, and we work on it.") == 1


def test_more_than_can_be_open_is_refused_and_names_the_open_one_and_its_day(grocer: Grocer) -> None:
    browser = grocer.known()
    assert [review(browser, each) for each in ("no offers", "no credit")] == [303] * MOST
    page = browser.submit(REQUESTS, f"{REQUESTS}/review", decision="no card", statement="why?")
    first = filed(grocer, "human-review")[0]
    told = browser.get(f"{REQUESTS}/{first}").words
    day = re.search(r"Answered by, at the latest (\d+ \w+ \d{4})", told)
    assert day is not None

    assert (page.status, page.words.count("Code: requests-many")) == (409, 1)
    assert page.words.count(f"The first open one, {first}, is answered by {day.group(1)}.") == 1
    assert len(filed(grocer, "human-review")) == MOST
    browser.get(f"{REQUESTS}?language=de")
    german = browser.submit(REQUESTS, f"{REQUESTS}/review", decision="no card", statement="why?").words
    assert (
        len(re.findall(rf"Die erste offene, {first}, wird spätestens am \d+\. \w+ \d{{4}} beantwortet\.", german)) == 1
    )
    assert (review(browser, "no credit"), ask(browser)[1]) == (303, "filed")  # the same again, and another kind


def test_filing_and_taking_back_has_an_end_for_a_day(grocer: Grocer) -> None:
    browser = grocer.known()
    for _ in range(MOST):
        browser.submit(REQUESTS, f"{REQUESTS}/{ask(browser)[0]}/revoke")
    refused = browser.submit(REQUESTS, REQUESTS, right="access")
    with grocer.workspace.room.database.write() as connection:
        connection.execute(update(rights_requests).values(received_at=rights_requests.c.received_at - 86_400_000_000))

    assert (refused.status, refused.words.count("None is open.")) == (409, 1)
    assert ask(browser)[1] == "filed"


def test_what_others_file_in_somebodys_name_takes_nothing_of_theirs(grocer: Grocer) -> None:
    pia = grocer.workspace.actor("pia")
    theirs = [grocer.workspace.requests.file("access", "h0001", channel="web", actor=pia) for _ in range(MOST + 1)]
    mine, told = ask(grocer.known())
    with grocer.workspace.room.database.read() as connection:
        own = stored.load(connection, mine)

    assert (told, mine in {each.request.id for each in theirs}) == ("filed", False)
    assert own.verified_strength == 1


def test_who_shows_more_and_asks_again_has_shown_it_for_the_open_request(grocer: Grocer) -> None:
    secret = grocer.known().cookies[cookies.CENTRE]
    visitor = grocer.workspace.doors.visitor(secret)
    assert visitor is not None
    first = grocer.workspace.own_requests.file(visitor, "access")
    stronger = replace(visitor, session=replace(visitor.session, strength=2))
    again = grocer.workspace.own_requests.file(stronger, "access")

    assert (again.status.request, again.again, first.shown, again.shown) == (first.status.request, True, 1, 2)
