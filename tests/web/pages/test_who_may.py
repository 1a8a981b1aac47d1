"""Who may open which page and send which form: every route of a page has its row here, tried by everybody."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex

import pytest

from pellucid.policy.decide import ACTIONS, actions_of
from pellucid.policy.scopes import SCOPES
from pellucid.web.app import make_app
from pellucid.web.kinds import kind_of
from tests.web.test_authorisation import routes
from tests.web.visitors import Browser, Grocer, Page

SIGN_IN, STAFF_SIGN_IN = "/privacy/sign-in", "/staff/sign-in"
REQUEST = "/privacy/requests/{request_id}"
EVERYBODY, CUSTOMERS, STAFF = "everybody", "customers", "staff"
TOTAL = "SELECT COUNT(*) FROM purchases"
ANSWER = "/staff/ask/answers/{key}"
INVITATION = "/staff/invitation/{secret}"
INSIGHT = "/staff/insights/{insight}"
DUE, ENTRY = "/staff/requests/{request_id}", "/staff/log/entries/{leaf}"
STRANGERS = "everybody who is not a customer, who has a page of their own"
ROWS: dict[tuple[str, str], tuple[str, dict[str, str], int]] = {
    ("GET", "/"): (EVERYBODY, {}, 303),
    ("GET", SIGN_IN): (EVERYBODY, {}, 200),
    ("POST", SIGN_IN): (EVERYBODY, {"key": "h0002"}, 303),
    ("GET", "/privacy/sign-in/code"): (EVERYBODY, {}, 303),
    ("POST", "/privacy/sign-in/code"): (EVERYBODY, {"code": "00000000"}, 403),
    ("POST", "/privacy/hand-over"): (EVERYBODY, {"token": "x"}, 403),
    ("POST", "/privacy/sign-out"): (CUSTOMERS, {}, 303),
    ("POST", "/privacy/sign-out/everywhere"): (CUSTOMERS, {}, 303),
    ("GET", "/privacy"): (CUSTOMERS, {}, 200),
    ("GET", "/privacy/counts"): (CUSTOMERS, {}, 200),
    ("GET", "/privacy/data"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/data/code"): (CUSTOMERS, {}, 303),
    ("POST", "/privacy/data/answer"): (CUSTOMERS, {"code": "00000000"}, 403),
    ("GET", "/privacy/data/{dataset}"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/data/{dataset}/statement"): (CUSTOMERS, {"statement": "x"}, 303),
    ("GET", "/privacy/data/{dataset}/{generation}/{place}"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/data/{dataset}/{generation}/{place}"): (CUSTOMERS, {"column": "place", "value": "AT"}, 303),
    ("GET", "/privacy/inferences"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/inferences/review"): (CUSTOMERS, {"decision": "x"}, 303),
    ("GET", "/privacy/choices"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/choices"): (CUSTOMERS, {}, 303),
    ("POST", "/privacy/choices/{purpose}"): (CUSTOMERS, {"choice": "no"}, 303),
    ("GET", "/privacy/uses"): (CUSTOMERS, {}, 200),
    ("GET", "/privacy/recipients"): (CUSTOMERS, {}, 200),
    ("GET", "/privacy/help"): (EVERYBODY, {}, 200),
    ("GET", "/privacy/notice"): (EVERYBODY, {}, 404),  # none was published
    ("GET", "/privacy/notice/text"): (EVERYBODY, {}, 404),
    ("GET", "/privacy/notice/linked-data"): (EVERYBODY, {}, 404),
    ("GET", "/privacy/notice/versions"): (EVERYBODY, {}, 404),
    ("GET", "/privacy/notice/changes"): (EVERYBODY, {}, 404),
    ("GET", "/privacy/history"): (CUSTOMERS, {}, 200),
    ("GET", "/privacy/history/{sequence}/receipt"): (CUSTOMERS, {}, 404),
    ("GET", "/privacy/requests"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/requests"): (CUSTOMERS, {"right": "access"}, 303),
    ("GET", REQUEST): (CUSTOMERS, {}, 404),
    ("POST", "/privacy/requests/objection"): (CUSTOMERS, {"purpose": "planning"}, 303),
    ("POST", "/privacy/requests/limit"): (CUSTOMERS, {}, 303),
    ("POST", "/privacy/requests/review"): (CUSTOMERS, {"decision": "x"}, 303),
    ("GET", f"{REQUEST}/package"): (CUSTOMERS, {}, 404),
    ("GET", "/privacy/erase"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/erase"): (CUSTOMERS, {"understood": "yes"}, 403),
    ("GET", "/privacy/erased/{token}"): (EVERYBODY, {}, 404),
    ("GET", "/privacy/erased/{token}/receipt"): (EVERYBODY, {}, 404),
    ("GET", "/privacy/pause"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/pause"): (CUSTOMERS, {"pause": "on"}, 303),
    ("GET", "/privacy/people"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/people/self"): (CUSTOMERS, {}, 303),
    ("POST", "/privacy/people/{delegation}/act"): (CUSTOMERS, {}, 404),
    ("POST", "/privacy/people/{delegation}/end"): (CUSTOMERS, {}, 404),
    ("POST", "/privacy/people/agents/{agent}"): (CUSTOMERS, {}, 303),
    ("POST", "/privacy/proof/code"): (CUSTOMERS, {}, 303),
    ("POST", "/privacy/proof/answer"): (CUSTOMERS, {"code": "00000000"}, 303),
    ("POST", f"{REQUEST}/revoke"): (CUSTOMERS, {}, 404),
    ("POST", f"{REQUEST}/code"): (CUSTOMERS, {}, 404),
    ("POST", f"{REQUEST}/answer"): (CUSTOMERS, {"code": "00000000"}, 404),
    ("GET", "/verify/{request_id}"): (EVERYBODY, {}, 200),
    ("GET", "/privacy/messages/{token}"): (EVERYBODY, {}, 403),
    ("POST", "/privacy/messages/{token}"): (EVERYBODY, {"kind": "yearly", "wanted": "no"}, 403),
    ("GET", "/privacy/visitor"): (STRANGERS, {}, 200),
    ("POST", "/privacy/visitor"): (EVERYBODY, {}, 303),
    ("POST", "/privacy/visitor/choices/{purpose}"): (EVERYBODY, {"choice": "no"}, 303),
    ("POST", "/privacy/visitor/forget"): (EVERYBODY, {}, 303),
    ("GET", "/privacy/visitor/bring/{shop}"): (EVERYBODY, {}, 404),
    ("GET", "/privacy/visitor/hand-on/{state}"): (EVERYBODY, {}, 404),
    ("GET", "/privacy/visitor/take-along/{ticket}"): (EVERYBODY, {}, 403),
    ("POST", "/privacy/visitor/take-along/{ticket}"): (EVERYBODY, {}, 403),
    ("GET", "/privacy/joined"): (CUSTOMERS, {}, 200),
    ("POST", "/privacy/joined"): (CUSTOMERS, {}, 303),
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
    ("GET", INVITATION): (EVERYBODY, {}, 403),
    ("POST", INVITATION): (EVERYBODY, {"password": "x", "again": "x"}, 403),
    ("POST", f"{INVITATION}/code"): (EVERYBODY, {"code": "000000"}, 403),
    ("GET", "/staff/ask"): ("query", {}, 200),
    ("POST", "/staff/ask"): ("query", {"once": "x" * 22, "purpose": "planning", "sql": TOTAL}, 303),
    ("POST", "/staff/ask/preview"): ("preview", {"once": "x" * 22, "purpose": "planning", "sql": TOTAL}, 200),
    ("GET", ANSWER): ("query", {}, 404),
    ("GET", f"{ANSWER}/table.csv"): ("query", {}, 404),
    ("GET", f"{ANSWER}/answer.json"): ("query", {}, 404),
    ("GET", "/staff/insights"): ("insight-list", {}, 200),
    ("POST", "/staff/insights"): ("insight-propose", {"name": "A b", "purpose": "planning", "sql": TOTAL}, 422),
    ("GET", INSIGHT): ("insight-list", {}, 404),
    ("POST", f"{INSIGHT}/approve"): ("insight-approve", {}, 404),
    ("POST", f"{INSIGHT}/reject"): ("insight-approve", {"reason": "x"}, 404),
    ("POST", f"{INSIGHT}/run"): ("insight-run", {"once": "x" * 22}, 404),
    ("GET", "/staff/budget"): ("budget-show", {}, 200),
    ("POST", "/staff/budget/plan"): ("preview", {"purpose": "planning", "questions": TOTAL}, 200),
    ("GET", "/staff/requests"): ("request-list", {}, 200),
    ("GET", DUE): ("request-list", {}, 404),
    ("POST", f"{DUE}/person"): ("request-list", {}, 404),
    ("POST", f"{DUE}/plan"): ("erase", {}, 404),
    ("POST", f"{DUE}/acts/{{act}}"): ("request-approve", {}, 404),
    ("GET", "/staff/consents"): ("consent-coverage-exact", {}, 200),
    ("GET", "/staff/refusals"): ("audit-read", {}, 200),
    ("GET", "/staff/log"): ("audit-read", {}, 200),
    ("GET", ENTRY): ("audit-read", {}, 200),
    ("GET", f"{ENTRY}/bytes"): ("audit-read", {}, 200),
    ("GET", f"{ENTRY}/proof"): ("audit-export", {}, 404),  # no signed head covers it
    ("POST", "/staff/log/verify"): ("audit-read", {}, 409),
    ("GET", "/staff/log/verifications/{leaf}"): ("audit-read", {}, 404),
    ("POST", "/staff/log/export"): ("audit-export", {}, 200),
    ("POST", "/staff/log/checkpoint"): ("audit-checkpoint", {}, 303),
    ("GET", "/privacy/static/{name}"): (EVERYBODY, {}, 404),
    ("GET", "/favicon.ico"): (EVERYBODY, {}, 200),
}
"""Route of a page: whom it lets in, the fields of its form, and how it answers those.

