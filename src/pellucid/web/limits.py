"""Token buckets: how many requests somebody may make. In memory, for one process; several share `shared_limits`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

MOST_KEYS = 10_000
"""Buckets kept; beyond that those that are full, and so say nothing, are forgotten, then the oldest."""


class Limit(Protocol):
    """A limit by key, of one process or of several."""

    def take(self, key: str) -> float:
        """Take one and return 0; or, if there is none, return the seconds until there will be."""

    def wait(self, key: str) -> float:
        """Return the seconds until there is one to take, without taking it."""


class Buckets:
    """A bucket for each key: it holds `size` and fills by `rate` a second."""

    def __init__(self, rate: float, size: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._size = max(1.0, size)
        self._clock = clock
        self._guard = threading.Lock()
        self._held: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> float:
        """Take one and return 0; or, if there is none, return the seconds until there will be."""
        with self._guard:
            now = self._clock()
            level = self._level(key, now)
            if level < 1.0:
                return (1.0 - level) / self._rate
            if key not in self._held and len(self._held) >= MOST_KEYS:
                self._make_room(now)
            self._held[key] = (level - 1.0, now)
            return 0.0

    def wait(self, key: str) -> float:
        """Return the seconds until there is one to take, without taking it."""
        with self._guard:
            return max(0.0, (1.0 - self._level(key, self._clock())) / self._rate)

    def _level(self, key: str, now: float) -> float:
        level, at = self._held.get(key, (self._size, now))
        return min(self._size, level + (now - at) * self._rate)

    def _make_room(self, now: float) -> None:
        full = [key for key in self._held if self._level(key, now) >= self._size]
        for key in full or list(self._held)[: MOST_KEYS // 10]:
            del self._held[key]
