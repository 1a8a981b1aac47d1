"""Attacks on every route of a page, found by walking the application: a new page is attacked as soon as it is there."""

from __future__ import annotations

import re
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import hypothesis
import pytest
from hypothesis import strategies as some

from pellucid.settings import Settings
from pellucid.web import cookies
from pellucid.web.app import make_app
from pellucid.web.kinds import STATIC, kind_of
from tests.web.pages.test_who_may import CUSTOMERS, EVERYBODY, NAMES, ROWS, STAFF, STRANGERS, is_page
from tests.web.test_authorisation import routes
from tests.web.visitors import Browser, Grocer, Page

EVIL = "evil.example"
MARK = "<script>zz'\"</script>"
FROM_OUTSIDE = {"Origin": f"https://{EVIL}", "Sec-Fetch-Site": "cross-site"}
FOREIGN = frozenset({"/privacy/hand-over"})
"""Forms that another site sends: what is in them proves itself."""
EXAMPLES = 15


@pytest.fixture
def settings() -> Settings:
    """Let nobody wait: a refusal for asking too often would hide what is behind it."""
    return Settings(serve_attempts_per_minute=1e6)


def walked(grocer: Grocer, method: str) -> list[str]:
    """Return every route of a page with a method, as the application has it."""
    return sorted(path for how, path in routes(make_app(grocer.workspace).routes) if how == method and is_page(path))


def insider(grocer: Grocer, path: str, method: str = "POST") -> Browser:
    """Return a browser of somebody whom a route lets in."""
    whose = ROWS[method, path][0]
    if whose == CUSTOMERS:
        return grocer.known()
    able = [name for name in ("pia", "ana") if whose == STAFF or whose in may(grocer, name)]
    return grocer.known_staff(able[0]) if able else grocer.browser()


def may(grocer: Grocer, name: str) -> frozenset[str]:
    """Return the actions of a member of the staff."""
    policy = grocer.workspace.policy.active()
    return frozenset(action for role in policy.people[name].roles for action in policy.roles[role].may)


def home(path: str) -> str:
    """Return a page that has forms, of the part of the site that a path is in."""
    inside, door = (
        ("/staff", "/staff/sign-in") if path.startswith("/staff") else ("/privacy/choices", "/privacy/sign-in")
    )
    return door if ROWS["POST", path][0] in (EVERYBODY, STRANGERS) else inside


def leads_out(page: Page) -> bool:
    """Return whether an answer sends a browser anywhere but to a page of ours."""
    return bool(page.place) and re.fullmatch(r"/(privacy|staff|verify)([/?#][\w/?=&#.-]*)?", page.place) is None


def test_no_form_is_taken_from_another_site_or_without_its_token(grocer: Grocer) -> None:
    taken: dict[str, object] = {}
    before = grocer.actions()
    for path in walked(grocer, "POST"):
        browser, where = insider(grocer, path), path.format(**NAMES)
        token = browser.get(home(path)).token
        fields = ROWS["POST", path][1]
        others = grocer.known("h0002").get("/privacy/choices").token
        tries = (
            browser.post(where, {"_token": token, **fields}, FROM_OUTSIDE),
            browser.post(where, {"_token": token, **fields}, {}),
            *(browser.post(where, {"_token": each, **fields}) for each in ("", "x", others)),
        )
        told = [each.status for each in tries]
        if told != [403] * 5 and path not in FOREIGN:
            taken[path] = told
        assert not any(each.headers.get("set-cookie", "").startswith(cookies.CENTRE) for each in tries)

    assert taken == {}
    assert [each for each in grocer.actions()[len(before) :] if "refused" not in each] == []


@pytest.mark.slow
def test_nothing_that_is_sent_leads_a_browser_elsewhere(grocer: Grocer) -> None:
    names = ("next", "return", "url", "redirect", "to", "back", "told", "language")
    out: list[str] = []
    for target in (
        f"https://{EVIL}/",
        f"//{EVIL}",
        f"/\\{EVIL}",
        "javascript:alert(1)",
        f"/privacy%0d%0aLocation:{EVIL}",
    ):
        query = "&".join(f"{name}={target}" for name in names)
        for path in walked(grocer, "GET"):
            page = insider(grocer, path, "GET").get(f"{path.format(**NAMES)}?{query}", {"Referer": f"https://{EVIL}/"})
            out += [f"GET {path}"] if leads_out(page) or EVIL in page.text + str(page.headers) else []
        for path in walked(grocer, "POST"):
            browser, fields = insider(grocer, path), dict.fromkeys(names, target) | ROWS["POST", path][1]
            sent = {"_token": browser.get(home(path)).token, **fields}
            page = browser.post(f"{path.format(**NAMES)}?{query}", sent)
            out += [f"POST {path}"] if leads_out(page) else []

    assert out == []


