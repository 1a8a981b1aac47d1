"""The one design on paper, from right to left, in the system's own colours, and without motion."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from pellucid.web.static_files import FOLDER
from tests.browser.conftest import PATIENCE, _hold
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow

PRINTED = ("/privacy", "/privacy/choices", "/privacy/history", "/privacy/requests")
STYLE = (FOLDER / "style.css").read_text()


@pytest.fixture
def shown(chromium: Browser, grocer: Grocer) -> Iterator[Page]:
    """A page of somebody who chose something, on a dark screen, in a browser that takes the system's colours."""
    browser = grocer.known()
    browser.submit("/privacy/choices", "/privacy/choices/offers", choice="yes", notice="2026-11")
    context = chromium.new_context(base_url=grocer.address, color_scheme="dark", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    _hold(context, browser)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PRINTED)
def test_on_paper_a_page_is_black_on_white_and_says_where_links_lead(shown: Page, path: str) -> None:
    shown.emulate_media(media="print", color_scheme="dark")
    shown.goto(path)
    colours = shown.evaluate(
        "() => { const seen = each => each.checkVisibility();"
        " return [...document.querySelectorAll('body, .panel, .state, h1, h2, p, dd')].filter(seen)"
        "  .map(each => getComputedStyle(each)).map(each => [each.backgroundColor, each.color]); }"
    )
    assert {ground for ground, _ in colours} <= {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}
    assert {ink for _, ink in colours} <= {"rgb(0, 0, 0)", "rgb(51, 51, 51)"}

    assert shown.locator("nav:visible, button:visible, input:visible, label:visible").count() == 0
    links = shown.evaluate(
        "[...document.querySelectorAll('main a[href]')].filter(each => each.checkVisibility())"
        ".map(each => [each.getAttribute('href'), getComputedStyle(each, '::after').content])"
    )
    assert [told for href, told in links if told != f'" (" "{href}" ")"' and href not in told] == []


def test_what_is_folded_on_the_screen_stands_on_paper(shown: Page) -> None:
    shown.goto("/privacy/choices")
    told = shown.get_by_text("What happens if it is off").first
    assert not told.is_visible()
    shown.emulate_media(media="print")

    assert told.evaluate("each => each.getBoundingClientRect().height") > 0


def test_in_the_system_s_colours_a_state_and_the_place_in_the_list_are_seen(shown: Page) -> None:
    shown.emulate_media(forced_colors="active")
    shown.goto("/privacy/choices")
    edge = "each => getComputedStyle(each).borderTopWidth"
    assert {each.evaluate(edge) for each in shown.locator(".state").all()} == {"1px"}

    line = "each => getComputedStyle(each).borderBottomColor"
    here = shown.locator("header nav a[aria-current]").evaluate(line)
    others = {each.evaluate(line) for each in shown.locator("header nav a:not([aria-current])").all()}
    assert len(others) == 1
    assert here not in others
    pressed = shown.locator("button[aria-pressed=true]").first
    assert pressed.evaluate("each => getComputedStyle(each).outlineWidth") == "2px"


def test_nothing_moves_for_who_wants_no_motion(shown: Page) -> None:
    shown.goto("/privacy/choices")

    assert shown.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert re.findall(r"\b(?:animation|transition|@keyframes)\b", STYLE) == []


def test_the_style_speaks_of_start_and_end_never_of_left_and_right() -> None:
    plain = re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
    sides = re.findall(
        r"[\w-]*-(?:left|right)\b|(?<![\w-])(?:left|right|top|bottom|width|height)\s*:|:\s*(?:left|right)\b", plain
    )

    assert sides == []


def test_the_languages_are_reached_and_large_enough(shown: Page) -> None:
    shown.set_viewport_size({"width": 320, "height": 640})
    shown.goto("/privacy")
    boxes = [each.bounding_box() for each in shown.locator(".languages a").all()]

    assert len(boxes) == 4
    assert [box for box in boxes if box is None or box["height"] < 24 or box["width"] < 24] == []
    shown.locator(".languages a[lang=de]").click()
    expect(shown.locator("html")).to_have_attribute("lang", "de")
    expect(shown.locator("h1")).to_have_text("Was wir über Sie haben")
