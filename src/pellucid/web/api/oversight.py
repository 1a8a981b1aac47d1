"""What the officer's pages show, for programs: requests by due date, coverage, refused uses, the log. About nobody.

What is decided and done about requests is the staff's, on a page or at the command line: no scope permits it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from pellucid.audit.browse import Wanted
from pellucid.audit.verification import Verification
from pellucid.rights.listing import NOT_CLOSED, PLACE
from pellucid.rights.request import RequestState, Right
from pellucid.rights.showing import View
from pellucid.transparency.refused import Refused
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.oversight_words import (
    Acted,
    CoverageTold,
    HeadTold,
    LogTold,
    RefusedTold,
    RequestsDueTold,
    TotalsTold,
    VerificationAsked,
    VerifiedTold,
)
from pellucid.web.api.words import WITH_BODY, moment_of, problems
from pellucid.web.console.request_acts import waits_for
from pellucid.web.security import Caller, needs

router = APIRouter(prefix="/api/v1", tags=["oversight"], route_class=StrictRoute)

DAY = 86_400_000_000
_FAMILY = Query(pattern=r"^[a-z-]*(\.[a-z-]+)?$", max_length=60, description="What actions begin with: `consent`.")
Limit = Annotated[int, Query(ge=1, le=1_000)]
Before = Annotated[int | None, Query(ge=0, le=2**53, description="`next` of the page before.")]
After = Annotated[str, Query(pattern=f"^({PLACE})?$", max_length=60, description="`next` of the page before.")]
Days = Annotated[int, Query(ge=1, le=36_500, description="How many days back.")]
MayList = Annotated[Caller, Depends(needs("request:list"))]
MayCount = Annotated[Caller, Depends(needs("consent:coverage"))]
MayRead = Annotated[Caller, Depends(needs("audit:read"))]


@router.get("/requests", responses={200: {"model": RequestsDueTold}, **problems()})
def due(
    caller: MayList,
    state: Annotated[RequestState | None, Query(description="Default: those that are not closed.")] = None,
    right: Right | None = None,
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """List requests by the day on which they are due, the overdue ones first; without whom they are about.

    Go on with `after` until `next` is null. One whose day moved on meanwhile may come again.
    """
    states = NOT_CLOSED if state is None else (state,)
    desk = caller.site.workspace.requests
    found = desk.page(actor=caller.actor, states=states, right=right, after=after, limit=limit)
    return _json({"total": found.total, "requests": [_due(each) for each in found.views], "next": found.after})


@router.get("/coverage", responses={200: {"model": CoverageTold}, **problems(404)})
def coverage(
    caller: MayCount,
    dataset: Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")],
) -> Response:
    """Tell how many people of a dataset each purpose may use now, exactly and in bands; each is logged as a use."""
    found = caller.site.workspace.oversight.coverage(dataset, actor=caller.actor)
    purposes = [
        {
            "purpose": each.purpose,
            "total": each.exact.total,
            "permitted": each.exact.permitted,
            "permitted_sensitive": each.exact.permitted_sensitive,
            "partial": each.exact.partial,
            "share": each.bands.share,
            "people": each.bands.people,
        }
        for each in found
    ]
    return _json({"dataset": dataset, "purposes": purposes})


@router.get("/consents/totals", responses={200: {"model": TotalsTold}, **problems()})
def totals(caller: MayCount, days: Days = 30) -> Response:
    """Tell how many yes and no were recorded, by day (UTC) and purpose; logged."""
    since = _midnight(caller) - (days - 1) * DAY
    found, _ = caller.site.workspace.oversight.consents(max(0, since), actor=caller.actor)
    told = [
        {"day": _day(each.day), "purpose": each.purpose, "kind": each.kind, "number": each.number} for each in found
    ]
    return _json({"totals": told})


@router.get("/refusals", responses={200: {"model": RefusedTold}, **problems()})
def refusals(caller: MayRead, days: Days = 30, before: Before = None, limit: Limit = 100) -> Response:
    """Tell of uses that were refused: by kind within some days, and one by one; never what was typed, or by whom."""
    since = max(0, caller.site.workspace.room.clock() - days * DAY)
    groups, found = caller.site.workspace.oversight.refused(actor=caller.actor, since=since, before=before, limit=limit)
    kinds = [
        _refused(each.what) | {"times": each.times, "first": moment_of(each.first), "last": moment_of(each.last)}
        for each in groups
    ]
    uses = [_refused(each.what) | {"entry": each.leaf, "at": moment_of(each.at)} for each in found.uses]
    return _json({"groups": kinds, "uses": uses, "next": found.before})


@router.get("/log", responses={200: {"model": LogTold}, **problems()})
def log(
    caller: MayRead,
    family: Annotated[str, _FAMILY] = "",
    by: Annotated[Acted | None, Query(description="Only what this kind of actor did.")] = None,
    purpose: Annotated[str, Query(pattern=r"^[a-z0-9-]*$", max_length=100)] = "",
    refused: Annotated[bool, Query(description="Only what was refused.")] = False,
    before: Before = None,
    limit: Limit = 100,
) -> Response:
    """List entries of the log, the newest first. One page looks at 20,000 entries at most, so it may be short."""
    wanted = Wanted(family, by or "", purpose, refused)
    found = caller.site.workspace.audit.page(wanted, actor=caller.actor, before=before, limit=limit)
    lines = [
        {
            "entry": each.leaf,
            "at": moment_of(each.at),
            "action": each.action,
            "by": each.kind,
            "roles": list(each.roles),
            "purpose": each.purpose,
            "reasons": list(each.reasons),
        }
        for each in found.lines
    ]
    return _json({"size": found.size, "entries": lines, "next": found.before})


@router.get("/log/head", responses={200: {"model": HeadTold}, **problems()})
def head(caller: MayRead) -> Response:
    """Tell how long the log is, its root, and the newest signed head, to hold another copy against."""
    found = caller.site.workspace.audit.head(actor=caller.actor)
    return _json(
        {
            "size": found.size,
            "root": found.root.hex(),
            "signed": found.signed,
            "signed_at": None if found.signed_at is None else moment_of(found.signed_at),
            "checkpoint": None if found.note is None else found.note.decode(),
            "key": found.key,
        }
    )


@router.post(
    "/log/verifications", status_code=201, responses={201: {"model": VerifiedTold}, **problems(*WITH_BODY, 409)}
)
def verify(caller: MayRead, _asked: VerificationAsked) -> Response:
    """Verify the log from within, up to the newest signed head, and note in it what was found.

    Who must not trust this server verifies an export instead. Of a very long log only the first part is read: see
    `read`. 409: no head was signed yet.
    """
    audit = caller.site.workspace.audit
    found = audit.verification(audit.verify(actor=caller.actor), actor=caller.actor)
    return _json(_verified(found), 201)


def _due(view: View) -> dict[str, Any]:
    one = view.request
    return {
        "request_id": one.id,
        "right": one.right.value,
        "status": one.state.value,
        "reason": one.reason,
        "received_at": moment_of(one.received_at),
        "due": one.due,
        "days_left": view.days_left,
        "law": view.due.get("law", "own"),
        "cite": view.due.get("cite", ""),
        "strength_needed": one.strength,
        "strength_shown": one.verified_strength,
        "waits_for": list(waits_for(view)),
    }


def _refused(what: Refused) -> dict[str, Any]:
    return {"by": what.kind, "roles": list(what.roles), "purpose": what.purpose, "reasons": list(what.reasons)}


def _verified(found: Verification) -> dict[str, Any]:
    steps = [
        {"number": each.number, "title": each.title, "outcome": each.outcome, "message": each.message}
        for each in found.steps
    ]
    return {
        "entry": found.leaf,
        "at": moment_of(found.at),
        "holds": found.holds,
        "read": found.read,
        "signed": found.signed,
        "key": found.key,
        "milliseconds": found.milliseconds,
        "steps": steps,
    }


def _midnight(caller: Caller) -> int:
    now = caller.site.workspace.room.clock()
    return now - now % DAY


def _day(day: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day):%Y-%m-%d}"


def _json(told: Mapping[str, Any], status: int = 200) -> Response:
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, media_type="application/json")
