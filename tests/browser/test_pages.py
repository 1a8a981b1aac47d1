"""Every page in Chromium: at three widths, with and without scripts, by keyboard, in both colour schemes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect

from pellucid.governance.sessions import Session
from pellucid.subjects import ids
from pellucid.workspace import tickets
from pellucid.workspace.doors import Visitor
from tests.browser.conftest import KNOWN_AGAIN, SIZES, Open
from tests.web.enrolling import PASSWORD
from tests.web.told import SUM, ask, publish, publish_another, refuse
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {
    "/privacy/sign-in": None,
    "/privacy": "h0001",
    "/privacy/counts": "h0001",
    "/privacy/data": "h0001",
    "/privacy/data/members": "h0001",
    "/privacy/data/members/1/0": "h0001",
    "/privacy/inferences": "h0001",
    "/privacy/choices": "h0001",
    "/privacy/uses?purpose=planning": "h0001",
    "/privacy/recipients": "h0001",
    "/privacy/history": "h0001",
    "/privacy/help": None,
    "/privacy/notice": None,
    "/privacy/notice?layer=full": "h0001",
    "/privacy/notice/versions": None,
    "/privacy/requests": "h0001",
    "the request": "h0001",
    "/privacy/erase": "h0001",
    "the erasure": None,
    "/privacy/pause": "h0001",
    "/privacy/people": "h0001",
    "/privacy/visitor": None,
    "the ticket": KNOWN_AGAIN,
    "/privacy/joined": "h0001",
    "/verify/r0123456789ab": None,
    "/privacy/pass/x": None,
    "/privacy/signed-out": None,
    "/staff/sign-in": None,
    "/staff/signed-out": None,
    "the invitation": None,
    "the invitation, taken": KNOWN_AGAIN,
    "/staff": "pia",
    "/staff/ask": "ana",
    "/staff/insights": "ana",
    "/staff/budget": "ana",
    "/staff/requests": "pia",
    "the request, for staff": "pia",
    "/staff/consents": "pia",
    "/staff/refusals": "pia",
    "/staff/log": "pia",
    "/staff/log/entries/0": "pia",
}
LARGEST = 100_000
"""Bytes of a page with all that it loads, as they are sent."""


@pytest.fixture(scope="module", autouse=True)
def said(grocer: Grocer) -> str:
    """Let there be notices, a use and a refused one, and let alice have chosen and asked; return her request."""
    publish(grocer)
    publish_another(grocer)
    ask(grocer, SUM)
    refuse(grocer)
    browser = grocer.known("h0001")
    for purpose, choice in (("offers", "yes"), ("planning", "no")):
        browser.submit("/privacy/choices", f"/privacy/choices/{purpose}", choice=choice, notice="2026-11")
    asked = ("/privacy/requests", "/privacy/requests")
    path = browser.submit(*asked, right="access").place.partition("?")[0]
    with grocer.workspace.room.database.read() as connection:
        subject = ids.find(connection, "household", "h0003")
    session = Session("none", {"namespace": "household", "subject": subject}, "code", 1, 0)
    erasure = grocer.workspace.own_requests.file(Visitor(session), "erasure").status.request
    token = grocer.workspace.own_erasures.underway(Visitor(session), erasure).token
    OTHERS["the erasure"] = lambda: f"/privacy/erased/{token}"
    OTHERS["the ticket"] = lambda: f"/privacy/visitor/take-along/{ticket(grocer)}"
    for name, person in (("the invitation", "ana"), ("the invitation, taken", "mallory")):
        invited = grocer.workspace.staff.invite(person, actor=grocer.workspace.actor("pia"))
        OTHERS[name] = partial("/staff/invitation/{}".format, invited.secret)
    grocer.workspace.staff.accept(invited.secret, PASSWORD, cookie=KNOWN_AGAIN)
    grocer.workspace.people.appoint(
        "guardian", ("", "h0003"), ("", "h0001"), evidence="file 1", actor=grocer.workspace.actor("pia")
    )
    return path


def ticket(grocer: Grocer) -> str:
    """Return a ticket that was asked for just now."""
    key, now = grocer.workspace.doors.key, grocer.now() // 1_000_000
    made = tickets.ticket_for(key, "0" * 16, tickets.begin(key, KNOWN_AGAIN, now), now)
    assert made is not None
    return made


OTHERS: dict[str, Callable[[], str]] = {}
"""How to find where pages are whose addresses are made; each anew, since a ticket holds for minutes only."""


def path_of(name: str, said: str) -> str:
    if name == "the request, for staff":
        return said.replace("/privacy/", "/staff/")
    return said if name == "the request" else OTHERS.get(name, lambda: name)()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_every_width_and_needs_no_script(open_page: Open, said: str, name: str) -> None:
    words: dict[bool, list[str]] = {True: [], False: []}
    for scripts, read in words.items():
        page = open_page(path_of(name, said), who=PAGES[name], scripts=scripts)
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width if scripts else True
            read.append(page.locator("main").inner_text())
    assert words[True] == words[False]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(open_page: Open, said: str, name: str, dark: bool) -> None:
    page = open_page(path_of(name, said), who=PAGES[name], dark=dark)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.evaluate(AXE)  # by the debugger: the policy of the page lets no script in
    for width in (320, 1440):
        page.set_viewport_size({"width": width, "height": SIZES[width]})
        found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
        told = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]]
        assert told == []
        assert len(found["passes"]) > 10


@pytest.mark.parametrize("name", PAGES)
def test_everything_is_reached_by_tab_and_seen_to_be(open_page: Open, said: str, name: str) -> None:
    page = open_page(path_of(name, said), who=PAGES[name])
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, textarea')]"
        ".filter(each => each.checkVisibility()).length"
    )
    seen = set()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2
    assert len(seen) == wanted


@pytest.mark.parametrize("name", PAGES)
def test_whatever_is_pressed_is_large_enough(open_page: Open, said: str, name: str) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24, but for links within a sentence."""
    page = open_page(path_of(name, said), who=PAGES[name], width=320)
    small = page.evaluate(
        "[...document.querySelectorAll('button, input:not([type=hidden]), select, summary, textarea, nav a')]"
        ".filter(each => each.checkVisibility())"
        ".map(each => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])"
        ".filter(([_, box]) => box.width < 24 || box.height < 24).map(([html, _]) => html)"
    )
    assert small == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_weighs_little(open_page: Open, said: str, name: str) -> None:
    page = open_page("about:blank", who=PAGES[name])
    weigh = weighing(page)
    page.goto(path_of(name, said))
    assert 0 < weigh() <= LARGEST


