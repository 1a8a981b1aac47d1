"""The oversight desk of a workspace: what an officer sees of everybody together, and of nobody alone.

Consents over time and how many people each purpose may use, exactly; uses that were refused; what is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent import coverage
from pellucid.consent.coverage import Bands, Coverage
from pellucid.consent.totals import Total, signals, totals
from pellucid.errors import NameUnknown
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Actor, Policy
from pellucid.rights.showing import View, views
from pellucid.transparency.refused import RefusedGroup, RefusedPage, refused_groups, refused_uses
from pellucid.transparency.use_index import catch_up
from pellucid.workspace.room import Room

WEEK = 7
"""Days within which something counts as due soon."""


@dataclass(frozen=True, slots=True)
class Covered:
    """How many people of a dataset a purpose may use: exactly, and in the bands that everybody else is told."""

    purpose: str
    exact: Coverage
    bands: Bands


@dataclass(frozen=True, slots=True)
class DueNow:
    """How many requests are open: over their day, due today, due within a week, and how many wait for what."""

    open: int = 0
    overdue: int = 0
    today: int = 0
    soon: int = 0
    unacknowledged: int = 0
    unknown: int = 0
    unapproved: int = 0
    ready: int = 0
    next: Sequence[View] = field(default=())


@dataclass(frozen=True, slots=True)
class OversightDesk:
    """`workspace.oversight`."""

    room: Room

    def datasets(self) -> tuple[str, ...]:
        """Return the datasets about people, in the policy's order."""
        return _about_people(self.room.policy())

    def coverage(self, dataset: str, *, actor: Actor) -> tuple[Covered, ...]:
        """Return for each purpose that may read a dataset how many people it may use, each a use of its own in the log.

        The bands are those that analysts are told, made anew no sooner than for them. Raises NotPermitted, NameUnknown.
        """
        policy = self.room.demand(actor, "consent-coverage-exact")
        if dataset not in _about_people(policy):
            raise NameUnknown("dataset", dataset, _about_people(policy))
        purposes = [name for name in policy.purposes if permitted_columns(policy, name, dataset)]
        now, hours = self.room.clock(), self.room.settings.coverage_hours
        with self.room.database.write() as connection:
            told = {name: coverage.bands(connection, policy, dataset, name, now, hours) for name in purposes}
            exact = coverage.exact_all(connection, policy, actor, dataset, purposes, now)
        return tuple(Covered(name, exact[name], told[name]) for name in purposes)

    def consents(self, since: int, *, actor: Actor) -> tuple[list[Total], Mapping[str, int]]:
        """Return how many yes and no were recorded from an instant (UTC µs) on, and opt-out signals; logged."""
        self.room.demand(actor, "consent-coverage-exact")
        now = self.room.clock()
        with self.room.database.read() as connection:  # nobody's choice waits while they are counted
            found = totals(connection, since, now + 1), signals(connection)
        with self.room.database.write() as connection:
            append(connection, AuditEntry("consent.totals-shown", actor, now, body={"since": since}))
        return found

    def refused(
        self, *, actor: Actor, since: int = 0, before: int | None = None, limit: int = 50
    ) -> tuple[list[RefusedGroup], RefusedPage]:
        """Return the kinds of uses refused from an instant on, and a page of single ones, the newest first."""
        self.room.demand(actor, "audit-read")
        catch_up(self.room.database)
        with self.room.database.read() as connection:
            return refused_groups(connection, since), refused_uses(connection, before, limit)

    def due(self, *, actor: Actor) -> DueNow:
        """Return what is due, in numbers, and the requests that are next."""
        self.room.demand(actor, "request-list")
        with self.room.database.read() as connection:
            return _due(views(connection, self.room.clock()))


def _about_people(policy: Policy) -> tuple[str, ...]:
    return tuple(dataset.name for dataset in policy.datasets.values() if dataset.subjects)


def _due(waiting: Sequence[View]) -> DueNow:
    left = [each.days_left for each in waiting if each.days_left is not None]
    own = [each for each in waiting if each.request.canonical is None]
    return DueNow(
        open=len(waiting),
        overdue=sum(days < 0 for days in left),
        today=left.count(0),
        soon=sum(0 < days <= WEEK for days in left),
        unacknowledged=sum(each.request.acknowledged_at is None for each in waiting),
        unknown=sum(not each.request.known or each.request.subject is None for each in own),
        unapproved=sum("approval" in each.missing and each.request.known for each in own),
        ready=sum(each.request.ready for each in own),
        next=waiting[:5],
    )
