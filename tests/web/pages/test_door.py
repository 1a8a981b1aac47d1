"""Signing in as a customer: by a code in the browser that asked for it, told the same whoever is known, and logged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from pellucid.governance.sessions import CENTRE
from pellucid.records.rights_tables import identity_challenges
from pellucid.records.web_tables import sign_ins, web_sessions
from pellucid.rights import traces
from pellucid.rights.ours import needles_of
from pellucid.rights.people import Person
from pellucid.web import cookies
from tests.web.app_clients import known_app
from tests.web.visitors import MAIL, Browser, Grocer

SIGN_IN, CODE = "/privacy/sign-in", "/privacy/sign-in/code"
WRONG = "This is not the code that we sent, or it holds no longer."


def asked(grocer: Grocer, household: str) -> Browser:
    browser = grocer.browser()
    browser.submit(SIGN_IN, SIGN_IN, key=household)
    grocer.work()
    return browser


def test_a_code_that_was_sent_lets_in_once_in_the_browser_that_asked_for_it(grocer: Grocer) -> None:
    browser, other = asked(grocer, "h0001"), grocer.browser()
    other.submit(SIGN_IN, SIGN_IN, key="h0002")
    code = grocer.code_for("h0001")

    elsewhere = other.submit(CODE, CODE, code=code)
    right = browser.submit(CODE, CODE, code=f" {code[:4]} {code[4:]} ")
    again = Browser(grocer.address, {cookies.BROWSER: browser.cookies.get(cookies.BROWSER, "")})

    assert (elsewhere.status, right.status, right.place) == (403, 303, "/privacy")
    assert browser.get("/privacy").words.startswith("What we hold about you Household: h0001")
    assert again.get(CODE).place == SIGN_IN


def test_whoever_is_unknown_or_has_no_contact_is_told_and_costs_the_same(grocer: Grocer) -> None:
    told = []
    for key in ("h0002", "h0003", "nobody at all", "<script>"):
        browser = grocer.browser()
        first = browser.submit(SIGN_IN, SIGN_IN, key=key)
        page = browser.follow(first)
        grocer.work()
        wrong = browser.submit(CODE, CODE, code="00000000")
        told.append((first.status, first.place, page.words, wrong.status, wrong.words))

    assert len(set(told)) == 1
    grocer.workspace.doors.asked.flush_all()
    asked = [each["body"] for each in grocer.entries() if each["action"] == "sign-in.asked"]
    assert [each["number"] for each in asked] == [1, 3]  # anybody may ask for anybody: the log is not flooded
    assert grocer.actions().count("identity.challenge") == 1
    assert [str(mail["To"]) for mail in grocer.office.taken] == [MAIL["h0002"]]
    with grocer.workspace.room.database.read() as connection:
        assert len(connection.execute(select(sign_ins)).all()) == 4
        assert len(connection.execute(select(identity_challenges)).all()) == 4


def test_a_code_dies_of_five_wrong_answers(grocer: Grocer) -> None:
    browser = asked(grocer, "h0001")
    for _ in range(5):
        assert browser.submit(CODE, CODE, code="00000000").words.count(WRONG) == 1

    assert browser.submit(CODE, CODE, code=grocer.code_for("h0001")).status == 403


def test_a_code_holds_ten_minutes(grocer: Grocer) -> None:
    browser = asked(grocer, "h0001")
    later = 601_000_000
    with grocer.workspace.room.database.write() as connection:
        changed = identity_challenges.update().values(
            made_at=identity_challenges.c.made_at - later, expires_at=identity_challenges.c.expires_at - later
        )
        connection.execute(changed)

    assert browser.submit(CODE, CODE, code=grocer.code_for("h0001")).status == 403


def test_a_session_given_beforehand_is_worth_nothing_after_signing_in(grocer: Grocer) -> None:
    """Fixation: whoever put a cookie into somebody's browser does not share their session."""
    mallory = grocer.browser()
    mallory.get(SIGN_IN)
    planted = {cookies.BROWSER: mallory.cookies[cookies.BROWSER], cookies.CENTRE: "m" * 43}
    alice = Browser(grocer.address, dict(planted))
    alice.submit(SIGN_IN, SIGN_IN, key="h0001")
    grocer.work()
    assert alice.submit(CODE, CODE, code=grocer.code_for("h0001")).status == 303

    assert Browser(grocer.address, planted).get("/privacy").place == SIGN_IN
    assert alice.cookies[cookies.CENTRE] != "m" * 43
    assert cookies.BROWSER not in alice.cookies


