"""`/api/v1/visitors`: what people choose who are not signed in, for apps and sites that keep the visitor's secret."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from pellucid.consent.signals import gpc_reading
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.visitor import told, wishes_of
from pellucid.web.api.visitor_words import VisitorAsked, VisitorChoosing, VisitorForgotten, VisitorTold
from pellucid.web.api.words import WITH_BODY, problems
from pellucid.web.security import Caller, needs

router = APIRouter(prefix="/api/v1/visitors", tags=["visitors"], route_class=StrictRoute)

SCREEN = "program"


@router.post("", status_code=201, responses={201: {"model": VisitorTold}, **problems(*WITH_BODY, 404)})
def choose(
    asked: VisitorChoosing, request: Request, caller: Annotated[Caller, Depends(needs("consent:write"))]
) -> Response:
    """Keep what a visitor chose. They are known again by the secret that is answered, and by nothing else."""
    request.state.sent = asked.texts()
    done = caller.site.workspace.visitors.record(
        asked.visitor,
        wishes_of(asked.choices),
        gpc_reading(asked.gpc),
        screen=SCREEN,
        language=asked.language,
        actor=caller.actor,
    )
    return _json(201, {"visitor": done.secret, **told(done.seen, _own(caller), asked.language)})


@router.post("/show", responses={200: {"model": VisitorTold}, **problems(*WITH_BODY)})
def show(asked: VisitorAsked, request: Request, caller: Annotated[Caller, Depends(needs("consent:show"))]) -> Response:
    """Tell what a visitor may choose, and chose; nothing is kept of one who only looks."""
    request.state.sent = asked.texts()
    seen = caller.site.workspace.visitors.show(asked.visitor, gpc_reading(asked.gpc), actor=caller.actor)
    known = asked.visitor if seen.until is not None else ""
    return _json(200, {"visitor": known, **told(seen, _own(caller), asked.language)})


@router.post("/forget", status_code=204, responses=problems(*WITH_BODY))
def forget(
    asked: VisitorForgotten, request: Request, caller: Annotated[Caller, Depends(needs("consent:write"))]
) -> Response:
    """Delete what is kept of a visitor, at once and for good; repeating it changes nothing."""
    request.state.sent = asked.texts()
    caller.site.workspace.visitors.remove(asked.visitor, actor=caller.actor)
    return Response(status_code=204)


def _own(caller: Caller) -> str:
    return caller.site.workspace.centre.policy().controller.language


def _json(status: int, content: dict[str, Any]) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status, media_type="application/json")
