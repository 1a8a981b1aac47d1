"""A person shows who they are, looks inside their data and has a value corrected, in Chromium without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SIZES, Open
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow


def known_better(page: Page, grocer: Grocer) -> None:
    """Give codes from both contacts of alice, as she would."""
    for _ in range(2):
        page.goto("/privacy/data")
        with page.expect_navigation():
            page.get_by_role("button", name="Send me a code").click()
        grocer.work()
        found = re.search(r"give this code: (\d{4} \d{4})", grocer.office.taken[-1].get_content())
        assert found is not None
        page.get_by_label("The code, eight digits").fill(found.group(1))
        with page.expect_navigation():
            page.get_by_role("button", name="Give the code").click()


def test_a_value_is_corrected_without_scripts(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy", who="h0001", width=320, scripts=False)
    known_better(page, grocer)
    expect(page.locator("#told")).to_have_text("Thank you. You have shown who you are.")
    page.get_by_role("link", name="Purchases", exact=True).click()
    page.get_by_role("link", name=re.compile(r"Look closer or correct ?: row 1$")).click()
    page.locator("summary", has_text="Correct this: sales value").click()
    form = page.locator("form", has=page.locator("input[name=column][value=sales_value]"))
    form.get_by_label("The right value").fill("1.50")
    form.get_by_label("Why, if you want to say so").fill("One of two was given back.")
    form.get_by_role("button", name="Ask us to correct this").click()

    expect(page.locator("h1")).to_have_text("Correct my data")
    expect(page.locator("#told")).to_have_text("We have your request and work on it.")
    request = page.locator("code").inner_text()
    page.goto("/privacy/requests")
    assert page.get_by_role("link", name=f"Correct my data {request}").count() == 1
    pia = grocer.workspace.actor("pia")
    asked = grocer.workspace.requests.show(request, actor=pia).request.asked
    assert (asked["changes"][0]["value"], asked["statement"]) == ("1.50", "One of two was given back.")


def test_a_table_becomes_cards_where_the_screen_is_narrow(open_page: Open, grocer: Grocer) -> None:
    for width, shown in ((320, "block"), (1440, "table-cell")):
        page = open_page("/privacy/data/members", who="h0001", width=width)
        cell = page.locator("table.rows tbody td").first
        assert cell.evaluate("each => getComputedStyle(each).display") == shown
        label = cell.evaluate("each => getComputedStyle(each, '::before').content")
        assert label == ('"household id"' if width == min(SIZES) else "none")
