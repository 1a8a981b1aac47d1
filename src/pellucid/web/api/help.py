"""`/api/v1/help`: whom to ask, by when each law has people answered, and whom they can complain to. For everybody.

Not which law covers somebody: that depends on where they live, which is told to them alone, on a page.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response

from pellucid.web.api.body import StrictRoute
from pellucid.web.api.help_words import HelpTold
from pellucid.web.api.notices import Visited
from pellucid.web.api.words import public_problems
from pellucid.workspace import Workspace
from pellucid.workspace.help import Help

router = APIRouter(prefix="/api/v1/help", tags=["notices"], route_class=StrictRoute)


@router.get("", responses={200: {"model": HelpTold}, **public_problems()})
def told(site: Visited) -> Response:
    """Tell whom to ask, by when people are answered, and whom they can complain to. No token is needed."""
    body = json.dumps(help_told(site.workspace, site.workspace.help.shown()), ensure_ascii=False, separators=(",", ":"))
    return Response(body.encode(), media_type="application/json")


def help_told(workspace: Workspace, found: Help) -> dict[str, Any]:
    """Return what helps as JSON tells it."""
    controller = workspace.centre.policy().controller
    return {
        "controller": controller.name,
        "contact": controller.contact,
        "days": found.days,
        "laws": [asdict(each) for each in found.others],
        "authorities": [asdict(each) for each in found.authorities],
    }
