"""What each route of a page is at `/api/v1`, or why a program has none. For the reference, and for a test that walks.

Whoever adds a page adds its line: what people can do in a browser, a program can do, but for what is a person's alone.
"""

from __future__ import annotations

from collections.abc import Mapping

FORM = "A form: what it sends has a counterpart."
CENTRE = "It leads to the privacy centre, and does nothing else."
BROWSER = "Of use in a browser only: it binds what comes back to that browser."
PROVIDER = "An app signs in at your provider by itself; your site then hands the person over."
STAFF = "Programs of the staff come by a token that somebody made: `pellucid serve token create`."
APPROVAL = (
    "A person's alone: exact figures leave once two people looked at them. A program may propose; it approves and "
    "rejects nothing, since a token can be lent."
)
MATTER = (
    "A person's alone: it shows what one person asks for, and how they are known. Programs see by when each request is "
    "due and what it waits for (`GET /api/v1/requests`), and how those stand that they filed themselves "
    "(`GET /api/v1/requests/{request_id}`)."
)
DECISION = (
    "A person's alone: it settles somebody's right, or shows who they are, and whoever does it answers for it. No "
    "token identifies, approves, denies, carries out or erases. At a terminal: `pellucid requests`."
)
REASONS = (FORM, CENTRE, BROWSER, PROVIDER, STAFF, APPROVAL, MATTER, DECISION)

_REQUEST, _ME = "/privacy/requests/{request_id}", "/api/v1/me"
_MINE = f"{_ME}/requests/{{request_id}}"
_DATA, _ROW = "/privacy/data", "/data/{dataset}/{generation}/{place}"
_SIGN_IN = "/api/v1/sign-in"
_NOTICE = "GET /api/v1/notices/{version}"
_VISITORS = "POST /api/v1/visitors"
_SAVED = "/api/v1/insights/saved"
_ENTRY = "/api/v1/log/entries/{entry}"

