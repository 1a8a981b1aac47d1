"""Another policy comes into force between the page shown and the form posted, and while somebody is signed in."""

from __future__ import annotations

import re

import pytest

from pellucid.web import cookies
from tests.web.visitors import POLICY, Browser, Grocer, Page

CHOICES, REQUESTS = "/privacy/choices", "/privacy/requests"
OFFERS = POLICY[POLICY.index("  offers:") : POLICY.index("  accounts:")]
ANALYST = "  ana: {title: Ana Lyst, roles: [analyst]}\n"
OFFICER = "  pia: {title: Pia Vacy, roles: [officer]}\n"
ZOE = "  zoe: {title: Zoe, roles: [officer]}\n"


def activate(grocer: Grocer, *changes: tuple[str, str], replacing: tuple[str, ...] = ()) -> None:
    """Put the grocer's policy into force with texts replaced."""
    policy = POLICY
    for old, new in changes:
        assert old in policy
        policy = policy.replace(old, new)
    (grocer.workspace.folder / "policy" / "policy.yaml").write_text(policy)
    grocer.workspace.policy.activate(actor=grocer.workspace.actor("pia"), replacing=replacing)


def post(browser: Browser, token: str, path: str, **fields: str) -> Page:
    own = {"Origin": browser.address, "Sec-Fetch-Site": "same-origin"}
    return browser.post(path, {"_token": token, **fields}, own)


def consents(grocer: Grocer) -> list[str]:
    return [each for each in grocer.actions() if each.startswith("consent.")]


@pytest.mark.parametrize("choice", ["yes", "no"])
def test_a_choice_about_a_purpose_that_is_gone_is_refused_in_clear_words(grocer: Grocer, choice: str) -> None:
    browser = grocer.known()
    token = browser.get(CHOICES).token
    activate(grocer, (OFFERS, ""))
    page = post(browser, token, f"{CHOICES}/offers", choice=choice, notice="2026-11", explicit="yes")

    assert (page.status, consents(grocer)) == (404, [])
    assert page.words.startswith("This did not work There is no such purpose. Go to the start, and on from there.")
    assert browser.get(CHOICES).text.count("offers") == 0


def test_a_yes_to_a_notice_that_says_something_else_by_now_is_refused(grocer: Grocer) -> None:
    browser = grocer.known()
    token = browser.get(CHOICES).token
    activate(grocer, ('"2026-11", text: "We look at what you bought', '"2026-12", text: "We sell what you bought'))
    page = post(browser, token, f"{CHOICES}/offers", choice="yes", notice="2026-11", explicit="yes")

    assert (page.status, consents(grocer)) == (422, [])
    assert page.words.startswith("This did not work")


def test_a_yes_on_a_page_that_offered_a_choice_counts_for_nothing_where_there_is_none_now(grocer: Grocer) -> None:
    browser = grocer.known()
    token = browser.get(CHOICES).token
    activate(grocer, ("consent, default: opt_in", "legal_obligation, default: no_choice"))
    pages = [post(browser, token, f"{CHOICES}/offers", choice=said, notice="2026-11") for said in ("yes", "no")]

    assert ([each.status for each in pages], consents(grocer)) == ([422, 422], [])


def test_an_objection_to_a_purpose_that_is_gone_is_not_filed(grocer: Grocer) -> None:
    browser = grocer.known()
    token = browser.get(REQUESTS).token
    activate(grocer, (OFFERS, ""))
    page = post(browser, token, REQUESTS, right="objection", purpose="offers", statement="I do not want it.")

    assert ("request.filed" in grocer.actions(), page.status) == (False, 404)


def test_rows_whose_columns_are_declared_otherwise_are_shown_and_corrected_no_more(grocer: Grocer) -> None:
    browser, place = grocer.known(), "/privacy/data/members"
    shown = browser.get(place)
    row = re.search(rf"{place}/\d+/\d+", shown.text)
    assert row is not None
    token = browser.get(row.group()).token
    activate(grocer, ("      second: {type: text, category: user.contact.email}\n", ""), replacing=("members",))
    pages = [
        browser.get(place),
        browser.get(row.group()),
        post(browser, token, row.group(), column="second", value="mallory@evil.example"),
    ]

    assert shown.text.count("alice@work.example") == 1
    assert [(each.status, each.text.count("alice@")) for each in pages] == [(404, 0)] * 3
    assert "request.filed" not in grocer.actions()
    assert browser.get("/privacy").status == browser.get("/privacy/data").status == 200


def test_what_a_visitor_chose_about_a_purpose_that_is_gone_joins_no_account(grocer: Grocer) -> None:
    browser = grocer.browser()
    browser.submit("/privacy/visitor", "/privacy/visitor/choices/offers", choice="no")
    assert cookies.VISITOR in browser.cookies
    activate(grocer, (OFFERS, ""))
    browser.cookies |= grocer.known().cookies
    pages = [browser.get(each).status for each in ("/privacy/joined", "/privacy", CHOICES)]

    assert (pages, consents(grocer)) == ([200, 200, 200], [])


def test_a_member_of_the_staff_who_is_declared_no_more_is_signed_out_at_once(grocer: Grocer) -> None:
    ana = grocer.known_staff("ana")
    token = ana.get("/staff").token
    activate(grocer, (ANALYST, ""))
    pages = [
        ana.get("/staff"),
        ana.get("/staff/ask"),
        post(ana, token, "/staff/ask", sql="SELECT 1", purpose="planning"),
    ]

    assert [(each.status, each.place) for each in pages] == [(303, "/staff/sign-in")] * 3


def test_a_role_that_is_taken_away_is_gone_from_menu_and_forms_at_once(grocer: Grocer) -> None:
    pia, request = grocer.known_staff("pia"), grocer.filed("objection", "h0001")
    token = pia.get(f"/staff/requests/{request}").token
    activate(grocer, (OFFICER, "  pia: {title: Pia Vacy, roles: []}\n" + ZOE), ("officer: pia", "officer: zoe"))
    menu = pia.get("/staff")
    pages = [
        pia.get(f"/staff/requests/{request}"),
        post(pia, token, f"/staff/requests/{request}/acts/deny", why="other"),
    ]

    assert (menu.status, menu.text.count("/staff/requests")) == (200, 0)
    assert [each.status for each in pages] == [403, 403]
    assert "request.denied" not in grocer.actions()


@pytest.mark.parametrize("language", ["de", "en"])
def test_another_language_of_the_company_leaves_pages_and_forms_working(grocer: Grocer, language: str) -> None:
    browser = grocer.known()
    token = browser.get(CHOICES).token
    activate(grocer, ("officer: pia}", f"officer: pia, language: {language}}}"))
    done = post(browser, token, f"{CHOICES}/planning", choice="no", language="es")

    assert (done.place.partition("?")[0], consents(grocer)) == (CHOICES, ["consent.object"])
    assert browser.get(CHOICES).status == browser.get("/privacy/history").status == 200
