"""Coming in by the provider as a browser does, and what comes of it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.web.provider import approve
from tests.web.visitors import Browser, Grocer, Page

SIGN_IN, BEGIN, BACK = "/privacy/sign-in", "/privacy/sign-in/openid", "/privacy/sign-in/openid/back"
REFUSED = "We could not let you in with what we were told of you there. Try again, or sign in another way."
NOT_BEGUN = "This sign-in was not begun in this browser, is over, or was finished already."
DOWN = "We cannot ask there who you are just now."
INSIDE = "What we hold about you Household: h0001"


def begun(browser: Browser, begin: str = BEGIN) -> str:
    """Return where the provider sends the browser back to, as a path of ours."""
    place = browser.get(begin).place
    assert urlsplit(place).path == "/authorize", place
    return local(approve(place))


def local(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def changed(path: str, **fields: str | None) -> str:
    """Return what a browser brings back, with other fields."""
    parts = urlsplit(path)
    said = dict(parse_qsl(parts.query)) | {name: value for name, value in fields.items() if value is not None}
    return (
        f"{parts.path}?{urlencode({name: value for name, value in said.items() if fields.get(name, '') is not None})}"
    )


def came_back(grocer: Grocer, browser: Browser | None = None, begin: str = BEGIN) -> Page:
    found = browser or grocer.browser()
    return found.get(begun(found, begin))


def reasons(grocer: Grocer) -> list[str]:
    grocer.workspace.doors.refusals.flush_all()
    return [each["body"]["reasons"][0] for each in grocer.entries() if each["action"] == "sign-in.refused"]


def outcome(page: Page) -> tuple[int, str]:
    told = [each for each in (REFUSED, NOT_BEGUN, DOWN) if page.words.count(each) == 1]
    return page.status, told[0] if told else page.words
