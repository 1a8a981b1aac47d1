"""One no in a browser, seen from everywhere: the command line, the person's own page, the officer and the analyst."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow

TOTAL = "SELECT COUNT(*) AS bought FROM purchases"
USES = "/privacy/uses?purpose=planning"


def asked(open_page: Open, epsilon: str) -> str:
    """Ask as an analyst, in the browser; return the coverage that the answer tells."""
    page = open_page("/staff/ask", who="ana", scripts=False)
    page.select_option("select[name=purpose]", "planning")
    page.fill("textarea[name=sql]", TOTAL)
    page.click("main summary")
    page.fill("input[name=epsilon]", epsilon)
    page.get_by_role("button", name="Run", exact=False).click()
    page.wait_for_url("**/answers/**")
    return page.locator("dl div", has_text="Coverage").first.inner_text()


def uses(page: Page) -> list[str]:
    """Return what the page of uses says of those in which the person could have been counted."""
    listed = page.locator("h2", has_text="could have been counted").locator("~ ul").first
    return listed.locator("> li").all_inner_texts() if listed.count() else []


def exact(open_page: Open) -> str:
    """Return what the officer's page says of how many people of the purchases may be used for planning."""
    page = open_page("/staff/consents?dataset=purchases", who="pia", scripts=False)
    return page.locator("tr", has_text="Decide what our shops carry").locator("td").first.inner_text()


def why(grocer: Grocer) -> str:
    """Return what the command line says of whether alice may be used, now."""
    command = [sys.executable, "-m", "pellucid", "-w", str(grocer.workspace.folder), "consent", "why", "h0001"]
    done = subprocess.run([*command, "-p", "planning", "--as", "pia"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def test_a_switch_in_the_browser_is_so_everywhere_at_once(open_page: Open, grocer: Grocer) -> None:
    coverage = asked(open_page, "0.5")
    before = uses(open_page(USES, who="h0001"))
    assert (len(before), why(grocer), exact(open_page)) == (1, "Permitted.", "3 of 3")

    page = open_page("/privacy/choices", who="h0001", width=320)
    page.click("#no-planning")
    expect(page.locator("#told")).to_have_text("Your choice is recorded and in force.")

    assert (why(grocer), exact(open_page)) == ("Not permitted.", "2 of 3")
    assert asked(open_page, "0.6") == coverage
    page = open_page(USES, who="h0001")
    assert uses(page) == before
    expect(page.locator("main")).to_contain_text("1 use was without your data, since your no stood then.")
