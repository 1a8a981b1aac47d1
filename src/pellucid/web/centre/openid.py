"""`/privacy/sign-in/openid`: customers come in by the company's OpenID Connect provider, and sign out there too."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from pellucid.errors import NotPermitted, WorkspaceUnusable
from pellucid.web.browser import FromBrowser, demand_few
from pellucid.web.centre.door import let_in, sign_in_page
from pellucid.web.pages import go_to, page
from pellucid.web.provider import answer_of, go_there, is_wanted, told
from pellucid.web.site import site_of

router = APIRouter(prefix="/privacy", include_in_schema=False)


@router.get("/sign-in/openid")
def begin(request: Request, browser: FromBrowser) -> Response:
    """Send the browser to the provider."""
    if not is_wanted(request):
        return go_to("/privacy/sign-in")
    demand_few(request, browser)
    try:
        place = site_of(request).workspace.openid.begin("centre", cookie=browser.secret)
    except WorkspaceUnusable as error:
        wrong, status = told(error)
        return sign_in_page(request, browser, wrong=wrong, status=status)
    return go_there(place, browser)


@router.get("/sign-in/openid/back")
def back(request: Request, browser: FromBrowser) -> Response:
    """Let in whom the provider names, by a new session."""
    openid, cookie, answer = site_of(request).workspace.openid, browser.shown, answer_of(request)
    if openid.is_begun("centre", answer, cookie=cookie):  # else any page could use up a visitor's attempts
        demand_few(request, browser)
    try:
        made = openid.enter_centre(answer, cookie=cookie, address=browser.address)
    except (NotPermitted, WorkspaceUnusable) as error:
        wrong, status = told(error)
        return sign_in_page(request, browser, wrong=wrong, status=status)
    return let_in(request, made)


@router.get("/signed-out")
def signed_out(request: Request) -> Response:
    """Show that the session here is over, and the way to end the one at the provider."""
    openid = site_of(request).workspace.openid
    provider, there = openid.title("centre"), openid.leave_address("centre")
    return page(request, "centre/signed_out.html", provider=provider, there=there)
