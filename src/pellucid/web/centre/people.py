"""`/privacy/people`: for whom somebody acts, who acts for them, agents that asked for them, and what is shared."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.web import cookies
from pellucid.web.centre.visiting import Here, Posted
from pellucid.web.pages import go_to, page

router = APIRouter(prefix="/privacy/people", include_in_schema=False)

PEOPLE = "/privacy/people"
DelegationId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]
AgentId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


@router.get("")
def shown(request: Request, visit: Here) -> Response:
    """Show who is tied to the person here."""
    found = visit.site.workspace.people.shown(visit.visitor)
    return page(request, "centre/people.html", visit=visit, here="people", people=found)


@router.post("/self")
def stop(visit: Here, _form: Posted) -> Response:
    """Act for oneself again."""
    made = visit.site.workspace.people.act(visit.visitor, None)
    response = go_to(PEOPLE, told="acting-ended")
    cookies.give(response, cookies.CENTRE, made.secret)
    return response


@router.post("/{delegation}/act")
def act(delegation: DelegationId, visit: Here, _form: Posted) -> Response:
    """Begin to act for somebody; every page then says so."""
    made = visit.site.workspace.people.act(visit.visitor, delegation)
    response = go_to("/privacy", told="acting")
    cookies.give(response, cookies.CENTRE, made.secret)
    return response


@router.post("/{delegation}/end")
def end(delegation: DelegationId, visit: Here, _form: Posted) -> Response:
    """End that somebody may act for somebody, as one of the two."""
    visit.site.workspace.people.leave(visit.visitor, delegation)
    return go_to(PEOPLE, told="delegation-ended")


@router.post("/agents/{agent}")
def take_back(agent: AgentId, visit: Here, _form: Posted) -> Response:
    """Take back every open request that an agent filed for the person."""
    visit.site.workspace.people.revoke_filer(visit.visitor, agent)
    return go_to(PEOPLE, told="agent-stopped")
