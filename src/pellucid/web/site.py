"""What every request of a running server shares: the open workspace and the limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fastapi import Request

from pellucid.governance.tokens import Token
from pellucid.settings import Settings
from pellucid.web.limits import Buckets, Limit
from pellucid.web.metrics import Metrics
from pellucid.web.origin import Place
from pellucid.web.shared_limits import SharedBuckets, make_file
from pellucid.workspace import Workspace

RECENT_SECONDS = 1.0
MOST_RECENT = 1_000
LIMITS = ("requests", "misses", "failures", "visitors", "attempts", "choosers", "visits")
"""What is limited, by the fields of `Site`."""
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
    """Sessions to which it was joined already what was chosen in their browser before, by what their browser signals.

    Once for a session and signal, as far as is known: a signal that is switched on within a session counts from then.
    What is forgotten here, or not known to another process, is joined again, which changes nothing.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, bool], None] = {}

    def __contains__(self, arrival: tuple[str, bool]) -> bool:
        """Return whether it was done for a session, and whether its browser opted out."""
        return arrival in self._known

    def discard(self, session: str) -> None:
        """Have it done once more for a session."""
        for opts_out in (False, True):
            self._known.pop((session, opts_out), None)

    def add(self, arrival: tuple[str, bool]) -> None:
        """Note that it was done."""
        if len(self._known) >= MOST_RECENT:
            self._known.clear()
        self._known[arrival] = None


@dataclass(frozen=True, slots=True)
class Site:
    """A workspace as it is served, where people reach it, and its figures.

    `requests` and `misses` count by token, `failures`, `attempts`, `visitors` and `choosers` by client address,
    `visits` by session, with what is made anew of it. `ending` is set once the server was told to end: it answers
    still, and is not ready any more.
    """

    workspace: Workspace
    recent: RecentTokens
    requests: Limit
    misses: Limit
    failures: Limit
    visitors: Limit
    attempts: Limit
    visits: Limit
    choosers: Limit
    arrived: Arrived
    place: Place
    metrics: Metrics
    ending: threading.Event

    @classmethod
    def of(cls, workspace: Workspace, settings: Settings, shared: Path | None = None) -> Site:
        """Return the site of a workspace, with the limits that are set.

        `shared` is the folder (`make_shared`) in which several workers count together; None: this process is alone.
        """
        rates = {
            "requests": (settings.serve_requests_per_second, 2 * settings.serve_requests_per_second),
            "misses": (settings.serve_misses_per_minute / 60, settings.serve_misses_per_minute),
            "failures": (settings.serve_failures_per_minute / 60, settings.serve_failures_per_minute),
            "visitors": (settings.serve_visits_per_minute / 60, settings.serve_visits_per_minute),
            "attempts": (settings.serve_attempts_per_minute / 60, settings.serve_attempts_per_minute),
            "choosers": (settings.serve_choices_per_minute / 60, settings.serve_choices_per_minute),
            "visits": (VISITS_PER_SECOND, 5 * VISITS_PER_SECOND),
        }
        limits = {name: _limit(name, rate, size, shared) for name, (rate, size) in rates.items()}
        return cls(
            workspace,
            RecentTokens(),
            **limits,
            arrived=Arrived(),
            place=Place.of(settings),
            metrics=Metrics(),
            ending=threading.Event(),
        )


def make_shared(folder: Path) -> None:
    """Make in an empty folder what the limits of several workers are counted in."""
    for name in LIMITS:
        make_file(folder / name)


def _limit(name: str, rate: float, size: float, shared: Path | None) -> Limit:
    return Buckets(rate, size) if shared is None else SharedBuckets(rate, size, shared / name)


def site_of(request: Request) -> Site:
    """Return the site that a request came to."""
    return cast(Site, request.app.state.site)
