"""What a page of another site makes a browser ask for without leaving it is refused, and counted against nobody."""

from __future__ import annotations

import pytest

from pellucid.settings import Settings
from pellucid.web import cookies
from tests.web.pages.test_attacks import insider, walked
from tests.web.pages.test_who_may import NAMES
from tests.web.visitors import Grocer

EMBEDDED = (
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
)
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
OWN = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


@pytest.fixture
def settings() -> Settings:
    return Settings(serve_visits_per_minute=3, serve_attempts_per_minute=3)


def test_no_page_is_given_to_another_sites_page_that_embeds_it(grocer: Grocer) -> None:
    told: dict[str, list[int]] = {}
    for path in walked(grocer, "GET"):
        if path.startswith("/privacy/static") or path == "/favicon.ico":
            continue
        browser = insider(grocer, path, "GET")
        pages = [browser.get(path.format(**NAMES), each) for each in EMBEDDED]
        assert not any(cookies.BROWSER in page.headers.get("set-cookie", "") for page in pages), path
        told[path] = [page.status for page in pages]

    assert {path: each for path, each in told.items() if each != [403] * 3} == {}


@pytest.mark.parametrize("path", ["/privacy/visitor", "/privacy/api/visitor", "/api/v1/notices"])
def test_other_sites_pages_use_up_nothing_that_a_visitor_may_ask(grocer: Grocer, path: str) -> None:
    for _ in range(6):
        assert grocer.browser().get(path, EMBEDDED[0]).status == 403

    assert grocer.browser().get("/privacy/visitor", OWN).status == 200


def test_a_link_from_elsewhere_opens_a_page(grocer: Grocer) -> None:
    assert (grocer.known().get("/privacy", LINK).status, grocer.browser().get("/privacy/visitor", LINK).status) == (
        200,
        200,
    )


@pytest.mark.parametrize(("page", "door"), [("/privacy", "/privacy"), ("/staff", "/staff")])
def test_a_browser_is_told_to_keep_no_page_when_somebody_signs_out(grocer: Grocer, page: str, door: str) -> None:
    browser = grocer.known() if door == "/privacy" else grocer.known_staff("pia")
    left = browser.submit(page, f"{door}/sign-out")

    assert (left.status, left.headers["clear-site-data"]) == (303, '"cache"')
    assert browser.get(page).headers.get("clear-site-data") is None