def weighing(page: Page) -> Callable[[], int]:
    """Return a function that tells the bytes of all that came since, once the page that is loaded then is idle.

    To be called on an empty page: what another one still waits for, as its icon, would be counted, and cannot be read.
    """
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))

    def weigh() -> int:
        page.wait_for_load_state("networkidle")
        return sum(len(answer.body()) for answer in answers)

    return weigh


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("size", ["100%", "250%"])
def test_no_word_of_a_row_is_torn_whatever_the_size_of_letters(open_page: Open, width: int, size: str) -> None:
    page = open_page("/privacy/data/members", who="h0001", width=width)
    page.evaluate("size => void (document.documentElement.style.fontSize = size)", size)
    torn = page.locator("table.rows :is(th, td)").evaluate_all(
        "all => all.filter(each => each.closest('thead, tbody').offsetWidth > 1"  # in sight, not for hearing only
        " && /^[a-z0-9]+$/.test(each.textContent)).filter(each => {"
        " const words = document.createRange(); words.selectNodeContents(each);"
        " return words.getClientRects().length > 1; }).map(each => each.textContent)"
    )
    assert torn == []


def test_yes_and_no_are_the_same_to_the_eye_and_to_the_hand(open_page: Open, grocer: Grocer) -> None:
    """Denying is as easy as allowing: as many steps, as large, with as much contrast; whatever was chosen before."""
    for who in ("h0002", "h0001"):
        page = open_page("/privacy/choices", who=who, width=320)
        for purpose in ("offers", "planning"):
            yes, no = (_looks(page, f"#{word}-{purpose}") for word in ("yes", "no"))
            assert yes == no


