"""Somebody who is not signed in and chooses all the same: by which secret they are known again, and how often they may.

What they send is taken from a page of ours only, on the host that they are on: nobody chooses for another browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from pellucid.consent.signals import SignalReading
from pellucid.web import cookies
from pellucid.web.browser import Browser, browser
from pellucid.web.centre.visiting import signal_of
from pellucid.web.errors import Problem, too_many
from pellucid.web.forms import Form, demand_own, read_form
from pellucid.web.site import Site, site_of
from pellucid.workspace.visitors import Remembered


@dataclass(frozen=True, slots=True)
class Stranger:
    """A visitor as they come: the site, the secret of their cookie, what their browser says, where they ask from."""

    site: Site
    secret: str
    reading: SignalReading
    address: str
    at_shop: bool

    def remember(self, response: Response, done: Remembered) -> Response:
        """Have the browser keep the secret for as long as what was chosen is kept; returns the response."""
        cookies.keep(response, cookies.VISITOR, done.secret, self.site.workspace.settings.visitor_days)
        return response


def stranger(request: Request) -> Stranger:
    """Return who comes; raises Problem (429) for an address that asks too much."""
    site = site_of(request)
    address = site.place.address_of(request)
    wait = site.visitors.take(address)
    if wait > 0:
        raise too_many(wait, "Too many requests from this address.")
    at_shop = site.place.is_shop(request.headers.get("host", ""))
    return Stranger(site, cookies.shown(request, cookies.VISITOR), signal_of(request), address, at_shop)


def choosing(request: Request, comes: Annotated[Stranger, Depends(stranger)]) -> Stranger:
    """Return who chooses by a script of a page of ours; raises Problem (403, 429)."""
    if not comes.site.place.may_post(request):
        raise Problem(
            403,
            "origin-foreign",
            "This does not come from a page of the same host.",
            "Serve the page and pellucid under one host, by a reverse proxy that passes `Host` on.",
        )
    _demand_few(comes)
    return comes


async def choosing_by_form(
    request: Request,
    comes: Annotated[Stranger, Depends(stranger)],
    here: Annotated[Browser, Depends(browser)],
) -> Form:
    """Return the fields of a form of ours that a visitor sends; raises Problem (400, 403, 429)."""
    form = await read_form(request)
    demand_own(request, form, "" if here.is_new else here.secret)
    _demand_few(comes)
    return form


def _demand_few(comes: Stranger) -> None:
    wait = comes.site.choosers.take(comes.address)
    if wait > 0:
        raise too_many(wait, "There were too many choices from here.")


Comes = Annotated[Stranger, Depends(stranger)]
Chooses = Annotated[Stranger, Depends(choosing)]
Sent = Annotated[Form, Depends(choosing_by_form)]
