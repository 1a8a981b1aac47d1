"""What machines around the server ask: whether it runs, whether it can serve, and its figures."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from pellucid.web.api.words import problems
from pellucid.web.errors import Problem
from pellucid.web.site import site_of

router = APIRouter(tags=["server"])


@router.get("/healthz", status_code=204, response_class=Response)
async def running() -> None:
    """Answer: the process runs."""


@router.get("/readyz", status_code=204, response_class=Response, responses={503: problems()[503]})
def ready(request: Request) -> None:
    """Answer if the control database can be read, a policy is in force and the server was not told to end."""
    if site_of(request).ending.is_set():
        raise Problem(503, "ending", "This server is about to end.", "Ask another one.", headers={"Retry-After": "1"})
    site_of(request).workspace.policy.active()


@router.get("/metrics", response_class=Response, include_in_schema=False)
def metrics(request: Request) -> Response:
    """Tell the figures to who asks from this machine, or shows the token that is set for it."""
    site = site_of(request)
    wanted = site.workspace.settings.serve_metrics_token.get_secret_value()
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    right = kind.lower() == "bearer" and hmac.compare_digest(shown.encode(), wanted.encode())
    if not (right and wanted) and not site.place.is_from_here(request):
        raise Problem(404, "route-unknown", "There is nothing here.", "See /api/v1/openapi.json.")
    return Response(site.metrics.text(), media_type=CONTENT_TYPE_LATEST)
