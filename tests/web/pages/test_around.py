"""What stands around pages: headers, static files, problems told as pages, figures, and what is in no log."""

from __future__ import annotations

import re

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import Request

from pellucid.settings import Settings
from pellucid.web.origin import Place
from pellucid.web.static_files import static_files, static_url
from tests.web.conftest import until
from tests.web.visitors import Grocer

SOME = ("/", "/privacy/sign-in", "/privacy", "/staff/sign-in", "/verify/r0123456789ab", "/privacy/nowhere")
PAGE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), interest-cohort=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@pytest.mark.parametrize("path", SOME)
def test_every_page_carries_the_headers_that_bind_a_browser(grocer: Grocer, path: str) -> None:
    page = grocer.known().get(path)

    assert {name: page.headers[name] for name in PAGE_HEADERS} == PAGE_HEADERS
    assert "strict-transport-security" not in page.headers  # nobody reaches this one by https


def test_no_page_holds_a_script_or_a_style_of_its_own(grocer: Grocer) -> None:
    for path in ("/privacy/sign-in", "/privacy", "/privacy/choices", "/privacy/requests", "/staff/sign-in"):
        text = grocer.known().get(path).text
        assert re.findall(r"<script(?! src=)|<style|\sstyle=|\son[a-z]+=|javascript:", text) == []


