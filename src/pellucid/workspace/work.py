"""The work desk of a workspace: taking jobs that are due, doing them, and settling each once. Kinds: `tasks`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import DeliveryFailed, InputInvalid, PellucidError, RecordingFailed
from pellucid.failpoints import reach
from pellucid.policy.model import Actor
from pellucid.records import jobs
from pellucid.records.jobs import MOST_ATTEMPTS, Claim, Job
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import WORKER, Plan, Task

LOST = "claim-lost"
DEFECT = "defect"
WORKER_LOST = "worker-lost"


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of one job: `done`, `due` again, `given-up`, or `lost` to another worker; and why, as a code."""

    kind: str
    id: str
    state: str
    error: str | None = None
    due_at: int | None = None


@dataclass(frozen=True)
class WorkDesk:
    """`workspace.work`."""

    room: Room
    tasks: Mapping[str, Task] = field(repr=False)
    plans: tuple[Plan, ...] = field(repr=False)

    def plan(self) -> int:
        """Put the jobs that are wanted by now and were never put, and return how many; safe to repeat."""
        now = self.room.clock()
        with self.room.database.read() as connection:
            missing = [found for plan in self.plans for found in _missing(connection, plan, now)]
        if not missing:
            return 0
        with self.room.database.write() as connection:
            return sum(jobs.put(connection, *each) for each in missing)

    def do_next(self, worker: str) -> Worked | None:
        """Take the job that is due the longest, do it, and settle it; None if none is due.

        What fails is tried again later, or given up; only what could not be recorded is raised (RecordingFailed).
        """
        job = self._take(worker)
        if job is None:
            return None
        if job.attempts > MOST_ATTEMPTS:  # it ended with its worker each time
            return self._failed(job, WORKER_LOST, for_good=True)
        reach("work.claimed")
        claim = Claim(self.room.database, job, self.room.clock, self.room.settings.work_seconds)
        try:
            self.tasks[job.kind].do(claim)
            if not claim.settled:
                with self.room.database.write() as connection:
                    claim.done(connection)
        except PellucidError as error:
            if error.code == LOST:
                return Worked(job.kind, job.id, "lost", LOST)
            return self._failed(job, error.code, for_good=_is_for_good(error))
        except Exception:  # a defect of one kind of work must not keep the worker from all others
            if os.environ.get("PELLUCID_TRACEBACK") == "1":
                raise
            return self._failed(job, DEFECT)
        reach("work.settled")
        return Worked(job.kind, job.id, jobs.DONE)

    def list(self, *, actor: Actor) -> tuple[Job, ...]:
        """Return the jobs that wait or were given up, with the codes of why; nothing about people."""
        self.room.demand(actor, "work-list")
        with self.room.database.read() as connection:
            return jobs.unsettled(connection)

    def retry(self, job: str, *, actor: Actor) -> Job:
        """Let a job that was given up begin anew. Raises NameUnknown, NotPermitted."""
        self.room.demand(actor, "work-retry")
        now = self.room.clock()
        with self.room.database.write() as connection:
            begun = jobs.retry(connection, job, now)
            body = {"job": begun.id, "kind": begun.kind, "about": begun.about}
            append(connection, AuditEntry("work.retried", actor, now, body=body))
        return begun

    def _take(self, worker: str) -> Job | None:
        now = self.room.clock()
        with self.room.database.read() as connection:
            if not jobs.is_due(connection, self.tasks, now):
                return None
        with self.room.database.write() as connection:
            return jobs.claim(connection, self.tasks, worker, now, self.room.settings.work_seconds)

    def _failed(self, job: Job, code: str, *, for_good: bool = False) -> Worked:
        now = self.room.clock()
        try:
            with self.room.database.write() as connection:
                failed = jobs.fail(connection, job, code, now, for_good=for_good)
                if failed.state == jobs.GIVEN_UP:
                    self.tasks[job.kind].given_up(connection, job, now)
                    body = {"job": job.id, "kind": job.kind, "about": job.about, "error": code}
                    append(connection, AuditEntry("work.given-up", WORKER, now, body=body))
        except RecordingFailed as error:
            if error.code != LOST:
                raise
            return Worked(job.kind, job.id, "lost", LOST)
        return Worked(job.kind, job.id, failed.state, code, failed.due_at)


def _missing(connection: Connection, plan: Plan, now: int) -> list[tuple[str, str, int]]:
    wanted = dict(plan.wanted(connection, now))
    there = jobs.known(connection, plan.kind, wanted) if wanted else set()
    return [(plan.kind, about, due_at) for about, due_at in wanted.items() if about not in there]


def _is_for_good(error: PellucidError) -> bool:
    """Return whether trying again is of no use: what was handed in stays as it is."""
    return error.for_good if isinstance(error, DeliveryFailed) else isinstance(error, InputInvalid)
