"""How a question is answered by noise: the private rule, as the spine works it. Differential privacy is `release`."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.engines.exact import ExactAnswer
from pellucid.errors import BudgetExhausted, InputInvalid
from pellucid.failpoints import reach
from pellucid.insights.by_caps import ByCaps, Caps, caps_bound, caps_question, sought, with_caps
from pellucid.insights.notes import private_notes
from pellucid.insights.outputs import Left
from pellucid.insights.query import InsightQuery
from pellucid.insights.record import released_entry
from pellucid.policy.model import Policy, ReleaseRule
from pellucid.policy.stamp import Stamp
from pellucid.records.columns import from_instant
from pellucid.release.accountant import BudgetRow, binding_cap, charge, reserve, standing
from pellucid.release.budget import PrivacyBudget, rho_of
from pellucid.release.choose import choose
from pellucid.release.clipping import Clipping
from pellucid.release.figures import six_digits
from pellucid.release.plan import ReleasePlan, epsilon_for, plan, plan_rho
from pellucid.release.private import release
from pellucid.release.result import Loss
from pellucid.release.sizes import ESTIMATE_SHARE, Sizes, demand_clear, demand_sizes, sizes_of
from pellucid.rewrite.governed import GovernedQuery

_Told = TypeVar("_Told", InputInvalid, BudgetExhausted)


@dataclass(slots=True)
class ByNoise:
    """One question's way through the private rule.

    Where its accuracy is a share of its figures' size, `first` is the same question at a small epsilon (`estimate`): it
    is answered before, `leaf` is then its place in the log, and the `sizes` that it found are all that is used of it.
    Where norms are drawn, `caps` are those that were, and `drawn` what that cost.
    """

    query: InsightQuery
    policy: Policy
    governed: GovernedQuery
    estimate: bool = False
    plan: ReleasePlan = field(init=False)
    first: ByNoise | None = field(init=False, default=None)
    leaf: int | None = field(init=False, default=None)
    sizes: Sizes = field(init=False, default_factory=dict)
    salt: str = field(init=False, default_factory=lambda: secrets.token_hex(16))
    clipping: tuple[Clipping, ...] = field(init=False, default=())
    planned: GovernedQuery | None = field(init=False, default=None)
    cells: dict[str, int] = field(init=False, default_factory=dict)
    caps: Caps = field(init=False, default_factory=dict)
    drawn: PrivacyBudget = field(init=False, default_factory=lambda: PrivacyBudget(0))

    name = "private"

    def __post_init__(self) -> None:
        if self.query.relative is not None:
            demand_sizes(self.governed)
            epsilon = ESTIMATE_SHARE * self.rule.epsilon_default
            small = replace(self.query, relative=None, epsilon=epsilon)
            self.first = ByNoise(small, self.policy, self.governed, estimate=True) if self.governed.blocks else None
        if self.query.bounding == "rank":  # for a preview, which cannot see whether rows are ranked as declared
            self.planned = choose(self.governed, "rank", cells={}, ranked=self.policy.datasets)
        self._plan(None)

    @property
    def rule(self) -> ReleaseRule:
        """The purpose's rule."""
        return self.policy.purposes[self.query.purpose].release

    def preliminary(self) -> ByNoise | None:
        """Return the question that has to be answered first, and charged by itself, before this one can be planned."""
        return self.first

    def size_up(self, cells: Mapping[str, int], ranked: Collection[str]) -> GovernedQuery:
        """Choose how each block is bounded, and plan with the number of public cells, where it is known."""
        self.governed = choose(self.governed, self.query.bounding, cells=cells, ranked=ranked)
        self.planned, self.cells = None, dict(cells)
        self._plan(cells)
        return self.governed

    def draw(self, kept: Caps) -> ByCaps | None:
        """Return the draw of the norms that are not `kept` of an earlier one; None where there are none."""
        asked = caps_question(self.governed, kept)
        if asked is None:
            return None
        rule = self.rule
        by_accuracy = self.query.accuracy is not None or self.query.relative is not None
        epsilon = min(self.plan.epsilon, rule.epsilon_default) if by_accuracy else self.plan.epsilon
        rho = int(rho_of(epsilon, self.plan.conversion_delta) * Fraction(repr(float(rule.caps_share))))
        asked = sought(asked, self.plan, rho, self.cells)
        planned = plan_rho(asked, rule, rho)
        then = self.plan.cost.minus(planned.cost) if self.first is None else self.first.plan.cost
        return ByCaps(self.query, self.policy, asked, planned, self.datasets, then)

    def take(self, caps: Caps, spent: PrivacyBudget) -> GovernedQuery:
        """Plan with the norms that were drawn, for what is left after the draw; return the question with them."""
        if caps:
            self.caps, self.drawn = caps, spent
            self.governed = with_caps(self.governed, caps)
        self.plan_again()
        return self.governed

    def plan_again(self) -> None:
        """Plan with what was drawn, and with what the first answer told."""
        self._plan(self.cells)

    def values(self, block: str) -> dict[str, object]:
        """Return what is bound in a block besides: the norms that were drawn."""
        return caps_bound(self.caps.get(block, {}))

    def _plan(self, cells: Mapping[str, int] | None) -> None:
        rule, epsilon = self.rule, self.query.epsilon
        governed = self.planned or self.governed
        if self.query.accuracy is not None:
            epsilon = self._epsilon_for(governed, rule, self.query.accuracy, cells)
        if self.query.relative is not None:
            epsilon = self._epsilon_by_size(self.query.relative, cells)
        self.plan = plan(governed, rule, epsilon, cells=cells, less=self.drawn.rho)

    def _epsilon_for(
        self, governed: GovernedQuery, rule: ReleaseRule, accuracy: float, cells: Mapping[str, int] | None
    ) -> float:
        """Return the epsilon for an accuracy; the most there may be while norms that decide it are not drawn yet."""
        undrawn = not self.caps and any(measure.drawn for block in governed.blocks for measure in block.measures)
        try:
            return epsilon_for(governed, rule, accuracy, cells=cells, less=self.drawn.rho)
        except InputInvalid as error:
            if error.code != "accuracy-out-of-reach" or not undrawn:
                raise
            return rule.epsilon_max

    @property
    def cost(self) -> PrivacyBudget:
        """What the question spends, with what its first answer and the draw of its norms spend."""
        own = self.plan.cost + self.drawn
        return own if self.first is None else own + self.first.plan.cost + self.first.drawn

    @property
    def datasets(self) -> list[str]:
        """The datasets with people that the question reads."""
        return [name for name in self.governed.datasets if not self.policy.datasets[name].is_public]

    def standing(self, connection: Connection, now: int) -> tuple[BudgetRow, ...]:
        """Return the caps and allowances that the question is bound by, as they stand."""
        return standing(
            connection,
            self.policy,
            self.query.purpose,
            self.plan.namespaces,
            now,
            datasets=self.datasets,
            analyst=self.query.actor.name,
        )

    def reserve(self, connection: Connection, now: int) -> str | None:
        """Reserve what the question will cost; raises BudgetExhausted."""
        try:
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
            )
        except BudgetExhausted as error:
            raise self._with_first(error) from None

    def begin(self, connection: Connection) -> None:
        """Draw another salt: which of a person's cells are kept is chosen anew in each run."""
        self.salt = secrets.token_hex(16)

    def release(self, exact: ExactAnswer) -> Left:
        """Add noise."""
        noised = release(exact, self.governed, self.plan)
        if self.estimate:
            self.sizes = sizes_of(noised)
        reach("query.noised")
        clipping = noised.clipping or tuple(Clipping.not_measured(block) for block in self.governed.blocks)
        self.clipping = clipping
        return Left(noised.tables, noised.half_widths, clipping, self.plan.reasons)

    def settle(self, connection: Connection, reservation: str | None, now: int) -> bool:
        """Charge what was reserved."""
        if reservation is not None:
            charge(connection, reservation, now)
        reach("query.charged")
        return True

    def loss(self, connection: Connection, now: int) -> Loss:
        """Return what it cost; before it is charged."""
        cap = binding_cap(self.standing(connection, now))
        nothing = Loss(0.0, 0.0, 0.0, 0.0, 0.0, from_instant(now))
        return Loss.of(self.plan, cap, self.cost) if cap is not None else nothing

    def entry(self, stamp: Stamp, charge: str, rows: int) -> AuditEntry:
        """Return the entry of the answer."""
        return released_entry(self.query, self.governed, self.plan, stamp, charge, rows, estimate=self.estimate)

    def keep(self, connection: Connection, leaf: int) -> None:
        """Keep nothing: noise needs no memory of earlier answers but the budget."""

    def notes(self) -> tuple[str, ...]:
        """Return what to know of the answer."""
        return (*private_notes(self.governed, self.policy, self.clipping), *self._notes_of_size())

    def _epsilon_by_size(self, relative: float, cells: Mapping[str, int] | None) -> float:
        """Return the least epsilon with which errors are small enough for the sizes that were found.

        Before any were found it is the most that may be asked. Raises InputInvalid (`accuracy-out-of-reach`), which
        says that the first answer stays charged.
        """
        rule, first = self.rule, self.first
        if first is None or first.leaf is None:
            return rule.epsilon_max
        try:
            demand_clear(first.titled_sizes())
            return epsilon_for(self.governed, rule, relative, cells=cells, sizes=first.sizes, less=self.drawn.rho)
        except InputInvalid as error:
            raise self._with_first(error) from None

    def titled_sizes(self) -> list[tuple[str, float]]:
        """Return the sizes that were found, each with its measure's title."""
        named = [(block.name, measure) for block in self.governed.blocks for measure in block.measures]
        return [(each.title, self.sizes[block, each.name]) for block, each in named if (block, each.name) in self.sizes]

    def _with_first(self, error: _Told) -> _Told:
        """Let an error say that the first answer stays charged."""
        first = self.first
        if first is not None and first.leaf is not None:
            error.message += f" The first answer, {_epsilon(first.plan)}, stays charged (log entry {first.leaf})."
            error.args = (error.message,)
        return error

    def _notes_of_size(self) -> tuple[str, ...]:
        first, relative = self.first, self.query.relative
        if first is None or relative is None:
            return ()
        if first.leaf is None:
            return (
                f"First, {_epsilon(first.plan)} of it is spent to find out how large the figures are. The rest is then "
                "the least that is needed: never more than shown here, and perhaps far less.",
            )
        sizes = "; ".join(f"{title}: {six_digits(size)}" for title, size in first.titled_sizes())
        return (
            f"{_epsilon(first.plan)} of it was spent on a first answer (log entry {first.leaf}) that told how large "
            f"the figures are. Errors are at most {relative * 100:.4g} % of these sizes: {sizes}. A size is the median "
            "of the groups that are clearly not empty, each at the lower end of its error.",
        )


def _epsilon(spent: ReleasePlan) -> str:
    return f"ε {spent.cost.epsilon(spent.conversion_delta):.3g}"
