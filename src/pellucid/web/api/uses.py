"""`/api/v1/uses` and `/api/v1/recipients`: what the privacy centre's pages show of these, for a company's own pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from pellucid.web.api.body import StrictRoute
from pellucid.web.api.use_words import RecipientsAsked, RecipientsTold, UsesAsked, UsesTold
from pellucid.web.api.words import WITH_BODY, instant_of, problems
from pellucid.web.security import Caller, needs

router = APIRouter(prefix="/api/v1", tags=["uses"], route_class=StrictRoute)

MayShow = Annotated[Caller, Depends(needs("uses:show"))]


@router.post("/uses", responses={200: {"model": UsesTold}, **problems(*WITH_BODY, 404)})
def uses(asked: UsesAsked, request: Request, caller: MayShow) -> Response:
    """Tell how one person's data were used, as far as it is known. Asking is logged, and the person sees it."""
    request.state.sent = asked.texts()
    with caller.looking_up():
        found = caller.site.workspace.uses.of(
            asked.subject,
            actor=caller.actor,
            namespace=asked.namespace,
            since=0 if asked.since is None else instant_of(asked.since),
            cursor=asked.cursor,
            limit=asked.limit,
            purpose=asked.purpose,
        )
    return _told(found.to_json())


@router.post("/recipients", responses={200: {"model": RecipientsTold}, **problems(*WITH_BODY, 404)})
def recipients(asked: RecipientsAsked, request: Request, caller: MayShow) -> Response:
    """Tell who receives something of one person's data. Asking is logged, and the person sees it."""
    request.state.sent = asked.texts()
    with caller.looking_up():
        found = caller.site.workspace.uses.receivers_of(asked.subject, actor=caller.actor, namespace=asked.namespace)
    return _told(found.to_json())


def _told(content: Mapping[str, Any]) -> Response:
    return Response(json.dumps(content, ensure_ascii=False, separators=(",", ":")), media_type="application/json")
