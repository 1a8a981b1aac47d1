"""Forms are taken from pages of ours only: token, origin, host, media type; and nothing sent leads elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPConnection

import pytest

from pellucid.settings import Settings
from pellucid.web.origin import Place
from tests.web.visitors import Browser, Grocer

OFFERS = "/privacy/choices/offers"
YES = {"choice": "yes", "notice": "2026-11"}
FOREIGN = "https://mallory.example"


def said(grocer: Grocer, browser: Browser) -> int:
    return browser.get("/privacy/history").text.count('class="panel"')


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": FOREIGN, "Sec-Fetch-Site": "cross-site"},
        {"Origin": FOREIGN},
        {"Origin": "null"},
        {"Origin": FOREIGN, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
    ids=str,
)
def test_a_form_from_elsewhere_is_refused_although_it_has_the_token(grocer: Grocer, headers: Mapping[str, str]) -> None:
    browser = grocer.known()
    page = browser.submit("/privacy/choices", OFFERS, headers, **YES)

    assert (page.status, page.words.endswith("form-foreign To the start of the privacy centre")) == (403, True)
    assert said(grocer, browser) == 0


def test_a_form_with_either_header_of_a_browser_is_taken(grocer: Grocer) -> None:
    browser = grocer.known()
    taken = [
        browser.submit("/privacy/choices", OFFERS, headers, **YES).status
        for headers in ({"Origin": grocer.address}, {"Sec-Fetch-Site": "same-origin"})
    ]

    assert taken == [303, 303]


@pytest.mark.parametrize("token", ["", "x", "0" * 43], ids=["none", "short", "another"])
def test_a_form_without_its_token_is_refused(grocer: Grocer, token: str) -> None:
    browser = grocer.known()

    assert browser.post(OFFERS, {**YES, "_token": token}).status == 403
    assert browser.post(OFFERS, YES).status == 403
    assert said(grocer, browser) == 0


def test_a_form_for_signing_in_needs_the_cookie_that_it_was_made_for(grocer: Grocer) -> None:
    one, other = grocer.browser(), grocer.browser()
    token = one.get("/privacy/sign-in").token
    other.get("/privacy/sign-in")
    without = Browser(grocer.address)

    statuses = [
        each.post("/privacy/sign-in", {"_token": token, "key": "h0001"}).status for each in (other, without, one)
    ]
    assert statuses == [403, 403, 303]


@pytest.mark.parametrize(
    "body",
    ["_token=x&choice=yes&choice=no", "&".join(f"f{n}=1" for n in range(70)), "choice", "choice=%ff", "choice=é"],
    ids=["a name twice", "too many fields", "no pair", "no text", "not encoded"],
)
def test_what_is_no_form_is_refused_without_being_guessed_at(grocer: Grocer, body: str) -> None:
    browser = grocer.known()
    connection = HTTPConnection(grocer.address.removeprefix("http://"), timeout=60)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded", "Origin": grocer.address}
    connection.request("POST", OFFERS, body.encode(), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()

    assert (answer.status, text.count("form-invalid")) == (400, 1)


def test_only_forms_are_read_on_pages_and_none_by_the_api(grocer: Grocer) -> None:
    browser = grocer.known()
    json = browser.post(OFFERS, YES, {"Content-Type": "application/json", "Origin": grocer.address})
    form = browser.post("/api/v1/consents", {"subject": "h0001"})

    assert (json.status, form.status) == (415, 415)
    assert (json.headers["content-type"], form.headers["content-type"]) == (
        "text/html; charset=utf-8",
        "application/problem+json",
    )


def test_a_session_opens_nothing_of_the_api(grocer: Grocer) -> None:
    assert grocer.known().get("/api/v1/consents/changes").status == 401


@pytest.mark.parametrize("host", ["mallory.example", "127.0.0.1.mallory.example", "127.0.0.1@mallory.example", "", "["])
def test_pages_answer_to_no_name_but_ours(grocer: Grocer, host: str) -> None:
    """A foreign name that leads to this machine (DNS rebinding) shows nothing, and nothing sent back names a host."""
    page = grocer.known().get("/privacy", {"Host": host})

    assert (page.status, page.text.count("mallory"), page.text.count("h0001")) == (421, 0, 0)


@pytest.mark.parametrize(
    ("public_url", "host", "answers"),
    [
        ("https://shop.example", "shop.example", True),
        ("https://shop.example", "SHOP.example", True),
        ("https://shop.example", "127.0.0.1:8700", False),
        ("https://shop.example", "shop.example:8700", False),
        ("https://shop.example:8443", "shop.example:8443", True),
        ("https://shop.example", "a.shop.example", False),
        ("http://shop.example", "shop.example", False),
        ("http://shop.example", "localhost", False),
        ("", "localhost:8700", True),
        ("", "[::1]:8700", True),
        ("", "shop.example", False),
        ("http://127.0.0.1:8700", "127.0.0.1:8700", True),
    ],
)
def test_pages_are_served_where_the_public_url_says_by_https_or_on_this_machine(
    public_url: str, host: str, answers: bool
) -> None:
    assert Place.of(Settings(public_url=public_url)).answers_to(host) is answers


@pytest.mark.parametrize("query", ["next=https://mallory.example", "to=//mallory.example", "told=<b>x</b>", "told=//x"])
def test_nothing_in_an_address_leads_elsewhere_or_stands_on_the_page(grocer: Grocer, query: str) -> None:
    """Open redirects: where a page leads is written in the code, and what it tells is a known word."""
    browser = grocer.browser()
    shown = browser.get(f"/privacy/sign-in?{query}")
    sent = browser.post(
        f"/privacy/sign-in?{query}", {"_token": shown.token, "key": "h0001", "next": "//mallory.example"}
    )
    away = browser.get(f"/privacy?{query}")

    assert (sent.place, away.place) == ("/privacy/sign-in/code", "/privacy/sign-in")
    assert (shown.text.count("mallory"), shown.text.count("<b>x"), shown.text.count('class="told"')) == (0, 0, 0)


def test_a_path_with_two_strokes_is_no_page(grocer: Grocer) -> None:
    browser = grocer.known()

    assert [browser.get(path).status for path in ("//privacy", "/privacy/", "/privacy//choices")] == [404, 404, 404]
