"""How a question is answered by noise: the private rule, as the spine works it. Differential privacy is `release`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.engines.exact import ExactAnswer
from pellucid.failpoints import reach
from pellucid.insights.outputs import Left
from pellucid.insights.query import InsightQuery
from pellucid.insights.record import released_entry
from pellucid.policy.checks.suppressed import exact_namespaces
from pellucid.policy.model import Policy
from pellucid.policy.stamp import Stamp
from pellucid.records.columns import from_instant
from pellucid.release.accountant import charge, reserve, standing
from pellucid.release.plan import ReleasePlan, epsilon_for, plan
from pellucid.release.private import release
from pellucid.release.result import Clipping, Loss
from pellucid.rewrite.governed import GovernedQuery


@dataclass(slots=True)
class ByNoise:
    """One question's way through the private rule."""

    query: InsightQuery
    policy: Policy
    governed: GovernedQuery
    plan: ReleasePlan = field(init=False)
    salt: str = field(init=False, default_factory=lambda: secrets.token_hex(16))

    name = "private"

    def __post_init__(self) -> None:
        self.size_up(None)

    def size_up(self, cells: Mapping[str, int] | None) -> None:
        """Plan with the number of public cells, where it is known."""
        rule, epsilon = self.policy.purposes[self.query.purpose].release, self.query.epsilon
        if self.query.accuracy is not None:
            epsilon = epsilon_for(self.governed, rule, self.query.accuracy, cells=cells)
        self.plan = plan(self.governed, rule, epsilon, cells=cells)

    def reserve(self, connection: Connection, now: int) -> str | None:
        """Reserve what the question will cost; raises BudgetExhausted."""
        return reserve(
            connection,
            self.policy,
            self.query.purpose,
            self.plan.namespaces,
            rho=self.plan.cost.rho,
            delta=self.plan.cost.delta,
            actor=self.query.actor.name,
            now=now,
        )

    def begin(self, connection: Connection) -> None:
        """Draw another salt: which of a person's cells are kept is chosen anew in each run."""
        self.salt = secrets.token_hex(16)

    def release(self, exact: ExactAnswer) -> Left:
        """Add noise."""
        noised = release(exact, self.governed, self.plan)
        reach("query.noised")
        clipping = noised.clipping or tuple(Clipping.not_measured(block.name) for block in self.governed.blocks)
        return Left(noised.tables, noised.half_widths, clipping, self.plan.reasons)

    def settle(self, connection: Connection, reservation: str | None, now: int) -> bool:
        """Charge what was reserved."""
        if reservation is not None:
            charge(connection, reservation, now)
        reach("query.charged")
        return True

    def loss(self, connection: Connection, now: int) -> Loss:
        """Return what it cost; before it is charged."""
        rows = standing(connection, self.policy, self.query.purpose, self.plan.namespaces, now)
        return Loss.of(self.plan, rows[0]) if rows else Loss(0.0, 0.0, 0.0, 0.0, 0.0, from_instant(now))

    def entry(self, stamp: Stamp, charge: str, rows: int) -> AuditEntry:
        """Return the entry of the answer."""
        return released_entry(self.query, self.governed, self.plan, stamp, charge, rows)

    def keep(self, connection: Connection, leaf: int) -> None:
        """Keep nothing: noise needs no memory of earlier answers but the budget."""

    def notes(self) -> tuple[str, ...]:
        """Return what to know of the answer."""
        return private_notes(self.governed, self.policy)


def private_notes(governed: GovernedQuery, policy: Policy) -> tuple[str, ...]:
    """Return what to know of an answer by noise."""
    notes = []
    if any(not block.public_cells for block in governed.blocks):
        notes.append("Groups with too few people are left out, so totals of the groups shown are not totals of all.")
    if any(block.keys and block.public_cells for block in governed.blocks):
        notes.append("Every public group is shown, empty ones too; rows outside the public groups are not counted.")
    if governed.blocks:
        notes.append("The error covers noise only, not what was clipped; the bias of clipping is not bounded.")
    touched = {block.namespace for block in governed.blocks}
    exact = [name for name, each in policy.purposes.items() if touched & exact_namespaces(policy, each)]
    if exact:
        notes.append(
            "The guarantee holds only on condition that nobody combines this with exact figures about the same people; "
            f"such figures leave for {', '.join(exact)}."
        )
    return tuple(notes)
