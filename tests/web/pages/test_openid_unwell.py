"""A provider that is down, slow, endless or describes itself wrongly lets nobody in and holds nobody up."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pellucid.errors import WorkspaceUnusable
from pellucid.openid import ask
from pellucid.web.provider import told
from tests.web.pages.by_provider import (
    BACK,
    BEGIN,
    DOWN,
    SIGN_IN,
    local,
    outcome,
)
from tests.web.provider import Provider, approve
from tests.web.visitors import Grocer


@pytest.fixture
def grocer(company: Grocer) -> Grocer:
    return company


ENOUGH = threading.Event()
"""Set when a test ends, so that no provider goes on being slow after it."""


def _slow(path: str) -> tuple[int, bytes]:
    ENOUGH.wait(600)  # longer than a browser of ours waits for an answer
    return 200, b"{}"


@pytest.fixture(autouse=True)
def enough() -> Iterator[None]:
    ENOUGH.clear()
    yield
    ENOUGH.set()


UNWELL: dict[str, Callable[[str], tuple[int, bytes] | None]] = {
    "an error": lambda path: (500, b"alice lives in Berlin"),
    "elsewhere": lambda path: (302, b"{}"),
    "no JSON": lambda path: (200, b"<html>"),
    "a list": lambda path: (200, b"[]"),
    "too much": lambda path: (200, b'{"x": "' + b"x" * 1_000_000 + b'"}'),
    "nested": lambda path: (200, b"[" * 200_000),
    "too slow": _slow,
}


@pytest.mark.parametrize("unwell", UNWELL)
@pytest.mark.parametrize("where", ["/.well-known/openid-configuration", "/token", "/keys"])
def test_a_provider_that_is_not_well_is_told_as_that_and_nobody_is_let_in(
    grocer: Grocer, provider: Provider, monkeypatch: pytest.MonkeyPatch, unwell: str, where: str
) -> None:
    monkeypatch.setattr(ask.Asker.__init__, "__defaults__", (False, None, 0.3))
    provider.instead = lambda path: UNWELL[unwell](path) if path == where else None
    browser = grocer.browser()
    page = browser.get(BEGIN)
    if page.status == 303:
        page = browser.get(local(approve(page.place)))

    assert outcome(page) == (503, DOWN)
    assert page.text.count("Berlin") == 0
    assert browser.get("/privacy").place == SIGN_IN


def test_it_is_told_in_the_language_of_the_page(grocer: Grocer, provider: Provider) -> None:
    provider.instead = lambda path: (500, b"")
    browser = grocer.browser()
    browser.get(f"{SIGN_IN}?language=de")
    page = browser.get(BEGIN)

    found = re.search(r'<p class="wrong"[^>]*>(.*?)</p>', page.text)
    assert found is not None
    assert (page.status, found.group(1)) == (
        503,
        "Wir können dort gerade nicht erfragen, wer Sie sind. "
        "Versuchen Sie es in einer Minute noch einmal, oder melden Sie sich auf einem anderen Weg an.",
    )


def test_what_fails_at_our_end_is_not_told_as_a_provider_that_is_not_well() -> None:
    with pytest.raises(WorkspaceUnusable, match="is on fire"):
        told(WorkspaceUnusable("control.sqlite is on fire.", code="database-unreadable"))


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://mallory.example"},
        {"token_endpoint": "http://mallory.example/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://id.example@mallory.example/"},
        {"authorization_endpoint": "https://id.example/\r\nX: y"},
    ],
    ids=str,
)
def test_a_provider_that_describes_itself_wrongly_is_not_asked(
    grocer: Grocer, provider: Provider, about: dict[str, Any]
) -> None:
    provider.about = about

    assert outcome(grocer.browser().get(BEGIN)) == (503, DOWN)


def test_a_provider_that_failed_is_left_alone_for_a_while(grocer: Grocer, provider: Provider) -> None:
    provider.instead = lambda path: (500, b"")
    for _ in range(3):
        assert outcome(grocer.browser().get(BEGIN)) == (503, DOWN)

    assert len(provider.asked) == 1


@pytest.mark.usefixtures("still")
def test_going_is_slowed_down_by_address_and_what_nobody_began_is_not_counted(grocer: Grocer) -> None:
    statuses = [grocer.browser().get(path).status for _ in range(31) for path in (BACK, BEGIN)]

    assert statuses == [403, 303] * 30 + [403, 429]
