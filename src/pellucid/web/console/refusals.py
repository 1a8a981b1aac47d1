"""`/staff/refusals`: uses of data that were refused: in which role somebody asked, for which purpose, and why not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from pellucid.web.console import officer_words as words
from pellucid.web.console.working import Here
from pellucid.web.pages import page

router = APIRouter(prefix="/staff/refusals", include_in_schema=False)

A_PAGE = 50
DAY = 86_400_000_000
DAYS = (7, 30, 365)


@router.get("")
def listed(
    request: Request,
    working: Here,
    days: Annotated[int, Query(ge=1, le=36_500)] = 30,
    before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> Response:
    """Show what was refused within some days, by kind, and the single uses, the newest first."""
    workspace = working.site.workspace
    since = max(0, workspace.room.clock() - days * DAY)
    groups, found = workspace.oversight.refused(actor=working.actor, since=since, before=before, limit=A_PAGE)
    return page(
        request,
        "console/refusals.html",
        working=working,
        here="refusals",
        groups=groups,
        found=found,
        days=days,
        spans=DAYS,
        before=before,
        policy=workspace.centre.policy(),
        words=words,
    )
