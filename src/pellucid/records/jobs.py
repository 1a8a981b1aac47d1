"""Work that is due, as rows: put with what causes it, claimed for a time by one worker, and settled once.

A worker that dies loses its claim when that runs out, and never the job; whoever lost a claim can settle nothing any
more. So what a job does is safe to repeat, or settles the job in the transaction of its own last write. Which job does
what is not known here: `kind` says it, and `about` names the thing, without personal data.

Instants come from the callers' clocks. One that goes back makes claims last and jobs wait that much longer; it never
gives a claim away early. One that jumps forward lets a claim run out early: the job may then be begun twice, and is
settled once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from pellucid.errors import NameUnknown, RecordingFailed
from pellucid.records.database import Database
from pellucid.records.rights_tables import jobs

DUE, DONE, GIVEN_UP = "due", "done", "given-up"
SECOND = 1_000_000
FIRST_WAIT = 30 * SECOND
LONGEST_WAIT = 6 * 3600 * SECOND
MOST_ATTEMPTS = 20
"""After so many a job is given up: by the waits between them that is after about three days."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job; `attempts` counts those that began, `token` marks the claim. Instants in UTC µs."""

    id: str
    kind: str
    about: str
    due_at: int
    state: str
    attempts: int
    token: str | None = None
    claimed_until: int | None = None
    error: str | None = None
    settled_at: int | None = None


def put(connection: Connection, kind: str, about: str, due_at: int) -> bool:
    """Put a job, in the transaction of what causes it; False if there is, or was, one of the kind about the same.

    Writers follow one another, so that nobody else puts it meanwhile.
    """
    there = select(jobs.c.id).where(jobs.c.kind == kind, jobs.c.about == about)
    if connection.execute(there).one_or_none() is not None:
        return False
    values = {"id": secrets.token_hex(8), "kind": kind, "about": about, "due_at": due_at, "state": DUE, "attempts": 0}
    connection.execute(insert(jobs).values(values))
    return True


def is_due(connection: Connection, kinds: Iterable[str], now: int) -> bool:
    """Return whether `claim` would find a job: asking needs no write transaction."""
    return connection.execute(select(jobs.c.id).where(_free(kinds, now)).limit(1)).one_or_none() is not None


def claim(connection: Connection, kinds: Iterable[str], worker: str, now: int, seconds: float) -> Job | None:
    """Claim the job of these kinds that is due the longest, for so many seconds; None if there is none.

    The caller's is a write transaction, and writers follow one another: no two can claim the same.
    """
    wanted = select(jobs).where(_free(kinds, now)).order_by(jobs.c.due_at, jobs.c.id).limit(1)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        return None
    claimed = {
        "claimed_by": f"{worker}/{secrets.token_hex(8)}",  # a worker's next claim is not mistaken for this one
        "claimed_until": now + int(seconds * SECOND),
        "attempts": row.attempts + 1,
    }
    connection.execute(update(jobs).where(jobs.c.id == row.id).values(claimed))
    return _job(row, **claimed)


def renew(connection: Connection, job: Job, now: int, seconds: float) -> None:
    """Hold a claim for so many seconds from now, and never shorter than before; raises RecordingFailed if lost."""
    until = max(now + int(seconds * SECOND), job.claimed_until or 0)
    _change(connection, job, {"claimed_until": until})


def done(connection: Connection, job: Job, now: int) -> None:
    """Settle a job as done; raises RecordingFailed, code `claim-lost`, if somebody else has claimed it since."""
    _change(connection, job, {"state": DONE, "error": None, "settled_at": now, **_UNCLAIMED})


def fail(connection: Connection, job: Job, code: str, now: int, *, for_good: bool = False) -> Job:
    """Note why a job failed, and when it is due again; given up `for_good`, or after MOST_ATTEMPTS.

    Raises RecordingFailed, code `claim-lost`, if somebody else has claimed it since.
    """
    changed: dict[str, Any] = {"error": code, **_UNCLAIMED}
    if for_good or job.attempts >= MOST_ATTEMPTS:
        changed |= {"state": GIVEN_UP, "settled_at": now}
    else:
        changed |= {"due_at": now + wait_after(job.attempts)}
    _change(connection, job, changed)
    return _job(connection.execute(select(jobs).where(jobs.c.id == job.id)).one())


def retry(connection: Connection, id: str, now: int) -> Job:
    """Let a job that was given up begin anew, now; raises NameUnknown for any other."""
    row = connection.execute(select(jobs).where(jobs.c.id == id, jobs.c.state == GIVEN_UP)).one_or_none()
    if row is None:
        raise NameUnknown("given-up job with the id", id, remedy="See `pellucid work --list`.")
    changed = {"state": DUE, "due_at": now, "attempts": 0, "settled_at": None}
    connection.execute(update(jobs).where(jobs.c.id == id).values(changed))
    return _job(row, **changed)


def unsettled(connection: Connection) -> tuple[Job, ...]:
    """Return the jobs that wait, are being done, or were given up; those due first, first."""
    wanted = select(jobs).where(jobs.c.state != DONE).order_by(jobs.c.due_at, jobs.c.id)
    return tuple(_job(row) for row in connection.execute(wanted))


def known(connection: Connection, kind: str, abouts: Iterable[str]) -> set[str]:
    """Return about which of these there is, or was, a job of the kind."""
    wanted = select(jobs.c.about).where(jobs.c.kind == kind, jobs.c.about.in_(list(abouts)))
    return set(connection.scalars(wanted))


def wait_after(attempts: int) -> int:
    """Return how long (µs) a job waits after so many failed attempts: twice as long each time, up to LONGEST_WAIT."""
    return int(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 30)))


class Claim:
    """A job that this process has claimed, as a handler is given it: long work renews it; a last write settles it."""

    def __init__(self, database: Database, job: Job, clock: Callable[[], int], seconds: float) -> None:
        self.job = job
        self.database = database
        self.clock = clock
        self._seconds = seconds
        self.settled = False

    def renew(self) -> None:
        """Hold the claim for its whole time from now on; raises RecordingFailed if it is lost: then stop."""
        with self.database.write() as connection:
            renew(connection, self.job, self.clock(), self._seconds)

    def done(self, connection: Connection) -> None:
        """Settle the job in the transaction of the work's last write; raises RecordingFailed if the claim is lost."""
        done(connection, self.job, self.clock())
        self.settled = True


_UNCLAIMED: dict[str, Any] = {"claimed_by": None, "claimed_until": None}


def _free(kinds: Iterable[str], now: int) -> ColumnElement[bool]:
    unclaimed = or_(jobs.c.claimed_until.is_(None), jobs.c.claimed_until <= now)
    return and_(jobs.c.state == DUE, jobs.c.due_at <= now, jobs.c.kind.in_(sorted(kinds)), unclaimed)


def _change(connection: Connection, job: Job, values: dict[str, Any]) -> None:
    held = update(jobs).where(jobs.c.id == job.id, jobs.c.state == DUE, jobs.c.claimed_by == job.token)
    if connection.execute(held.values(values)).rowcount != 1:
        raise RecordingFailed(
            f"The claim on the {job.kind} job {job.id} ran out and somebody else took it, so nothing was settled.",
            remedy="Nothing is lost: whoever has it now does it.",
            code="claim-lost",
        )


def _job(row: Row[Any], **changed: Any) -> Job:
    held = {**row._mapping, **changed}
    held["token"] = held.pop("claimed_by")
    return Job(**held)
