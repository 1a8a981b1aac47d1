"""A no is as easy as a yes, measured in the rendered page: how large, how plain, how near, and in how many steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page, Request

from tests.browser.conftest import SIZES, Open
from tests.browser.looks import looks
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow

CHOICES, VISITOR = "/privacy/choices", "/privacy/visitor"
LARGE_ENOUGH = 44
READABLE, SEEN = 4.5, 3.0
"""The least contrast of words and of what tells a button's edge (WCAG 2.2, 1.4.3 and 1.4.11)."""


@pytest.fixture(params=[(CHOICES, "offers"), (VISITOR, "offers")], ids=["choices", "visitor"])
def choice(request: pytest.FixtureRequest, grocer: Grocer) -> Iterator[tuple[str, str, str | None]]:
    """A page with a yes and a no, the purpose that they are about, and who sees it."""
    path, purpose = request.param
    yield path, purpose, None if path == VISITOR else "h0002"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_both_are_as_large_as_plain_and_side_by_side(
    open_page: Open, choice: tuple[str, str, str | None], dark: bool
) -> None:
    path, purpose, who = choice
    for width in (min(SIZES), max(SIZES)):
        page = open_page(path, who=who, width=width, dark=dark)
        buttons = [page.locator(f"#{word}-{purpose}") for word in ("yes", "no")]
        yes, no = (looks(each) for each in buttons)
        boxes = [each.bounding_box() for each in buttons]
        assert boxes[0] is not None
        assert boxes[1] is not None

        assert yes == no
        assert (yes.height >= LARGE_ENOUGH, yes.contrast >= READABLE, yes.edge >= SEEN) == (True, True, True)
        assert (yes.faded, yes.covered) == (1, False)
        assert boxes[0]["y"] == boxes[1]["y"]
        assert 0 < boxes[1]["x"] - boxes[0]["x"] - boxes[0]["width"] <= 24


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_both_take_one_press_and_the_same_requests(
    open_page: Open, choice: tuple[str, str, str | None], scripts: bool
) -> None:
    path, purpose, who = choice
    taken = {}
    for word in ("yes", "no"):
        page = open_page(path, who=who, width=320, scripts=scripts)
        taken[word] = _steps(page, f"#{word}-{purpose}")

    assert taken["yes"] == taken["no"]


def _steps(page: Page, button: str) -> list[tuple[str, str]]:
    """Press a button once; return what the browser asked for, and was asked, until the choice is shown as made."""
    seen: list[tuple[str, str]] = []

    def asked(request: Request) -> None:
        path = request.url.partition("//")[2].partition("/")[2].partition("?")[0]
        if not path.startswith("privacy/static"):
            seen.append((request.method, path))

    def warned(dialog: Dialog) -> None:
        seen.append(("dialog", dialog.message))
        dialog.accept()

    page.on("request", asked)
    page.on("dialog", warned)
    page.locator(button).click()
    page.locator(f"{button}[aria-pressed=true]").wait_for()
    return seen
