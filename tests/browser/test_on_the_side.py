"""Pages that stand in no list, in Chromium: refusals, links, findings. They fit, and axe finds nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PATIENCE, SIZES, _hold
from tests.browser.test_signing_in import _checked
from tests.web.pages.test_messages import link_for
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow

PAGES = {
    "/privacy/nowhere": ("h0001", 404, "This did not work"),
    "/staff/nowhere": ("pia", 404, "This did not work"),
    "/staff/log": ("ana", 403, "This did not work"),
    f"/privacy/sign-in/link/{'x' * 43}": (None, 403, "This link opens elsewhere"),
    "/privacy/messages/x": (None, 403, "This link opens nothing"),
    "the log, verified": ("pia", 200, "The log holds"),
    "a link in a message": (None, 200, "Messages about your data"),
    "/privacy/notice": (None, 404, "Privacy notice"),
    "/staff/pass/x": (None, 200, "Come in"),
}
"""A page: who comes there, how it answers, and its heading."""


def verified(grocer: Grocer) -> str:
    """Return where it stands that the log holds."""
    pia = grocer.known_staff("pia")
    pia.submit("/staff", "/staff/log/checkpoint")
    return pia.submit("/staff", "/staff/log/verify").place


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_it_fits_and_axe_finds_nothing(chromium: Browser, grocer: Grocer, name: str, dark: bool) -> None:
    who, status, heading = PAGES[name]
    path = name if name.startswith("/") else verified(grocer) if name == "the log, verified" else link_for(grocer)
    for width in (min(SIZES), max(SIZES)):
        context = chromium.new_context(
            viewport={"width": width, "height": SIZES[width]},
            color_scheme="dark" if dark else "light",
            base_url=grocer.address,
        )
        context.set_default_timeout(PATIENCE)
        if who is not None:
            _hold(context, grocer.known_staff(who) if path.startswith("/staff") else grocer.known(who))
        page = context.new_page()
        answer = page.goto(path)

        assert answer is not None
        assert (answer.status, page.locator("h1").inner_text(), _checked(page, width)) == (status, heading, [])
        context.close()
