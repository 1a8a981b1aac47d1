"""`/privacy/visitor`: choices of somebody who is not signed in, for this browser; and taking them along.

From a page of the company they go to the centre's own host in three steps, each a link or a redirect: the centre
begins (`bring`), the company's host hands on what is chosen there, and the centre asks (`take-along`).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from pellucid.consent.visitors import SCREENS, Wish
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.web import cookies
from pellucid.web.browser import FromBrowser
from pellucid.web.centre.visiting import JOINED, shown_in
from pellucid.web.errors import NOWHERE
from pellucid.web.language import language_of
from pellucid.web.pages import go_to, page
from pellucid.web.visitor import Comes, Sent, Stranger

router = APIRouter(prefix="/privacy/visitor", include_in_schema=False)

HERE = "/privacy/visitor"
SIGN_IN = "/privacy/sign-in"
SCREEN = SCREENS[0]
PurposeName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Shop = Annotated[str, Path(pattern=r"^[a-z0-9.:\[\]-]{1,261}$")]
State = Annotated[str, Path(pattern=r"^[0-9]{1,12}\.[0-9a-f]{64}$")]
Ticket = Annotated[str, Path(pattern=r"^[0-9a-f]{16}\.[0-9]{1,12}\.[0-9a-f]{64}$")]


@router.get("")
def choices(request: Request, comes: Comes, browser: FromBrowser) -> Response:
    """Show what a visitor has a choice about, and what they chose; to who is signed in, their account's choices."""
    if comes.site.workspace.doors.visitor(cookies.shown(request, cookies.CENTRE)) is not None:
        return go_to("/privacy/choices")
    seen = comes.site.workspace.visitors.see(comes.secret, comes.reading)
    days = comes.site.workspace.settings.visitor_days
    shown = page(
        request,
        "centre/visitor.html",
        form_token=browser.token,
        seen=seen,
        days=days,
        door=_door(request, comes, kept=seen.until is not None),
    )
    return browser.remember(shown)


@router.post("")
def refuse_all(request: Request, comes: Comes, _form: Sent) -> Response:
    """Keep one no to everything that there is a choice about."""
    visitors, language = comes.site.workspace.visitors, language_of(request)
    done = visitors.refuse_all(comes.secret, comes.reading, screen=SCREEN, language=language)
    return comes.remember(go_to(HERE, told="all-off"), done)


@router.post("/forget")
def forget(comes: Comes, _form: Sent) -> Response:
    """Delete what this browser chose, and have it forget the cookie."""
    comes.site.workspace.visitors.forget(comes.secret)
    response = go_to(HERE, told="forgotten")
    cookies.take_back(response, cookies.VISITOR)
    return response


@router.post("/choices/{purpose}")
def choose(request: Request, purpose: PurposeName, comes: Comes, form: Sent) -> Response:
    """Keep the yes or no of one button."""
    said = form.get("choice")
    if said not in ("yes", "no"):
        raise InputInvalid("A choice is yes or no.", remedy="Press one of the two buttons.", code="choice-unclear")
    wishes = {purpose: Wish(said == "yes", form.get("notice", ""))}
    visitors, language = comes.site.workspace.visitors, shown_in(form, language_of(request))
    done = visitors.choose(comes.secret, wishes, comes.reading, screen=SCREEN, language=language)
    return comes.remember(go_to(HERE, told="kept", at=f"purpose-{purpose}"), done)


@router.get("/bring/{shop}")
def bring(shop: Shop, comes: Comes, browser: FromBrowser) -> Response:
    """Send a browser to one of the company's hosts, to fetch what was chosen there; the way back is for it alone."""
    place = comes.site.place
    if comes.at_shop or shop not in place.shops:
        raise NOWHERE
    state = comes.site.workspace.arrivals.begin(browser.secret)
    return browser.remember(RedirectResponse(f"{place.shops[shop]}{HERE}/hand-on/{state}", 303))


@router.get("/hand-on/{state}")
def hand_on(state: State, comes: Comes) -> Response:
    """Send a browser on with what it chose on this host of the company's; without, if it is there no longer."""
    if not comes.at_shop:
        raise NOWHERE
    arrivals, origin = comes.site.workspace.arrivals, comes.site.place.origin
    try:
        path = f"{HERE}/take-along/{arrivals.ticket(comes.secret, state)}"
    except NameUnknown:
        path = SIGN_IN
    return RedirectResponse(origin + path, 303)


@router.get("/take-along/{ticket}")
def arrive(request: Request, ticket: Ticket, comes: Comes, browser: FromBrowser) -> Response:
    """Show to who comes from the company's own pages what one press would take along."""
    comes.site.workspace.arrivals.demand_own(ticket, browser.shown)
    return page(request, "centre/take_along.html", form_token=browser.token, ticket=ticket)


@router.post("/take-along/{ticket}")
def take_along(ticket: Ticket, comes: Comes, browser: FromBrowser, _form: Sent) -> Response:
    """Know what was chosen on the company's own pages here too, keep each no of here, lead to where it joins."""
    workspace = comes.site.workspace
    secret = workspace.arrivals.take_along(ticket, browser.shown, comes.secret)
    response = go_to(JOINED)
    cookies.keep(response, cookies.VISITOR, secret, workspace.settings.visitor_days)
    return response


def _door(request: Request, comes: Stranger, *, kept: bool) -> str:
    """Return where a visitor signs in: from a page of the company, under the centre's own host."""
    if not comes.at_shop:
        return SIGN_IN
    origin, host = comes.site.place.origin, request.headers["host"].lower()
    return f"{origin}{HERE}/bring/{host}" if kept else origin + SIGN_IN