def test_signing_in_anew_ends_the_session_before(grocer: Grocer) -> None:
    browser = grocer.known("h0002")
    before = dict(browser.cookies)
    browser.submit(SIGN_IN, SIGN_IN, key="h0001")
    grocer.work()
    browser.submit(CODE, CODE, code=grocer.code_for("h0001"))

    assert Browser(grocer.address, before).get("/privacy").status == 303
    assert browser.get("/privacy").words.startswith("What we hold about you Household: h0001")


def test_leaving_ends_the_session_on_the_server(grocer: Grocer) -> None:
    browser = grocer.known()
    stolen = dict(browser.cookies)
    left = browser.submit("/privacy", "/privacy/sign-out")

    assert (left.place, browser.cookies) == ("/privacy/sign-in?told=signed-out", {})
    assert Browser(grocer.address, stolen).get("/privacy").place == SIGN_IN


@pytest.mark.parametrize(
    "change",
    [
        lambda now: {"seen_at": now - CENTRE.idle},
        lambda now: {"ends_at": now},
        lambda now: {"ended_at": now},
        lambda now: {"made_at": now + 3_600_000_000},
    ],
    ids=["idle", "over", "ended", "made in the future"],
)
def test_a_session_ends(grocer: Grocer, change: Callable[[int], dict[str, int]]) -> None:
    browser = grocer.known()
    with grocer.workspace.room.database.write() as connection:
        connection.execute(web_sessions.update().values(change(grocer.now())))

    assert browser.get("/privacy").place == SIGN_IN


def test_cookies_are_bound_to_this_host_and_hidden_from_scripts(grocer: Grocer) -> None:
    first = grocer.browser().get(SIGN_IN)

    name, _, rest = first.headers["set-cookie"].partition("=")
    assert name == "__Host-pellucid-browser"
    assert rest.partition("; ")[2] == "HttpOnly; Path=/; SameSite=lax; Secure"


def test_another_host_of_the_company_puts_nobody_into_a_session_of_its_own(grocer: Grocer) -> None:
    """Browsers let any host of a domain set a cookie whose name begins with U+00A0, which is more than `__Host-` is."""
    own, theirs = (grocer.known(each).cookies[cookies.CENTRE] for each in ("h0001", "h0002"))
    planted = f"\xa0{cookies.CENTRE}={theirs}"
    browser = grocer.browser()
    mixed = browser.get("/privacy", {"Cookie": f"{cookies.CENTRE}={own}; {planted}"})
    alone = browser.get("/privacy", {"Cookie": planted})
    fixed = grocer.browser().get("/privacy/sign-in", {"Cookie": f"\xa0{cookies.BROWSER}={'m' * 43}"})

    assert (mixed.status, "h0001" in mixed.words, "h0002" in mixed.words) == (200, True, False)
    assert (alone.status, alone.place) == (303, "/privacy/sign-in")
    assert fixed.headers["set-cookie"].startswith(f"{cookies.BROWSER}=")


def test_the_log_knows_the_person_by_pseudonym_only(grocer: Grocer) -> None:
    browser = grocer.signed_in("h0001")
    browser.submit("/privacy", "/privacy/sign-out")
    entries = [each for each in grocer.entries() if each["action"].startswith("sign-in.")]
    with grocer.workspace.room.database.write() as connection:
        name = grocer.workspace.room.subject_keys.pseudonym(connection, "household", 0)

    assert [(each["action"], each["subject"]) for each in entries] == [
        ("sign-in.asked", None),
        ("sign-in.done", name),
        ("sign-in.ended", name),
    ]
    assert [each["actor"]["name"] for each in entries] == ["unknown", "self", "self"]
    assert str(entries).count("h0001") == 0


def test_signing_out_on_all_devices_ends_every_session_of_the_person_and_of_nobody_else(grocer: Grocer) -> None:
    browser, other, bob = grocer.signed_in("h0001"), grocer.known("h0001"), grocer.known("h0002")
    app = known_app(grocer)
    before = app.get("/api/v1/me").status_code
    left = browser.submit("/privacy/people", "/privacy/sign-out/everywhere")
    after = app.get("/api/v1/me").status_code
    entries = [each for each in grocer.entries() if each["action"] == "sign-in.ended"]

    assert (left.status, left.place) == (303, "/privacy/sign-in?told=signed-out-everywhere")
    assert browser.follow(left).words.startswith("You are signed out here and on all other devices.")
    assert [each.get("/privacy").status for each in (browser, other, bob)] == [303, 303, 200]
    assert (before, after) == (200, 401)
    assert [each["body"] for each in entries] == [{"sessions": 3, "because": "everywhere"}]


