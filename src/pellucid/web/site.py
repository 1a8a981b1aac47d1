"""What every request of a running server shares: the open workspace and the limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fastapi import Request

from pellucid.governance.tokens import Token
from pellucid.settings import Settings
from pellucid.web.limits import Buckets
from pellucid.web.metrics import Metrics
from pellucid.web.origin import Place
from pellucid.workspace import Workspace

RECENT_SECONDS = 1.0
MOST_RECENT = 1_000
VISITS_PER_SECOND = 20.0
"""Requests for pages that one session may make; five times as many at once."""


class RecentTokens:
    """Tokens that were valid less than a second ago, by their secrets: a program that is busy is not asked each time.

    So one that was revoked is refused within a second.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[Token, float]] = {}

    def get(self, secret: str) -> Token | None:
        """Return the token of a secret, if it was valid just now."""
        token, until = self._known.get(secret, (None, 0.0))
        return token if self._clock() < until else None

    def put(self, secret: str, token: Token) -> None:
        """Remember that a token is valid now."""
        if len(self._known) >= MOST_RECENT:
            self._known.clear()
        self._known[secret] = (token, self._clock() + RECENT_SECONDS)


class Arrived:
    """Sessions to which it was joined already what was chosen in their browser before: once each, as far as is known.

    What is forgotten here, or not known to another process, is joined again, which changes nothing.
    """

    def __init__(self) -> None:
        self._known: dict[str, None] = {}

    def __contains__(self, session: str) -> bool:
        """Return whether it was done for a session."""
        return session in self._known

    def discard(self, session: str) -> None:
        """Have it done once more for a session."""
        self._known.pop(session, None)

    def add(self, session: str) -> None:
        """Note that it was done."""
        if len(self._known) >= MOST_RECENT:
            self._known.clear()
        self._known[session] = None


@dataclass(frozen=True, slots=True)
class Site:
    """A workspace as it is served, where people reach it, and its figures.

    `requests` and `misses` count by token, `failures`, `attempts` and
    `visitors` and `choosers` by client address, `visits` by session.
    """

    workspace: Workspace
    recent: RecentTokens
    requests: Buckets
    misses: Buckets
    failures: Buckets
    visitors: Buckets
    attempts: Buckets
    visits: Buckets
    choosers: Buckets
    arrived: Arrived
    place: Place
    metrics: Metrics

    @classmethod
    def of(cls, workspace: Workspace, settings: Settings) -> Site:
        """Return the site of a workspace, with the limits that are set."""
        each_second, misses, failures, visitors, attempts = (
            settings.serve_requests_per_second,
            settings.serve_misses_per_minute,
            settings.serve_failures_per_minute,
            settings.serve_visits_per_minute,
            settings.serve_attempts_per_minute,
        )
        return cls(
            workspace,
            RecentTokens(),
            requests=Buckets(each_second, 2 * each_second),
            misses=Buckets(misses / 60, misses),
            failures=Buckets(failures / 60, failures),
            visitors=Buckets(visitors / 60, visitors),
            attempts=Buckets(attempts / 60, attempts),
            visits=Buckets(VISITS_PER_SECOND, 5 * VISITS_PER_SECOND),
            choosers=Buckets(settings.serve_choices_per_minute / 60, settings.serve_choices_per_minute),
            arrived=Arrived(),
            place=Place.of(settings),
            metrics=Metrics(),
        )


def site_of(request: Request) -> Site:
    """Return the site that a request came to."""
    return cast(Site, request.app.state.site)
