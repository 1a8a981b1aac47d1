"""What questions would cost before they are asked: one (`Preview`) or several together (`BudgetPlan`), also as JSON.

Forecasts only: nothing is reserved here, and no data are touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pellucid.records.columns import RHO_SCALE
from pellucid.release.accountant import BudgetRow, tightest
from pellucid.release.budget import PrivacyBudget, conversion_delta, delta_as_float, epsilon_of
from pellucid.release.result import plain

if TYPE_CHECKING:
    from pellucid.policy.model import Allowance
    from pellucid.release.plan import ReleasePlan


@dataclass(frozen=True, slots=True)
class ExpectedAccuracy:
    """The 95 % half-width to expect of a measure, in its own units."""

    measure: str
    half_width: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a question would cost and how exact it would be; made by the gate alone, no data touched.

    `left_epsilon` is the largest such question that still fits, and `left_of` whose limit allows no more; `limits` are
    all that it is bound by. `fewest_people` is about how many people a group needs to be shown (None: groups are public
    and no minimum is declared). `cost` is what would be reserved, exactly. `obligations` are what the permission holds
    under, as stable words; `coverage` gives, by dataset, a band of the people who could be used, if whoever asks may
    know.
    """

    purpose: str
    sql: str
    expected: tuple[ExpectedAccuracy, ...]
    epsilon: float
    delta: float
    rho: float
    left_epsilon: float
    renews: datetime | None
    fewest_people: int | None = None
    notes: tuple[str, ...] = ()
    left_of: str = ""
    limits: tuple[BudgetRow, ...] = ()
    cost: PrivacyBudget = field(default_factory=lambda: PrivacyBudget(0))
    obligations: tuple[str, ...] = ()
    coverage: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_covered(self) -> bool:
        """Whether every limit that it is bound by has enough left."""
        return all(row.left.covers(self.cost) for row in self.limits)

    def to_json(self) -> dict[str, object]:
        """Return a JSON-ready dict of the same shape as the fields, but for `cost`, which `rho` and `delta` tell."""
        fields = {name: plain(getattr(self, name)) for name in self.__dataclass_fields__ if name != "cost"}
        expected = [asdict(each) for each in self.expected]
        limits = [row.to_json() for row in self.limits]
        return {**fields, "expected": expected, "limits": limits, "coverage": dict(sorted(self.coverage.items()))}


@dataclass(frozen=True, slots=True)
class PlannedSpending:
    """What several questions would spend of one cap or allowance together (epsilon at the purpose's delta)."""

    limit: BudgetRow
    epsilon: float
    left_epsilon: float
    covered: bool


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """What several questions would cost: each one's preview, epsilon of all together, and whether what is left covers
    that: every cap and allowance what the questions that it binds would spend. Losses add up as rho, so epsilon of all
    is less than the sum of each.
    """

    previews: tuple[Preview, ...]
    epsilon: float
    left_epsilon: float
    covered: bool
    spending: tuple[PlannedSpending, ...] = ()

    @classmethod
    def of(cls, previews: Sequence[Preview], allowance: Allowance) -> BudgetPlan:
        """Add up the previews of questions for one purpose with this allowance."""
        at_delta = conversion_delta(allowance)
        sums: dict[tuple[object, ...], tuple[BudgetRow, PrivacyBudget]] = {}
        for each in previews:
            for row in each.limits if each.cost.rho else ():
                key = (row.namespace, row.purpose, row.dataset, row.analyst)
                sums[key] = row, sums[key][1] + each.cost if key in sums else each.cost
        spending = tuple(
            PlannedSpending(row, asked.epsilon(at_delta), row.left.epsilon(at_delta), row.left.covers(asked))
            for row, asked in sums.values()
        )
        together = epsilon_of(sum(each.cost.rho for each in previews), at_delta)
        left = min((each.left_epsilon for each in spending), default=0.0)
        return cls(tuple(previews), together, left, all(each.covered for each in spending), spending)

    def to_json(self) -> dict[str, object]:
        """Return a JSON-ready dict: each question's preview, what all cost together, and each limit."""
        return {
            "questions": [each.to_json() for each in self.previews],
            "epsilon": self.epsilon,
            "left_epsilon": self.left_epsilon,
            "covered": self.covered,
            "limits": [
                {**each.limit.to_json(), "asked_epsilon": each.epsilon, "covered": each.covered}
                for each in self.spending
            ],
        }


def previewed(
    plan: ReleasePlan,
    limits: Sequence[BudgetRow],
    *,
    cost: PrivacyBudget,
    purpose: str,
    sql: str,
    notes: Sequence[str],
) -> Preview:
    """Return what a planned question would cost, and how exact it would be, bound by these caps and allowances.

    `cost` is the plan's and that of what is answered before for its sake.
    """
    tight = tightest(limits) if limits else None
    fewest = [block.threshold.threshold for block in plan.blocks if block.threshold is not None]
    fewest += [block.minimum for block in plan.blocks if block.minimum]
    measures = [
        ExpectedAccuracy(measure.title, measure.half_width, measure.reason)
        for block in plan.blocks
        for measure in block.measures
    ]
    return Preview(
        purpose=purpose,
        sql=sql,
        expected=tuple(measures),
        epsilon=cost.epsilon(plan.conversion_delta),
        delta=delta_as_float(plan.conversion_delta + cost.delta) if limits else 0.0,
        rho=cost.rho / RHO_SCALE if limits else 0.0,
        left_epsilon=tight.left.epsilon(plan.conversion_delta) if tight is not None else 0.0,
        renews=tight.renews if tight is not None else None,
        fewest_people=max(fewest, default=None),
        notes=tuple(notes),
        left_of=tight.whose if tight is not None else "",
        limits=tuple(limits),
        cost=cost,
    )
