"""`/privacy/erase`: what erasing would do, before anything is asked; a code again; asking. And how far it came.

Whoever was erased is signed in no more, so the last is shown to whoever has the address that was told before.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.web.centre.erase_words import STAGES, STANDING, erased, grouped, standing
from pellucid.web.centre.visiting import Here, Posted, Visit
from pellucid.web.pages import go_to, page
from pellucid.web.site import site_of

router = APIRouter(prefix="/privacy", include_in_schema=False)

ERASE = "/privacy/erase"
ErasureToken = Annotated[str, Path(pattern=r"^r[0-9a-f]{12}\.[A-Za-z0-9_-]{43}$")]


@router.get("/erase")
def consequences(request: Request, visit: Here) -> Response:
    """Show what would be deleted, what is kept, until when and why, and what stops working."""
    return _page(request, visit)


@router.post("/erase")
def ask(visit: Here, form: Posted) -> Response:
    """File the erasure of somebody who has shown anew who they are, and ticked that they read what it does."""
    if form.get("understood") != "yes":
        return go_to(ERASE, told="tick-first", at="confirm")
    made = visit.site.workspace.own_erasures.ask(visit.visitor)
    return go_to(f"/privacy/requests/{made.status.request}", told="filed")


@router.get("/erased/{token}")
def progress(token: ErasureToken, request: Request) -> Response:
    """Show how far an erasure came, store by store, to whoever has its address."""
    workspace = site_of(request).workspace
    found = workspace.own_erasures.shown(token)
    datasets = workspace.centre.policy().datasets
    recipients = workspace.centre.policy().recipients
    return page(
        request,
        "centre/erased.html",
        found=found,
        standing=standing(found),
        stores=erased(found, datasets, recipients),
        link=token,
        words=STAGES,
        stands=STANDING,
        verifier=workspace.audit.verifier,
    )


@router.get("/erased/{token}/receipt")
def receipt(token: ErasureToken, request: Request) -> Response:
    """Give the signed receipt of an erasure that is done, as a file; before, lead to how far it came."""
    found = site_of(request).workspace.own_erasures.shown(token)
    if found.receipt is None:
        return go_to(f"/privacy/erased/{token}")
    headers = {"Content-Disposition": f'attachment; filename="erasure-{found.request}.json"'}
    return Response(found.receipt, 200, headers, "application/json")


def _page(request: Request, visit: Visit) -> Response:
    workspace = visit.site.workspace
    policy = workspace.centre.policy()
    parts = workspace.own_erasures.consequences(visit.visitor)
    return page(
        request,
        "centre/erase.html",
        visit=visit,
        here="requests",
        groups=grouped(parts, policy.datasets, policy.recipients),
        standings=workspace.centre.standings(visit.visitor),
        waiting=workspace.own_erasures.waiting(visit.visitor),
        proof=workspace.proofs.stands(visit.visitor),
        hours=workspace.settings.erasure_wait_hours,
    )
