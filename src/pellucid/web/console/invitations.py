"""`/staff/invitation/…`: somebody of the staff makes their account: a password, then what their authenticator takes in.

Opening the link changes nothing. What goes with the account is shown in the browser only in which the password was
chosen. There is nothing like it in the API: who has an account signs in by a browser.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.errors import InputInvalid, NotPermitted
from pellucid.governance.passwords import LONGEST, SHORTEST
from pellucid.web.browser import Asked, Browser, FromBrowser
from pellucid.web.console.door import let_in
from pellucid.web.pages import go_to, page, sentences_of
from pellucid.web.site import site_of

router = APIRouter(prefix="/staff/invitation", include_in_schema=False)

Secret = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]
DIFFERENT = "The two passwords differ. Nothing was kept."


@router.get("/{secret}")
def show(secret: Secret, request: Request, browser: FromBrowser) -> Response:
    """Show where to choose a password, or in the browser where that was done, what goes with it."""
    return browser.remember(_page(secret, request, browser))


@router.post("/{secret}")
def accept(secret: Secret, request: Request, browser: FromBrowser, form: Asked) -> Response:
    """Take the invitation, with a password."""
    password = form.get("password", "")
    if password != form.get("again", ""):
        return _page(secret, request, browser, wrong=(DIFFERENT,), status=422)
    try:
        site_of(request).workspace.staff.accept(secret, password, cookie=browser.secret)
    except InputInvalid as error:
        return _page(secret, request, browser, wrong=sentences_of(error), status=422)
    return go_to(f"/staff/invitation/{secret}")


@router.post("/{secret}/code")
def confirm(secret: Secret, request: Request, browser: FromBrowser, form: Asked) -> Response:
    """Make the account of who gives a code of their authenticator, and let them in."""
    try:
        made = site_of(request).workspace.staff.confirm(secret, form.get("code", ""), cookie=browser.secret)
    except NotPermitted as error:
        if error.code != "invitation-code":
            raise
        return _page(secret, request, browser, wrong=sentences_of(error), status=403)
    return let_in(request, made)


def _page(
    secret: str, request: Request, browser: Browser, *, wrong: tuple[str, ...] = (), status: int = 200
) -> Response:
    """Return the page as this browser may see it; raises NotPermitted for an invitation that does not hold."""
    return page(
        request,
        "console/invitation.html",
        status=status,
        form_token=browser.token,
        path=f"/staff/invitation/{secret}",
        invitation=site_of(request).workspace.staff.invited(secret, cookie=browser.secret),
        lengths=(SHORTEST, LONGEST),
        wrong=wrong,
    )
