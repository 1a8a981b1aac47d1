"""A browser that nobody is signed in with yet: known again by a cookie that opens nothing, slowed down by address."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from pellucid.web import cookies
from pellucid.web.errors import too_many
from pellucid.web.forms import Form, demand_own, read_form, token_of
from pellucid.web.site import site_of


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser: the secret of its cookie, whether it has it yet, the token of its forms, where it asks from."""

    secret: str
    is_new: bool
    token: str
    address: str

    @property
    def shown(self) -> str:
        """The secret that its cookie showed; empty where it showed none."""
        return "" if self.is_new else self.secret

    def remember(self, response: Response) -> Response:
        """Have the browser keep the cookie, if it is new; returns the response."""
        if self.is_new:
            cookies.give(response, cookies.BROWSER, self.secret)
        return response


def browser(request: Request) -> Browser:
    """Return which browser asks."""
    site, found = site_of(request), cookies.shown(request, cookies.BROWSER)
    secret = found or secrets.token_urlsafe(32)
    return Browser(secret, not found, token_of(site, secret), site.place.address_of(request))


async def asking(request: Request, browser: Annotated[Browser, Depends(browser)]) -> Form:
    """Return the fields of a form of ours, sent by a browser that has its cookie; raises Problem (403, 429)."""
    form = await read_form(request)
    demand_own(request, form, cookies.shown(request, cookies.BROWSER))
    demand_few(request, browser)
    return form


def demand_few(request: Request, browser: Browser) -> None:
    """Raise Problem (429) for an address that tries too often.

    Only once it is known that no other page sends the browser: else that page would use up a visitor's attempts.
    """
    wait = site_of(request).attempts.take(browser.address)
    if wait > 0:
        raise too_many(wait, "There were too many attempts from here.")


FromBrowser = Annotated[Browser, Depends(browser)]
Foreign = Annotated[Form, Depends(read_form)]
"""The fields of a form that another site may send: what is in it has to prove itself."""
Asked = Annotated[Form, Depends(asking)]
