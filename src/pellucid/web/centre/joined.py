"""`/privacy/joined`: what was chosen in this browser before signing in, and what of it holds for the account now."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from pellucid.rights.account import BASES, SILENCE
from pellucid.web.centre.visiting import JOINED, Here, Posted, join
from pellucid.web.centre.visitor_words import OUTCOMES, outcome_of
from pellucid.web.pages import go_to, page

router = APIRouter(prefix=JOINED, include_in_schema=False)


@router.get("")
async def joined(request: Request, visit: Here) -> Response:
    """Show each choice and what became of it; where a yes does not speak for the account, a yes and a no for it."""
    visit.site.arrived.discard(visit.visitor.session.id)  # who takes choices along may be signed in for long
    await run_in_threadpool(join, request, visit.visitor)
    return await run_in_threadpool(_shown, request, visit)


@router.post("")
def dismiss(visit: Here, _form: Posted) -> Response:
    """Delete what is left of what was chosen before."""
    visit.site.workspace.arrivals.dismiss(visit.visitor)
    return go_to("/privacy")


def _shown(request: Request, visit: Here) -> Response:
    centre = visit.site.workspace.centre
    found = visit.site.workspace.arrivals.joined(visit.visitor)
    standings = {each.purpose.name: each for each in centre.standings(visit.visitor).purposes}
    return page(
        request,
        "centre/joined.html",
        visit=visit,
        here="choices",
        joined=[(each, outcome_of(each)) for each in found if each.purpose in standings],
        standings=standings,
        recipients=centre.policy().recipients,
        bases=BASES,
        silence=SILENCE,
        outcomes=OUTCOMES,
    )
