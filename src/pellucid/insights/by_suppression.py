"""How an approved insight is answered: the suppressed rule, as the spine works it. What is withheld is `release`'s.

Earlier releases of the same SQL for the same purpose are read before each run and compared with inside the transaction
that writes this one, so that two runs at once cannot both be the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, insert, select

from pellucid.audit.entry import AuditEntry
from pellucid.engines.exact import ExactAnswer
from pellucid.failpoints import reach
from pellucid.insights.approvals import Approved, demand_approved
from pellucid.insights.outputs import Left
from pellucid.insights.query import InsightQuery
from pellucid.insights.record import insight_entry
from pellucid.policy.model import Policy, SuppressedRule
from pellucid.policy.stamp import Stamp
from pellucid.records.columns import from_instant
from pellucid.records.tables import insight_cells
from pellucid.release.result import Loss
from pellucid.release.suppress import KeptCell, Suppressed, suppress
from pellucid.rewrite.governed import Block, GovernedQuery

MOST_ROWS = 500


@dataclass(slots=True)
class BySuppression:
    """One approved insight's way through the suppressed rule."""

    query: InsightQuery
    policy: Policy
    governed: GovernedQuery
    approved: Approved
    answer: Suppressed | None = field(init=False, default=None)
    earlier: dict[str, list[KeptCell]] = field(init=False, default_factory=dict)
    releases: int = field(init=False, default=0)

    name = "suppressed"

    @property
    def salt(self) -> str:
        """The secret under which people and cells are hashed: the same for every run, so that runs can be compared."""
        return self.approved.secret

    @property
    def rule(self) -> SuppressedRule:
        """The purpose's rule; the gate lets nothing pass without one."""
        return self.policy.purposes[self.query.purpose].suppressed or SuppressedRule()

    @property
    def block(self) -> Block:
        """The one block of an exact question."""
        return self.governed.blocks[0]

    def size_up(self, cells: Mapping[str, int], ranked: Collection[str]) -> GovernedQuery:
        """Nothing depends on the number of public cells but their limit, which the spine holds."""
        return self.governed

    def preliminary(self) -> None:
        """Nothing has to be answered before."""
        return

    def reserve(self, connection: Connection, now: int) -> str | None:
        """Reserve nothing: what protects is withheld, not spent."""
        return None

    def begin(self, connection: Connection) -> None:
        """Read what earlier releases showed."""
        self.releases, self.earlier = earlier_releases(connection, self.approved.identity)

    def values(self, block: str) -> dict[str, object]:
        """Return what is bound besides: nothing."""
        return {}

    def release(self, exact: ExactAnswer) -> Left:
        """Withhold cells that tell of too few people."""
        self.answer = suppress(exact.table(self.block.name), self.block, self.rule, self.earlier, self.salt)
        reach("query.suppressed")
        return Left({self.block.name: self.answer.table}, {}, ())

    def settle(self, connection: Connection, reservation: str | None, now: int) -> bool:
        """Return whether the approval still stands and no other release of this insight came between."""
        demand_approved(connection, self.approved, self.policy.version)
        return _count(connection, self.approved.identity) == self.releases

    def loss(self, connection: Connection, now: int) -> Loss:
        """Return that no budget was spent."""
        return Loss(0.0, 0.0, 0.0, 0.0, 0.0, from_instant(now))

    def entry(self, stamp: Stamp, charge: str, rows: int) -> AuditEntry:
        """Return the entry of the answer, with how many cells were withheld for which reason."""
        withheld = {why.value: count for why, count in self.answer.withheld.items()} if self.answer is not None else {}
        return insight_entry(self.query, self.governed, stamp, self.approved.fingerprint, rows, withheld)

    def keep(self, connection: Connection, leaf: int) -> None:
        """Keep what was shown, for the next release to be compared with; what is kept already is not kept twice."""
        if self.answer is None:
            return
        new = [
            {
                "identity": self.approved.identity,
                "cell": cell.cell,
                "shown": cell.shown,
                "sketch": cell.sketch,
                "leaf": leaf,
            }
            for cell in self.answer.kept
            if cell not in self.earlier.get(cell.cell, ())
        ]
        for start in range(0, len(new), MOST_ROWS):
            connection.execute(insert(insight_cells), new[start : start + MOST_ROWS])

    def notes(self) -> tuple[str, ...]:
        """Return what the answer promises, and what not."""
        rule, notes = self.rule, []
        notes.append(
            f"Exact figures: each has at least {rule.minimum} people, and nobody brings more than "
            f"{float(rule.largest_share):.0%} of it. There is no noise and no budget."
        )
        if self.answer is not None and self.answer.left_out:
            notes.append("Some cells are withheld; groups that are not publicly known are left out then.")
        elif self.answer is not None and self.answer.withheld:
            notes.append("Some cells are withheld: the column `withheld` says why.")
        notes.append(
            "Not protected: what this tells together with other insights, or with what somebody knows already. The "
            "guarantee of private answers about the same people holds only on condition that nobody combines them "
            "with this one."
        )
        return tuple(notes)


def earlier_releases(connection: Connection, identity: str) -> tuple[int, dict[str, list[KeptCell]]]:
    """Return how many cells were kept of earlier releases of an insight, and what is known of each."""
    columns = insight_cells.c
    statement = select(columns.cell, columns.shown, columns.sketch).where(columns.identity == identity)
    found: dict[str, list[KeptCell]] = defaultdict(list)
    count = 0
    for cell, shown, sketch in connection.execute(statement):
        found[cell].append(KeptCell(cell, bool(shown), bytes(sketch)))
        count += 1
    return count, found


def _count(connection: Connection, identity: str) -> int:
    statement = select(func.count()).select_from(insight_cells).where(insight_cells.c.identity == identity)
    return int(connection.scalar(statement) or 0)
