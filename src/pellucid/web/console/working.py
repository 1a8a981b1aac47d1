"""Who is at work: somebody of the staff who is signed in, and may use the page that they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from pellucid.policy.model import Actor
from pellucid.web import cookies
from pellucid.web.centre.visiting import SignInNeeded
from pellucid.web.console.places import ConsolePlace, places_for
from pellucid.web.errors import too_many
from pellucid.web.forms import Form, demand_own, read_form, token_of
from pellucid.web.site import Site, site_of
from pellucid.workspace.staff import Member


@dataclass(frozen=True, slots=True)
class Working:
    """Somebody of the staff who is signed in, at a page: the site, who it is, and the token of the page's forms."""

    site: Site
    member: Member
    token: str

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.member.actor

    @property
    def places(self) -> tuple[ConsolePlace, ...]:
        """The pages that they may use."""
        return places_for(self.member.able, asks=self.member.asks)

    def may(self, action: str) -> bool:
        """Whether they may do an action, so that a page offers it; the desk that does it asks again."""
        return action in self.member.able

    def demand(self, *actions: str) -> None:
        """Raise NotPermitted, and log it, unless they may do one of the actions."""
        self.site.workspace.staff.demand(self.member, *actions)


async def working(request: Request) -> Working:
    """Return who is signed in; raises SignInNeeded, and Problem (429) for whoever asks too much."""
    site, secret = site_of(request), cookies.shown(request, cookies.CONSOLE)
    found = await run_in_threadpool(site.workspace.staff.member, secret) if secret else None
    if found is None:
        raise SignInNeeded("/staff/sign-in")
    wait = site.visits.take(found.session.line)
    if wait > 0:
        raise too_many(wait, "There were too many requests.")
    return Working(site, found, token_of(site, secret))


async def posting(request: Request, _working: Annotated[Working, Depends(working)]) -> Form:
    """Return the fields of a form that somebody of the staff sends from a page of ours; raises Problem."""
    form = await read_form(request)
    demand_own(request, form, cookies.shown(request, cookies.CONSOLE))
    request.state.sent = frozenset(form.values())  # so that an error is told in full where it quotes none of it
    return form


Here = Annotated[Working, Depends(working)]
Posted = Annotated[Form, Depends(posting)]