An action stands for the staff whose roles may do it: others of the staff are refused (403).
"""
DOORS = {CUSTOMERS: SIGN_IN}
NAMES = {"purpose": "offers", "sequence": "999", "request_id": "r0123456789ab", "name": "x", "token": "x.1.y"}
NAMES |= {"link": "x" * 43, "key": "0" * 32, "insight": "none", "act": "deny", "leaf": "0"}
NAMES |= {"dataset": "members", "generation": "1", "place": "0"}
NAMES |= {"secret": "x" * 43}
NAMES |= {"delegation": "0123456789ab", "agent": "none"}
NAMES |= {"ticket": f"{0:016}.1.{0:064}", "shop": "shop.example", "state": f"1.{0:064}"}


def is_page(path: str) -> bool:
    return kind_of(path).name in ("page", "static")


def asked(browser: Browser, row: tuple[str, str]) -> Page:
    """Try a route as a browser that has opened a page of its own door before, and so has its token if there is one."""
    (method, path), fields = row, ROWS[row][1]
    if method == "GET":
        return browser.get(path.format(**NAMES))
    whose = ROWS[row][0]
    page = "/privacy/choices" if whose == CUSTOMERS else "/staff" if whose != EVERYBODY else SIGN_IN
    if whose == EVERYBODY and path.startswith("/staff"):
        page = STAFF_SIGN_IN
    return browser.submit(page, path.format(**NAMES), **fields)


def test_every_route_of_a_page_has_its_row(grocer: Grocer) -> None:
    found = {row for row in routes(make_app(grocer.workspace).routes) if is_page(row[1])}

    assert found == ROWS.keys()


@pytest.mark.parametrize("who", ["nobody", "alice", "ana", "pia", "mallory", "program"])
def test_a_route_lets_in_whom_its_row_names_and_nobody_else(grocer: Grocer, who: str) -> None:
    make: dict[str, Callable[[], Browser]] = {
        "nobody": grocer.browser,
        "alice": lambda: grocer.known("h0001"),
        "ana": lambda: grocer.known_staff("ana"),
        "pia": lambda: grocer.known_staff("pia"),
        "mallory": lambda: grocer.known_staff("mallory"),
        "program": lambda: _program(grocer),
    }
    policy = grocer.workspace.centre.policy()
    able = {name: actions_of(policy, grocer.workspace.actor(name)) for name in ("ana", "pia", "mallory")}
    told: dict[str, object] = {}
    for row, (whose, _, done) in ROWS.items():
        page = asked(make[who](), row)
        if whose == STRANGERS:
            whose, done = EVERYBODY, 303 if who == "alice" else done
        got, expected = (page.status, page.place), (303, DOORS.get(whose, STAFF_SIGN_IN))
        if whose == EVERYBODY or (whose == CUSTOMERS and who == "alice") or (whose == STAFF and who in able):
            expected = done, page.place
        elif whose in ACTIONS and who in able:
            expected = (done, page.place) if whose in able[who] else (403, "")
        if got != expected:
            told[" ".join(row)] = [got, expected, page.words]

    assert told == {}


def test_nothing_that_was_refused_was_done(grocer: Grocer) -> None:
    before = grocer.actions()
    for row, (whose, _, _) in ROWS.items():
        if whose not in (EVERYBODY, STRANGERS):
            asked(grocer.browser(), row)

    assert grocer.actions() == before


def _program(grocer: Grocer) -> Browser:
    token = grocer.workspace.tokens.create(
        f"till-{token_hex(4)}", SCOPES, actor=grocer.workspace.actor("pia"), person="ana"
    )
    return Browser(grocer.address, headers={"Authorization": f"Bearer {token.secret}"})
