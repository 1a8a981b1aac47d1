"""What the consent widget asks and sends: from a page of the same host, in its language, for its own browser only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from pellucid.settings import Settings
from pellucid.transparency.visitor_words import WIDGET
from pellucid.web import cookies
from tests.web.visitors import POLICY, Browser, Grocer

API, HERE = "/privacy/api/visitor", "/privacy/visitor"
YES = {"purpose": "offers", "yes": True, "notice_version": "2026-11"}
NO = {"purpose": "offers", "yes": False}
GPC = {"Sec-GPC": "1"}
ADVERTISING = POLICY.replace("consent_days: 365", "consent_days: 365\n    kinds: [targeted_advertising]")


def advertise(grocer: Grocer) -> None:
    """Let the offers be what Global Privacy Control is about."""
    (grocer.workspace.folder / "policy" / "policy.yaml").write_text(ADVERTISING)
    grocer.workspace.policy.activate(actor=grocer.workspace.actor("pia"))


def send(browser: Browser, method: str, body: Any = None, headers: dict[str, str] | None = None) -> httpx.Response:
    """Send what a script of a page sends."""
    own = {"Origin": browser.address, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
    shown = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    connection = HTTPConnection(urlsplit(browser.address).netloc, timeout=60)
    try:
        sent = {"Cookie": shown, **(own if headers is None else headers)}
        connection.request(method, API, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        found = httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())
    finally:
        connection.close()
    for line in found.headers.get_list("set-cookie"):
        browser._keep(line)
    return found


def choose(browser: Browser, *choices: dict[str, object]) -> httpx.Response:
    return send(browser, "POST", {"choices": list(choices)})


def told(browser: Browser, headers: dict[str, str] | None = None, language: str = "en") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(browser.get(f"{API}?language={language}", headers).text)
    return found


def on(browser: Browser, headers: dict[str, str] | None = None) -> dict[str, bool]:
    return {each["name"]: each["on"] for each in told(browser, headers)["purposes"]}


def test_nothing_is_on_before_a_yes_and_nothing_is_kept_of_who_asks(grocer: Grocer) -> None:
    """Not even what needs no yes by the policy."""
    browser = grocer.browser()

    assert on(browser) == {"planning": False, "offers": False}
    assert (told(browser)["asks"], told(browser)["until"], browser.cookies) == (True, None, {})


def test_a_yes_turns_on_what_it_names_and_a_no_turns_it_off(grocer: Grocer) -> None:
    browser = grocer.browser()
    first, second = choose(browser, YES), None
    after_yes = on(browser)
    second = choose(browser, NO)

    assert (first.status_code, second.status_code) == (200, 200)
    assert after_yes == {"planning": False, "offers": True}
    assert on(browser) == {"planning": False, "offers": False}
    assert on(grocer.browser()) == {"planning": False, "offers": False}


def test_the_answer_holds_the_words_of_the_language_that_was_asked_for(grocer: Grocer) -> None:
    browser = grocer.browser()
    words = {language: told(browser, language=language)["words"] for language in ("en", "de", "es", "fr")}

    assert words["en"] == dict(WIDGET)
    assert (words["de"]["no"], words["es"]["no_all"], words["fr"]["yes"]) == ("Nein", "No a todo", "Oui")
    assert browser.get(f"{API}?language=xx").status == 422
    offers = told(browser, language="de")["purposes"][0]  # which the grocer's policy has in its own language only
    assert (offers["title_language"], offers["text_language"]) == ("en", "en")


def test_a_signal_says_no_and_a_yes_against_it_is_refused(grocer: Grocer) -> None:
    advertise(grocer)
    browser = grocer.browser()
    offers = next(each for each in told(browser, GPC)["purposes"] if each["name"] == "offers")
    own = {"Origin": browser.address, "Content-Type": "application/json"}
    refused = send(browser, "POST", {"choices": [YES]}, own | GPC)

    assert (offers["said"], offers["signalled"], offers["blocked"], offers["on"]) == (False, True, True, False)
    assert (refused.status_code, refused.json()["code"]) == (422, "choice-signalled")
    assert browser.cookies == {}


def test_what_the_signal_closed_stays_closed_when_it_is_gone(grocer: Grocer) -> None:
    advertise(grocer)
    browser = grocer.browser()
    choose(browser, YES)
    assert (on(browser)["offers"], on(browser, GPC)["offers"]) == (True, False)
    own = {"Origin": browser.address, "Content-Type": "application/json"}
    send(browser, "POST", {"choices": [{"purpose": "planning", "yes": False}]}, own | GPC)

    assert on(browser)["offers"] is False


def test_a_signal_of_before_joins_the_account_as_the_browsers_no(grocer: Grocer) -> None:
    advertise(grocer)
    browser = grocer.browser()
    own = {"Origin": browser.address, "Content-Type": "application/json"}
    send(browser, "POST", {"choices": [{"purpose": "planning", "yes": False}]}, own | GPC)
    browser.cookies |= grocer.known().cookies
    browser.get("/privacy")
    history = grocer.workspace.consent.history("h0001", actor=grocer.workspace.actor("pia"))

    assert [(each.record.purpose, each.record.verb.value, each.record.method) for each in history] == [
        ("offers", "opt_out", "signal:gpc"),
        ("planning", "object", "visitor"),
    ]
    assert "No, said by your browser (Global Privacy Control)" in browser.get("/privacy/joined").words


def test_what_the_account_refused_that_is_signed_in_here_is_off(grocer: Grocer) -> None:
    browser = grocer.browser()
    choose(browser, YES)
    browser.cookies |= grocer.known().cookies
    assert on(browser)["offers"] is True
    grocer.workspace.consent.record("withdraw", "h0001", purpose="offers", actor=grocer.workspace.actor("pia"))

    assert on(browser)["offers"] is False


def test_what_ones_own_account_refused_is_off_while_one_acts_for_somebody_who_did_not(grocer: Grocer) -> None:
    pia, browser = grocer.workspace.actor("pia"), grocer.browser()
    choose(browser, YES)
    browser.cookies |= grocer.known().cookies
    browser.get("/privacy")
    grocer.workspace.consent.record("withdraw", "h0001", purpose="offers", actor=pia)
    made = grocer.workspace.people.appoint("agent", ("", "h0003"), ("", "h0001"), evidence="file 7", actor=pia)
    assert browser.submit("/privacy/people", f"/privacy/people/{made.id}/act").place == "/privacy?told=acting"

    assert on(browser)["offers"] is False


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_nothing_is_taken_from_a_page_of_another_host(grocer: Grocer, method: str, headers: dict[str, str]) -> None:
    browser = grocer.browser()
    choose(browser, YES)
    body = {"choices": [NO]} if method == "POST" else None
    answer = send(browser, method, body, {"Content-Type": "application/json", **headers})

    assert (answer.status_code, answer.json()["code"]) == (403, "origin-foreign")
    assert on(browser)["offers"] is True


def test_no_other_host_is_let_read_it(grocer: Grocer) -> None:
    """No header lets a page of another origin see an answer, and none may show one."""
    page = grocer.browser().get(API, {"Origin": "https://evil.example"})

    assert [name for name in page.headers if name.startswith("access-control-")] == []
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"


def test_a_body_that_a_form_could_send_is_not_taken(grocer: Grocer) -> None:
    browser = grocer.browser()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = {"Origin": browser.address, "Content-Type": kind}
        assert send(browser, "POST", {"choices": [NO]}, headers).status_code == 415


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"choices": []}, 422),
        ({"choices": [NO] * 101}, 422),
        ({"choices": [{**NO, "yes": "no"}]}, 422),
        ({"choices": [{**NO, "subject": "h0001"}]}, 422),
        ({"choices": [NO], "visitor": "x" * 43}, 422),
        ({"choices": [{**YES, "notice_version": "2020-01"}]}, 422),
        ({"choices": [{**YES, "notice_version": ""}]}, 422),
        ({"choices": [{"purpose": "accounts", "yes": True}]}, 404),
        ({"choices": [{"purpose": "nothing", "yes": True}]}, 404),
        ([[[[[[[[[[]]]]]]]]]], 400),
    ],
)
def test_what_does_not_fit_is_refused_and_keeps_nothing(grocer: Grocer, body: object, status: int) -> None:
    browser = grocer.browser()
    answer = send(browser, "POST", body)

    assert (answer.status_code, browser.cookies) == (status, {})


def test_what_was_chosen_is_deleted_at_once(grocer: Grocer) -> None:
    browser = grocer.browser()
    choose(browser, YES)
    answer = send(browser, "DELETE")

    assert (answer.status_code, browser.cookies, on(browser)["offers"]) == (204, {}, False)


@pytest.mark.usefixtures("still")
class TestFloods:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(visitors_per_hour=2, serve_choices_per_minute=5, serve_proxies=("127.0.0.1",))

    def test_first_comers_are_limited_over_all_and_choices_by_address(self, grocer: Grocer) -> None:
        def status(address: str) -> int:
            own = {"Origin": grocer.address, "Content-Type": "application/json", "X-Forwarded-For": address}
            return send(grocer.browser(), "POST", {"choices": [NO]}, own).status_code

        assert [status(f"192.0.2.{each}") for each in range(4)] == [200, 200, 429, 429]
        assert [status("192.0.2.99") for _ in range(6)][-1] == 429


class TestPrograms:
    """An app that has no cookies keeps the visitor's secret itself."""

    @pytest.fixture
    def app(self, grocer: Grocer) -> Iterator[httpx.Client]:
        made = grocer.workspace.tokens.create(
            "app", ["consent:write", "consent:show"], actor=grocer.workspace.actor("pia")
        )
        with httpx.Client(
            base_url=grocer.address, headers={"Authorization": f"Bearer {made.secret}"}, timeout=60
        ) as client:
            yield client

    def test_a_visitor_is_known_again_by_what_was_answered(self, grocer: Grocer, app: httpx.Client) -> None:
        first = app.post("/api/v1/visitors", json={"choices": [YES]}).json()
        shown = app.post("/api/v1/visitors/show", json={"visitor": first["visitor"], "language": "de"}).json()
        nobody = app.post("/api/v1/visitors/show", json={"visitor": "x" * 43}).json()

        assert {each["name"]: each["on"] for each in shown["purposes"]} == {"planning": False, "offers": True}
        assert shown["visitor"] == first["visitor"]
        assert (nobody["visitor"], nobody["until"], nobody["asks"]) == ("", None, True)
        assert grocer.entries()[-1]["actor"]["kind"] == "program"

    def test_a_signal_that_an_app_hands_in_counts(self, grocer: Grocer, app: httpx.Client) -> None:
        advertise(grocer)
        refused = app.post("/api/v1/visitors", json={"choices": [YES], "gpc": "1"})

        assert (refused.status_code, refused.json()["code"]) == (422, "choice-signalled")

    def test_a_cookie_opens_the_same_record_as_the_secret_in_a_body(self, grocer: Grocer, app: httpx.Client) -> None:
        browser = grocer.browser()
        choose(browser, YES)
        app.post("/api/v1/visitors", json={"visitor": browser.cookies[cookies.VISITOR], "choices": [NO]})

        assert on(browser)["offers"] is False
