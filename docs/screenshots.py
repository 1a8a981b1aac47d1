"""Take the pictures of pages that the documentation shows, in Chromium, on the workspace of the worked example.

    pellucid demo --folder DEMO --minutes 0
    python docs/screenshots.py DEMO/grocer

Needs the development dependencies and Chromium. What is shown was made up: nobody in it exists.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, FloatRect, ViewportSize, sync_playwright

from pellucid.web.server import server_of
from pellucid.workspace import Workspace

PLACE = Path(__file__).parent / "images"
PHONE, DESKTOP = 390, 1180
TALLEST = 1_500
CHROMIUM = "/usr/bin/chromium"
HOUSEHOLD, ANALYST, OFFICER = "110", "ana", "pia"
ANSWER = "the answer to a question"
QUESTION = """SELECT p.department, COUNT(*) AS lines
FROM transactions t JOIN products p USING (product_id)
GROUP BY p.department ORDER BY lines DESC LIMIT 6"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: who looks (None: anybody), at which page, how wide, in dark colours or not."""

    name: str
    who: str | None
    path: str
    width: int
    dark: bool = False


PICTURES = (
    Picture("overview", HOUSEHOLD, "/privacy", DESKTOP),
    Picture("choices", HOUSEHOLD, "/privacy/choices", PHONE),
    Picture("choices-dark", HOUSEHOLD, "/privacy/choices", PHONE, dark=True),
    Picture("uses", HOUSEHOLD, "/privacy/uses", DESKTOP),
    Picture("data", HOUSEHOLD, "/privacy/data/demographics", DESKTOP),
    Picture("erase", HOUSEHOLD, "/privacy/erase", DESKTOP),
    Picture("notice", None, "/privacy/notice", PHONE),
    Picture("visitor", None, "/privacy/visitor", PHONE),
    Picture("answer", ANALYST, ANSWER, DESKTOP),
    Picture("consents", OFFICER, "/staff/consents", DESKTOP),
    Picture("requests", OFFICER, "/staff/requests", DESKTOP),
    Picture("log", OFFICER, "/staff/log", DESKTOP, dark=True),
)


def main(folder: Path) -> None:
    """Take every picture."""
    PLACE.mkdir(exist_ok=True)
    with Workspace(folder) as workspace, served(workspace) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for picture in PICTURES:
            take(browser, workspace, address, picture)
        browser.close()


def take(browser: Browser, workspace: Workspace, address: str, picture: Picture) -> None:
    """Take one picture."""
    colours: Literal["dark", "light"] = "dark" if picture.dark else "light"
    size: ViewportSize = {"width": picture.width, "height": 800}
    context = browser.new_context(viewport=size, color_scheme=colours, locale="en-GB")
    page = context.new_page()
    if picture.who is not None:
        page.goto(address + way_in(workspace, picture.who))
        page.click("main button")
    if picture.path == ANSWER:
        page.goto(f"{address}/staff/ask")
        page.select_option("select[name=purpose]", "range-planning")
        page.fill("textarea[name=sql]", QUESTION)
        page.click("main button[type=submit]:not([formaction]), main button:not([formaction])")
        page.wait_for_url("**/answers/**", timeout=60_000)
    else:
        page.goto(address + picture.path)
    height = min(TALLEST, int(page.evaluate("document.documentElement.scrollHeight")))
    clip: FloatRect = {"x": 0, "y": 0, "width": picture.width, "height": height}
    page.screenshot(path=PLACE / f"{picture.name}.png", full_page=True, clip=clip)
    context.close()


def way_in(workspace: Workspace, who: str) -> str:
    """Return the path of a link that signs somebody in."""
    pia = workspace.actor("pia")
    if who == HOUSEHOLD:
        return f"/privacy/pass/{workspace.passes.for_customer(who, actor=pia)}"
    return f"/staff/pass/{workspace.passes.for_staff(who, actor=pia)}"


@contextmanager
def served(workspace: Workspace) -> Iterator[str]:
    """Serve the workspace on a free port while the block runs."""
    server = server_of(workspace, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
