"""`/staff`: the door of the staff, and the page behind it that says who is there."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from pellucid.errors import NotPermitted
from pellucid.governance.sessions import NewSession
from pellucid.web import cookies
from pellucid.web.browser import Asked, Browser, FromBrowser
from pellucid.web.console import officer_words
from pellucid.web.console.working import Here, Posted
from pellucid.web.pages import go_to, page, sentences_of
from pellucid.web.site import site_of

router = APIRouter(prefix="/staff", include_in_schema=False)

LONGEST_NAME = 100


@router.get("/sign-in")
def sign_in(request: Request, browser: FromBrowser) -> Response:
    """Show where to sign in."""
    return sign_in_page(request, browser)


@router.post("/sign-in")
def enter(request: Request, browser: FromBrowser, form: Asked) -> Response:
    """Let in who shows password and code, by a new session."""
    staff = site_of(request).workspace.staff
    name, password, code = form.get("name", "").strip()[:LONGEST_NAME], form.get("password", ""), form.get("code", "")
    try:
        made = staff.sign_in(name, password, code, address=browser.address)
    except NotPermitted as error:
        status = 429 if error.code == "sign-in-wait" else 403
        return sign_in_page(request, browser, wrong=sentences_of(error), status=status)
    return let_in(request, made)


@router.post("/sign-out")
def leave(working: Here, _form: Posted) -> Response:
    """End the session, on the server too."""
    working.site.workspace.staff.leave(working.member)
    by_provider = working.member.session.how == "openid"
    response = go_to("/staff/signed-out") if by_provider else go_to("/staff/sign-in", told="signed-out")
    cookies.take_back(response, cookies.CONSOLE)
    return cookies.leave_nothing(response)


@router.get("")
def home(request: Request, working: Here) -> Response:
    """Show who is signed in, with which roles, and what is due today to who may see it."""
    workspace = working.site.workspace
    declared = workspace.centre.policy().roles
    roles = [name for name in working.member.actor.roles if name in declared]
    due = workspace.oversight.due(actor=working.actor) if working.may("request-list") else None
    return page(request, "console/home.html", working=working, here="home", roles=roles, due=due, words=officer_words)


def sign_in_page(request: Request, browser: Browser, *, wrong: tuple[str, ...] = (), status: int = 200) -> Response:
    """Return the page on which staff sign in, with what went wrong before."""
    provider = site_of(request).workspace.openid.title("console")
    shown = page(
        request, "console/sign_in.html", status=status, form_token=browser.token, provider=provider, wrong=wrong
    )
    return browser.remember(shown)


def let_in(request: Request, made: NewSession) -> Response:
    """Return the way into the console with a new session; the one before, if any, ends."""
    staff = site_of(request).workspace.staff
    before = staff.member(cookies.shown(request, cookies.CONSOLE))
    if before is not None:
        staff.leave(before)
    response = go_to("/staff")
    cookies.give(response, cookies.CONSOLE, made.secret)
    cookies.take_back(response, cookies.BROWSER)
    return response
