"""`/privacy/requests`: what somebody asks for, by when they are answered, and showing better who they are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import FileResponse, Response

from pellucid.errors import NameUnknown, NotPermitted
from pellucid.web import cookies
from pellucid.web.centre.visiting import Here, Posted, Visit
from pellucid.web.centre.words import ASKABLE, RIGHTS, STATES
from pellucid.web.pages import go_to, page, sentences_of
from pellucid.web.site import site_of
from pellucid.workspace.own_requests import OwnRequest

router = APIRouter(prefix="/privacy/requests", include_in_schema=False)

HOME = "/privacy/requests"
RequestId = Annotated[str, Path(pattern=r"^r[0-9a-f]{12}$")]


@router.get("")
def listed(request: Request, visit: Here) -> Response:
    """Show the person's requests, and what can be asked for."""
    workspace = visit.site.workspace
    return page(
        request,
        "centre/requests.html",
        visit=visit,
        here="requests",
        requests=workspace.own_requests.all(visit.visitor),
        askable=ASKABLE,
        objectable=workspace.own_objections.objectable(visit.visitor),
        rights=RIGHTS,
        states=STATES,
    )


@router.post("")
def file(visit: Here, form: Posted) -> Response:
    """File a request."""
    right = form.get("right", "")
    if right not in {each.right for each in ASKABLE}:
        raise NameUnknown("right", right, tuple(each.right for each in ASKABLE))
    made = visit.site.workspace.own_requests.file(visit.visitor, right, without_sensitive=form.get("plain") == "yes")
    return filed(made)


@router.post("/objection")
def object_to(visit: Here, form: Posted) -> Response:
    """Object to a use, with reasons or without."""
    desk = visit.site.workspace.own_objections
    made = desk.object(visit.visitor, form.get("purpose", ""), form.get("reasons", "").strip())
    return filed(made)


@router.post("/limit")
def limit(visit: Here, _form: Posted) -> Response:
    """Limit the use of sensitive data, at once."""
    made = visit.site.workspace.own_objections.limit(visit.visitor)
    return filed(made)


@router.post("/review")
def review(visit: Here, form: Posted) -> Response:
    """Ask for a person to look at a decision."""
    desk = visit.site.workspace.own_objections
    made = desk.review(visit.visitor, form.get("decision", ""), form.get("statement", ""))
    return filed(made)


@router.get("/{request_id}/package")
def package(request_id: RequestId, visit: Here) -> Response:
    """Give the copy that a request asked for, as a file."""
    archive = visit.site.workspace.own_packages.fetch(visit.visitor, request_id)
    return FileResponse(archive, media_type="application/zip", filename=f"my-data-{request_id}.zip")


@router.get("/{request_id}")
def one(request_id: RequestId, request: Request, visit: Here) -> Response:
    """Show one request, with its clock and what it waits for."""
    return _one(request, visit, request_id)


@router.post("/{request_id}/revoke")
def revoke(request_id: RequestId, visit: Here, _form: Posted) -> Response:
    """Take a request back."""
    visit.site.workspace.own_requests.revoke(visit.visitor, request_id)
    return go_to(f"{HOME}/{request_id}", told="revoked")


@router.post("/{request_id}/code")
def send_code(request_id: RequestId, visit: Here, _form: Posted) -> Response:
    """Have a code sent to a contact that is held."""
    visit.site.workspace.own_requests.send_code(visit.visitor, request_id)
    return go_to(f"{HOME}/{request_id}", told="code-sent")


@router.post("/{request_id}/answer")
def answer(request_id: RequestId, request: Request, visit: Here, form: Posted) -> Response:
    """Take a code; whoever has shown more by it has a new session."""
    try:
        made = visit.site.workspace.own_requests.give_code(visit.visitor, request_id, form.get("code", ""))
    except NotPermitted as error:
        return _one(request, visit, request_id, wrong=sentences_of(error))
    response = go_to(f"{HOME}/{request_id}", told="shown")
    if made is not None:
        cookies.give(response, cookies.CENTRE, made.secret)
    return response


def filed(made: OwnRequest) -> Response:
    """Lead to a request that was just filed, or was open already."""
    return go_to(f"{HOME}/{made.status.request}", told="asked-already" if made.again else "filed")


def _one(request: Request, visit: Visit, request_id: str, *, wrong: tuple[str, ...] = ()) -> Response:
    workspace = visit.site.workspace
    found = workspace.own_requests.one(visit.visitor, request_id)
    erasing = found.status.right == "erasure"
    return page(
        request,
        "centre/request.html",
        status=403 if wrong else 200,
        visit=visit,
        here="requests",
        one=found,
        rights=RIGHTS,
        states=STATES,
        wrong=wrong,
        copy=found.status.right in ("access", "portability"),
        package=workspace.own_packages.stands(visit.visitor, request_id),
        proof=workspace.proofs.stands(visit.visitor),
        underway=workspace.own_erasures.underway(visit.visitor, request_id) if erasing else None,
        origin=site_of(request).place.origin,
        verifier=workspace.audit.verifier,
        authorities=() if found.open else workspace.help.authorities(visit.visitor.identity),
    )
