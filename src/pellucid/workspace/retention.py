"""The retention desk of a workspace: what is over, letting it go, and having the worker do so by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pellucid.policy.model import Actor, Policy
from pellucid.policy.retention import rules_version
from pellucid.records.jobs import Claim
from pellucid.rights import schedule
from pellucid.rights.means import Means
from pellucid.rights.retention import Retired, preview, run
from pellucid.rights.schedule import Schedule
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go now, and the version of the rules by which it would: who turns the schedule on names it."""

    due: Sequence[Retired]
    rules: str


@dataclass(frozen=True, slots=True)
class RetentionDesk:
    """`workspace.retention`; `means` gives the parts that letting go works with."""

    room: Room
    means: Callable[[Policy], Means]

    def preview(self, *, actor: Actor) -> Preview:
        """Return what would go now because its time is over; changes nothing."""
        policy = self.room.demand(actor, "retention")
        return Preview(preview(self.means(policy), self.room.clock()), rules_version(policy))

    def run(self, *, actor: Actor) -> Sequence[Retired]:
        """Let go of what may be kept no longer; return what went."""
        policy = self.room.demand(actor, "retention")
        return run(self.means(policy), actor, self.room.clock())

    def turn_on(self, rules: str, *, actor: Actor) -> Schedule:
        """Let the worker do so once a day, by the rules that a preview showed; raises InputInvalid for any others."""
        policy = self.room.demand(actor, "retention")
        with self.room.database.write() as connection:
            return schedule.turn_on(connection, policy, rules, actor, self.room.clock())

    def turn_off(self, *, actor: Actor) -> bool:
        """Let nothing go by itself any more; return whether anything did."""
        self.room.demand(actor, "retention")
        with self.room.database.write() as connection:
            return schedule.turn_off(connection, actor, self.room.clock())

    def scheduled(self, *, actor: Actor) -> tuple[Schedule | None, bool]:
        """Return the schedule, None if there is none, and whether it goes by the rules that are in force."""
        policy, found = self.room.demand_and_look(actor, "retention", lambda c, _policy: schedule.scheduled(c))
        return found, found is not None and found.rules == rules_version(policy)

    def work(self, claim: Claim, actor: Actor) -> None:
        """Do a job of the schedule, unless it was turned off meanwhile. Raises InputInvalid if the rules changed."""
        policy = self.room.policy()
        with self.room.database.read() as connection:
            found = schedule.scheduled(connection)
        if found is not None:
            found.demand_same(policy)
            run(self.means(policy), actor, self.room.clock(), claim=claim)
