"""Who may open which page and send which form: every route of a page has its row here, tried by everybody."""

from __future__ import annotations

from secrets import token_hex

import pytest

from pellucid.policy.scopes import SCOPES
from pellucid.web.app import make_app
from pellucid.web.kinds import kind_of
from tests.web.test_authorisation import routes
from tests.web.visitors import Browser, Grocer, Page

SIGN_IN, STAFF_SIGN_IN = "/privacy/sign-in", "/staff/sign-in"
REQUEST = "/privacy/requests/{request_id}"
EVERYBODY, CUSTOMERS, STAFF = "everybody", "customers", "staff"
ROWS: dict[tuple[str, str], tuple[str, dict[str, str], int]] = {
    ("GET", SIGN_IN): (EVERYBODY, {}, 200),
    ("POST", SIGN_IN): (EVERYBODY, {"key": "h0002"}, 303),
    ("GET", "/privacy/sign-in/code"): (EVERYBODY, {}, 303),
    ("POST", "/privacy/sign-in/code"): (EVERYBODY, {"code": "00000000"}, 403),
    ("POST", "/privacy/hand-over"): (EVERYBODY, {"token": "x"}, 403),
    ("POST", "/privacy/sign-out"): (CUSTOMERS, {}, 303),
    ("GET", "/privacy"): (CUSTOMERS, {}, 200),
    ("GET", "/privacy/choices"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/choices"): (CUSTOMERS, {}, 303),
    ("POST", "/privacy/choices/{purpose}"): (CUSTOMERS, {"choice": "no"}, 303),
    ("GET", "/privacy/history"): (CUSTOMERS, {}, 200),
    ("GET", "/privacy/history/{sequence}/receipt"): (CUSTOMERS, {}, 404),
    ("GET", "/privacy/requests"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/requests"): (CUSTOMERS, {"right": "access"}, 303),
    ("GET", REQUEST): (CUSTOMERS, {}, 404),
    ("POST", f"{REQUEST}/revoke"): (CUSTOMERS, {}, 404),
    ("POST", f"{REQUEST}/code"): (CUSTOMERS, {}, 404),
    ("POST", f"{REQUEST}/answer"): (CUSTOMERS, {"code": "00000000"}, 404),
    ("GET", "/verify/{request_id}"): (EVERYBODY, {}, 200),
    ("GET", "/privacy/messages/{token}"): (EVERYBODY, {}, 403),
    ("POST", "/privacy/messages/{token}"): (EVERYBODY, {"kind": "yearly", "wanted": "no"}, 403),
    ("POST", "/verify/{request_id}"): (EVERYBODY, {"answer": "x"}, 403),
    ("GET", f"{SIGN_IN}/link/{{link}}"): (EVERYBODY, {}, 403),
    ("POST", f"{SIGN_IN}/link"): (EVERYBODY, {"link": "x" * 43}, 403),
    ("GET", f"{SIGN_IN}/openid"): (EVERYBODY, {}, 404),
    ("GET", f"{SIGN_IN}/openid/back"): (EVERYBODY, {}, 404),
    ("GET", "/privacy/signed-out"): (EVERYBODY, {}, 200),
    ("GET", f"{STAFF_SIGN_IN}/openid"): (EVERYBODY, {}, 404),
    ("GET", f"{STAFF_SIGN_IN}/openid/back"): (EVERYBODY, {}, 404),
    ("GET", "/staff/signed-out"): (EVERYBODY, {}, 200),
    ("GET", STAFF_SIGN_IN): (EVERYBODY, {}, 200),
    ("POST", STAFF_SIGN_IN): (EVERYBODY, {"name": "nobody", "password": "x", "code": "0"}, 403),
    ("POST", "/staff/sign-out"): (STAFF, {}, 303),
    ("GET", "/staff"): (STAFF, {}, 200),
    ("GET", "/privacy/pass/{token}"): (EVERYBODY, {}, 200),
    ("POST", "/privacy/pass/{token}"): (EVERYBODY, {}, 403),
    ("GET", "/staff/pass/{token}"): (EVERYBODY, {}, 200),
    ("POST", "/staff/pass/{token}"): (EVERYBODY, {}, 403),
    ("GET", "/static/{name}"): (EVERYBODY, {}, 404),
}
"""Route of a page: whom it lets in, the fields of its form, and how it answers those."""
DOORS = {CUSTOMERS: SIGN_IN, STAFF: STAFF_SIGN_IN}
NAMES = {
    "link": "x" * 43,
    "purpose": "offers",
    "sequence": "999",
    "request_id": "r0123456789ab",
    "name": "x",
    "token": "x.1.y",
}


def is_page(path: str) -> bool:
    return kind_of(path).name in ("page", "static")


def asked(browser: Browser, row: tuple[str, str]) -> Page:
    """Try a route as a browser that has opened a page of its own door before, and so has its token if there is one."""
    (method, path), fields = row, ROWS[row][1]
    if method == "GET":
        return browser.get(path.format(**NAMES))
    whose = ROWS[row][0]
    page = {CUSTOMERS: "/privacy/choices", STAFF: "/staff"}.get(whose) or (
        STAFF_SIGN_IN if path.startswith("/staff") else SIGN_IN
    )
    return browser.submit(page, path.format(**NAMES), **fields)


def test_every_route_of_a_page_has_its_row(grocer: Grocer) -> None:
    found = {row for row in routes(make_app(grocer.workspace).routes) if is_page(row[1])}

    assert found == ROWS.keys()


@pytest.mark.parametrize("who", ["nobody", "alice", "pia", "mallory", "program"])
def test_a_route_lets_in_whom_its_row_names_and_nobody_else(grocer: Grocer, who: str) -> None:
    make = {
        "nobody": grocer.browser,
        "alice": lambda: grocer.known("h0001"),
        "pia": lambda: grocer.known_staff("pia"),
        "mallory": lambda: grocer.known_staff("mallory"),
        "program": lambda: _program(grocer),
    }
    told: dict[str, object] = {}
    for row, (whose, _, done) in ROWS.items():
        page = asked(make[who](), row)
        may = whose == EVERYBODY or (whose, who) in ((CUSTOMERS, "alice"), (STAFF, "pia"), (STAFF, "mallory"))
        got, expected = (page.status, page.place), (done, page.place) if may else (303, DOORS[whose])
        if got != expected:
            told[" ".join(row)] = [got, expected, page.words]

    assert told == {}


def test_nothing_that_was_refused_was_done(grocer: Grocer) -> None:
    before = grocer.actions()
    for row, (whose, _, _) in ROWS.items():
        if whose != EVERYBODY:
            asked(grocer.browser(), row)

    assert grocer.actions() == before


def _program(grocer: Grocer) -> Browser:
    token = grocer.workspace.tokens.create(f"till-{token_hex(4)}", SCOPES, actor=grocer.workspace.actor("pia"))
    return Browser(grocer.address, headers={"Authorization": f"Bearer {token.secret}"})
