"""What is told, in Chromium: the notice in German without signing in or scripts, and uses with refused ones."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SIZES, Open
from tests.browser.test_pages import AXE, TAGS
from tests.web.told import SUM, ask, publish, publish_another, refuse
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def first(grocer: Grocer) -> str:
    """Publish two notices and use data; return the first one's version."""
    version = publish(grocer)
    publish_another(grocer)
    ask(grocer, SUM)
    refuse(grocer)
    return version


@pytest.mark.parametrize("width", SIZES)
def test_a_german_notice_is_read_without_signing_in_and_without_scripts(open_page: Open, width: int) -> None:
    page = open_page("/privacy/notice", width=width, scripts=False)
    page.locator("main").get_by_role("link", name="Deutsch").click()
    expect(page.locator("article")).to_have_attribute("lang", "de")
    expect(page.locator("h1")).to_have_text("Ihre Daten in Kürze")
    page.locator("nav").get_by_role("link", name="Vollständig").click()

    expect(page.locator("h1")).to_have_text("Datenschutzhinweise: Grocer at the Corner")
    protection = page.locator("#recipient\\:printer + ul li").last
    expect(protection).to_have_text("Was Daten dort schützt: Standardvertragsklauseln.")


def test_what_changed_is_found_from_the_notice(open_page: Open) -> None:
    page = open_page("/privacy/notice?language=de", scripts=False)
    page.get_by_role("link", name="Frühere Fassungen").click()
    page.get_by_role("link", name="Was sie geändert hat").click()

    expect(page.locator("main ul[lang=de] li").last).to_have_text("Neuer Empfänger: unsere Druckerei.")


def test_an_earlier_notice_and_what_changed_fit_and_axe_finds_nothing(open_page: Open, first: str) -> None:
    for path in (f"/privacy/notice?version={first}&layer=child&language=de", f"/privacy/notice/changes?old={first}"):
        page = open_page(path, width=320)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.evaluate(AXE)
        found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]] == []


def test_somebody_sees_how_their_data_were_used_and_what_was_refused(open_page: Open) -> None:
    page = open_page("/privacy/choices", who="h0002", scripts=False)
    page.locator("#purpose-planning summary").last.click()
    page.locator("#purpose-planning").get_by_role("link", name="How your data were used for this").click()

    headings = ["Uses in which you could have been counted", "Uses that were refused"]
    expect(page.locator("h2")).to_have_text(headings)
    expect(page.locator("#purpose")).to_have_value("planning")


def test_uses_are_narrowed_by_keyboard(open_page: Open) -> None:
    page = open_page("/privacy/uses", who="h0003")
    page.locator("#purpose").focus()
    page.keyboard.type("Choose")  # no blank: it opens the list for whoever types slowly
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/privacy/uses?purpose=offers")

    expect(page.get_by_text("Your data were not used for this purpose")).to_be_visible()
