"""What erasing one person would do, and the copy that somebody asked for, for a program that hands both on to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import FileResponse

from pellucid.rights.plan import Part
from pellucid.web.api.act_words import PreviewTold
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.requests import RequestId
from pellucid.web.api.words import WITH_BODY, PersonAsked, moment_of, problems
from pellucid.web.centre.erase_words import becoming
from pellucid.web.security import Caller, needs
from pellucid.workspace import Workspace

router = APIRouter(prefix="/api/v1", tags=["requests"], route_class=StrictRoute)

ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}


@router.post("/erasure-preview", responses={200: {"model": PreviewTold}, **problems(*WITH_BODY, 404)})
def preview(
    asked: PersonAsked, request: Request, caller: Annotated[Caller, Depends(needs("erasure:preview"))]
) -> Response:
    """Tell what erasing one person would do, place by place, in words for them. It deletes nothing."""
    request.state.sent = asked.texts()
    workspace = caller.site.workspace
    with caller.looking_up():
        parts = workspace.own_erasures.preview(asked.subject, actor=caller.actor, namespace=asked.namespace)
    return Response(json.dumps(preview_told(workspace, parts), ensure_ascii=False), media_type="application/json")


@router.get(
    "/requests/{request_id}/package",
    response_class=FileResponse,
    responses={200: {"content": ZIP, "description": "The package, as a ZIP file."}, **problems(404)},
)
def package(request_id: RequestId, caller: Annotated[Caller, Depends(needs("request:fetch"))]) -> Response:
    """Give the copy of a request that this program filed, once the person showed who they are and it is made.

    It is theirs: hand it to nobody else, and keep none. Fetching is logged. How to check it stands in the package.
    """
    with caller.looking_up_request():
        archive = caller.site.workspace.own_packages.fetch_for_program(request_id, actor=caller.actor)
    return FileResponse(archive, media_type="application/zip", filename=f"package-{request_id}.zip")


def preview_told(workspace: Workspace, parts: Sequence[Part]) -> dict[str, Any]:
    """Return what an erasure would do as JSON tells it."""
    policy = workspace.centre.policy()
    told = [
        {
            "title": store.title,
            "becomes": decision,
            "why": store.reason,
            "basis": store.basis,
            "until": None if store.until is None else moment_of(store.until),
        }
        for decision, store in becoming(parts, policy.datasets, policy.recipients)
    ]
    return {"begins_after_hours": workspace.settings.erasure_wait_hours, "places": told}
