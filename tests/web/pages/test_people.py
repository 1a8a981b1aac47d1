"""Acting for somebody: only by a delegation that holds, in a mode that every page shows, and recorded as by whom."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete, func, select, update

from pellucid.errors import NotPermitted
from pellucid.governance.delegations import Delegation
from pellucid.policy.model import Actor
from pellucid.records.tables import subjects
from pellucid.records.web_tables import delegations
from pellucid.rights.erase import begin, carry_on
from pellucid.subjects import ids
from pellucid.web import cookies
from tests.web.visitors import Browser, Grocer

PEOPLE, CHILD = "/privacy/people", "h0003"
BANNER = "You act for Household: h0003"
YEAR = 366 * 86_400_000_000


def appointed(grocer: Grocer, kind: str = "guardian", by: str = "h0001", until: int | None = None) -> Delegation:
    pia = grocer.workspace.actor("pia")
    return grocer.workspace.people.appoint(kind, ("", CHILD), ("", by), evidence="file 7", actor=pia, until=until)


def acting(grocer: Grocer, kind: str = "guardian") -> Browser:
    made, browser = appointed(grocer, kind), grocer.known()
    assert browser.submit(PEOPLE, f"{PEOPLE}/{made.id}/act").place == "/privacy?told=acting"
    return browser


def said(grocer: Grocer, household: str) -> list[tuple[str, str, str]]:
    kept = grocer.workspace.consent.history(household, actor=grocer.workspace.actor("pia"))
    return [(each.record.verb.value, each.record.by.value, each.record.proof) for each in kept]


def born(grocer: Grocer, year: int) -> None:
    """Let it be known when the child was born."""
    with grocer.workspace.room.database.write() as connection:
        connection.execute(update(subjects).where(subjects.c.natural_key == CHILD).values(birth_year=year))


def test_a_guardian_decides_for_a_child_and_every_record_says_so(grocer: Grocer) -> None:
    made, browser = appointed(grocer), grocer.known()
    browser.submit(PEOPLE, f"{PEOPLE}/{made.id}/act")
    browser.submit("/privacy/choices", "/privacy/choices/planning", choice="no")
    entry = grocer.entries()[-1]

    assert said(grocer, CHILD) == [("object", "guardian", f"delegation {made.id}")]
    assert said(grocer, "h0001") == []
    assert (entry["actor"]["name"], entry["action"]) == ("guardian", "consent.object")
    assert browser.get("/privacy/history").words.count("said by a guardian") == 1


def test_every_page_says_for_whom_one_acts_and_shows_nothing_of_ones_own(grocer: Grocer) -> None:
    browser = acting(grocer)
    pages = ["", "/choices", "/history", "/requests", "/pause", "/erase", "/people"]
    texts = [browser.get(f"/privacy{each}").text for each in pages]

    assert [text.count(BANNER) for text in texts] == [1] * len(pages)
    assert [text.count("h0001") for text in texts] == [0] * len(pages)


def test_stopping_is_one_press_and_ends_the_mode(grocer: Grocer) -> None:
    browser = acting(grocer)
    browser.submit(PEOPLE, f"{PEOPLE}/self")
    text = browser.get("/privacy").text

    assert (text.count(BANNER), text.count("Household: h0001")) == (0, 1)


def test_a_page_from_before_changes_nobodys_data(grocer: Grocer) -> None:
    made, browser = appointed(grocer), grocer.known()
    old = browser.get("/privacy/choices").token
    browser.submit(PEOPLE, f"{PEOPLE}/{made.id}/act")
    page = browser.post(
        "/privacy/choices/planning",
        {"_token": old, "choice": "no"},
        {"Origin": grocer.address, "Sec-Fetch-Site": "same-origin"},
    )

    assert (page.status, said(grocer, "h0001"), said(grocer, CHILD)) == (403, [], [])


@pytest.mark.parametrize("ended", ["by the staff", "by its day", "by age"])
def test_once_it_is_over_the_session_is_over_and_nothing_is_done_to_either(grocer: Grocer, ended: str) -> None:
    made = appointed(grocer, until=grocer.now() + YEAR)
    browser = grocer.known()
    browser.submit(PEOPLE, f"{PEOPLE}/{made.id}/act")
    token = browser.get("/privacy/choices").token
    if ended == "by the staff":
        grocer.workspace.people.end(made.id, actor=grocer.workspace.actor("pia"))
    elif ended == "by its day":
        with grocer.workspace.room.database.write() as connection:
            connection.execute(update(delegations).values(until=made.made_at + 1))
    else:
        born(grocer, 1990)
    own = {"Origin": grocer.address, "Sec-Fetch-Site": "same-origin"}
    page = browser.post("/privacy/choices/planning", {"_token": token, "choice": "no"}, own)

    assert (page.status, page.place) == (303, "/privacy/sign-in")
    assert (said(grocer, "h0001"), said(grocer, CHILD)) == ([], [])


def test_who_looked_after_somebody_of_age_now_is_not_led_into_a_session_that_is_over(grocer: Grocer) -> None:
    made, browser, child = appointed(grocer), grocer.known(), grocer.known(CHILD)
    token = browser.get(PEOPLE).token
    born(grocer, 1990)
    own = {"Origin": grocer.address, "Sec-Fetch-Site": "same-origin"}
    page = browser.post(f"{PEOPLE}/{made.id}/act", {"_token": token}, own)

    assert (page.status, browser.get("/privacy").status) == (404, 200)
    assert "delegation.acting" not in grocer.actions()
    assert [one.get(PEOPLE).text.count("You are a guardian") for one in (browser, child)] == [0, 0]
    assert child.get(PEOPLE).words.count("Who may act for you Nobody.") == 1


def test_who_signed_out_is_not_brought_back_by_what_was_under_way(grocer: Grocer) -> None:
    made, browser = appointed(grocer), grocer.known()
    visitor = grocer.workspace.doors.visitor(browser.cookies[cookies.CENTRE])
    assert visitor is not None
    grocer.workspace.doors.leave(visitor)

    for delegation in (made.id, None):
        with pytest.raises(NotPermitted, match="You were signed out meanwhile"):
            grocer.workspace.people.act(visitor, delegation)
    assert browser.get("/privacy").status == 303


@pytest.mark.parametrize("who", ["h0002", CHILD])
def test_nobody_else_acts_by_a_delegation(grocer: Grocer, who: str) -> None:
    made, browser = appointed(grocer), grocer.known(who)

    assert browser.submit(PEOPLE, f"{PEOPLE}/{made.id}/act").status == 404


def test_a_child_is_told_that_there_is_a_guardian_and_not_who(grocer: Grocer) -> None:
    made = appointed(grocer)
    born(grocer, 2020)
    child = grocer.known(CHILD)
    page = child.get(PEOPLE)
    refused = child.submit(PEOPLE, f"{PEOPLE}/{made.id}/end")

    assert page.words.count("For you, in plain words We know some things about you.") == 1
    assert page.words.count("Who may act for you A guardian since") == 1
    assert (page.text.count("h0001"), page.text.count("file 7")) == (0, 0)
    assert (refused.status, refused.words.count("delegation-guardian")) == (422, 1)


def test_an_agent_is_shown_and_revoked_by_whom_it_acts_for(grocer: Grocer) -> None:
    made = appointed(grocer, "agent")
    agent, person = grocer.known("h0001"), grocer.known(CHILD)
    agent.submit(PEOPLE, f"{PEOPLE}/{made.id}/act")
    person.submit(PEOPLE, f"{PEOPLE}/{made.id}/end")

    assert agent.get("/privacy").place == "/privacy/sign-in"
    assert person.get(PEOPLE).words.count("Who may act for you Nobody.") == 1
    assert grocer.actions()[-1] == "delegation.ended"


def test_a_guardian_may_resign(grocer: Grocer) -> None:
    made, browser = appointed(grocer), grocer.known()
    browser.submit(PEOPLE, f"{PEOPLE}/{made.id}/end")

    assert re.search("For whom you may act Nobody", browser.get(PEOPLE).words)


def test_a_request_for_a_child_is_filed_as_a_guardians_and_sends_the_child_no_code(grocer: Grocer) -> None:
    browser = acting(grocer)
    path = browser.submit("/privacy/requests", "/privacy/requests", right="access").place.partition("?")[0]
    found = grocer.workspace.requests.show(path.rpartition("/")[2], actor=grocer.workspace.actor("pia")).request
    page = browser.submit(path, f"{path}/code")

    assert (found.by_whom, found.verified_strength) == ("guardian", 1)
    assert (page.status, page.words.count("acting-proof")) == (403, 1)


def test_a_code_given_while_acting_leaves_the_mode_as_it_is(grocer: Grocer) -> None:
    browser = acting(grocer)
    browser.submit("/privacy/erase", "/privacy/proof/code", back="erase")
    grocer.work()
    browser.submit("/privacy/erase", "/privacy/proof/answer", back="erase", code=grocer.code_for("h0001"))
    page = browser.submit("/privacy/erase", "/privacy/erase", understood="yes")
    request = page.place.partition("?")[0].rpartition("/")[2]
    found = grocer.workspace.requests.show(request, actor=grocer.workspace.actor("pia"))

    assert (found.key, found.request.by_whom) == (CHILD, "guardian")


@pytest.mark.parametrize("who", [CHILD, "h0001"])
def test_who_is_erased_leaves_no_delegation(grocer: Grocer, who: str) -> None:
    appointed(grocer)
    pia, means = grocer.workspace.actor("pia"), grocer.workspace.erasures.means(grocer.workspace.room.policy())
    with grocer.workspace.room.database.read() as connection:
        subject = ids.find(connection, "household", who)
    assert subject is not None
    carry_on(means, begin(means, [(("household", subject), None)], pia), pia)
    with grocer.workspace.room.database.read() as connection:
        left = connection.scalar(select(func.count()).select_from(delegations))

    assert left == 0


def program_of_pia(grocer: Grocer) -> Actor:
    made = grocer.workspace.tokens.create("till", ["delegation:manage"], actor=grocer.workspace.actor("pia"))
    return made.token.actor


@pytest.mark.parametrize("noted", ["by herself", "by a program of hers"])
@pytest.mark.parametrize("kind", ["guardian", "agent"])
def test_whoever_noted_a_delegation_does_not_approve_the_erasure_that_it_files(
    grocer: Grocer, noted: str, kind: str
) -> None:
    pia = grocer.workspace.actor("pia")
    who = pia if noted == "by herself" else program_of_pia(grocer)
    made = grocer.workspace.people.appoint(kind, ("", CHILD), ("", "h0001"), evidence="file 7", actor=who)
    browser, requests = grocer.known(), grocer.workspace.requests
    browser.submit(PEOPLE, f"{PEOPLE}/{made.id}/act")
    visitor = grocer.workspace.doors.visitor(browser.cookies[cookies.CENTRE])
    assert visitor is not None
    filed = grocer.workspace.own_requests.file(visitor, "erasure").status.request
    requests.verify(filed, evidence="file 8", actor=pia)

    one = f"{kind!r} filed the request {filed}, and one person stands behind {kind!r} and 'pia'"
    with pytest.raises(NotPermitted, match=one):
        requests.approve(filed, actor=pia)
    assert grocer.entries()[-1]["body"] == {
        "action": "request-approve",
        "reasons": ["request-own"],
        "outcome": "refused",
    }
    noted_by(grocer, made.id, "omar")
    assert requests.approve(filed, actor=pia).missing == ()


def test_once_nobody_can_tell_who_noted_a_delegation_what_it_filed_is_filed_anew(grocer: Grocer) -> None:
    browser, pia = acting(grocer), grocer.workspace.actor("pia")
    visitor = grocer.workspace.doors.visitor(browser.cookies[cookies.CENTRE])
    assert visitor is not None
    filed = grocer.workspace.own_requests.file(visitor, "erasure").status.request
    grocer.workspace.requests.verify(filed, evidence="file 8", actor=pia)
    with grocer.workspace.room.database.write() as connection:
        connection.execute(delete(delegations))

    with pytest.raises(NotPermitted, match="nobody can tell any more who stands behind 'guardian'"):
        grocer.workspace.requests.approve(filed, actor=pia)


def noted_by(grocer: Grocer, delegation: str, name: str) -> None:
    """Let somebody else have noted a delegation."""
    with grocer.workspace.room.database.write() as connection:
        connection.execute(update(delegations).where(delegations.c.id == delegation).values(made_by=name))
