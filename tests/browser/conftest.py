"""Chromium, as Debian packages it, before the grocer's pages. Skipped, with the reason, where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pellucid.settings import Settings
from pellucid.web import cookies
from pellucid.workspace import Workspace
from tests.delivery.post_office import HOST, open_post_office
from tests.web import visitors
from tests.web.conftest import serving
from tests.web.visitors import Grocer, make_grocer

CHROMIUM = Path("/usr/bin/chromium")
SIZES = {320: 640, 768: 1024, 1440: 900}

KNOWN_AGAIN = "k" * 43
"""In place of who is signed in: somebody who is not, whose browser was here before and shows this cookie."""

PATIENCE = 60_000
"""Milliseconds until what does not come fails a test: so many that a busy machine is never taken for a defect."""

MANY = dict.fromkeys(("serve_visits_per_minute", "serve_attempts_per_minute", "serve_choices_per_minute"), 1e6)
"""Settings that let one address come as often as a fast machine can: whoever is here comes from the same one."""

expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def grocer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grocer]:
    folder = tmp_path_factory.mktemp("grocer") / "workspace"
    make_grocer(folder)
    with open_post_office() as office:
        mail = {"smtp_host": HOST, "smtp_port": office.port, "smtp_from": "privacy@shop.example", "smtp_tls": "none"}
        with Workspace(folder, Settings.model_validate(MANY | mail)) as workspace, serving(workspace) as address:
            yield Grocer(workspace, office, address)
    shutil.rmtree(folder)


@pytest.fixture
def open_page(chromium: Browser, grocer: Grocer) -> Iterator[Open]:
    """Open a page: `open_page("/privacy", who="h0001", width=320, dark=True, scripts=False)`.

    What the browser complains of (a script or style that the policy of the page forbids, an error) fails the test.
    """
    complaints: list[str] = []
    with ExitStack() as stack:

        def opened(
            path: str, *, who: str | None = None, width: int = 1440, dark: bool = False, scripts: bool = True
        ) -> Page:
            context = chromium.new_context(
                viewport={"width": width, "height": SIZES.get(width, 900)},
                color_scheme="dark" if dark else "light",
                java_script_enabled=scripts,
                base_url=grocer.address,
            )
            context.set_default_timeout(PATIENCE)
            stack.callback(context.close)
            if who is not None:
                _hold(context, _browser_of(grocer, who))
            page = context.new_page()
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(path)
            return page

        yield opened
    assert complaints == []


def _browser_of(grocer: Grocer, who: str) -> visitors.Browser:
    if who == KNOWN_AGAIN:
        return visitors.Browser(grocer.address, {cookies.BROWSER: KNOWN_AGAIN})
    return grocer.known_staff(who) if who in ("ana", "pia") else grocer.known(who)


def _hold(context: BrowserContext, browser: visitors.Browser) -> None:
    """Have a context hold a session's cookie, as it would after signing in."""
    for name, value in browser.cookies.items():
        context.add_cookies(
            [{"name": name, "value": value, "domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True}]
        )
