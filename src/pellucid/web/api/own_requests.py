"""`/api/v1/me/requests` and `/erasure`: what somebody who is signed in asks for, follows, proves and takes back.

Before their data are erased, who they are is shown anew, as on the page.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from pellucid.web.api.acts import ZIP, preview_told
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.own_request_words import (
    ErasureAsked,
    ErasureTold,
    OwnRequestAsked,
    OwnRequestShown,
    OwnRequestsTold,
    OwnRequestTold,
)
from pellucid.web.api.requests import RequestId, status_told
from pellucid.web.api.sign_in import answered, code_sent, made_told, raised_told
from pellucid.web.api.sign_in_words import CodeSentTold, CodeTyped, RaisedTold, SessionMadeTold
from pellucid.web.api.words import WITH_BODY, moment_of, problems
from pellucid.web.person import Person, Self
from pellucid.workspace.own_requests import OwnRequest

router = APIRouter(prefix="/api/v1/me", tags=["me"], route_class=StrictRoute)


@router.get("/requests", responses={200: {"model": OwnRequestsTold}, **problems(404)})
def listed(person: Self) -> Response:
    """Tell the person's requests, the newest first, and what they may object to."""
    workspace, who = person.site.workspace, person.visitor
    requests = [own_told(each) for each in workspace.own_requests.all(who)]
    return answered(
        {"requests": requests, "objectable": [each.name for each in workspace.own_objections.objectable(who)]}
    )


@router.post("/requests", status_code=201, responses={201: {"model": OwnRequestTold}, **problems(*WITH_BODY, 404, 409)})
def file(asked: OwnRequestAsked, request: Request, person: Self) -> Response:
    """File a request; who asks for the same again is told of the one that is open (`again`)."""
    request.state.sent = asked.texts()
    return answered(own_told(_filed(person, asked)), 201)


@router.get("/requests/{request_id}", responses={200: {"model": OwnRequestShown}, **problems(404)})
def one(request_id: RequestId, person: Self) -> Response:
    """Tell of one request, with its clock and what it waits for; another's is no more there than one that is not."""
    workspace, who = person.site.workspace, person.visitor
    found, waits = workspace.own_requests.one(who, request_id), workspace.own_packages.stands(who, request_id)
    package = waits and {
        "expires_at": moment_of(waits.expires_at),
        "bytes": waits.bytes,
        "fetched_at": _moment(waits.fetched_at),
        "contacts_needed": waits.needs,
    }
    underway = workspace.own_erasures.underway(who, request_id) if found.status.right == "erasure" else None
    erasure = underway and {
        "begins_at": _moment(underway.begins_at),
        "begun": underway.begun,
        "token": underway.token,
    }
    return answered({**own_told(found), "package": package, "erasure": erasure})


@router.delete("/requests/{request_id}", responses={200: {"model": OwnRequestTold}, **problems(404, 409)})
def revoke(request_id: RequestId, person: Self) -> Response:
    """Take a request back, until it has begun; repeating it changes nothing."""
    return answered(own_told(person.site.workspace.own_requests.revoke(person.visitor, request_id)))


@router.post(
    "/requests/{request_id}/code",
    status_code=202,
    responses={202: {"model": CodeSentTold}, **problems(*WITH_BODY, 404, 409)},
)
def send_code(request_id: RequestId, person: Self) -> Response:
    """Have a code sent to a contact that is held, to show better who they are. The body is empty."""
    person.site.workspace.own_requests.send_code(person.visitor, request_id)
    return code_sent()


@router.post("/requests/{request_id}/answer", responses={200: {"model": RaisedTold}, **problems(*WITH_BODY, 404, 409)})
def give_code(request_id: RequestId, given: CodeTyped, request: Request, person: Self) -> Response:
    """Take a code; whoever has shown more by it has a new session, and its bearer."""
    request.state.sent = given.texts()
    desk = person.site.workspace.own_requests
    return answered(raised_told(desk.give_code(person.visitor, request_id, given.code)))


@router.get(
    "/requests/{request_id}/package",
    response_class=FileResponse,
    responses={200: {"content": ZIP, "description": "The copy, as a ZIP file."}, **problems(404)},
)
def package(request_id: RequestId, person: Self) -> Response:
    """Give the copy that a request asked for, to who has shown as much as it asks for. Fetching is logged."""
    archive = person.site.workspace.own_packages.fetch(person.visitor, request_id)
    return FileResponse(archive, media_type="application/zip", filename=f"my-data-{request_id}.zip")


@router.get("/erasure", responses={200: {"model": ErasureTold}, **problems(404)})
def consequences(person: Self) -> Response:
    """Tell what erasing the person would do, place by place, in words for them, in English. It deletes nothing."""
    workspace, who = person.site.workspace, person.visitor
    told = preview_told(workspace, workspace.own_erasures.consequences(who))
    waiting = workspace.own_erasures.waiting(who)
    shown = {"contacts_shown": workspace.proofs.stands(who).contacts}
    return answered({**told, **shown, "waiting": None if waiting is None else own_told(waiting)})


@router.post("/erasure", status_code=201, responses={201: {"model": OwnRequestTold}, **problems(*WITH_BODY, 404, 409)})
def erase(_asked: ErasureAsked, request: Request, person: Self) -> Response:
    """File the erasure of who has shown anew who they are: by `/me/proof` before; else `proof-stale`."""
    request.state.sent = frozenset()
    return answered(own_told(person.site.workspace.own_erasures.ask(person.visitor)), 201)


@router.post("/proof/code", status_code=202, responses={202: {"model": CodeSentTold}, **problems(*WITH_BODY, 404)})
def prove(person: Self) -> Response:
    """Have a code sent to a contact that is held, so that the person shows anew who they are. The body is empty."""
    person.site.workspace.proofs.send_code(person.visitor)
    return code_sent()


@router.post("/proof/answer", responses={200: {"model": SessionMadeTold}, **problems(*WITH_BODY, 404)})
def proved(given: CodeTyped, request: Request, person: Self) -> Response:
    """Take that code; the session is made anew, and has another bearer."""
    request.state.sent = given.texts()
    return answered(made_told(person.site.workspace.proofs.give_code(person.visitor, given.code)))


def own_told(one: OwnRequest) -> dict[str, Any]:
    """Return a request as JSON tells it to the person."""
    return {
        **status_told(one.status),
        "contacts_needed": one.strength,
        "contacts_shown": one.shown,
        "open": one.open,
        "here": one.here,
        "again": one.again,
    }


def _filed(person: Person, asked: OwnRequestAsked) -> OwnRequest:
    workspace, who = person.site.workspace, person.visitor
    if asked.right == "objection":
        return workspace.own_objections.object(who, asked.purpose or "", asked.statement.strip())
    if asked.right == "limit":
        return workspace.own_objections.limit(who)
    if asked.right == "human-review":
        purposes = () if asked.purpose is None else (asked.purpose,)
        decision, statement = asked.decision.strip(), asked.statement.strip()
        return workspace.own_requests.file(who, asked.right, purposes=purposes, decision=decision, statement=statement)
    return workspace.own_requests.file(who, asked.right, without_sensitive=asked.without_sensitive)


def _moment(instant: int | None) -> str | None:
    return None if instant is None else moment_of(instant)
