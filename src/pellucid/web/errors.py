"""Errors as HTTP tells them: RFC 9457 problem+json with our stable code and remedy.

No stack trace, no engine's words, nothing that was sent: a message that may quote what it got is replaced by one that
does not. The words of the errors are `errors.py`'s, which knows nothing of HTTP.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pellucid.errors import (
    BudgetExhausted,
    ConsentInFlux,
    InputInvalid,
    NameUnknown,
    NotPermitted,
    PellucidError,
    QueryFailed,
    Reason,
    RecordingFailed,
    UseRefused,
    VerificationFailed,
    WorkspaceUnusable,
)

MEDIA_TYPE = "application/problem+json"

STATUS_BY_CODE: Mapping[str, int] = {
    "session-unknown": 401,
    "token-missing": 401,
    "token-unknown": 401,
    "token-expired": 401,
    "token-revoked": 401,
    "reading-only": 405,
    "idempotency-in-progress": 409,
    "insight-other": 409,
    "log-too-long": 409,
    "log-under-way": 409,
    "log-unsigned": 409,
    "request-irrevocable": 409,
    "request-state": 409,
    "requests-many": 409,
    "request-unverified": 409,
    "challenges-too-many": 429,
    "sign-in-wait": 429,
    "visitors-too-many": 429,
}
STATUS_BY_KIND: Sequence[tuple[type[PellucidError], int]] = (
    (NameUnknown, 404),
    (InputInvalid, 422),
    (UseRefused, 403),
    (NotPermitted, 403),
    (BudgetExhausted, 429),
    (ConsentInFlux, 503),
    (QueryFailed, 503),
    (WorkspaceUnusable, 503),
    (RecordingFailed, 503),
    (VerificationFailed, 503),
)
"""Statuses by kind of error, the first that fits; what is not here is a defect, 500."""

QUOTING = "What was sent cannot be used as it is."
_OF_TWO_WORDS = ("log entry", "log size", "policy version", "consent verb")
_RETRY_SECONDS = "1"
_RETRY_CODES: Mapping[str, str] = {"challenges-too-many": "3600"}
_REMEDIES: Mapping[int, str] = {404: "Name one that is there.", 503: "Try again."}


_DECLARED: Mapping[str, str] = {
    "expected": "{}",
    "pattern": "a text like {}",
    "ge": "{} or more",
    "gt": "more than {}",
    "le": "{} or less",
    "lt": "less than {}",
    "min_length": "at least {} long",
    "max_length": "at most {} long",
}
"""What a validator tells of what is declared, in words; the rest of what it tells may quote what was sent."""


@dataclass(eq=False)
class Problem(Exception):
    """A problem as it is told; raised by what knows only HTTP. `fields` names what in a request is wrong, how, and what
    is allowed; `reasons` are why the gate refused a question; `places` is what stands in the places of a `detail` that
    pages say in their language.
    """

    status: int
    code: str
    detail: str
    remedy: str = ""
    fields: tuple[Mapping[str, str], ...] = ()
    reasons: tuple[Reason, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, object] = field(default_factory=dict)

    @property
    def waits(self) -> int:
        """How many seconds whoever asked too much has to wait; 0 for nobody who did not."""
        return int(self.headers.get("Retry-After", 0)) if self.status == 429 else 0

    def as_json(self) -> dict[str, Any]:
        """Return the members of the problem."""
        told: dict[str, Any] = {
            "type": f"urn:pellucid:error:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "remedy": self.remedy,
        }
        reasons = [{"code": each.code, "message": each.message, "remedy": each.remedy} for each in self.reasons]
        return told | ({"fields": list(self.fields)} if self.fields else {}) | ({"reasons": reasons} if reasons else {})

    def response(self) -> Response:
        """Return the answer that tells it."""
        body = json.dumps(self.as_json(), ensure_ascii=False).encode()
        return Response(body, self.status, dict(self.headers), MEDIA_TYPE)


def problem_of(error: PellucidError, sent: Collection[str] | None = None) -> Problem:
    """Return how an error of ours is told; `sent` are the texts of the request, none of which may be quoted."""
    status = STATUS_BY_CODE.get(error.code) or next(
        (status for kind, status in STATUS_BY_KIND if isinstance(error, kind)), 500
    )
    if status == 500:
        return defect()
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": _RETRY_SECONDS}}.get(status, {})
    headers = {"Retry-After": _RETRY_CODES[error.code]} if error.code in _RETRY_CODES else headers
    remedy, reasons = error.remedy or _REMEDIES.get(status, ""), getattr(error, "reasons", ())
    return Problem(status, error.code, _told(error, sent), remedy, reasons=reasons, headers=headers)


def too_many(seconds: float, what: str) -> Problem:
    """Return the problem of somebody who has to wait."""
    after = str(max(1, math.ceil(seconds)))
    return Problem(429, "too-many-requests", what, f"Wait {after} s, then try again.", headers={"Retry-After": after})


def defect() -> Problem:
    """Return the problem of a failure that should not be."""
    return Problem(
        500,
        "defect",
        "pellucid failed in a way it should not.",
        "Whether a change was made is told by asking for it; report this, without data.",
    )


NOWHERE = Problem(404, "route-unknown", "There is no such page.", "Go to the start, and on from there.")
"""What people are told who ask for a page that is not there."""

_HTTP: Mapping[int, tuple[str, str, str]] = {
    400: ("json-invalid", "The body is no JSON that can be read.", "Send one JSON object, in UTF-8."),
    404: ("route-unknown", "There is nothing here.", "See /api/v1/openapi.json."),
    405: ("method-unknown", "This method does not work here.", "See /api/v1/openapi.json."),
}


def problem_of_http(error: HTTPException) -> Problem:
    """Return how an error of the router is told; its words are not ours, and are left out."""
    code, detail, remedy = _HTTP.get(error.status_code, _HTTP[400])
    return Problem(error.status_code, code, detail, remedy, headers=dict(error.headers or {}))


def problem_of_validation(error: RequestValidationError) -> Problem:
    """Return how a request that does not fit is told: which declared fields are wrong and how, never what was sent."""
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem_of_http(HTTPException(400))
    fields = tuple(_does_not_fit(each) for each in found[:20])
    remedy = "Mend the fields that are named; see /api/v1/openapi.json."
    return Problem(422, "request-invalid", "The request does not fit what is declared.", remedy, fields)


def problem_for(request: Request, error: Exception) -> Problem:
    """Return the problem that an error is, of those that are foreseen."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, PellucidError):
        return problem_of(error, getattr(request.state, "sent", None))
    if isinstance(error, RequestValidationError):
        return problem_of_validation(error)
    return problem_of_http(error) if isinstance(error, HTTPException) else defect()


