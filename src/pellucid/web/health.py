"""What machines around the server ask: whether it runs, whether it can serve, and whether GPC signals are honoured."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pellucid.web.api.words import problems
from pellucid.web.site import site_of

router = APIRouter(tags=["server"])


@router.get("/healthz", status_code=204, response_class=Response)
async def running() -> None:
    """Answer: the process runs."""


@router.get("/readyz", status_code=204, response_class=Response, responses={503: problems()[503]})
def ready(request: Request) -> None:
    """Answer if the control database can be read and a policy is in force."""
    site_of(request).workspace.policy.active()
