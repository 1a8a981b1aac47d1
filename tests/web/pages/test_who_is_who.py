"""Who somebody is changes while they are there: nothing that was had as one person holds as another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import insert

from pellucid.delivery import outbox
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.records.transparency_tables import messages_sent
from pellucid.rights import stored
from pellucid.rights.erase import begin, carry_on
from pellucid.subjects import ids
from pellucid.transparency import message_links as links
from pellucid.web import cookies
from pellucid.workspace.doors import Visitor
from tests.web.pages.test_acts import path_of
from tests.web.visitors import Browser, Grocer

ALICE, BOB, CHILD = "h0001", "h0002", "h0003"
SIGN_IN = "/privacy/sign-in"
OWN = {"Sec-Fetch-Site": "same-origin"}


def link(grocer: Grocer, confidence: str = "certain", one: str = ALICE, other: str = BOB) -> None:
    pia = grocer.workspace.actor("pia")
    grocer.workspace.identities.link(("", one), ("", other), evidence="file 7", confidence=confidence, actor=pia)


def split(grocer: Grocer, one: str = ALICE, other: str = BOB) -> None:
    pia = grocer.workspace.actor("pia")
    grocer.workspace.identities.split(("", one), ("", other), evidence="two people", actor=pia)


def is_in(browser: Browser) -> bool:
    return browser.get("/privacy").status == 200


def visitor(grocer: Grocer, browser: Browser) -> Visitor:
    found = grocer.workspace.doors.visitor(browser.cookies[cookies.CENTRE])
    assert found is not None
    return found


@pytest.mark.parametrize(("change", "why"), [(link, "identities-linked"), (split, "identities-split")])
def test_whose_identities_change_for_certain_is_signed_out_wherever_they_are(
    grocer: Grocer, change: Callable[[Grocer], None], why: str
) -> None:
    if change is split:
        link(grocer)
    two, other, third = [grocer.known(ALICE) for _ in range(2)], grocer.known(BOB), grocer.known(CHILD)
    change(grocer)
    ended = [each for each in grocer.entries() if each["action"] == "sign-in.ended"]

    assert [is_in(each) for each in (*two, other, third)] == [False, False, False, True]
    assert [each["body"] for each in ended] == [
        {"sessions": 2, "because": why},
        {"sessions": 1, "because": why},
    ]


def test_a_likely_link_and_its_end_sign_nobody_out(grocer: Grocer) -> None:
    browser = grocer.known(ALICE)
    link(grocer, "likely")
    split(grocer)

    assert is_in(browser)


def test_who_acts_for_somebody_is_signed_out_as_they_are(grocer: Grocer) -> None:
    pia = grocer.workspace.actor("pia")
    made = grocer.workspace.people.appoint("guardian", ("", CHILD), ("", ALICE), evidence="file 7", actor=pia)
    acting, own = grocer.known(ALICE), grocer.known(ALICE)
    acting.submit("/privacy/people", f"/privacy/people/{made.id}/act")
    link(grocer, one=CHILD, other=BOB)

    assert [is_in(acting), is_in(own)] == [False, True]


def test_a_page_from_before_a_link_erases_nobody_after_it(grocer: Grocer) -> None:
    browser = grocer.known(ALICE)
    token = browser.get("/privacy/erase").token
    link(grocer)
    page = browser.post("/privacy/erase", {"_token": token, "understood": "yes"}, {"Origin": grocer.address, **OWN})

    assert (page.status, page.place) == (303, SIGN_IN)
    assert "request.filed" not in grocer.actions()


def test_a_code_that_went_to_a_contact_of_the_other_lets_nobody_in_after_a_split(grocer: Grocer) -> None:
    link(grocer)
    browser = grocer.browser()
    browser.submit(SIGN_IN, SIGN_IN, key=ALICE)
    grocer.work()
    code = grocer.code_for(BOB) if "bob" in str(grocer.office.taken[-1]["To"]) else grocer.code_for(ALICE)
    token = browser.get(f"{SIGN_IN}/code").token
    split(grocer)
    page = browser.post(f"{SIGN_IN}/code", {"_token": token, "code": code}, {"Origin": grocer.address, **OWN})

    assert (page.place, "sign-in.done" in grocer.actions(), is_in(browser)) == ("", False, False)


def test_a_code_that_is_on_its_way_at_a_split_is_not_sent(grocer: Grocer) -> None:
    link(grocer)
    browser = grocer.browser()
    browser.submit(SIGN_IN, SIGN_IN, key=ALICE)
    split(grocer)
    grocer.work()

    assert grocer.office.taken == []


def test_a_copy_that_was_made_of_both_is_given_to_neither_after_a_split(grocer: Grocer) -> None:
    link(grocer)
    browser = grocer.known(ALICE)
    path = path_of(browser.submit("/privacy/requests", "/privacy/requests", right="access", plain="yes"))
    grocer.workspace.work.plan()
    grocer.work()
    assert "access.package-made" in grocer.actions()
    package = next(each["body"]["package"] for each in grocer.entries() if each["action"] == "access.package-made")
    link_made = grocer.workspace.access.link(package)
    split(grocer)
    again = grocer.known(ALICE)

    with pytest.raises(NotPermitted, match="opens nothing"):
        grocer.workspace.access.fetch(package, link_made.secret)
    with pytest.raises(InputInvalid, match="no package that could be fetched"):
        grocer.workspace.access.link(package)
    with pytest.raises(NameUnknown):
        grocer.workspace.own_packages.fetch(visitor(grocer, again), path.rpartition("/")[2])
    assert again.get(f"{path}/package").status == 404
    assert list((grocer.workspace.folder / "exports" / "access").iterdir()) == []


def test_what_was_shown_for_a_request_as_one_person_is_shown_anew_after_a_split(grocer: Grocer) -> None:
    link(grocer)
    request = grocer.filed("erasure", ALICE)
    pia = grocer.workspace.actor("pia")
    grocer.workspace.requests.verify(request, evidence="file 7", actor=pia)
    grocer.workspace.requests.approve(request, actor=grocer.workspace.actor("pia"))
    split(grocer)
    with grocer.workspace.room.database.read() as connection:
        found = stored.load(connection, request)

    assert (found.verified_strength, found.approved_at, found.known, found.closed) == (0, None, False, False)
    with pytest.raises(InputInvalid):
        grocer.workspace.requests.carry_out(request, actor=pia)


def test_an_erasure_that_was_approved_for_less_is_looked_at_again_after_a_link(grocer: Grocer) -> None:
    request, pia = grocer.filed("erasure", ALICE), grocer.workspace.actor("pia")
    grocer.workspace.requests.verify(request, evidence="file 7", actor=pia)
    grocer.workspace.requests.approve(request, actor=pia)
    link(grocer)
    with grocer.workspace.room.database.read() as connection:
        found = stored.load(connection, request)

    assert (found.known, found.approved_at, found.ready) == (True, None, False)


def test_a_link_in_a_message_to_one_opens_nothing_of_the_other_after_a_split(grocer: Grocer) -> None:
    link(grocer)
    number, now, room = links.new_number(), grocer.now(), grocer.workspace.room
    with room.database.write() as connection:
        alice = ids.find(connection, "household", ALICE)
        assert alice is not None
        who = room.subject_keys.pseudonym(connection, "household", alice)
        row = {"person": who, "kind": "yearly", "about": "2026", "at": now, "link": number}
        connection.execute(insert(messages_sent).values(**row, who=links.seal(room.subject_keys, ("household", alice))))
        outbox.put_mail(connection, f"message:{number}", "bob@home.example", "Your data", "Hello.", now)
    token = links.token_of(grocer.workspace.messages._key, number, now)
    assert grocer.browser().get(f"/privacy/messages/{token}").status == 200
    split(grocer)
    grocer.work()

    assert grocer.browser().get(f"/privacy/messages/{token}").status == 403
    assert grocer.office.taken == []


def test_a_mail_about_a_request_that_waits_at_a_split_goes_to_nobody(grocer: Grocer) -> None:
    link(grocer)
    request, now = grocer.filed("objection", ALICE), grocer.now()
    with grocer.workspace.room.database.write() as connection:
        outbox.put_mail(connection, f"{request}:objection-upheld", "bob@home.example", "Decided", "Hello.", now)
    split(grocer)
    grocer.work()

    assert grocer.office.taken == []
    page = grocer.known_staff("pia").get(f"/staff/requests/{request}")
    assert page.words.count("that the objection is upheld") == 1


def test_who_was_erased_is_signed_out_and_no_page_of_theirs_shows_or_changes_anything(grocer: Grocer) -> None:
    browser, room = grocer.known(ALICE), grocer.workspace.room
    token = browser.get("/privacy/choices").token
    with room.database.read() as connection:
        alice = ids.find(connection, "household", ALICE)
    assert alice is not None
    pia, means = grocer.workspace.actor("pia"), grocer.workspace.erasures.means(room.policy())
    carry_on(means, begin(means, [(("household", alice), None)], pia), pia)
    own = {"Origin": grocer.address, **OWN}
    tries = [browser.get(f"/privacy{each}") for each in ("", "/choices", "/history", "/requests", "/people", "/data")]
    tries.append(browser.post("/privacy/choices/planning", {"_token": token, "choice": "no"}, own))

    assert [(each.status, each.place) for each in tries] == [(303, SIGN_IN)] * len(tries)
