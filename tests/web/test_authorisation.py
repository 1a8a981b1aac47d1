"""Which token may use which route: every route of the application has its row here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from pellucid.web.kinds import kind_of
from tests.web.conftest import API, SCOPE_NAMES, Client, Shop

BODY = {"subject": "h0001"}
CHOICE = {**BODY, "purpose": "offers", "verb": "withdraw"}
ANSWER = {**BODY, "purpose": "offers", "answer": "leave"}
OPEN = None
AGENT = "agent"
"""No token of a program lets anybody in: `test_drp` tries those of agents."""
ME = "me"
"""For who is signed in with an app, and no program whatever its scopes: `pages/test_me.py` tries everybody at each."""
OWN = "/api/v1/me"
OWN_REQUEST, OWN_ROW = f"{OWN}/requests/{{request_id}}", f"{OWN}/data/{{dataset}}/{{generation}}/{{place}}"
CODE = {"code": "00000000"}
LINK, ERASED = {"link": "x.1.y"}, {"token": f"r0123456789ab.{'x' * 43}"}
REQUESTS, INSIGHTS = "/api/v1/requests", "/api/v1/insights"
QUESTION = {"sql": "SELECT COUNT(*) FROM purchases", "purpose": "planning", "epsilon": 0.01}
CHOSEN = {"choices": [{"purpose": "offers", "yes": False}]}
ROWS: dict[tuple[str, str], tuple[str | None, Any, int]] = {
    ("POST", API): ("consent:write", CHOICE, 201),
    ("POST", f"{API}/show"): ("consent:show", BODY, 200),
    ("POST", f"{API}/why"): ("consent:why", {**BODY, "purpose": "offers"}, 200),
    ("GET", f"{API}/changes"): ("consent:changes", None, 200),
    ("POST", "/api/v1/signals"): ("signals:write", {**BODY, "gpc": "1"}, 200),
    ("POST", "/api/v1/signals/answer"): ("signals:write", ANSWER, 422),  # nothing was asked
    ("POST", "/api/v1/uses"): ("uses:show", BODY, 200),
    ("POST", "/api/v1/recipients"): ("uses:show", BODY, 200),
    ("POST", REQUESTS): ("request:file", {**BODY, "right": "access"}, 201),
    ("GET", f"{REQUESTS}/{{request_id}}"): ("request:read", None, 404),  # no request of the program's own
    ("POST", f"{REQUESTS}/{{request_id}}/challenge"): ("request:verify", {}, 404),
    ("POST", f"{REQUESTS}/{{request_id}}/answer"): ("request:verify", {"answer": "12345678"}, 404),
    ("DELETE", f"{REQUESTS}/{{request_id}}"): ("request:file", None, 404),
    ("GET", REQUESTS): ("request:list", None, 200),
    ("GET", "/api/v1/coverage"): ("consent:coverage", None, 422),  # which dataset is not said
    ("GET", "/api/v1/consents/totals"): ("consent:coverage", None, 200),
    ("GET", "/api/v1/refusals"): ("audit:read", None, 200),
    ("GET", "/api/v1/log"): ("audit:read", None, 200),
    ("GET", "/api/v1/log/head"): ("audit:read", None, 200),
    ("POST", "/api/v1/log/verifications"): ("audit:read", {}, 409),  # nothing was signed
    ("GET", "/api/v1/log/entries/{entry}"): ("audit:export", None, 404),  # likewise
    ("GET", "/api/v1/log/entries/{entry}/proof"): ("audit:export", None, 404),
    ("GET", "/api/v1/log/entries/{entry}/bytes"): ("audit:export", None, 200),
    ("POST", "/api/v1/log/exports"): ("audit:export", {}, 200),
    ("POST", "/api/v1/log/checkpoints"): ("audit:checkpoint", {}, 201),
    ("POST", INSIGHTS): ("insights:ask", QUESTION, 200),
    ("POST", f"{INSIGHTS}/preview"): ("insights:ask", QUESTION, 200),
    ("GET", f"{INSIGHTS}/saved"): ("insights:run", None, 200),
    ("POST", f"{INSIGHTS}/saved"): ("insights:propose", {"name": "A b", "purpose": "planning", "sql": "SELECT 1"}, 422),
    ("GET", f"{INSIGHTS}/saved/{{insight}}"): ("insights:run", None, 404),
    ("POST", f"{INSIGHTS}/saved/{{insight}}/run"): ("insights:run", {}, 404),
    ("GET", "/api/v1/budget"): ("budget:show", None, 200),
    ("POST", "/api/v1/budget/plan"): ("insights:ask", {"questions": [QUESTION["sql"]], "purpose": "planning"}, 200),
    ("POST", f"{REQUESTS}/{{request_id}}/rows"): ("request:look", {"dataset": "purchases"}, 404),
    ("POST", f"{REQUESTS}/{{request_id}}/counts"): ("request:look", {}, 404),
    ("POST", "/api/v1/holdings"): ("holdings:show", BODY, 200),
    ("POST", "/api/v1/inferences"): ("holdings:show", BODY, 200),
    ("GET", f"{REQUESTS}/{{request_id}}/package"): ("request:fetch", None, 404),
    ("POST", "/api/v1/delegations"): (
        "delegation:manage",
        {"kind": "agent", "subject": "h0001", "by": "h0001", "evidence": "x"},
        422,  # nobody is appointed for themselves
    ),
    ("POST", "/api/v1/delegations/show"): ("delegation:manage", BODY, 200),
    ("DELETE", "/api/v1/delegations/{delegation_id}"): ("delegation:manage", None, 404),
    ("POST", "/api/v1/erasure-preview"): ("erasure:preview", BODY, 200),
    ("POST", "/api/v1/sign-in/codes"): (OPEN, {"key": "h0001"}, 202),
    ("POST", "/api/v1/sign-in"): (OPEN, {**CODE, "attempt": "x" * 43}, 403),
    ("POST", "/api/v1/sign-in/hand-over"): (OPEN, {"token": "x"}, 403),
    ("POST", "/api/v1/messages/show"): (OPEN, LINK, 403),
    ("POST", "/api/v1/messages"): (OPEN, {**LINK, "kind": "yearly", "wanted": False}, 403),
    ("POST", "/api/v1/erasures/show"): (OPEN, ERASED, 404),
    ("POST", "/api/v1/erasures/receipt"): (OPEN, ERASED, 404),
    ("GET", OWN): (ME, None, 200),
    ("GET", f"{OWN}/session"): (ME, None, 200),
    ("DELETE", f"{OWN}/session"): (ME, None, 204),
    ("DELETE", f"{OWN}/sessions"): (ME, None, 204),
    ("GET", f"{OWN}/choices"): (ME, None, 200),
    ("POST", f"{OWN}/choices"): (ME, {}, 201),
    ("POST", f"{OWN}/choices/{{purpose}}"): (ME, {"yes": False}, 201),
    ("GET", f"{OWN}/history"): (ME, None, 200),
    ("GET", f"{OWN}/history/{{sequence}}/receipt"): (ME, None, 404),
    ("GET", f"{OWN}/pause"): (ME, None, 200),
    ("POST", f"{OWN}/pause"): (ME, {"paused": True}, 200),
    ("GET", f"{OWN}/help"): (ME, None, 200),
    ("GET", f"{OWN}/joined"): (ME, None, 200),
    ("POST", f"{OWN}/joined"): (ME, {}, 200),
    ("DELETE", f"{OWN}/joined"): (ME, None, 204),
    ("GET", f"{OWN}/data"): (ME, None, 200),
    ("POST", f"{OWN}/data/code"): (ME, {}, 202),
    ("POST", f"{OWN}/data/answer"): (ME, CODE, 403),
    ("GET", f"{OWN}/data/{{dataset}}"): (ME, None, 200),
    ("POST", f"{OWN}/data/{{dataset}}/statement"): (ME, {"statement": "x"}, 201),
    ("GET", OWN_ROW): (ME, None, 200),
    ("POST", OWN_ROW): (ME, {"column": "place", "value": "AT"}, 201),
    ("GET", f"{OWN}/inferences"): (ME, None, 200),
    ("GET", f"{OWN}/uses"): (ME, None, 200),
    ("GET", f"{OWN}/recipients"): (ME, None, 200),
    ("GET", f"{OWN}/requests"): (ME, None, 200),
    ("POST", f"{OWN}/requests"): (ME, {"right": "access"}, 201),
    ("GET", OWN_REQUEST): (ME, None, 404),
    ("DELETE", OWN_REQUEST): (ME, None, 404),
    ("POST", f"{OWN_REQUEST}/code"): (ME, {}, 404),
    ("POST", f"{OWN_REQUEST}/answer"): (ME, CODE, 404),
    ("GET", f"{OWN_REQUEST}/package"): (ME, None, 404),
    ("GET", f"{OWN}/erasure"): (ME, None, 200),
    ("POST", f"{OWN}/erasure"): (ME, {"understood": True}, 403),
    ("POST", f"{OWN}/proof/code"): (ME, {}, 202),
    ("POST", f"{OWN}/proof/answer"): (ME, CODE, 403),
    ("GET", f"{OWN}/people"): (ME, None, 200),
    ("POST", f"{OWN}/people/self"): (ME, {}, 200),
    ("POST", f"{OWN}/people/{{delegation_id}}/act"): (ME, {}, 404),
    ("DELETE", f"{OWN}/people/agents/{{agent_id}}"): (ME, None, 200),
    ("DELETE", f"{OWN}/people/{{delegation_id}}"): (ME, None, 404),
    ("POST", "/v1/data-rights-request"): (AGENT, "", 403),
    ("GET", "/v1/data-rights-request/{request_id}"): (AGENT, None, 403),
    ("DELETE", "/v1/data-rights-request/{request_id}"): (AGENT, "", 403),
    ("POST", "/v1/agent/{agent_id}"): (AGENT, "", 403),
    ("GET", "/v1/agent/{agent_id}"): (AGENT, None, 403),
    ("GET", "/api/v1/help"): (OPEN, None, 200),
    ("GET", "/api/v1/notices"): (OPEN, None, 200),
    ("GET", "/api/v1/notices/{version}"): (OPEN, None, 404),  # none was published
    ("GET", "/api/v1/notices/{version}/changes"): (OPEN, None, 422),  # since when is not said
    ("POST", "/api/v1/visitors"): ("consent:write", CHOSEN, 201),
    ("POST", "/api/v1/visitors/show"): ("consent:show", {}, 200),
    ("GET", "/privacy/api/visitor"): (OPEN, None, 200),
    ("POST", "/privacy/api/visitor"): (OPEN, CHOSEN, 403),  # from a page of the same host: see `test_visitor_api`
    ("DELETE", "/privacy/api/visitor"): (OPEN, None, 403),
    ("POST", "/api/v1/visitors/forget"): ("consent:write", {"visitor": "x" * 43}, 204),
    ("GET", "/.well-known/gpc.json"): (OPEN, None, 200),
    ("GET", "/healthz"): (OPEN, None, 204),
    ("GET", "/readyz"): (OPEN, None, 204),
    ("GET", "/metrics"): (OPEN, None, 200),  # from this machine: see `pages/test_around.py`
    ("GET", "/api/v1/openapi.json"): (OPEN, None, 200),
}
"""Route: the scope it takes, a body, and how it answers whoever has it."""
OF_PROGRAMS = [row for row in ROWS if ROWS[row][0] != ME]


NAMED = {
    "request_id": "r0123456789ab",
    "agent_id": "AGENT",
    "version": "current",
    "delegation_id": "0123456789ab",
    "insight": "none",
    "purpose": "offers",
    "sequence": "999",
    "dataset": "members",
    "generation": "1",
    "place": "0",
    "entry": "0",
}


def routes(found: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for route in found:
        if isinstance(route, APIRoute | Route):
            yield from ((method, route.path) for method in (route.methods or set()) - {"HEAD"})
        else:
            yield from routes(route.original_router.routes)


def test_every_route_has_its_row(app: FastAPI) -> None:
    """Those of pages have theirs in `pages/test_who_may.py`."""
    found = [row for row in routes(app.routes) if kind_of(row[1]).name not in ("page", "static")]

    assert sorted(found) == sorted(ROWS)


def test_no_route_but_the_descriptions_has_a_head_of_its_own(app: FastAPI) -> None:
    """The guard asks GET for it (`test_head`): one of its own would be a second way to read, which is not walked."""
    found = {route.path for route in app.routes if isinstance(route, Route) and "HEAD" in (route.methods or ())}

    assert found == {"/api/v1/openapi.json"}


def asked(client: Client, row: tuple[str, str], *scopes: str) -> int:
    method, path = row
    path, body = (
        path.format(**NAMED),
        ROWS[row][1],
    )
    if isinstance(body, str):
        return client(*scopes).request(method, path, content=body, headers={"Content-Type": "text/plain"}).status_code
    return client(*scopes).request(method, path, json=body).status_code


@pytest.mark.parametrize("row", OF_PROGRAMS, ids=lambda row: " ".join(row))
def test_a_route_lets_in_whoever_has_its_scope_and_nobody_else(client: Client, row: tuple[str, str]) -> None:
    needed, _, done = ROWS[row]
    expected = {scope: done if needed in (OPEN, scope) else 403 for scope in SCOPE_NAMES}

    assert {scope: asked(client, row, scope) for scope in SCOPE_NAMES} == expected
    assert asked(client, row) == (done if needed in (OPEN, AGENT) else 401)


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in OF_PROGRAMS if ROWS[row][0] is not OPEN], ids=lambda row: " ".join(row))
def test_all_other_scopes_together_are_not_enough(client: Client, row: tuple[str, str]) -> None:
    others = [scope for scope in SCOPE_NAMES if scope != ROWS[row][0]]

    assert asked(client, row, *others) == 403


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer pellucid_0123456789abcdef_" + "x" * 43]
)
def test_what_is_no_token_lets_nobody_in(client: Client, shown: str) -> None:
    answer = client().post(API, json=CHOICE, headers={"Authorization": shown})

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_refused_program_did_nothing(client: Client, shop: Shop) -> None:
    asked(client, ("POST", API), "consent:show")

    assert shop.said("h0001") == []
