"""Who is there: somebody signed in to the privacy centre, or nobody, who is shown the way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from pellucid.consent.signals import GPC_HEADER, SignalReading, gpc_reading
from pellucid.policy.model import LANGUAGES
from pellucid.web import cookies
from pellucid.web.errors import too_many
from pellucid.web.forms import Form, demand_own, read_form, token_of
from pellucid.web.language import language_of
from pellucid.web.site import Site, site_of
from pellucid.workspace.doors import Visitor

JOINED = "/privacy/joined"


class SignInNeeded(Exception):
    """Nobody is signed in where somebody has to be; `door` is where the way in is."""

    def __init__(self, door: str) -> None:
        super().__init__(door)
        self.door = door


class JoinedFirst(SignInNeeded):
    """What was chosen in this browser has just joined the account: that is shown before the page that was asked for."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in, at a page: the site, who it is, the token of the page's forms, and its language."""

    site: Site
    visitor: Visitor
    token: str
    language: str


async def visiting(request: Request) -> Visit:
    """Return who is signed in; raises SignInNeeded, and Problem (429) for whoever asks too much."""
    site, secret = site_of(request), cookies.shown(request, cookies.CENTRE)
    found = await run_in_threadpool(site.workspace.doors.visitor, secret) if secret else None
    if found is None:
        raise SignInNeeded("/privacy/sign-in")
    wait = site.visits.take(found.session.line)
    if wait > 0:
        raise too_many(wait, "There were too many requests.")
    joined = has_to_join(request, found) and await run_in_threadpool(join, request, found)
    if joined and request.method == "GET" and request.url.path != JOINED:
        raise JoinedFirst(JOINED)
    return Visit(site, found, token_of(site, secret), language_of(request))


def has_to_join(request: Request, visitor: Visitor) -> bool:
    """Return whether something may have been chosen in this browser that has not joined the account yet.

    Once a session, and once more when its browser begins to opt out.
    """
    if visitor.acting is not None:
        return False  # who acts for somebody has chosen for themselves only
    opts_out = bool(signal_of(request).opts_out)
    chose = bool(cookies.shown(request, cookies.VISITOR)) or opts_out
    return chose and (visitor.session.id, opts_out) not in site_of(request).arrived


def join(request: Request, visitor: Visitor) -> bool:
    """Join what was chosen in this browser before to the account, if it has to; return whether there was anything."""
    if not has_to_join(request, visitor):
        return False
    site, reading = site_of(request), signal_of(request)
    done = site.workspace.arrivals.arrive(visitor, cookies.shown(request, cookies.VISITOR), reading)
    site.arrived.add((visitor.session.id, bool(reading.opts_out)))
    return done


def signal_of(request: Request) -> SignalReading:
    """Return what the browser says by Global Privacy Control."""
    return gpc_reading(request.headers.getlist(GPC_HEADER))


async def posting(request: Request, visit: Annotated[Visit, Depends(visiting)]) -> Form:
    """Return the fields of a form that somebody signed in sends from a page of ours; raises Problem."""
    form = await read_form(request)
    demand_own(request, form, cookies.shown(request, cookies.CENTRE))
    return form


def shown_in(form: Form, language: str) -> str:
    """Return in which language somebody was shown what they answer; `language`, the page's, if the form says none.

    A text of the policy that is not translated stands in the policy's own language.
    """
    said = form.get("language", "")
    return said if said in LANGUAGES else language


Here = Annotated[Visit, Depends(visiting)]
Posted = Annotated[Form, Depends(posting)]
