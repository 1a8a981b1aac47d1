"""What the demo left running, in Chromium: people signed in by links made as it printed, and what their pages say."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect, sync_playwright

from pellucid.demo.telling import program
from tests.browser.conftest import CHROMIUM, PATIENCE


@dataclass(frozen=True)
class Demo:
    """The demo after its story, known by what it printed alone."""

    told: str

    def pellucid(self, *arguments: str) -> str:
        """Run a command on its workspace and return what it says."""
        command = [*program(), *self._printed[1:3], *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def link(self, *whom: str) -> str:
        """Return a link that lets somebody in, made by the command that was printed for it."""
        _, _, _, serve, link, _, _, *rest = self._printed
        return self.pellucid(serve, link, *whom, *rest).strip()

    @property
    def _printed(self) -> list[str]:
        (line,) = re.findall(r"^  (pellucid --workspace .*)$", self.told, re.MULTILINE)
        return shlex.split(line)


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in, in a browser of their own."""

    page: Page
    address: str

    def open(self, path: str) -> None:
        """Open a page, wherever the person is."""
        self.page.goto(self.address + path)


@contextmanager
def signing_in(demo: Demo, *, scripts: bool) -> Iterator[Callable[..., Person]]:
    """Yield a function that signs somebody in: `sign_in("--staff", "ana")`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield lambda *whom: _signed_in(browser, demo.link(*whom), scripts=scripts)
        finally:
            browser.close()


def _signed_in(browser: Browser, link: str, *, scripts: bool) -> Person:
    context = browser.new_context(java_script_enabled=scripts, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=PATIENCE)
    return Person(page, re.sub(r"/(privacy|staff)/pass/.*", "", link))


def apart(what: Callable[[], None]) -> None:
    """Do something with Chromium in a thread of its own: in this one another Chromium may be open, which bears none."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(what).result()


def say_no(household: Person, purpose: str) -> None:
    """Press No at a purpose, and return once the page says that it is in force."""
    household.open("/privacy/choices")
    household.page.locator(f"#no-{purpose}").click()
    expect(household.page.locator("#told")).to_contain_text("recorded and in force", timeout=PATIENCE)
    expect(household.page.locator(f"#no-{purpose}")).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)


def uses_of(household: Person, purpose: str) -> str:
    """Return what the page of uses lists of those in which the household could have been counted."""
    household.open(f"/privacy/uses?purpose={purpose}")
    counted = household.page.locator("main").inner_text().partition("Uses in which you could have been counted")[2]
    return re.split("Uses that were refused|Looked up or done about you alone|Who receives", counted)[0].strip()


def left_out_of(household: Person, purpose: str) -> list[str]:
    """Return what the page of uses says of those that were without the household's data."""
    household.open(f"/privacy/uses?purpose={purpose}")
    return household.page.get_by_text(re.compile("without your data")).all_inner_texts()


def ask(analyst: Person, purpose: str, sql: str) -> None:
    """Ask a question anew, and return once its answer is shown."""
    _fill(analyst, purpose, sql)
    analyst.page.locator("summary").click()
    analyst.page.locator("[name=fresh]").check()
    analyst.page.get_by_role("button", name="Run").click()
    expect(analyst.page.locator("h1")).to_have_text("Answer", timeout=PATIENCE)


def band_of(analyst: Person, purpose: str, sql: str) -> list[str]:
    """Return the bands of people that a preview tells the analyst."""
    _fill(analyst, purpose, sql)
    analyst.page.get_by_role("button", name="Preview").click()
    expect(analyst.page.locator("#preview")).to_be_visible(timeout=PATIENCE)
    return analyst.page.locator("main li", has_text=re.compile("^Covers ")).all_inner_texts()


def _fill(analyst: Person, purpose: str, sql: str) -> None:
    analyst.open("/staff/ask")
    analyst.page.locator("[name=purpose]").select_option(purpose)
    analyst.page.locator("[name=sql]").fill(sql)


def exact_of(officer: Person, dataset: str, purpose: str) -> tuple[int, str]:
    """Return how many people a purpose may use, as the officer is told, and the band that analysts are told."""
    officer.open(f"/staff/consents?dataset={dataset}&purpose={purpose}")
    title = officer.page.locator(f"#purpose option[value={purpose}]").text_content() or ""
    cells = officer.page.locator("table").first.locator("tr", has_text=title).locator("td").all_inner_texts()
    return int(cells[0].partition(" of ")[0].replace(",", "")), cells[-1]
