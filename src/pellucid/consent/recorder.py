"""Group commit: what threads of one process hand in at the same time is recorded in one transaction, with one fsync.

Whoever has the turn records for all who have handed in by the time the database lets it write; the others find it done.
So the longer writers wait, the more goes into a transaction. A refusal is its own submission's. Nothing is returned
before the commit; acknowledging is `consent.leases.acknowledge`, for each caller by itself.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from pellucid.consent.leases import Leases, standing_leases
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.register import record_each
from pellucid.consent.submission import Submission
from pellucid.errors import RecordingFailed
from pellucid.failpoints import reach
from pellucid.records.database import Database
from pellucid.subjects.keys import SubjectKeys

LARGEST_GROUP = 200
"""Records after which a group takes in no more: others, too, want the database (30 ms)."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a submission: its receipts, to be acknowledged, and the leases that stood at the commit."""

    receipts: tuple[ConsentReceipt, ...]
    standing: Leases


Outcome = Recorded | Exception


@dataclass(slots=True, eq=False)
class _HandedIn:
    """A submission on its way. `woken` is set once it has an outcome, or it is its thread's turn to record a group."""

    submission: Submission
    outcome: Outcome | None = None
    woken: threading.Event = field(default_factory=threading.Event)

    def settle(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.woken.set()


class Recorder:
    """Records what the threads of a process hand in; an open workspace has one."""

    def __init__(self, database: Database, keys: SubjectKeys, clock: Callable[[], int]) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._begin_anew()

    def record(self, submission: Submission) -> Recorded:
        """Record a submission, in a group or alone, and return what came of it once it is durable.

        Raises NameUnknown and InputInvalid for what is in it, what its `beside` raises, and RecordingFailed if its
        transaction did not come about.
        """
        if self._process != os.getpid():  # a forked child: whoever held the lock is not here
            self._begin_anew()
        mine = _HandedIn(submission)
        self._hand_in(mine)
        try:
            mine.woken.wait()
            while mine.outcome is None:
                self._record_waiting()
        finally:
            self._leave(mine)
        if isinstance(mine.outcome, Exception):
            raise mine.outcome
        return mine.outcome

    def _begin_anew(self) -> None:
        self._process = os.getpid()
        self._guard = threading.Lock()
        self._waiting: deque[_HandedIn] = deque()
        self._turn: _HandedIn | None = None

    def _hand_in(self, mine: _HandedIn) -> None:
        with self._guard:
            self._waiting.append(mine)
            if self._turn is None:
                self._turn = mine
                mine.woken.set()

    def _leave(self, mine: _HandedIn) -> None:
        """Pass the turn on to the first who waits; who was interrupted leaves nothing behind to be recorded."""
        with self._guard:
            if mine.outcome is None and mine in self._waiting:
                self._waiting.remove(mine)
            if self._turn is mine:
                self._turn = self._waiting[0] if self._waiting else None
                if self._turn is not None:
                    self._turn.woken.set()

    def _record_waiting(self) -> None:
        group: list[_HandedIn] = []
        try:
            if not self._settles(group, self._waiting):
                for each in group:  # one of them broke it: that must not break the others' records
                    self._settles([], deque([each]))
        except BaseException:
            for each in group:
                each.settle(each.outcome or _interrupted())
            raise

    def _settles(self, group: list[_HandedIn], waiting: deque[_HandedIn]) -> bool:
        """Give all who wait an outcome; or return False, and nothing has happened, if one of several broke it."""
        broke = False
        outcomes: Sequence[Outcome]
        try:
            with self._database.write() as connection:
                self._gather(group, waiting)
                try:
                    outcomes = self._recorded(connection, group)
                except Exception:
                    broke = True
                    raise
                reach("consent.before-commit")
            reach("consent.after-commit")
        except Exception as error:
            if broke and len(group) > 1:
                return False
            if not group:  # nobody could begin: nor could those who wait as well
                self._gather(group, waiting)
            outcomes = [error] * len(group)
        for each, outcome in zip(group, outcomes, strict=True):
            each.settle(outcome)
        return True

    def _gather(self, group: list[_HandedIn], waiting: deque[_HandedIn]) -> None:
        """Move who waits into the group, in order, until it is large enough."""
        number = 0
        with self._guard:
            while waiting and number < LARGEST_GROUP:
                each = waiting.popleft()
                group.append(each)
                number += len(each.submission.records)

    def _recorded(self, connection: Connection, group: Sequence[_HandedIn]) -> list[Outcome]:
        now = self._clock()
        standing = standing_leases(connection)
        found = record_each(connection, self._keys, [_dated(each.submission, now) for each in group], now)
        for each, receipts in zip(group, found, strict=True):
            if each.submission.beside is not None and isinstance(receipts, tuple):
                each.submission.beside(connection, receipts)
        return [Recorded(each, standing) if isinstance(each, tuple) else each for each in found]


def _dated(submission: Submission, now: int) -> Submission:
    if not submission.said_now:
        return submission
    return replace(submission, records=tuple(replace(item, at=now) for item in submission.records))


def _interrupted() -> RecordingFailed:
    return RecordingFailed(
        "Recording was interrupted, so it is not known whether the change was made; it is acknowledged to nobody.",
        remedy="Record it again: what was said twice counts once.",
        code="recording-interrupted",
    )
