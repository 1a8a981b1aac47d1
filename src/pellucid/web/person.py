"""Who is there by the API: a customer who signed in with an app, by the bearer of their session, and by nothing else.

A cookie says nothing here, so no page of another site acts for anybody; and a bearer says nothing at a page. What goes
through here is the same as at the pages: the same desks, about the very person who is signed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pellucid.errors import NotPermitted
from pellucid.governance.sessions import APP, NewSession
from pellucid.web.errors import too_many
from pellucid.web.security import Admits
from pellucid.web.site import Site, site_of
from pellucid.workspace.doors import STRANGER, Visitor

PREFIX = "pellucid_me_"
"""What each bearer of a person begins with: no token of a program does, and who looks for leaked secrets finds it."""

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="person",
    description="The `bearer` that signing in told; a token of a program is none.",
)
Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@dataclass(frozen=True, slots=True)
class Person:
    """A customer who was let in by their bearer, and the site they came to."""

    site: Site
    visitor: Visitor


class SignedIn(Admits):
    """A dependency that lets in who is signed in; else NotPermitted (`session-unknown`), or Problem (429)."""

    async def __call__(self, request: Request, shown: Shown) -> Person:
        """Return who it is."""
        found: Person | None = getattr(request.state, "person", None)
        return found if found is not None else await self._admitted(request, shown)

    async def admit(self, request: Request) -> None:
        """Let them in now, before what they sent is parsed."""
        request.state.person = await self._admitted(request, await _bearer(request))

    async def _admitted(self, request: Request, shown: HTTPAuthorizationCredentials | None) -> Person:
        site = site_of(request)
        visitor = await run_in_threadpool(_visitor, site, request, shown)
        wait = site.visits.take(visitor.session.line)
        if wait > 0:
            raise too_many(wait, "There were too many requests.")
        return Person(site, visitor)


class FewAttempts(Admits):
    """A dependency that slows down who tries to be let in, by address, before what they sent is parsed."""

    async def __call__(self, request: Request) -> Site:
        """Return the site, for an attempt that is counted."""
        if not getattr(request.state, "attempt_counted", False):
            await self.admit(request)
        return site_of(request)

    async def admit(self, request: Request) -> None:
        """Count an attempt; raises Problem (429)."""
        site = site_of(request)
        request.state.attempt_counted = True
        wait = site.attempts.take(site.place.address_of(request))
        if wait > 0:
            raise too_many(wait, "There were too many attempts from here.")


Self = Annotated[Person, Depends(SignedIn())]
Trying = Annotated[Site, Depends(FewAttempts())]


def bearer_of(made: NewSession) -> str:
    """Return what a new session is shown by; it is told once."""
    return PREFIX + made.secret


def _visitor(site: Site, request: Request, shown: HTTPAuthorizationCredentials | None) -> Visitor:
    doors, secret = site.workspace.doors, shown.credentials if shown is not None else ""
    found = doors.visitor(secret.removeprefix(PREFIX), APP) if secret.startswith(PREFIX) else None
    if found is not None:
        return found
    wait = site.failures.take(site.place.address_of(request))
    if wait > 0:
        raise too_many(wait, "Too many requests from this address were of nobody who is signed in.")
    doors.refusals.count("session-unknown", STRANGER)
    raise NotPermitted(
        "Nobody is signed in by this.",
        remedy="Sign in by `POST /api/v1/sign-in`, and send its `bearer` as `Authorization: Bearer`.",
        code="session-unknown",
    )
