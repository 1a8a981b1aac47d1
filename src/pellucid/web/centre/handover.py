"""`/privacy/hand-over`: whoever is signed in on the company's own site comes in with a token that it signed.

The one form that is taken from another origin, which is set: the token is the proof, and it is taken once. It stands in
the body, so that no log and no history has it.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from pellucid.web import cookies
from pellucid.web.browser import Foreign, FromBrowser, demand_few
from pellucid.web.errors import Problem
from pellucid.web.pages import go_to
from pellucid.web.site import site_of

router = APIRouter(prefix="/privacy", include_in_schema=False)


@router.post("/hand-over")
def hand_over(request: Request, browser: FromBrowser, form: Foreign) -> Response:
    """Let in whom the company's site says is there, by a new session."""
    workspace = site_of(request).workspace
    doors, wanted = workspace.doors, workspace.settings.handover_origin.lower()
    if not wanted or request.headers.get("origin", "").lower() != wanted:  # nobody else's page signs people in
        raise Problem(403, "form-foreign", "This form was not sent from the company's site.", "Go back and try again.")
    demand_few(request, browser)
    made = doors.hand_over(form.get("token", ""), address=browser.address)
    before = doors.visitor(cookies.shown(request, cookies.CENTRE))
    if before is not None:
        doors.leave(before)
    response = go_to("/privacy")
    cookies.give(response, cookies.CENTRE, made.secret)
    return response
