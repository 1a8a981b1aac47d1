"""`/privacy/pass/…` and `/staff/pass/…`: a link that lets somebody in, once; opening it alone takes nothing.

What looks at links before people do (mail scanners, previews) opens them too: only the button lets in.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.web import cookies
from pellucid.web.browser import Asked, FromBrowser
from pellucid.web.pages import go_to, page
from pellucid.web.site import site_of

router = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,1024}$")]


@router.get("/privacy/pass/{token}")
def to_centre(token: Token, request: Request, browser: FromBrowser) -> Response:
    """Show the button by which a customer comes in."""
    return browser.remember(page(request, "pass.html", form_token=browser.token, path=f"/privacy/pass/{token}"))


@router.post("/privacy/pass/{token}")
def enter_centre(token: Token, request: Request, browser: FromBrowser, _form: Asked) -> Response:
    """Let a customer in, by a new session."""
    workspace = site_of(request).workspace
    made = workspace.passes.enter_centre(token, address=browser.address)
    before = workspace.doors.visitor(cookies.shown(request, cookies.CENTRE))
    if before is not None:
        workspace.doors.leave(before)
    response = go_to("/privacy")
    cookies.give(response, cookies.CENTRE, made.secret)
    cookies.take_back(response, cookies.BROWSER)
    return response


@router.get("/staff/pass/{token}")
def to_console(token: Token, request: Request, browser: FromBrowser) -> Response:
    """Show the button by which somebody of the staff comes in."""
    return browser.remember(page(request, "pass.html", form_token=browser.token, path=f"/staff/pass/{token}"))


@router.post("/staff/pass/{token}")
def enter_console(token: Token, request: Request, browser: FromBrowser, _form: Asked) -> Response:
    """Let somebody of the staff in, by a new session."""
    workspace = site_of(request).workspace
    made = workspace.passes.enter_console(token)
    before = workspace.staff.member(cookies.shown(request, cookies.CONSOLE))
    if before is not None:
        workspace.staff.leave(before)
    response = go_to("/staff")
    cookies.give(response, cookies.CONSOLE, made.secret)
    cookies.take_back(response, cookies.BROWSER)
    return response
