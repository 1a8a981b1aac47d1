"""HEAD on pages: mail scanners and link checkers send it to links that hold once, and nothing comes of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from pellucid.records.web_tables import web_sessions
from tests.web.pages.by_provider import begun
from tests.web.pages.test_centre import receipts
from tests.web.pages.test_visitors import JOINED, choose
from tests.web.pages.test_who_may import CUSTOMERS, EVERYBODY, NAMES, ROWS
from tests.web.test_head import compared
from tests.web.visitors import Browser, Grocer, Page

STALE = 10 * 60_000_000
READ = [path for method, path in ROWS if method == "GET"]
MINE = [path for path in READ if ROWS["GET", path][0] in (CUSTOMERS, EVERYBODY)]
OF_CUSTOMERS = {
    "/privacy/counts",
    "/privacy/data/{dataset}",
    "/privacy/data/{dataset}/{generation}/{place}",
    "/privacy/history/{sequence}/receipt",
    "/privacy/recipients",
    "/privacy/uses",
}
OF_ANALYSTS = {"/staff/insights", "/staff/insights/{insight}"}
OF_STAFF = {
    "ana": OF_ANALYSTS,
    "pia": {*OF_ANALYSTS, "/staff/consents", "/staff/refusals", "/staff/requests/{request_id}"},
}
"""What leaves a trace when it is opened, by who may."""
PLAIN = {
    "/",
    "/favicon.ico",
    "/privacy",
    "/privacy/choices",
    "/privacy/data",
    "/privacy/help",
    "/privacy/history",
    "/privacy/notice",
    "/privacy/pass/{token}",
    "/privacy/requests",
    "/privacy/sign-in",
    "/privacy/sign-in/link/{link}",
    "/privacy/static/{name}",
    "/privacy/visitor",
    "/privacy/visitor/take-along/{ticket}",
    "/staff",
    "/staff/ask",
    "/staff/log",
    "/staff/pass/{token}",
    "/staff/sign-in",
    "/verify/{request_id}",
}
"""What leaves none."""


def traced(grocer: Grocer, browser: Browser, paths: list[str]) -> set[str]:
    """Return what answers HEAD to a browser by GET only."""
    held = dict(browser.cookies)

    def ask(method: str, path: str) -> Page:
        browser.cookies = dict(held)
        return browser.head(path.format(**NAMES)) if method == "HEAD" else browser.get(path.format(**NAMES))

    return compared(grocer.workspace.folder, grocer.entries, ask, paths)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["nobody", "ana", "pia", "mallory"])
def test_every_page_answers_it_as_get_unless_get_leaves_a_trace(grocer: Grocer, who: str) -> None:
    browser = grocer.browser() if who == "nobody" else grocer.known_staff(who)

    found = traced(grocer, browser, READ)

    assert (found & PLAIN, OF_STAFF.get(who, set()) - found) == (set(), set())


@pytest.mark.slow
def test_a_customers_pages_answer_it_as_get_unless_get_leaves_a_trace(grocer: Grocer) -> None:
    found = traced(grocer, grocer.known(), MINE)

    assert (found & PLAIN, OF_CUSTOMERS - found) == (set(), set())


def test_it_says_how_long_the_page_would_be(grocer: Grocer) -> None:
    browser = grocer.known()
    head, got = browser.head("/privacy"), browser.get("/privacy")

    assert (head.headers["content-length"], head.raw) == (str(len(got.raw)), b"")


def test_no_look_and_no_receipt_is_logged_for_it(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.submit("/privacy/choices", "/privacy/choices/planning", choice="no")
    grocer.workspace.audit.checkpoint(actor=grocer.workspace.actor("pia"))
    paths = ["/privacy/data/members", "/privacy/counts", *receipts(browser.get("/privacy/history").text)]
    before = grocer.actions()
    heads = [browser.head(path) for path in paths]
    after = grocer.actions()

    assert [(each.status, each.headers["allow"]) for each in heads] == [(405, "GET")] * 3
    assert (after, [browser.get(path).status for path in paths]) == (before, [200] * 3)


def test_a_sign_in_by_a_provider_is_not_used_up_by_it(company: Grocer) -> None:
    browser = company.browser()
    back = begun(browser)
    before = company.actions()
    head = browser.head(back)

    assert (head.status, head.place, company.actions()) == (405, "", before)
    assert (browser.get(back).place, company.actions()[-1]) == ("/privacy", "sign-in.done")


def test_what_was_chosen_before_does_not_join_by_it(grocer: Grocer) -> None:
    browser = grocer.browser()
    choose(browser, planning="no")
    browser.cookies |= grocer.known().cookies
    heads = [browser.head(path).status for path in ("/privacy", JOINED)]
    before = "visitor.joined" in grocer.actions()
    page = browser.get("/privacy")

    assert (heads, before) == ([405, 405], False)
    assert (page.status, page.place, "visitor.joined" in grocer.actions()) == (303, JOINED, True)


def test_a_session_goes_on_by_being_used_and_not_by_it(grocer: Grocer) -> None:
    browser = grocer.known()
    with grocer.workspace.room.database.write() as connection:
        connection.execute(update(web_sessions).values(seen_at=web_sessions.c.seen_at - STALE))
    seen = [seen_at(grocer)]
    for ask in (browser.head, browser.get):
        assert ask("/privacy").status == 200
        seen.append(seen_at(grocer))

    assert (seen[1] - seen[0], seen[2] > seen[1]) == (0, True)


def seen_at(grocer: Grocer) -> int:
    with grocer.workspace.room.database.read() as connection:
        return int(connection.scalars(select(web_sessions.c.seen_at)).one())
