"""`/privacy/sign-in`: asking for a code, giving it, leaving. The same is shown whether or not somebody is known."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from pellucid.errors import NotPermitted
from pellucid.governance.sessions import NewSession
from pellucid.web import cookies
from pellucid.web.browser import Asked, Browser, FromBrowser
from pellucid.web.centre.visiting import Here, Posted, Visit
from pellucid.web.pages import go_to, page, sentences_of
from pellucid.web.site import site_of

router = APIRouter(prefix="/privacy", include_in_schema=False)

LONGEST_KEY = 200
GIVE_CODE = "/privacy/sign-in/code"


@router.get("/sign-in")
def sign_in(request: Request, browser: FromBrowser) -> Response:
    """Show where to say who one is."""
    return sign_in_page(request, browser)


@router.post("/sign-in")
def ask(request: Request, browser: FromBrowser, form: Asked) -> Response:
    """Have a code sent, if a contact is held of somebody who is known by what was typed."""
    typed = form.get("key", "").strip()[:LONGEST_KEY]
    namespace = form.get("namespace") or None
    request.state.sent = frozenset({typed, namespace or ""})
    site_of(request).workspace.doors.ask(typed, cookie=browser.secret, address=browser.address, namespace=namespace)
    return go_to(GIVE_CODE)


@router.get("/sign-in/code")
def code(request: Request, browser: FromBrowser) -> Response:
    """Show where to type the code, in the browser in which it was asked for."""
    if browser.is_new or not site_of(request).workspace.doors.waits(cookie=browser.secret):
        return go_to("/privacy/sign-in")
    return code_page(request, browser)


@router.post("/sign-in/code")
def give(request: Request, browser: FromBrowser, form: Asked) -> Response:
    """Let in whoever gives the code that they were sent, by a new session."""
    doors = site_of(request).workspace.doors
    try:
        made = doors.answer(form.get("code", ""), cookie=browser.secret)
    except NotPermitted as error:
        return code_page(request, browser, wrong=sentences_of(error))
    return let_in(request, made)


@router.post("/sign-out")
def leave(visit: Here, _form: Posted) -> Response:
    """End the session, on the server too."""
    visit.site.workspace.doors.leave(visit.visitor)
    return _left(visit, "signed-out")


@router.post("/sign-out/everywhere")
def leave_everywhere(visit: Here, _form: Posted) -> Response:
    """End every session of the person, in this browser and wherever else they are signed in."""
    visit.site.workspace.doors.leave_everywhere(visit.visitor)
    return _left(visit, "signed-out-everywhere")


def _left(visit: Visit, told: str) -> Response:
    by_provider = visit.visitor.session.how == "openid"
    response = go_to("/privacy/signed-out") if by_provider else go_to("/privacy/sign-in", told=told)
    cookies.take_back(response, cookies.CENTRE)
    return cookies.leave_nothing(response)


def sign_in_page(request: Request, browser: Browser, *, wrong: tuple[str, ...] = (), status: int = 200) -> Response:
    """Return the page on which customers say who they are, with what went wrong before."""
    workspace = site_of(request).workspace
    return browser.remember(
        page(
            request,
            "centre/sign_in.html",
            status=status,
            form_token=browser.token,
            namespaces=workspace.doors.namespaces(),
            provider=workspace.openid.title("centre"),
            wrong=wrong,
        )
    )


def code_page(request: Request, browser: Browser, *, wrong: tuple[str, ...] = ()) -> Response:
    """Return the page on which the code is typed, with what was wrong before."""
    links = bool(site_of(request).workspace.settings.public_url)
    status = 403 if wrong else 200
    return page(request, "centre/code.html", status=status, form_token=browser.token, links=links, wrong=wrong)


def let_in(request: Request, made: NewSession) -> Response:
    """Return the way into the privacy centre with a new session; the one before, if any, ends."""
    doors = site_of(request).workspace.doors
    before = doors.visitor(cookies.shown(request, cookies.CENTRE))
    if before is not None:
        doors.leave(before)
    response = go_to("/privacy")
    cookies.give(response, cookies.CENTRE, made.secret)
    cookies.take_back(response, cookies.BROWSER)
    return response
