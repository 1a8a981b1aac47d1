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
from contextlib import suppress
from dataclasses import dataclass, replace

from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.register import record_each
from pellucid.consent.submission import Submission
from pellucid.errors import RecordingFailed
from pellucid.failpoints import reach
from pellucid.records.database import Database
from pellucid.subjects.keys import SubjectKeys

LARGEST_GROUP = 200
"""Records after which a group takes in no more: others, too, want the database (30 ms)."""


@dataclass(slots=True, eq=False)
class _HandedIn:
    submission: Submission
    outcome: tuple[ConsentReceipt, ...] | Exception | None = None


class Recorder:
    """Records what the threads of a process hand in; an open workspace has one."""

    def __init__(self, database: Database, keys: SubjectKeys, clock: Callable[[], int]) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._begin_anew()

    def record(self, submission: Submission) -> tuple[ConsentReceipt, ...]:
        """Record a submission, in a group or alone, and return its receipts once it is durable.

        Raises NameUnknown and InputInvalid for what is in it, RecordingFailed if its transaction did not come about.
        """
        if self._process != os.getpid():  # a forked child: whoever held the lock is not here
            self._begin_anew()
        mine, waiting = _HandedIn(submission), self._waiting
        waiting.append(mine)
        try:
            with self._turn:
                while mine.outcome is None:
                    self._record_waiting()
        finally:
            if mine.outcome is None:  # interrupted while it waited: nobody else is to record it
                with suppress(ValueError):
                    waiting.remove(mine)
        if isinstance(mine.outcome, Exception):
            raise mine.outcome
        return mine.outcome

    def _begin_anew(self) -> None:
        self._process = os.getpid()
        self._turn = threading.Lock()
        self._waiting: deque[_HandedIn] = deque()

    def _record_waiting(self) -> None:
        group: list[_HandedIn] = []
        try:
            if not self._settles(group, self._waiting):
                for each in group:  # one of them broke it: that must not break the others' records
                    self._settles([], deque([each]))
        except BaseException:
            for each in group:
                each.outcome = each.outcome or _interrupted()
            raise

    def _settles(self, group: list[_HandedIn], waiting: deque[_HandedIn]) -> bool:
        """Give all who wait an outcome; or return False, and nothing has happened, if one of several broke it."""
        broke = False
        outcomes: Sequence[tuple[ConsentReceipt, ...] | Exception]
        try:
            with self._database.write() as connection:
                _gather(group, waiting)
                try:
                    now = self._clock()
                    handed_in = [_dated(each.submission, now) for each in group]
                    outcomes = record_each(connection, self._keys, handed_in, now)
                except Exception:
                    broke = True
                    raise
                reach("consent.before-commit")
            reach("consent.after-commit")
        except Exception as error:
            if broke and len(group) > 1:
                return False
            if not group:  # nobody could begin: nor could those who wait as well
                _gather(group, waiting)
            outcomes = [error] * len(group)
        for each, outcome in zip(group, outcomes, strict=True):
            each.outcome = outcome
        return True


def _gather(group: list[_HandedIn], waiting: deque[_HandedIn]) -> None:
    """Move who waits into the group, in order, until it is large enough."""
    number = 0
    while waiting and number < LARGEST_GROUP:
        each = waiting.popleft()
        group.append(each)
        number += len(each.submission.records)


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
