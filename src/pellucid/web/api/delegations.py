"""`/api/v1/delegations`: noting who may act for whom in the privacy centre, for the program that checked it."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from pellucid.governance.delegations import Delegation
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.delegation_words import DelegationAsked, DelegationsTold, DelegationTold
from pellucid.web.api.words import WITH_BODY, PersonAsked, instant_of, moment_of, problems
from pellucid.web.security import Caller, needs

router = APIRouter(prefix="/api/v1/delegations", tags=["delegations"], route_class=StrictRoute)

Manager = Annotated[Caller, Depends(needs("delegation:manage"))]


@router.post("", status_code=201, responses={201: {"model": DelegationTold}, **problems(*WITH_BODY, 404)})
def appoint(asked: DelegationAsked, request: Request, caller: Manager) -> Response:
    """Note that somebody may act for somebody else. There can be one between the same two at a time."""
    request.state.sent = asked.texts()
    until = None if asked.until is None else instant_of(asked.until)
    with caller.looking_up():
        made = caller.site.workspace.people.appoint(
            asked.kind,
            (asked.namespace or "", asked.subject),
            (asked.by_namespace or "", asked.by),
            evidence=asked.evidence,
            actor=caller.actor,
            until=until,
        )
    return _answered(_told(made), 201)


@router.post("/show", responses={200: {"model": DelegationsTold}, **problems(*WITH_BODY, 404)})
def show(asked: PersonAsked, request: Request, caller: Manager) -> Response:
    """Tell which delegations somebody has a part in now, of either side. Asking is logged."""
    request.state.sent = asked.texts()
    with caller.looking_up():
        found = caller.site.workspace.people.list((asked.namespace or "", asked.subject), actor=caller.actor)
    return _answered({"delegations": [_told(each) for each in found]})


@router.delete("/{delegation_id}", status_code=204, responses=problems(404))
def end(
    delegation_id: Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="Its `id`.")], caller: Manager
) -> Response:
    """End a delegation, at once: sessions that act by it are over. Repeating it changes nothing."""
    caller.site.workspace.people.end(delegation_id, actor=caller.actor)
    return Response(status_code=204)


def _told(one: Delegation) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "since": moment_of(one.made_at),
        "until": None if one.until is None else moment_of(one.until),
    }


def _answered(told: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(told), status, media_type="application/json")
