"""Who calls: a program by its bearer token, with the scope that the route needs, as often as its limit lets it.

Every route of the API depends on `needs(SCOPE)`, and nothing else lets anybody in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.governance.tokens import Token
from pellucid.policy.model import Actor
from pellucid.web.errors import too_many
from pellucid.web.site import Site, site_of

_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token of `pellucid serve token create`, with the scope named."
)
Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that was let in, and the site it came to."""

    site: Site
    token: Token

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.token.actor

    @property
    def person(self) -> Actor:
        """Whom it asks questions as; raises NotPermitted where it is for nobody who is declared."""
        return self.site.workspace.tokens.person_of(self.token)

    def demand_scope(self, scope: str) -> None:
        """Raise NotPermitted unless the token carries one more scope than the route's."""
        self.site.workspace.tokens.demand_scope(self.token, scope)

    @contextmanager
    def looking_up(self, *, always: bool = False) -> Iterator[None]:
        """Look somebody up: guessing keys is slowed down, and logged; finding people is not. Raises Problem (429).

        Asking to make somebody whom only an import makes is a guess too. With `always` it goes on all the same, and
        misses are only counted: nobody's no waits for others' guesses.
        """
        wait = self.site.misses.wait(self.token.id)
        if wait > 0 and not always:
            raise too_many(wait, "This token asked for too many people who are not there.")
        try:
            yield
        except (NameUnknown, InputInvalid) as error:
            if getattr(error, "kind", "") == "subject" or error.code == "namespace-of-data":
                self.site.misses.take(self.token.id)
                self.site.workspace.tokens.refusals.count("subject-unknown", self.actor)
            raise

    @contextmanager
    def looking_up_request(self) -> Iterator[None]:
        """Look a request of one's own up: guessing ids, or what people were sent, is slowed down. Raises Problem (429).

        A wrong answer is logged where it is tried.
        """
        wait = self.site.misses.wait(self.token.id)
        if wait > 0:
            raise too_many(wait, "This token asked for too many requests that are not its own, or sent wrong answers.")
        try:
            yield
        except (NameUnknown, NotPermitted) as error:
            if getattr(error, "kind", "") == "request":
                self.site.workspace.tokens.refusals.count("request-unknown", self.actor)
            if getattr(error, "kind", "") == "request" or error.code == "identity-not-shown":
                self.site.misses.take(self.token.id)
            raise


class Admits:
    """A dependency that lets callers in before what they sent is parsed (`api.body.StrictRoute`)."""

    __call__: Callable[..., Any]

    async def admit(self, request: Request) -> None:
        """Let the caller in, or raise why not."""
        raise NotImplementedError


class needs(Admits):
    """A dependency that lets in callers whose token carries a scope; else NotPermitted, or Problem (429)."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, request: Request, shown: Shown) -> Caller:
        """Return who calls."""
        found: Caller | None = getattr(request.state, "caller", None)
        if found is not None and self.scope in found.token.scopes:  # admitted before the body was read
            return found
        return await self._admitted(request, shown)

    async def admit(self, request: Request) -> None:
        """Let the caller in now, before what they sent is parsed."""
        request.state.caller = await self._admitted(request, await _bearer(request))

    async def _admitted(self, request: Request, shown: HTTPAuthorizationCredentials | None) -> Caller:
        site = site_of(request)
        token = site.recent.get(shown.credentials) if shown is not None else None
        if token is None or self.scope not in token.scopes:  # asks the database, or tells it of a refusal
            token = await run_in_threadpool(self._let_in, site, request, shown)
        wait = site.requests.take(token.id)
        if wait > 0:
            raise too_many(wait, "This token makes too many requests.")
        request.state.token = token.id
        return Caller(site, token)

    def _let_in(self, site: Site, request: Request, shown: HTTPAuthorizationCredentials | None) -> Token:
        token = _let_in(site, request, shown)
        site.workspace.tokens.demand_scope(token, self.scope)
        return token


def _let_in(site: Site, request: Request, shown: HTTPAuthorizationCredentials | None) -> Token:
    tokens = site.workspace.tokens
    try:
        if shown is None:
            raise tokens.nobody()
        found = tokens.let_in(shown.credentials)
    except NotPermitted:
        wait = site.failures.take(site.place.address_of(request))
        if wait > 0:
            raise too_many(wait, "Too many requests from this address had no valid token.") from None
        raise
    site.recent.put(shown.credentials, found)
    return found
