"""`/api/v1/me/people`: for whom somebody who is signed in acts, who acts for them, and agents that asked for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from pellucid.web.api.body import StrictRoute
from pellucid.web.api.own_request_words import PeopleTold, TakenBackTold
from pellucid.web.api.sign_in import answered, made_told
from pellucid.web.api.sign_in_words import SessionMadeTold
from pellucid.web.api.words import WITH_BODY, moment_of, problems
from pellucid.web.person import Self

router = APIRouter(prefix="/api/v1/me/people", tags=["me"], route_class=StrictRoute)

DelegationId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="Its `delegation`.")]
AgentId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="Its `id`.")]


@router.get("", responses={200: {"model": PeopleTold}, **problems(404)})
def shown(person: Self) -> Response:
    """Tell who is tied to the person here; of somebody for whom they act only who acts for that person."""
    found = person.site.workspace.people.shown(person.visitor)
    told = {
        "acts_for": [
            {
                "delegation": each.delegation.id,
                "kind": each.delegation.kind,
                "title": each.title,
                "until": _moment(each.delegation.until),
            }
            for each in found.acts_for
        ],
        "acted_for_by": [
            {"delegation": each.id, "kind": each.kind, "since": moment_of(each.made_at), "until": _moment(each.until)}
            for each in found.acted_for_by
        ],
        "agents": [{"id": each.id, "name": each.name, "open": each.open} for each in found.filers],
        "shared": [each.name for each in found.shared],
        "minor": found.minor,
    }
    return answered(told)


@router.post("/self", responses={200: {"model": SessionMadeTold}, **problems(*WITH_BODY, 404)})
def stop(person: Self) -> Response:
    """Act for oneself again; the session is made anew. The body is empty."""
    return answered(made_told(person.site.workspace.people.act(person.visitor, None)))


@router.post("/{delegation_id}/act", responses={200: {"model": SessionMadeTold}, **problems(*WITH_BODY, 404)})
def act(delegation_id: DelegationId, person: Self) -> Response:
    """Begin to act for somebody, by a session made anew: what is sent with its bearer is theirs. The body is empty."""
    return answered(made_told(person.site.workspace.people.act(person.visitor, delegation_id)))


@router.delete("/agents/{agent_id}", responses={200: {"model": TakenBackTold}, **problems(404, 409)})
def take_back(agent_id: AgentId, person: Self) -> Response:
    """Take back every open request that an agent filed for the person."""
    return answered({"taken_back": person.site.workspace.people.revoke_filer(person.visitor, agent_id)})


@router.delete("/{delegation_id}", status_code=204, responses=problems(404))
def end(delegation_id: DelegationId, person: Self) -> Response:
    """End that somebody may act for somebody, as one of the two; a child does not end a guardian's."""
    person.site.workspace.people.leave(person.visitor, delegation_id)
    return Response(status_code=204)


def _moment(instant: int | None) -> str | None:
    return None if instant is None else moment_of(instant)
