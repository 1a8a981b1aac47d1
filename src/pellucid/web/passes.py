"""`/privacy/pass/…` and `/staff/pass/…`: a link that lets somebody in, once; opening it alone takes nothing.

What looks at links before people do (mail scanners, previews) opens them too: only the button lets in.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.web.browser import Asked, FromBrowser
from pellucid.web.centre.door import let_in
from pellucid.web.console.door import let_in as let_staff_in
from pellucid.web.pages import page
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
    made = site_of(request).workspace.passes.enter_centre(token, address=browser.address)
    return let_in(request, made)


@router.get("/staff/pass/{token}")
def to_console(token: Token, request: Request, browser: FromBrowser) -> Response:
    """Show the button by which somebody of the staff comes in."""
    return browser.remember(page(request, "pass.html", form_token=browser.token, path=f"/staff/pass/{token}"))


@router.post("/staff/pass/{token}")
def enter_console(token: Token, request: Request, browser: FromBrowser, _form: Asked) -> Response:
    """Let somebody of the staff in, by a new session."""
    made = site_of(request).workspace.passes.enter_console(token)
    return let_staff_in(request, made)
