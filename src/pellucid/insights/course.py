"""One question on its way through the spine, what it works with, and how it is closed when a step fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.audit.log import append
from pellucid.consent.leases import drop_lease
from pellucid.engines.base import ReleasedCells
from pellucid.errors import ConsentInFlux, NotJournaled, PellucidError, QueryFailed
from pellucid.failpoints import reach
from pellucid.insights.by_caps import ByCaps
from pellucid.insights.by_noise import ByNoise
from pellucid.insights.by_suppression import BySuppression
from pellucid.insights.query import InsightQuery
from pellucid.insights.record import failed_entry, refused_entry
from pellucid.insights.replica import Replica
from pellucid.policy.model import Actor, Policy, Standing
from pellucid.records.columns import from_instant
from pellucid.records.database import Database
from pellucid.release.accountant import cancel, charge
from pellucid.release.result import Release
from pellucid.rewrite.governed import GovernedQuery
from pellucid.rewrite.parse import Limits
from pellucid.rewrite.pipeline import Gate

Beside = Callable[[Connection, Release], None]
"""What is written in the very transaction that releases an answer; if it raises, nothing is released."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the spine works with; `workspace` puts it together."""

    database: Database
    replica: Replica
    gate: Gate
    cells: Callable[[], ReleasedCells]
    clock: Callable[[], int]
    standing: Callable[[Actor], Standing]
    in_force: Callable[[Connection], tuple[str, str] | None]
    limits: Limits
    seconds: float
    coverage_hours: float


@dataclass(slots=True)
class Course:
    """One question on its way through the steps."""

    query: InsightQuery
    policy: Policy
    governed: GovernedQuery
    rule: ByNoise | BySuppression | ByCaps
    action: str
    reservation: str | None = None
    started: bool = False
    paid_before: bool = False
    lease: str | None = None
    beside: Beside | None = None

    def released(self, connection: Connection, release: Release) -> Release:
        """Write what goes beside the release, in its transaction; returns the release."""
        if self.beside is not None:
            self.beside(connection, release)
        return release


@contextmanager
def closing(parts: Parts, course: Course) -> Iterator[None]:
    """Close the course if what happens inside fails."""
    try:
        yield
    except NotJournaled:
        raise  # what was reserved stays so, hence spent
    except PellucidError as error:
        close_failed(parts, course, error)
        raise
    except BaseException:  # a defect, or somebody's Ctrl-C: in doubt charged, and the log is told
        stopped = QueryFailed("The answer was not finished.", code="query-stopped")
        with suppress(PellucidError):
            close_failed(parts, course, stopped)
        raise


def close_failed(parts: Parts, course: Course, error: PellucidError) -> None:
    """Give back what was not used, keep charged what may have been, and log that no answer left."""
    with parts.database.write() as connection:
        now = parts.clock()
        if course.lease is not None:
            drop_lease(connection, course.lease)
        if course.reservation is not None:
            (charge if course.started else cancel)(connection, course.reservation, now)
        if course.started:
            append(connection, failed_entry(course.query, course.governed, error, course.reservation, now))
        else:
            append(connection, refused_entry(course.query, error, course.policy, course.action, now))
        reach("query.failed-before-commit")
    reach("query.failed-after-commit")


def policy_changed() -> ConsentInFlux:
    """Return the error for a policy that came into force meanwhile."""
    return ConsentInFlux(
        "Another policy came into force while the answer was made.", code="policy-changed", remedy="Ask again."
    )


def bound_values(course: Course, now: int) -> dict[str, object]:
    """Return the question's own parameters, the instant, and the rule's secret salt."""
    moment = from_instant(now).replace(tzinfo=None)
    return {**course.query.parameters, "_now": moment, "_salt": course.rule.salt}


def only(bound: dict[str, object], names: tuple[str, ...]) -> dict[str, object]:
    """Return the values that are named."""
    return {name: bound[name] for name in names if name in bound}