def test_no_page_is_served_or_made_for_another_host(grocer: Grocer) -> None:
    told: dict[str, object] = {}
    for method in ("GET", "POST"):
        for path in walked(grocer, method):
            if kind_of(path) is STATIC:
                continue
            browser = insider(grocer, path, method)
            sent = {"_token": "x"} if method == "POST" else None
            page = browser._send(method, path.format(**NAMES), sent, {"Host": EVIL})
            if page.status != 421 or EVIL in page.text or "location" in page.headers:
                told[f"{method} {path}"] = page.status
            forwarded = browser._send(method, path.format(**NAMES), sent, {"X-Forwarded-Host": EVIL, "Forwarded": EVIL})
            assert EVIL not in forwarded.text + str(forwarded.headers), path

    assert told == {}


def test_no_route_takes_a_file(grocer: Grocer) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="../../x"\r\n\r\n' + b"A" * 5000 + b"\r\n--b--\r\n"
    )
    told = {path: _raw(grocer, path, body, "multipart/form-data; boundary=b") for path in walked(grocer, "POST")}

    assert set(told.values()) == {415}


def test_a_page_that_is_sent_a_bomb_answers_at_once(grocer: Grocer) -> None:
    bombs = (
        (b"[" * 60_000, "application/json"),
        (b"a=1&" * 15_000, "application/x-www-form-urlencoded"),
        (b"a=" + b"%25" * 20_000, "application/x-www-form-urlencoded"),
        (b"a=\xff\x00\xed\xa0\x80", "application/x-www-form-urlencoded"),
        (b"x" * 2**20, "application/x-www-form-urlencoded"),
    )
    for path in walked(grocer, "POST"):
        began = time.process_time()
        assert {_raw(grocer, path, body, kind) for body, kind in bombs} <= {400, 403, 413, 415, 303, 429}, path
        assert time.process_time() - began < 2.0, path


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
def test_whatever_is_typed_into_a_form_fails_nothing_and_comes_back_as_text(grocer: Grocer) -> None:
    """Fields of the form that hold what nobody expects, and fields that are not of the form."""
    hostile = some.sampled_from(["", MARK, "\u202e", "a" * 3000, "' OR 1=1 --", "{{7*7}}", "0", "-1", "9" * 40, "yes"])
    values = hostile | some.text(some.characters(codec="utf-8"), max_size=60)
    names = some.sampled_from(["choice", "language", "key", "namespace", "code", "answer", "right", "kind", MARK])
    for path in walked(grocer, "POST"):
        browser = insider(grocer, path)
        known = list(ROWS["POST", path][1])
        fuzz_one(grocer, browser, path, some.dictionaries(names | some.sampled_from([*known, "x"]), values, max_size=5))


def fuzz_one(grocer: Grocer, browser: Browser, path: str, fields: some.SearchStrategy[dict[str, str]]) -> None:
    token = browser.get(home(path)).token
    session = dict(browser.cookies)

    @hypothesis.settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(typed=fields)
    def send(typed: dict[str, str]) -> None:
        browser.cookies = dict(session)
        page = browser.post(path.format(**NAMES), {"_token": token, **typed})
        assert page.status < 500, (path, page.words)
        assert MARK not in page.text
        assert not leads_out(page)

    send()


@pytest.mark.slow
def test_whatever_stands_in_an_address_fails_nothing_and_comes_back_as_text(grocer: Grocer) -> None:
    hostile = ("%3Cscript%3Ezz", "..%2f..%2fetc", "%00", "%ff", "a" * 300, "-1", "9" * 30, "%F0%9F%92%A9", "'%22%3E")
    for path in walked(grocer, "GET"):
        browser = insider(grocer, path, "GET")
        for each in hostile:
            page = browser.get(re.sub(r"\{\w+\}", each, path) + f"?x={each}&told={each}&language={each}")
            assert page.status < 500, (path, each)
            assert "<script>zz" not in page.text, (path, each)


def _raw(grocer: Grocer, path: str, body: bytes, kind: str) -> int:
    browser = insider(grocer, path)
    connection = HTTPConnection(urlsplit(grocer.address).netloc, timeout=60)
    shown = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"Content-Type": kind, "Origin": grocer.address, "Sec-Fetch-Site": "same-origin", "Cookie": shown}
    try:
        connection.request("POST", path.format(**NAMES), body, headers)
        return connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        return 413  # refused before all was sent
    finally:
        connection.close()
