"""`/privacy/pause`: all use of somebody's data is paused by one press, and goes on by another."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from pellucid.errors import InputInvalid
from pellucid.web.centre.visiting import Here, Posted
from pellucid.web.pages import go_to, page

router = APIRouter(prefix="/privacy/pause", include_in_schema=False)

PAUSE = "/privacy/pause"


@router.get("")
def shown(request: Request, visit: Here) -> Response:
    """Show whether all use is paused, and what goes on all the same."""
    workspace = visit.site.workspace
    return page(request, "centre/pause.html", visit=visit, here="pause", pause=workspace.pauses.stands(visit.visitor))


@router.post("")
def switched(visit: Here, form: Posted) -> Response:
    """Begin the pause, or end it."""
    pauses, wanted = visit.site.workspace.pauses, form.get("pause")
    if wanted not in ("on", "off"):
        raise InputInvalid("A pause is on or off.", remedy="Press one of the two buttons.", code="pause-unclear")
    if wanted == "on":
        pauses.begin(visit.visitor, language=visit.language)
    else:
        pauses.end(visit.visitor, language=visit.language)
    return go_to(PAUSE, told="paused" if wanted == "on" else "pause-ended")
