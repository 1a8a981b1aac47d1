"""How norms are drawn for a question, as the spine works it before the answer: private quantiles of what people bring.

It is a release of its own: reserved, charged and logged, under the same rule about people who withdraw meanwhile. What
comes of it is public, so it is kept and used again for the same question, at no further loss.
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, delete, insert, select

from pellucid.audit.entry import AuditEntry
from pellucid.engines.exact import ExactAnswer
from pellucid.failpoints import reach
from pellucid.insights.outputs import Left
from pellucid.insights.query import InsightQuery
from pellucid.insights.record import caps_entry
from pellucid.policy.model import Policy
from pellucid.policy.stamp import Stamp
from pellucid.records.columns import RHO_SCALE, from_instant
from pellucid.records.tables import caps_kept
from pellucid.release.accountant import charge, reserve
from pellucid.release.budget import PrivacyBudget
from pellucid.release.plan import ReleasePlan
from pellucid.release.private import release
from pellucid.release.result import Loss
from pellucid.rewrite.caps_frame import OCTAVES
from pellucid.rewrite.governed import OCTAVE, Block, GovernedQuery, Measure

Caps = Mapping[str, Mapping[str, int]]
"""By block and measure: the norm, in units of the measure's scale."""

DAYS_KEPT = 30
_DAY = 86_400_000_000
PLACES = OCTAVES * OCTAVE + 1
"""Norms among which one is drawn."""


@dataclass(slots=True)
class ByCaps:
    """The draw of one question's norms; `then` is what the answer will cost after it."""

    query: InsightQuery
    policy: Policy
    governed: GovernedQuery
    plan: ReleasePlan
    datasets: list[str]
    then: PrivacyBudget
    salt: str = field(init=False, default_factory=lambda: secrets.token_hex(16))
    found: dict[str, dict[str, int]] = field(init=False, default_factory=dict)
    drawn_at: int = field(init=False, default=0)

    name = "private"

    def size_up(self, cells: Mapping[str, int], ranked: Collection[str]) -> GovernedQuery:
        """Nothing more depends on the number of public cells."""
        return self.governed

    def reserve(self, connection: Connection, now: int) -> str | None:
        """Reserve what the draw will cost; raises BudgetExhausted."""
        return reserve(
            connection,
            self.policy,
            self.query.purpose,
            self.plan.namespaces,
            rho=self.plan.cost.rho,
            delta=self.plan.cost.delta,
            actor=self.query.actor.name,
            now=now,
            datasets=self.datasets,
            then=self.then,
        )

    def begin(self, connection: Connection) -> None:
        """Draw another salt."""
        self.salt = secrets.token_hex(16)

    def values(self, block: str) -> dict[str, object]:
        """Return what is bound besides: nothing."""
        return {}

    def release(self, exact: ExactAnswer) -> Left:
        """Draw the norms; nothing of them is shown but with the answer."""
        tables = release(exact, self.governed, self.plan).tables
        self.found = {
            block.name: {
                measure.name: int(tables[block.name].column(measure.name)[0].as_py() * 10**measure.scale)
                for measure in block.measures
            }
            for block in self.governed.blocks
        }
        reach("caps.drawn")
        return Left({}, {}, ())

    def settle(self, connection: Connection, reservation: str | None, now: int) -> bool:
        """Charge what was reserved."""
        if reservation is not None:
            charge(connection, reservation, now)
        return True

    def loss(self, connection: Connection, now: int) -> Loss:
        """Return nothing: the answer tells the loss of both."""
        return Loss(0.0, 0.0, 0.0, 0.0, 0.0, from_instant(now))

    def entry(self, stamp: Stamp, charge: str, rows: int) -> AuditEntry:
        """Return the entry of the draw."""
        self.drawn_at = stamp.as_of
        return caps_entry(self.query, self.governed, self.plan, stamp, charge)

    def keep(self, connection: Connection, leaf: int) -> None:
        """Keep what was drawn, in the transaction that charges it."""
        keep_caps(connection, self.query, self.policy, self.found, leaf, self.drawn_at)

    def notes(self) -> tuple[str, ...]:
        """Return nothing: the draw is told with the answer."""
        return ()


