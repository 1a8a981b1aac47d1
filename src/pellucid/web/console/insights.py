"""`/staff/insights`: exact figures that one person proposes, another approves, and then may be run."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.errors import PellucidError
from pellucid.web.console.ask import UNDER_WAY
from pellucid.web.console.asked import new_number, number_in, whose
from pellucid.web.console.places import INSIGHTS
from pellucid.web.console.refused import Refused
from pellucid.web.console.words import HELD, STATES
from pellucid.web.console.working import Here, Posted, Working
from pellucid.web.forms import Form
from pellucid.web.pages import go_to, page
from pellucid.workspace.asking import Once

router = APIRouter(prefix="/staff/insights", include_in_schema=False)

HOME = "/staff/insights"
InsightName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


@router.get("")
def listed(request: Request, working: Here) -> Response:
    """Show every insight, how it stands, and where to propose one."""
    working.demand(*INSIGHTS.actions)
    return _listed(request, working)


@router.post("")
def propose(request: Request, working: Here, form: Posted) -> Response:
    """Propose an insight: it is tried and attacked inside the gate, and no figure is shown."""
    working.demand("insight-propose")
    name, sql = form.get("name", "").strip(), form.get("sql", "").replace("\r\n", "\n").strip()
    try:
        working.site.workspace.insights.propose(
            name, sql, purpose=form.get("purpose", ""), actor=working.actor, title=form.get("title", "").strip()[:200]
        )
    except PellucidError as error:
        return _listed(request, working, typed=form, refused=Refused.of(error))
    return go_to(f"{HOME}/{name}", told="proposed")


@router.get("/{insight}")
def one(insight: InsightName, request: Request, working: Here) -> Response:
    """Show one insight: what it asks, what it would tell, what was tried on it, and what changed since."""
    working.demand(*INSIGHTS.actions)
    return _one(request, working, insight)


@router.post("/{insight}/approve")
def approve(insight: InsightName, request: Request, working: Here, form: Posted) -> Response:
    """Approve what somebody else proposed, if it is still what the page showed."""
    working.demand("insight-approve")
    try:
        working.site.workspace.insights.approve(insight, actor=working.actor, seen=form.get("fingerprint", ""))
    except PellucidError as error:
        return _one(request, working, insight, refused=Refused.of(error))
    return go_to(f"{HOME}/{insight}", told="approved")


@router.post("/{insight}/reject")
def reject(insight: InsightName, request: Request, working: Here, form: Posted) -> Response:
    """Reject a proposal, or end an approval."""
    working.demand("insight-approve")
    try:
        working.site.workspace.insights.reject(
            insight, reason=form.get("reason", "").strip()[:500], actor=working.actor
        )
    except PellucidError as error:
        return _one(request, working, insight, refused=Refused.of(error))
    return go_to(f"{HOME}/{insight}", told="rejected")


@router.post("/{insight}/run")
def run(insight: InsightName, request: Request, working: Here, form: Posted) -> Response:
    """Run an approved insight, and lead to its figures. The same form sent twice runs it once."""
    working.demand("insight-run")
    once = Once(whose(working.member.session.id), _key_of(insight, number_in(form)))
    try:
        working.site.workspace.asking.run(insight, working.actor, once)
    except PellucidError as error:
        if error.code != UNDER_WAY:
            return _one(request, working, insight, refused=Refused.of(error))
    return go_to(f"/staff/ask/answers/{once.key}")


def _key_of(name: str, number: str) -> str:
    return hashlib.sha256(f"insight\0{name}\0{number}".encode()).hexdigest()[:32]


def _listed(
    request: Request, working: Working, *, typed: Form | None = None, refused: Refused | None = None
) -> Response:
    workspace = working.site.workspace
    return page(
        request,
        "console/insights.html",
        status=200 if refused is None else refused.status,
        working=working,
        here="insights",
        insights=workspace.insights.list(actor=working.actor) if working.may("insight-list") else [],
        purposes=[each for each in workspace.asking.purposes(working.actor) if each.suppressed is not None],
        states=STATES,
        typed=typed or {},
        refused=refused,
    )


def _one(request: Request, working: Working, name: str, *, refused: Refused | None = None) -> Response:
    insights = working.site.workspace.insights
    return page(
        request,
        "console/insight.html",
        status=200 if refused is None else refused.status,
        working=working,
        here="insights",
        one=insights.show(name, actor=working.actor),
        changed=insights.changed(name, actor=working.actor),
        states=STATES,
        held=HELD,
        number=new_number(),
        refused=refused,
    )
