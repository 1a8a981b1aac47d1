"""The worker: takes what is due from the control database, one job after another, until told to stop.

Several may work on one workspace. SIGTERM and SIGINT let the current job end first; a second one ends it where it is,
which costs the claim and never the job.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from pellucid.errors import RecordingFailed, WorkspaceUnusable
from pellucid.workspace.work import WorkDesk, Worked

POLL_SECONDS = 2.0
PLAN_SECONDS = 60.0
_NAP = 0.2

Tell = Callable[[Worked], None]


class Worker:
    """One worker of a workspace; `tell` is called with what came of each job."""

    def __init__(self, work: WorkDesk, *, tell: Tell = lambda _: None, name: str | None = None) -> None:
        self._work = work
        self._tell = tell
        self._name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._stopped = False

    def stop(self) -> None:
        """Take no further job."""
        self._stopped = True

    def run_once(self) -> Counter[str]:
        """Plan, and do the one job that is due the longest; return how many jobs ended in which state."""
        self._work.plan()
        return self._count(once=True)

    def run_until_idle(self) -> Counter[str]:
        """Plan, and do what is due until nothing is; return how many jobs ended in which state."""
        self._work.plan()
        return self._count()

    def run(self) -> Counter[str]:
        """Do what is due, and wait for more, until stopped; return how many jobs ended in which state.

        A control database that is busy or out of reach is waited for.
        """
        ended: Counter[str] = Counter()
        planned = float("-inf")
        while not self._stopped:
            try:
                if time.monotonic() - planned >= PLAN_SECONDS:
                    self._work.plan()
                    planned = time.monotonic()
                ended += self._count()
            except (RecordingFailed, WorkspaceUnusable):
                ended["unrecorded"] += 1
            self._wait()
        return ended

    @contextmanager
    def stopping(self) -> Iterator[Worker]:
        """Let SIGTERM and SIGINT stop this worker after its job, as long as the block lasts; for the main thread."""
        before = {number: signal.signal(number, self._told) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _count(self, *, once: bool = False) -> Counter[str]:
        ended: Counter[str] = Counter()
        while not self._stopped and (worked := self._work.do_next(self._name)) is not None:
            ended[worked.state] += 1
            self._tell(worked)
            if once:
                break
        return ended

    def _told(self, number: int, _frame: FrameType | None) -> None:
        # A plain attribute: an event's lock may be held by the very thread that is interrupted here.
        self._stopped = True
        signal.signal(number, signal.SIG_DFL)

    def _wait(self) -> None:
        until = time.monotonic() + POLL_SECONDS
        while not self._stopped and time.monotonic() < until:
            time.sleep(_NAP)