def caps_question(governed: GovernedQuery, kept: Caps) -> GovernedQuery | None:
    """Return the question that draws the norms which are not known yet; None where there are none."""
    blocks = [block.caps for block in governed.blocks if block.ranked is None and block.caps is not None]
    missing = tuple(block for block in blocks if block.name not in kept)
    if not missing:
        return None
    return replace(
        governed,
        blocks=missing,
        tables=(),
        post_sql="SELECT 0 AS none",
        post_parameters=(),
        outputs=(),
        withheld_column=None,
    )


def sought(asked: GovernedQuery, planned: ReleasePlan, rho: int, cells: Mapping[str, int]) -> GovernedQuery:
    """Return the draw with how many people are to be left beyond each norm."""
    measures = [measure for block in asked.blocks for measure in block.measures]
    own = rho // max(1, len(measures)) / RHO_SCALE
    blocks = []
    for block in asked.blocks:
        spent = [measure.rho for measure in planned.block(block.name).measures]
        each = max(1, min(spent, default=1)) / RHO_SCALE
        people = people_beyond(cells.get(block.name, 1), each, own)
        blocks.append(replace(block, measures=tuple(_leaving(measure, people) for measure in block.measures)))
    return replace(asked, blocks=tuple(blocks))


def people_beyond(cells: int, rho: float, own: float) -> int:
    """Return how many people a norm is to leave beyond it, for figures that get `rho` each where its draw gets `own`.

    Cutting off one person more costs as much bias as that person brings, spread over cells nobody knows how: into one,
    where sqrt(cells) people would balance the noise of a norm over all cells (Huang, Liang and Yi 2021), or evenly,
    where as many as there are cells would. Between the two lies the power of three quarters. Beside it as many as the
    draw's own rank may be off by, or the largest norms would be likely only for being many.
    """
    balanced = math.pow(max(1, cells), 0.75) / math.sqrt(2 * rho)
    noise = math.log(PLACES / 0.05) / math.sqrt(2 * max(own, 1e-12))
    return math.ceil(balanced + noise)


def _leaving(measure: Measure, people: int) -> Measure:
    return measure if measure.grid is None else replace(measure, grid=replace(measure.grid, above=people))


def caps_bound(caps: Mapping[str, int]) -> dict[str, object]:
    """Return the values to bind in a block whose measures have these norms."""
    return {f"_cap{name[1:]}": norm for name, norm in caps.items()}


def with_caps(governed: GovernedQuery, caps: Caps) -> GovernedQuery:
    """Return the question with the norms that were drawn in place of the largest that are declared."""
    blocks = tuple(_with_caps(block, caps.get(block.name, {})) for block in governed.blocks)
    return replace(governed, blocks=blocks)


def _with_caps(block: Block, caps: Mapping[str, int]) -> Block:
    if block.ranked is not None or not caps:
        return block
    measures = tuple(
        replace(measure, norm=caps[measure.name], lower=-caps[measure.name], upper=caps[measure.name])
        if measure.name in caps
        else measure
        for measure in block.measures
    )
    return replace(block, measures=measures)


# -- what is kept ------------------------------------------------------------------------------------------------------


def find_caps(connection: Connection, query: InsightQuery, policy: Policy, now: int) -> dict[str, dict[str, int]]:
    """Return the norms that were drawn for the same SQL, purpose, policy and parameters; none if there are none."""
    statement = select(caps_kept.c.caps).where(
        caps_kept.c.question == _question(query, policy), caps_kept.c.until > now
    )
    told = connection.scalar(statement)
    return {} if told is None else json.loads(told)


def keep_caps(connection: Connection, query: InsightQuery, policy: Policy, caps: Caps, leaf: int, now: int) -> None:
    """Keep norms, beside those of the question's other blocks; forget those that are too old."""
    connection.execute(delete(caps_kept).where(caps_kept.c.until <= now))
    question, kept = _question(query, policy), find_caps(connection, query, policy, now)
    connection.execute(delete(caps_kept).where(caps_kept.c.question == question))
    told = json.dumps(kept | {name: dict(each) for name, each in caps.items()}, sort_keys=True)
    connection.execute(insert(caps_kept).values(question=question, until=now + DAYS_KEPT * _DAY, leaf=leaf, caps=told))


def _question(query: InsightQuery, policy: Policy) -> str:
    parameters = {name: [type(value).__name__, str(value)] for name, value in sorted(query.parameters.items())}
    asked = [policy.version, query.purpose, query.sql, parameters]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
