"""`/privacy/proof`: having a code sent again while signed in, and giving it. Then the page that asked is shown."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.responses import Response

from pellucid.errors import NotPermitted
from pellucid.web import cookies
from pellucid.web.centre.visiting import Here, Posted
from pellucid.web.forms import Form
from pellucid.web.pages import go_to

router = APIRouter(prefix="/privacy/proof", include_in_schema=False)

REQUEST = re.compile(r"r[0-9a-f]{12}")


@router.post("/code")
def send(visit: Here, form: Posted) -> Response:
    """Have a code sent to a contact that is held."""
    visit.site.workspace.proofs.send_code(visit.visitor)
    return go_to(_back(form), told="code-sent", at="proof")


@router.post("/answer")
def answer(visit: Here, form: Posted) -> Response:
    """Take a code; the session is made anew."""
    try:
        made = visit.site.workspace.proofs.give_code(visit.visitor, form.get("code", ""))
    except NotPermitted:
        return go_to(_back(form), told="code-wrong", at="proof")
    response = go_to(_back(form), told="shown", at="proof")
    cookies.give(response, cookies.CENTRE, made.secret)
    return response


def _back(form: Form) -> str:
    """Return which page asked: one of ours, whatever was sent."""
    request = form.get("back", "")
    return f"/privacy/requests/{request}" if REQUEST.fullmatch(request) else "/privacy/erase"
