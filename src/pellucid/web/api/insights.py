"""`/api/v1/insights`: questions for a declared purpose and approved insights, which a program asks as a person.

Scope and role both have to permit it. An answer is JSON, or its rows alone as CSV or as an Arrow stream, by `Accept`.
An insight may be proposed too; a person approves it, and neither its own nor whoever made the token.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from pellucid.insights.approvals import Proposal
from pellucid.insights.query import InsightQuery, accuracy_of
from pellucid.release.preview import Preview
from pellucid.release.result import Release
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.consents import IdempotencyKey
from pellucid.web.api.insight_words import (
    INSIGHT,
    InsightsTold,
    InsightTold,
    PreviewTold,
    ProposalAsked,
    QuestionAsked,
    ReleaseTold,
)
from pellucid.web.api.words import WITH_BODY, moment_of, problems
from pellucid.web.rows import as_arrow, as_csv
from pellucid.web.security import Caller, needs
from pellucid.workspace.asking import Given, Once

router = APIRouter(prefix="/api/v1/insights", tags=["insights"], route_class=StrictRoute)

VERSION = 1
CSV, ARROW = "text/csv", "application/vnd.apache.arrow.stream"
ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ReleaseTold,
        "description": "The answer; by `Accept` also its rows alone, each figure followed by its error.",
        "content": {
            CSV: {"schema": {"type": "string"}},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}

InsightName = Annotated[str, Path(pattern=INSIGHT, description="Its name.")]
Asking = Annotated[Caller, Depends(needs("insights:ask"))]
Running = Annotated[Caller, Depends(needs("insights:run"))]
Proposing = Annotated[Caller, Depends(needs("insights:propose"))]


@router.post("", responses={**ANSWERED, **problems(*WITH_BODY, 409)})
def ask(asked: QuestionAsked, request: Request, caller: Asking, idempotency_key: IdempotencyKey = "") -> Response:
    """Answer a question, and charge the privacy budget. With a key, repeating it is charged once, for a day."""
    request.state.sent = asked.texts()
    given = caller.site.workspace.asking.ask(_query(asked, caller), _once(caller, idempotency_key))
    return _answered(request, given)


@router.post("/preview", responses={200: {"model": PreviewTold}, **problems(*WITH_BODY)})
def preview(asked: QuestionAsked, request: Request, caller: Asking) -> Response:
    """Tell whether a question is permitted, what it would cost and how exact it would be. Nothing is spent."""
    request.state.sent = asked.texts()
    return _told(preview_told(caller.site.workspace.asking.preview(_query(asked, caller))))


@router.get("/saved", responses={200: {"model": InsightsTold}, **problems()})
def saved(caller: Running) -> Response:
    """Tell which insights there are, and how they stand under the policy in force. Asking is logged."""
    found = caller.site.workspace.insights.list(actor=caller.person)
    return _told({"insights": [_insight(each) for each in found]})


@router.post("/saved", status_code=201, responses={201: {"model": InsightTold}, **problems(*WITH_BODY)})
def propose(asked: ProposalAsked, request: Request, caller: Proposing) -> Response:
    """Propose an insight: it is tried and attacked inside the gate, and no figure is told.

    Somebody else has to approve it, in the console or at the command line, before it runs: neither the person whom the
    token is for nor whoever made the token. Proposing under a name again replaces what stood there, approved or not.
    """
    request.state.sent = asked.texts()
    desk = caller.site.workspace.insights
    made = desk.propose(asked.name, asked.sql, purpose=asked.purpose, actor=caller.person, title=asked.title)
    return _told(_insight(made), 201)


@router.get("/saved/{insight}", responses={200: {"model": InsightTold}, **problems(404)})
def show(insight: InsightName, caller: Running) -> Response:
    """Tell what was proposed, and what was tried against it. Asking is logged."""
    return _told(_insight(caller.site.workspace.insights.show(insight, actor=caller.person)))


@router.post("/saved/{insight}/run", responses={**ANSWERED, **problems(*WITH_BODY, 404, 409)})
def run(insight: InsightName, request: Request, caller: Running, idempotency_key: IdempotencyKey = "") -> Response:
    """Run an approved insight: exact figures, but for those that tell of too few people. The body is empty."""
    request.state.sent = frozenset()
    given = caller.site.workspace.asking.run(insight, caller.person, _once(caller, idempotency_key))
    return _answered(request, given)


def release_told(release: Release) -> dict[str, Any]:
    """Return an answer as JSON tells it."""
    return {"version": VERSION, **release.to_json()}


def preview_told(preview: Preview) -> dict[str, Any]:
    """Return a preview as JSON tells it."""
    told = preview.to_json()
    return {"version": VERSION, **told, "covered": preview.is_covered}


def _query(asked: QuestionAsked, caller: Caller) -> InsightQuery:
    absolute, relative = accuracy_of(asked.accuracy)
    return InsightQuery(
        asked.sql,
        asked.purpose,
        caller.person,
        asked.epsilon,
        dict(asked.parameters),
        absolute,
        asked.fresh,
        relative,
        asked.bounding,
    )


def _once(caller: Caller, key: str) -> Once | None:
    return Once(caller.token.id, key) if key else None


def _answered(request: Request, given: Given) -> Response:
    release = given.release
    headers = {"Vary": "Accept", "Pellucid-Log-Entry": str(release.receipt.leaf)}
    headers |= {"Idempotent-Replayed": "true"} if given.again else {}
    wanted = _wanted(request.headers.get("accept", ""))
    if wanted == CSV:
        return Response(as_csv(release, for_spreadsheets=False), 200, headers, f"{CSV}; charset=utf-8")
    if wanted == ARROW:
        return Response(as_arrow(release), 200, headers, ARROW)
    return Response(_json(release_told(release)), 200, headers, "application/json")


def _wanted(accept: str) -> str:
    """Return the first media type of a header that there is; JSON where it names none."""
    named = (each.partition(";")[0].strip().lower() for each in accept.split(","))
    return next((each for each in named if each in (CSV, ARROW, "application/json")), "application/json")


def _insight(found: Proposal) -> dict[str, Any]:
    told = found.to_json()
    told = {name: told[name] for name in InsightTold.model_fields}
    decided = None if found.decided_at is None else moment_of(found.decided_at)
    return told | {"state": found.state.value, "proposed_at": moment_of(found.proposed_at), "decided_at": decided}


def _told(content: dict[str, Any], status: int = 200) -> Response:
    return Response(_json(content), status, media_type="application/json")


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
