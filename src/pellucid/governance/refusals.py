"""Telling the log of who was refused, without letting them flood it: one entry a minute, reason and program or person.

The first refusal is logged at once; those that follow are counted, and the count is the next entry. What could not be
logged is counted on, and is in the next entry that can. In memory, for one process: what a killed process had only
counted is lost, the fact that it began is not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append_all
from pellucid.errors import NotJournaled, RecordingFailed
from pellucid.policy.model import Actor
from pellucid.policy.scopes import PROGRAM
from pellucid.records.database import Database

APART = 60_000_000
"""Microseconds between two entries about the same program and reason."""

NOBODY = Actor(PROGRAM, "unknown", (), "none")
"""Who acts without a token that is known."""


@dataclass(slots=True)
class _Counted:
    logged_at: int
    number: int = 0


class Refusals:
    """Counts refusals, and logs them in time. There are at most as many entries a minute as programs times reasons.

    With another `outcome` it counts what anybody can do as often as they like, though it is not refused.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int],
        action: str = "token.refused",
        outcome: str = "refused",
    ) -> None:
        self._database = database
        self._action = action
        self._outcome = outcome
        self._clock = clock
        self._guard = threading.Lock()
        self._counted: dict[tuple[Actor, str], _Counted] = {}

    def count(self, reason: str, actor: Actor = NOBODY) -> None:
        """Count a refusal, and log it with those before it unless one was logged within the minute."""
        with self._guard:
            now = self._clock()
            found = self._counted.setdefault((actor, reason), _Counted(now - APART))
            found.number += 1
            due = self._taken(now, everything=False)
        self._log(due, now)

    def flush(self) -> None:
        """Log what was counted and is due; called now and then."""
        with self._guard:
            now = self._clock()
            due = self._taken(now, everything=False)
        self._log(due, now)

    def flush_all(self) -> None:
        """Log everything that was counted; called at the end."""
        with self._guard:
            now = self._clock()
            due = self._taken(now, everything=True)
        self._log(due, now)

    def _taken(self, now: int, *, everything: bool) -> list[tuple[Actor, str, int]]:
        due = []
        for (actor, reason), found in list(self._counted.items()):
            rested = not 0 <= now - found.logged_at < APART  # a clock set back must not silence it
            if found.number and (rested or everything):
                due.append((actor, reason, found.number))
                self._counted[actor, reason] = _Counted(now)
            elif rested:
                del self._counted[actor, reason]
        return due

    def _log(self, due: list[tuple[Actor, str, int]], now: int) -> None:
        if not due:
            return
        entries = [
            AuditEntry(self._action, actor, now, body={"reasons": [why], "number": number, "outcome": self._outcome})
            for actor, why, number in due
        ]
        try:
            with self._database.write(of_refusal=True) as connection:
                append_all(connection, entries)
        except NotJournaled:  # it is in the log all the same
            raise
        except RecordingFailed:
            self._count_on(due, now)
            raise

    def _count_on(self, due: list[tuple[Actor, str, int]], now: int) -> None:
        """Keep what was not logged for the next time, a minute after this one: an outage is not asked at each refusal.

        What was counted meanwhile stays counted.
        """
        with self._guard:
            for actor, why, number in due:
                self._counted.setdefault((actor, why), _Counted(now)).number += number
