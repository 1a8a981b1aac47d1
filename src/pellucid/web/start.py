"""`/`: the bare address, which leads to what customers are shown. It looks at nothing that was sent."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from pellucid.web.pages import go_to

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start() -> Response:
    """Lead to the privacy centre, whose door leads on to where somebody signs in."""
    return go_to("/privacy")