class TestBehindTls:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(public_url="https://shop.example")

    def test_people_are_told_to_come_by_https_only(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        browser.headers["Host"] = "shop.example"
        page = browser.get("/privacy/sign-in")
        sent = browser.post(
            "/privacy/sign-in", {"_token": page.token, "key": "h0001"}, {"Origin": "https://shop.example"}
        )
        elsewhere = browser.post("/privacy/sign-in", {"_token": page.token, "key": "h0001"})

        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert (page.status, sent.status, elsewhere.status) == (200, 303, 403)


def test_static_files_are_kept_by_browsers_for_good_under_their_content(grocer: Grocer) -> None:
    browser = grocer.browser()
    for name in ("style.css", "htmx.min.js", "verify.js", "icon.svg"):
        found = browser.get(static_url(name))
        assert (found.status, found.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    gone = browser.get("/privacy/static/style.000000000000.css")

    assert (gone.status, gone.headers["cache-control"]) == (404, "no-store")
    assert browser.get("/privacy/static/..%2fpages.py").status == 404


def test_browsers_find_the_icon_where_they_look_by_themselves(grocer: Grocer) -> None:
    page = grocer.browser().get("/favicon.ico")
    width, height = page.raw[6], page.raw[7]

    assert (page.status, page.headers["content-type"], page.headers["cache-control"]) == (
        200,
        "image/x-icon",
        "public, max-age=86400",
    )
    assert (page.raw[:4], width, height, len(page.raw) < 2_000) == (b"\0\0\1\0", 32, 32, True)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_what_others_wrote_stands_beside_its_licence() -> None:
    names = sorted(re.sub(r"\.[\w-]{12}\.", ".", name) for name in static_files())

    assert names == [
        "consent.js",
        "console.css",
        "favicon.ico",
        "htmx.LICENSE.txt",
        "htmx.min.js",
        "icon.svg",
        "style.css",
        "verify.js",
    ]


@pytest.mark.parametrize("path", ["/privacy/nowhere", "/privacy/requests/x", "/verify/x", "/staff/nowhere"])
def test_what_is_not_there_is_told_as_a_page(grocer: Grocer, path: str) -> None:
    page = grocer.known().get(path)

    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    start = "console" if path.startswith("/staff") else "privacy centre"
    assert page.words == (
        "This did not work There is no such page. Go to the start, and on from there. "
        f"Code: route-unknown To the start of the {start}"
    )


A_PAGE, ANYTHING = "text/html,application/xhtml+xml,*/*;q=0.8", "*/*"


def test_the_bare_address_leads_to_the_centre_whatever_is_asked_with_it(grocer: Grocer) -> None:
    browser = grocer.browser()
    for accepted in (A_PAGE, ANYTHING):
        page = browser.get("/?next=https://mallory.example&told=done", {"Accept": accepted})

        assert (page.status, page.place, page.text) == (303, "/privacy", "")
    assert browser.cookies == {}


def test_who_asks_for_a_page_where_nothing_is_gets_one_and_a_program_a_problem(grocer: Grocer) -> None:
    browser = grocer.browser()
    for path in ("/nowhere", "/docs", "//privacy", "/Privacy", "/apis", "/.well-known/x"):
        page, told = browser.get(path, {"Accept": A_PAGE}), browser.get(path, {"Accept": ANYTHING})

        assert (path, page.status, page.headers["content-type"]) == (path, 404, "text/html; charset=utf-8")
        assert page.words.endswith("Code: route-unknown To the start of the privacy centre")
        assert {name: page.headers[name] for name in PAGE_HEADERS} == PAGE_HEADERS
        assert (path, told.status, told.headers["content-type"]) == (path, 404, "application/problem+json")


def test_where_programs_ask_no_page_is_shown(grocer: Grocer) -> None:
    browser = grocer.browser()
    for path in ("/api", "/api/v1/nowhere", "/v1/nowhere", "/readyz/x", "/metrics/x", "/static/x"):
        told = browser.get(path, {"Accept": A_PAGE})

        assert (path, told.status, told.headers["content-type"]) == (path, 404, "application/problem+json")


def test_no_page_is_shown_or_led_to_under_a_foreign_name(grocer: Grocer) -> None:
    for path in ("/", "/nowhere"):
        page = grocer.browser().get(path, {"Accept": A_PAGE, "Host": "mallory.example"})

        assert (path, page.status, page.place, page.text.count("mallory")) == (path, 421, "", 0)


def test_a_defect_is_told_as_a_page_without_its_words(grocer: Grocer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object) -> None:
        raise RuntimeError("h0001 lives in Berlin")

    browser = grocer.known()
    monkeypatch.setattr(type(grocer.workspace.centre), "home", fail)
    page = browser.get("/privacy")

    assert (page.status, page.text.count("Berlin"), page.text.count("RuntimeError")) == (500, 0, 0)
    assert page.words.startswith("This did not work pellucid failed in a way it should not.")


def figures(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if line.startswith("pellucid_requests_total")]
    lines = [line for line in lines if 'route="/metrics"' not in line]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_figures_are_by_declared_route_and_about_nobody(grocer: Grocer) -> None:
    browser = grocer.known("h0001")
    browser.get("/privacy")
    browser.get("/privacy/requests/r0123456789ab")
    browser.get("/privacy/h0001-secret")
    until(lambda: sum(figures(browser.get("/metrics").text).values()) >= 3)  # one is counted after it was answered
    text = browser.get("/metrics").text

    assert figures(text) == {
        'pellucid_requests_total{method="GET",route="/privacy",status="200"}': 1.0,
        'pellucid_requests_total{method="GET",route="/privacy/requests/{request_id}",status="404"}': 1.0,
        'pellucid_requests_total{method="GET",route="none",status="404"}': 1.0,
    }
    assert re.findall(r"h0001|r0123456789ab|secret|__Host|127\.0\.0\.1", text) == []


class TestFigures:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_metrics_token=SecretStr("a-token-for-the-figures"))

    def test_are_told_to_this_machine_or_to_who_has_the_token(self, grocer: Grocer) -> None:
        browser, far = grocer.browser(), {"X-Forwarded-For": "203.0.113.7"}
        right, wrong = ({**far, "Authorization": f"Bearer {token}"} for token in ("a-token-for-the-figures", "x"))
        statuses = [browser.get("/metrics", headers).status for headers in ({}, far, right, wrong)]

        assert statuses == [200, 404, 200, 404]
        assert browser.get("/metrics", {"Host": "shop.example"}).status == 404
        assert browser.get("/metrics", {"X-Forwarded-Host": "shop.example"}).status == 404


def test_the_log_of_the_server_holds_nothing_of_anybody(grocer: Grocer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="pellucid.web")
    browser = grocer.signed_in("h0001")
    browser.submit("/privacy/choices", "/privacy/choices/offers", choice="yes", notice="2026-11")
    told = "\n".join(str(record.__dict__) for record in caplog.records)
    secrets = [*browser.cookies.values(), grocer.code_for("h0001"), "h0001", "alice@home.example"]

    assert caplog.records != []
    assert [each for each in secrets if each in told] == []


def test_the_address_behind_a_proxy_is_believed_from_that_proxy_only(grocer: Grocer) -> None:
    place = Place.of(Settings(serve_proxies=("10.0.0.2", "10.0.0.3")))

    def asked(client: str, *forwarded: str) -> str:
        headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
        return place.address_of(Request({"type": "http", "client": (client, 1), "headers": headers}))

    assert asked("10.0.0.2", "203.0.113.7") == "203.0.113.7"
    assert asked("10.0.0.2", "1.1.1.1, 203.0.113.7, 10.0.0.3") == "203.0.113.7"
    assert asked("198.51.100.1", "203.0.113.7") == "198.51.100.1"
    assert asked("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert [asked("10.0.0.2", f"::ffff:203.0.113.{each}") for each in (7, 8)] == ["203.0.113.7", "203.0.113.8"]


def test_machines_ask_without_a_cookie(grocer: Grocer) -> None:
    assert [httpx.get(f"{grocer.address}/{name}", timeout=60).status_code for name in ("healthz", "readyz")] == [
        204,
        204,
    ]
