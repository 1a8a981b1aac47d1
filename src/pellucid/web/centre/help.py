"""`/privacy/help`: how to ask, by when one is answered, who else may ask, how to complain. For everybody."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from starlette.responses import Response

from pellucid.web.centre.help_words import SPANS
from pellucid.web.centre.reading import Anybody
from pellucid.web.pages import page

router = APIRouter(prefix="/privacy", include_in_schema=False)

_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+")
_WEB = re.compile(r"https://[^\s\"'<>]+")


@router.get("/help")
def shown(request: Request, anybody: Anybody) -> Response:
    """Show what helps; to somebody signed in, the laws that cover them first."""
    visit, workspace = anybody.visit, anybody.site.workspace
    found = workspace.help.shown(None if visit is None else visit.visitor.identity)
    contact = workspace.centre.policy().controller.contact
    return page(
        request, "centre/help.html", visit=visit, here="help", found=found, spans=SPANS, write_to=link_of(contact)
    )


def link_of(contact: str) -> str:
    """Return the address of a link to a contact of the policy; empty where it is neither mail nor a web page."""
    if _MAIL.fullmatch(contact):
        return f"mailto:{contact}"
    return contact if _WEB.fullmatch(contact) else ""