def _told(error: PellucidError, sent: Collection[str] | None) -> str:
    if isinstance(error, NameUnknown):
        return f"There is no such {_kind(error.kind)}."
    quotes = sent is None or any(text in error.message for text in sent if text)
    return QUOTING if quotes and isinstance(error, InputInvalid) else error.message


def _kind(kind: str) -> str:
    """Return what kind of thing is not there, without whose it is: that may be a name."""
    return next((each for each in _OF_TWO_WORDS if kind.startswith(each)), kind.split(" ")[0])


def _does_not_fit(found: Mapping[str, Any]) -> Mapping[str, str]:
    """Return which field does not fit, how, and what is declared for it where the validator tells."""
    told = {"field": _field(found["loc"], found["type"]), "problem": str(found["type"])}
    declared = found.get("ctx", {})
    allowed = [words.format(declared[name]) for name, words in _DECLARED.items() if name in declared]
    return told | ({"allowed": ", ".join(allowed)} if allowed else {})


def _field(place: Sequence[object], kind: str) -> str:
    """Return where a field is; the name of one that is not declared was made up by the sender, and is not told."""
    names = [str(part) for part in place if isinstance(part, str)]
    return ".".join([*names[:-1], "(one that is not declared)"] if kind == "extra_forbidden" else names)
