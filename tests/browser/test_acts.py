"""Erasing, taking back, pausing and downloading in Chromium with JavaScript off, as people do."""

from __future__ import annotations

import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow


def give_code(grocer: Grocer, page: Page, button: str) -> None:
    """Have a code sent, and give the one that came."""
    before = len(grocer.office.taken)
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()
    grocer.work()
    (mail,) = grocer.office.taken[before:]
    found = re.search(r"give this code: (\d{4}) (\d{4})", mail.get_content())
    assert found is not None
    page.get_by_label("The code, eight digits").fill(found.group(1) + found.group(2))
    with page.expect_navigation():
        page.get_by_role("button", name="Give the code").click()


def test_somebody_erases_with_codes_and_takes_it_back_without_scripts(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy/requests", who="h0001", scripts=False)
    with page.expect_navigation():
        page.get_by_role("link", name="See what it does").click()
    assert page.get_by_role("heading", level=2).all_inner_texts()[:2] == ["What is deleted", "What we keep, and why"]
    give_code(grocer, page, "Send me a code")
    give_code(grocer, page, "Send another code, to my other contact")
    page.get_by_label("I have read what this does").check()
    page.get_by_role("button", name="Ask for my data to be erased").click()
    expect(page.locator("#told")).to_have_text("We have your request and work on it.")
    expect(page.locator("#underway ~ p").first).to_have_text(re.compile(r"^\s*Not before "))
    page.get_by_role("button", name="Take the request back").click()

    expect(page.locator("#told")).to_have_text("Your request is taken back.")
    expect(page.get_by_text("Taken back", exact=True)).to_be_visible()


def test_somebody_pauses_and_ends_it_without_scripts(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy/pause", who="h0002", scripts=False)
    page.get_by_role("button", name="Pause all use").click()
    expect(page.locator("#told")).to_have_text("All use of your data is paused. This is recorded and in force.")
    page.get_by_role("button", name="End the pause").click()

    expect(page.locator("#told")).to_have_text("The pause is over. Your choices count again.")
    expect(page.locator(".state")).to_have_text("Not paused")


def test_a_pause_is_told_where_it_was_pressed_with_scripts_too(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy/pause", who="h0002")
    page.get_by_role("button", name="Pause all use").click()
    page.get_by_role("button", name="End the pause").wait_for()
    page.get_by_role("button", name="End the pause").click()
    page.get_by_role("button", name="Pause all use").wait_for()

    expect(page.locator("#told")).to_have_text("The pause is over. Your choices count again.")


def test_somebody_downloads_their_copy_without_scripts(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy/requests", who="h0002", scripts=False)
    page.get_by_label("leave sensitive data out").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Ask for this : A copy of my data").click()
    grocer.workspace.work.plan()
    grocer.work()
    page.reload()
    with page.expect_download() as got:
        page.get_by_role("link", name="Download my data").click()

    with zipfile.ZipFile(got.value.path()) as archive:
        assert {"index.html", "summary.json", "manifest.json"} <= set(archive.namelist())


def test_a_guardian_sees_for_whom_they_act_and_stops_without_scripts(open_page: Open, grocer: Grocer) -> None:
    pia = grocer.workspace.actor("pia")
    grocer.workspace.people.appoint("guardian", ("", "h0003"), ("", "h0002"), evidence="file 1", actor=pia)
    page = open_page("/privacy/people", who="h0002", scripts=False)
    page.get_by_role("button", name="Act for them").click()
    banner = page.get_by_role("region", name="For whom you act").inner_text()
    with page.expect_navigation():
        page.get_by_role("button", name="Stop, and act for myself").click()

    assert banner.startswith("You act for Household: h0003 (as a guardian).")
    assert page.get_by_role("region", name="For whom you act").count() == 0
