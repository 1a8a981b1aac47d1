"""Whatever is sent to any route, in any part of a request: the server's log and figures tell none of it."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from secrets import token_hex
from urllib.parse import urlencode, urlsplit

import pytest

from pellucid.policy.scopes import SCOPES
from pellucid.settings import Settings
from pellucid.web.app import make_app
from pellucid.web.kinds import kind_of
from pellucid.web.logs import JsonLines
from tests.web import test_authorisation
from tests.web.app_clients import OWN, known_app, visitor_of
from tests.web.conftest import until
from tests.web.pages.test_who_may import NAMES, ROWS
from tests.web.visitors import Grocer

CANARY = "zqcanaryqz"
NUMBER = 778812345


@pytest.fixture
def settings() -> Settings:
    return Settings(serve_attempts_per_minute=1e6, serve_failures_per_minute=1e6, serve_misses_per_minute=1e6)


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What every logger of this process says meanwhile, as lines of JSON and as Python would write it in full."""
    text = io.StringIO()
    handlers = [logging.StreamHandler(text), logging.StreamHandler(text)]
    handlers[0].setFormatter(JsonLines())
    handlers[1].setFormatter(logging.Formatter("%(name)s %(message)s %(args)s %(facts)s", defaults={"facts": ""}))
    loggers = [logging.getLogger(), logging.getLogger("pellucid.web"), logging.getLogger("uvicorn")]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.DEBUG)
        for handler in handlers:
            each.addHandler(handler)
    yield text
    for each, level in zip(loggers, before, strict=True):
        each.setLevel(level)
        for handler in handlers:
            each.removeHandler(handler)


@pytest.mark.slow
def test_log_and_figures_tell_nothing_of_what_was_sent(grocer: Grocer, said: io.StringIO) -> None:
    token = grocer.workspace.tokens.create(
        f"till-{token_hex(4)}", SCOPES, actor=grocer.workspace.actor("pia"), person="ana"
    ).secret
    alice, pia = grocer.known(), grocer.known_staff("pia")
    csrf = {"": alice.get("/privacy/choices").token, "staff": pia.get("/staff").token}
    cookie = "; ".join(f"{name}={value}" for browser in (alice, pia) for name, value in browser.cookies.items())
    app = known_app(grocer)
    secrets = [token, app.bearer, *csrf.values(), *alice.cookies.values(), *pia.cookies.values()]
    asked = 0
    for method, path in test_authorisation.routes(make_app(grocer.workspace).routes):
        shown = app.bearer if path.startswith(OWN) else token
        for let_in in (True, False):
            headers = {
                "User-Agent": f"{CANARY}-agent",
                "Referer": f"https://{CANARY}.example/",
                "X-Forwarded-For": f"203.0.113.77, {CANARY}",
                "Accept-Language": f"{CANARY}, de",
                "Idempotency-Key": f"{CANARY}-key-0123456789",
                "Authorization": f"Bearer {shown if let_in else CANARY}",
                "Cookie": f"{cookie if let_in else f'__Host-pellucid-centre={CANARY}'}; {CANARY}={CANARY}",
                "Origin": grocer.address,
                "Sec-Fetch-Site": "same-origin",
            }
            status = _send(grocer, method, path, headers, csrf["staff" if path.startswith("/staff") else ""])
            asked += 1
            assert status < 500, (method, path)
        if visitor_of(grocer, app) is None:  # signed out, or made anew
            app = known_app(grocer)
            secrets.append(app.bearer)
    until(lambda: len(said.getvalue().splitlines()) >= 2 * asked)  # a line comes after its answer
    figures = _get(grocer, "/metrics")
    told = said.getvalue()

    assert asked == 2 * len([*test_authorisation.routes(make_app(grocer.workspace).routes)])
    assert figures.count("pellucid_requests_total{") > 20
    for each in (CANARY, str(NUMBER), "203.0.113.77", *secrets):
        assert [line for line in told.splitlines() if each in line] == [], each
        assert each not in figures


def test_a_line_about_a_request_holds_these_facts_and_no_others(grocer: Grocer, said: io.StringIO) -> None:
    grocer.known().get("/privacy/requests/r0123456789ab?x=y")
    until(lambda: '"request"' in said.getvalue())
    lines = [json.loads(line) for line in said.getvalue().splitlines() if line.startswith("{")]
    found = next(line for line in lines if line["event"] == "request")

    assert found.keys() == {"at", "level", "event", "method", "route", "status", "ms", "token"}
    assert (found["route"], found["status"], found["token"]) == ("/privacy/requests/{request_id}", 404, None)


def test_methods_that_no_route_has_are_one_in_the_figures_and_in_the_log(grocer: Grocer, said: io.StringIO) -> None:
    """Else whoever asks could make a figure for each word that is one to some protocol."""
    for method in ("PROPFIND", "MKCOL", "TRACE", "PATCH"):
        assert _send(grocer, method, "/staff", {}, "") < 500
    figures = ""
    for _ in range(1_000):  # a request is counted once it was answered
        if 'method="other"' in figures:
            break
        figures = _get(grocer, "/metrics")

    assert set(re.findall(r'method="(\w+)"', figures)) <= {"GET", "other"}
    assert re.findall(r'"method": "(?:PROPFIND|MKCOL|TRACE|PATCH)"', said.getvalue()) == []
    assert figures.count('method="other"') > 0


def _send(grocer: Grocer, method: str, path: str, headers: dict[str, str], csrf: str) -> int:
    """Send a canary in every part of a request to a route."""
    names = dict.fromkeys(["agent_id", "version", "name", "purpose", "token", "link"], CANARY)
    spaces = {**NAMES, **names, "sequence": str(NUMBER), "request_id": "r0123456789ab"}
    where = path.format_map(_Else(spaces)) + f"?{CANARY}={CANARY}&told={CANARY}&language={CANARY}&since={NUMBER}"
    body, kind = "", kind_of(path)
    if kind.name == "page":
        fields = {"_token": csrf, "key": CANARY, "code": CANARY, "answer": CANARY, "name": CANARY, "password": CANARY}
        body = urlencode(fields | dict(ROWS.get((method, path), ("", {}, 0))[1]) | {CANARY: CANARY})
    elif kind.name != "static":
        known = test_authorisation.ROWS.get((method, path), ("", {}, 0))[1]
        sent = {name: CANARY for name in ("subject", "purpose", "note", "proof", "channel", CANARY)} | {"n": NUMBER}
        body = json.dumps((known if isinstance(known, dict) else {}) | sent)
    connection = HTTPConnection(urlsplit(grocer.address).netloc, timeout=60)
    try:
        kinds = {"Content-Type": kind.media_type} if method in ("POST", "PUT", "DELETE") else {}
        connection.request(method, where, body if kinds else None, headers | kinds)
        return connection.getresponse().status
    finally:
        connection.close()


class _Else(dict[str, str]):
    """Names that a path may have; of one that is not known, the canary."""

    def __missing__(self, key: str) -> str:
        return CANARY


def _get(grocer: Grocer, path: str) -> str:
    connection = HTTPConnection(urlsplit(grocer.address).netloc, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()