def _looks(page: Page, button: str) -> dict[str, object]:
    """Return what is seen of a button, but for what marks it as the one that was chosen."""
    found: dict[str, object] = page.evaluate(
        "name => { const each = document.querySelector(name), style = getComputedStyle(each),"
        " box = each.getBoundingClientRect();"
        " return {width: box.width, height: box.height, color: style.color, background: style.backgroundColor,"
        " font: style.font, border: style.borderWidth, form: each.form.action, type: each.type}; }",
        button,
    )
    return found


def test_a_choice_is_made_by_keyboard_and_told_where_it_was_made(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy/choices", who="h0002")
    with page.expect_response(lambda answer: "/privacy/choices?told=recorded" in answer.url):
        page.locator("#no-planning").press("Enter")
    page.locator("#told", has_text="Your choice is recorded").wait_for()

    expect(page.locator("#no-planning")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#no-planning")).to_be_focused()
    assert page.url.endswith("/privacy/choices")
    assert "Not in use You objected" in re.sub(r"\s+", " ", page.locator("#purpose-planning").inner_text())


def test_a_choice_is_made_without_scripts(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy/choices", who="h0003", scripts=False)
    page.locator("#yes-offers").click()

    expect(page).to_have_url(f"{grocer.address}/privacy/choices?told=recorded#purpose-offers")
    expect(page.locator("#yes-offers")).to_have_attribute("aria-pressed", "true")


def test_a_choice_after_the_session_ended_leads_to_the_door(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy/choices", who="h0003")
    page.context.clear_cookies()
    page.locator("#no-offers").click()
    page.wait_for_url("**/privacy/sign-in")

    expect(page.locator("h1")).to_have_text("See and steer your data")


def test_somebody_signs_in_and_leaves_as_people_do(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy")
    assert page.url.endswith("/privacy/sign-in")
    page.get_by_label("your number with us").fill("h0002")
    with page.expect_navigation():
        page.get_by_role("button", name="Send me a code").click()
    grocer.work()
    page.get_by_label("The code").fill(grocer.code_for("h0002"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h2").first).to_have_text("Household: h0002")
    page.get_by_role("button", name="Sign out").click()

    expect(page.locator("#told")).to_have_text("You are signed out.")
    page.goto("/privacy")
    assert page.url.endswith("/privacy/sign-in")


def test_a_link_from_a_mail_fills_the_form_and_leaves_the_address(open_page: Open) -> None:
    page = open_page("/verify/r0123456789ab#the-secret")

    expect(page.locator("#answer")).to_have_value("the-secret")
    expect(page).to_have_url(re.compile("/verify/r0123456789ab$"))


def test_a_page_is_read_from_right_to_left_too(open_page: Open) -> None:
    for width in SIZES:
        page = open_page("/privacy/choices", who="h0001", width=width)
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        heading = page.evaluate(
            "(() => { const box = document.querySelector('h1').getBoundingClientRect();"
            " const main = document.querySelector('main').getBoundingClientRect();"
            " return main.right - box.right; })()"
        )
        assert heading <= 40


def test_a_page_is_printed_without_what_can_be_pressed(open_page: Open) -> None:
    page = open_page("/privacy/choices", who="h0001")
    page.emulate_media(media="print")

    assert page.locator("button:visible, nav:visible").count() == 0
    assert page.locator("h1").is_visible()