COUNTERPARTS: Mapping[str, str] = {
    "GET /": CENTRE,
    "GET /privacy/sign-in": FORM,
    "POST /privacy/sign-in": f"POST {_SIGN_IN}/codes",
    "GET /privacy/sign-in/code": FORM,
    "POST /privacy/sign-in/code": f"POST {_SIGN_IN}",
    "GET /privacy/sign-in/link/{link}": FORM,
    "POST /privacy/sign-in/link": f"POST {_SIGN_IN}",
    "GET /privacy/sign-in/openid": PROVIDER,
    "GET /privacy/sign-in/openid/back": PROVIDER,
    "GET /privacy/signed-out": PROVIDER,
    "POST /privacy/hand-over": f"POST {_SIGN_IN}/hand-over",
    "POST /privacy/sign-out": f"DELETE {_ME}/session",
    "POST /privacy/sign-out/everywhere": f"DELETE {_ME}/sessions",
    "GET /privacy/pass/{token}": BROWSER,
    "POST /privacy/pass/{token}": BROWSER,
    "GET /privacy": f"GET {_ME}",
    "GET /privacy/counts": f"GET {_ME}/data/{{dataset}}",
    "GET /privacy/choices": f"GET {_ME}/choices",
    "POST /privacy/choices": f"POST {_ME}/choices",
    "POST /privacy/choices/{purpose}": f"POST {_ME}/choices/{{purpose}}",
    "GET /privacy/history": f"GET {_ME}/history",
    "GET /privacy/history/{sequence}/receipt": f"GET {_ME}/history/{{sequence}}/receipt",
    f"GET {_DATA}": f"GET {_ME}/data",
    f"POST {_DATA}/code": f"POST {_ME}/data/code",
    f"POST {_DATA}/answer": f"POST {_ME}/data/answer",
    f"GET {_DATA}/{{dataset}}": f"GET {_ME}/data/{{dataset}}",
    f"POST {_DATA}/{{dataset}}/statement": f"POST {_ME}/data/{{dataset}}/statement",
    f"GET /privacy{_ROW}": f"GET {_ME}{_ROW}",
    f"POST /privacy{_ROW}": f"POST {_ME}{_ROW}",
    "GET /privacy/inferences": f"GET {_ME}/inferences",
    "POST /privacy/inferences/review": f"POST {_ME}/requests",
    "GET /privacy/uses": f"GET {_ME}/uses",
    "GET /privacy/recipients": f"GET {_ME}/recipients",
    "GET /privacy/requests": f"GET {_ME}/requests",
    "POST /privacy/requests": f"POST {_ME}/requests",
    "POST /privacy/requests/objection": f"POST {_ME}/requests",
    "POST /privacy/requests/limit": f"POST {_ME}/requests",
    "POST /privacy/requests/review": f"POST {_ME}/requests",
    f"GET {_REQUEST}": f"GET {_MINE}",
    f"GET {_REQUEST}/package": f"GET {_MINE}/package",
    f"POST {_REQUEST}/revoke": f"DELETE {_MINE}",
    f"POST {_REQUEST}/code": f"POST {_MINE}/code",
    f"POST {_REQUEST}/answer": f"POST {_MINE}/answer",
    "GET /verify/{request_id}": FORM,
    "POST /verify/{request_id}": "POST /api/v1/requests/{request_id}/answer",
    "GET /privacy/erase": f"GET {_ME}/erasure",
    "POST /privacy/erase": f"POST {_ME}/erasure",
    "POST /privacy/proof/code": f"POST {_ME}/proof/code",
    "POST /privacy/proof/answer": f"POST {_ME}/proof/answer",
    "GET /privacy/erased/{token}": "POST /api/v1/erasures/show",
    "GET /privacy/erased/{token}/receipt": "POST /api/v1/erasures/receipt",
    "GET /privacy/pause": f"GET {_ME}/pause",
    "POST /privacy/pause": f"POST {_ME}/pause",
    "GET /privacy/people": f"GET {_ME}/people",
    "POST /privacy/people/self": f"POST {_ME}/people/self",
    "POST /privacy/people/{delegation}/act": f"POST {_ME}/people/{{delegation_id}}/act",
    "POST /privacy/people/{delegation}/end": f"DELETE {_ME}/people/{{delegation_id}}",
    "POST /privacy/people/agents/{agent}": f"DELETE {_ME}/people/agents/{{agent_id}}",
    "GET /privacy/help": "GET /api/v1/help",
    "GET /privacy/messages/{token}": "POST /api/v1/messages/show",
    "POST /privacy/messages/{token}": "POST /api/v1/messages",
    "GET /privacy/notice": _NOTICE,
    "GET /privacy/notice/text": _NOTICE,
    "GET /privacy/notice/linked-data": _NOTICE,
    "GET /privacy/notice/versions": "GET /api/v1/notices",
    "GET /privacy/notice/changes": f"{_NOTICE}/changes",
    "GET /privacy/visitor": f"{_VISITORS}/show",
    "POST /privacy/visitor": _VISITORS,
    "POST /privacy/visitor/choices/{purpose}": _VISITORS,
    "POST /privacy/visitor/forget": f"{_VISITORS}/forget",
    "GET /privacy/visitor/bring/{shop}": BROWSER,
    "GET /privacy/visitor/hand-on/{state}": BROWSER,
    "GET /privacy/visitor/take-along/{ticket}": BROWSER,
    "POST /privacy/visitor/take-along/{ticket}": f"POST {_ME}/joined",
    "GET /privacy/joined": f"GET {_ME}/joined",
    "POST /privacy/joined": f"DELETE {_ME}/joined",
    "GET /staff/sign-in": STAFF,
    "POST /staff/sign-in": STAFF,
    "GET /staff/sign-in/openid": STAFF,
    "GET /staff/sign-in/openid/back": STAFF,
    "GET /staff/signed-out": STAFF,
    "GET /staff/invitation/{secret}": STAFF,
    "POST /staff/invitation/{secret}": STAFF,
    "POST /staff/invitation/{secret}/code": STAFF,
    "POST /staff/sign-out": STAFF,
    "GET /staff/pass/{token}": STAFF,
    "POST /staff/pass/{token}": STAFF,
    "GET /staff": FORM,
    "GET /staff/ask": FORM,
    "POST /staff/ask": "POST /api/v1/insights",
    "POST /staff/ask/preview": "POST /api/v1/insights/preview",
    "GET /staff/ask/answers/{key}": "POST /api/v1/insights",
    "GET /staff/ask/answers/{key}/table.csv": "POST /api/v1/insights",
    "GET /staff/ask/answers/{key}/answer.json": "POST /api/v1/insights",
    "GET /staff/insights": f"GET {_SAVED}",
    "GET /staff/insights/{insight}": f"GET {_SAVED}/{{insight}}",
    "POST /staff/insights": f"POST {_SAVED}",
    "POST /staff/insights/{insight}/approve": APPROVAL,
    "POST /staff/insights/{insight}/reject": APPROVAL,
    "POST /staff/insights/{insight}/run": f"POST {_SAVED}/{{insight}}/run",
    "GET /staff/budget": "GET /api/v1/budget",
    "POST /staff/budget/plan": "POST /api/v1/budget/plan",
    "GET /staff/requests": "GET /api/v1/requests",
    "GET /staff/requests/{request_id}": MATTER,
    "POST /staff/requests/{request_id}/person": DECISION,
    "POST /staff/requests/{request_id}/plan": DECISION,
    "POST /staff/requests/{request_id}/acts/{act}": DECISION,
    "GET /staff/consents": "GET /api/v1/coverage",
    "GET /staff/refusals": "GET /api/v1/refusals",
    "GET /staff/log": "GET /api/v1/log",
    "GET /staff/log/entries/{leaf}": f"GET {_ENTRY}",
    "GET /staff/log/entries/{leaf}/proof": f"GET {_ENTRY}/proof",
    "GET /staff/log/entries/{leaf}/bytes": f"GET {_ENTRY}/bytes",
    "POST /staff/log/verify": "POST /api/v1/log/verifications",
    "GET /staff/log/verifications/{leaf}": "POST /api/v1/log/verifications",
    "POST /staff/log/checkpoint": "POST /api/v1/log/checkpoints",
    "POST /staff/log/export": "POST /api/v1/log/exports",
}
"""A route of a page, and the route of the API that does the same; or one of REASONS."""
