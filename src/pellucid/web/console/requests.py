"""`/staff/requests`: people's requests by the day on which they are due, and what can be done with each.

Whom a request is about is shown only to who asks for it, and asking is logged; else a pseudonym stands for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted, PellucidError
from pellucid.rights.listing import NOT_CLOSED, PLACE
from pellucid.rights.request import RequestState, Right
from pellucid.rights.showing import View
from pellucid.web.console import officer_words as words
from pellucid.web.console.request_acts import ACTS, messages_due, offered, waits_for
from pellucid.web.console.working import Here, Posted, Working
from pellucid.web.errors import problem_of
from pellucid.web.pages import go_to, page, sentences_of

router = APIRouter(prefix="/staff/requests", include_in_schema=False)

HOME = "/staff/requests"
A_PAGE = 50
RequestId = Annotated[str, Path(pattern=r"^r[0-9a-f]{12}$")]
WhichState = Annotated[str, Query(pattern=f"^(all|{'|'.join(RequestState)})?$")]
WhichRight = Annotated[str, Query(pattern=f"^({'|'.join(Right)})?$")]


@dataclass(frozen=True, slots=True)
class _More:
    """What is shown of a request besides: the whole of it, a plan, what went wrong."""

    whole: View | None = None
    plan: Any = None
    wrong: tuple[str, ...] = ()
    act: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    status: int = 200


@router.get("")
def listed(
    request: Request,
    working: Here,
    state: WhichState = "",
    right: WhichRight = "",
    after: Annotated[str, Query(pattern=f"^({PLACE})?$", max_length=60)] = "",
) -> Response:
    """Show the requests that are not closed, or those of a state, the next one due first."""
    desk, asked = working.site.workspace.requests, Right(right) if right else None
    found = desk.page(actor=working.actor, states=_states(state), right=asked, after=after, limit=A_PAGE)
    return page(
        request,
        "console/requests.html",
        working=working,
        here="requests",
        requests=[(each, waits_for(each)) for each in found.views],
        found=found,
        after=after,
        state=state,
        right=right,
        words=words,
    )


@router.get("/{request_id}")
def one(request_id: RequestId, request: Request, working: Here) -> Response:
    """Show one request: its clock by law, what it waits for, what happened, and what can be done."""
    return _one(request, working, request_id, _More())


@router.post("/{request_id}/person")
def person(request_id: RequestId, request: Request, working: Here, _form: Posted) -> Response:
    """Show whom a request is about and what they said; logged."""
    whole = working.site.workspace.requests.show(request_id, actor=working.actor)
    return _one(request, working, request_id, _More(whole=whole))


@router.post("/{request_id}/plan")
def plan(request_id: RequestId, request: Request, working: Here, _form: Posted) -> Response:
    """Show what carrying out an erasure would do, and change nothing; logged."""
    try:
        made = working.site.workspace.erasures.plan_of(request_id, actor=working.actor)
    except InputInvalid as error:
        return _one(request, working, request_id, _More(wrong=_told(error), status=409))
    return _one(request, working, request_id, _More(plan=made))


@router.post("/{request_id}/acts/{act}")
def do(
    request_id: RequestId,
    act: Annotated[str, Path(pattern=f"^({'|'.join(ACTS)})$")],
    request: Request,
    working: Here,
    form: Posted,
) -> Response:
    """Do one act by its desk, and go to the page that shows what is so now."""
    wanted = ACTS[act]
    working.demand(wanted.action)
    try:
        wanted.do(working.site.workspace, request_id, form, working.actor)
    except (InputInvalid, NotPermitted) as error:
        if isinstance(error, NameUnknown) and error.kind == "request":
            raise
        wrong, status = _told(error), problem_of(error).status
        typed = {each.name: form.get(each.name, "") for each in wanted.fields}
        return _one(request, working, request_id, _More(wrong=wrong, act=act, typed=typed, status=status))
    return go_to(f"{HOME}/{request_id}", told="done")


def _states(state: str) -> tuple[RequestState, ...]:
    if state == "":
        return NOT_CLOSED
    return tuple(RequestState) if state == "all" else (RequestState(state),)


def _told(error: PellucidError) -> tuple[str, ...]:
    """Return what went wrong; a remedy that is a command is for who types commands."""
    return (error.message,) if "pellucid " in error.remedy else sentences_of(error)


def _one(request: Request, working: Working, request_id: str, more: _More) -> Response:
    looked = working.site.workspace.requests.look(request_id, actor=working.actor)
    view = looked.view
    filed = next((each.told for each in view.events if each.kind == "filed"), {})
    return page(
        request,
        "console/request.html",
        status=more.status,
        working=working,
        here="requests",
        view=view,
        one=view.request,
        pseudonym=looked.pseudonym,
        filed=filed,
        waits=waits_for(view),
        acts=offered(view, working.may),
        messages=messages_due(view),
        purposes=working.site.workspace.centre.policy().purposes,
        more=more,
        words=words,
    )