def test_an_app_signs_out_on_all_devices_too(grocer: Grocer) -> None:
    browser = grocer.known("h0001")
    app = known_app(grocer)
    answers = [app.delete("/api/v1/me/sessions").status_code for _ in range(2)]

    assert (answers, browser.get("/privacy").status) == ([204, 401], 303)


def test_a_code_that_was_sent_before_signing_out_on_all_devices_lets_nobody_in(grocer: Grocer) -> None:
    thief, browser = asked(grocer, "h0001"), grocer.known("h0001")
    code, token = grocer.code_for("h0001"), thief.get(CODE).token
    browser.submit("/privacy/people", "/privacy/sign-out/everywhere")
    page = thief.post(CODE, {"_token": token, "code": code})

    assert (page.place, thief.get("/privacy").status) == ("", 303)


def test_who_acts_for_somebody_is_not_shown_where_they_are_signed_in_themselves(grocer: Grocer) -> None:
    pia = grocer.workspace.actor("pia")
    made = grocer.workspace.people.appoint("guardian", ("", "h0003"), ("", "h0001"), evidence="file 7", actor=pia)
    browser, child = grocer.known("h0001"), grocer.known("h0003")
    shown = browser.get("/privacy/people").text.count("/privacy/sign-out/everywhere")
    browser.submit("/privacy/people", f"/privacy/people/{made.id}/act")
    acting = browser.get("/privacy/people").text.count("/privacy/sign-out/everywhere")
    browser.submit("/privacy/people", "/privacy/sign-out/everywhere")

    assert (shown, acting, child.get("/privacy").status) == (1, 0, 200)


def test_wrong_codes_are_in_the_log_once_a_minute_with_their_number(grocer: Grocer) -> None:
    browser = asked(grocer, "h0001")
    for _ in range(4):
        browser.submit(CODE, CODE, code="00000000")
    grocer.workspace.doors.refusals.flush_all()
    refused = [each["body"] for each in grocer.entries() if each["action"] == "sign-in.refused"]

    assert refused == [
        {"number": 1, "outcome": "refused", "reasons": ["code-wrong"]},
        {"number": 3, "outcome": "refused", "reasons": ["code-wrong"]},
    ]


@pytest.mark.slow
def test_nobody_uses_up_the_codes_of_somebody_else(grocer: Grocer) -> None:
    """Whoever asks for codes for bob from elsewhere, as often as they may, does not keep him from being sent one."""
    doors = grocer.workspace.doors
    bob = grocer.signed_in("h0002")
    bob.submit("/privacy", "/privacy/sign-out")
    for net in range(8):
        for each in range(6):
            doors.ask("h0002", cookie=f"m{net}{each}", address=f"203.0.113.{net}")
            grocer.work()
    flooded = len(grocer.office.taken)

    assert flooded == 1 + 30
    assert grocer.signed_in("h0002").get("/privacy").status == 200


@pytest.mark.usefixtures("still")
def test_asking_too_often_from_one_address_is_slowed_down(grocer: Grocer) -> None:
    statuses = [grocer.browser().submit(SIGN_IN, SIGN_IN, key=f"x{n}").status for n in range(32)]

    assert statuses[:30] == [303] * 30
    assert statuses[30:] == [429, 429]


def test_sessions_of_a_person_end_when_they_are_erased(grocer: Grocer) -> None:
    browser = grocer.known("h0002")
    with grocer.workspace.room.database.write() as connection:
        bob = Person(("household", 1), None, "", ("h0002",))
        traces.take_out(connection, [bob], needles_of(connection, [bob]))

    assert browser.get("/privacy").place == SIGN_IN


def test_what_was_sent_is_in_no_page_unescaped(grocer: Grocer) -> None:
    browser = grocer.browser()
    page = browser.submit(SIGN_IN, SIGN_IN, key="h0001", namespace="<script>alert(1)</script>")

    assert (page.status, page.text.count("<script>alert")) == (404, 0)


def test_a_token_is_of_one_session_only(grocer: Grocer) -> None:
    one, other = grocer.known("h0001"), grocer.known("h0002")
    theirs = other.get("/privacy/choices").token
    assert theirs != one.get("/privacy/choices").token
    page = one.post("/privacy/choices/offers", {"_token": theirs, "choice": "yes", "notice": "2026-11"})

    assert page.status == 403
