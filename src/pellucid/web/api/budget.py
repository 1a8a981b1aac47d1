"""`/api/v1/budget`: what is left of the privacy budgets, and what several questions would cost together."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from pellucid.web.api.body import StrictRoute
from pellucid.web.api.insight_words import LimitsTold, PlanTold, QuestionsAsked
from pellucid.web.api.words import WITH_BODY, problems
from pellucid.web.security import Caller, needs

router = APIRouter(prefix="/api/v1/budget", tags=["insights"], route_class=StrictRoute)


@router.get("", responses={200: {"model": LimitsTold}, **problems()})
def budget(caller: Annotated[Caller, Depends(needs("budget:show"))]) -> Response:
    """Tell what may be spent, what is spent and what is left: over everything, by purpose, dataset and analyst."""
    return _told({"limits": [row.to_json() for row in caller.site.workspace.budget(actor=caller.person)]})


@router.post("/plan", responses={200: {"model": PlanTold}, **problems(*WITH_BODY)})
def plan(
    asked: QuestionsAsked, request: Request, caller: Annotated[Caller, Depends(needs("insights:ask"))]
) -> Response:
    """Tell what questions would cost, each and together, and whether enough is left. Nothing is spent."""
    request.state.sent = asked.texts()
    found = caller.site.workspace.budget_plan(
        asked.questions, purpose=asked.purpose, actor=caller.person, epsilon=asked.epsilon, accuracy=asked.accuracy
    )
    return _told(found.to_json())


def _told(content: dict[str, Any]) -> Response:
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return Response(body, 200, media_type="application/json")
