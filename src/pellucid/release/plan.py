"""What a question will cost and how exact it will be, before any data are touched.

Splits the rho of one question over its blocks and measures. Imports neither Arrow nor OpenDP, so that `preview` is
cheap; `release.private` carries a plan out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from pellucid.errors import InputInvalid
from pellucid.policy.model import ReleaseRule
from pellucid.release.budget import PrivacyBudget, conversion_delta, delta_units, epsilon_of, rho_of
from pellucid.release.figures import six_digits
from pellucid.release.mechanisms import half_width, key_threshold, noise_scale
from pellucid.release.quantile import noise_of, rank_half_width, resolution
from pellucid.release.sensitivity import block_sensitivity, subjects_sensitivity
from pellucid.rewrite.governed import COUNTS, Block, GovernedQuery, Grid, Measure, MeasureKind


@dataclass(frozen=True, slots=True)
class MeasurePlan:
    """One measure's share: rho (units of 1e-12), sigma in units of 10**-scale, 95 % half-width in its own units.

    `from_threshold`: the noisy counts that decided the keys are reused, at no further cost. A quantile has no
    half-width in its own units; `reason` says how exact it is.
    """

    name: str
    title: str
    kind: MeasureKind
    scale: int
    rho: int
    sigma: float
    half_width: float | None
    from_threshold: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ThresholdPlan:
    """How keys that are data are chosen: cells whose noisy number of people reaches `threshold`, about, are shown."""

    rho: int
    delta: int
    sigma: float
    threshold: int


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """The shares of one block. `clipping_rho` is 0 where the fraction clipped is not measured.

    Cells with fewer than `minimum` people, by a noisy count, are not shown; `people_rho` pays for that count where the
    keys are public and no measure is it already.
    """

    name: str
    measures: tuple[MeasurePlan, ...]
    threshold: ThresholdPlan | None
    clipping_rho: int
    minimum: int = 0
    people_rho: int = 0

    def measure(self, name: str) -> MeasurePlan:
        """Return the plan of one measure."""
        return next(measure for measure in self.measures if measure.name == name)


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What one question costs and how exact it will be.

    `cost` is charged as a whole to each of `namespaces`. `epsilon` was asked; `conversion_delta` (units of 1e-15) is
    the delta at which it was turned into rho.
    """

    epsilon: float
    conversion_delta: int
    cost: PrivacyBudget
    namespaces: tuple[str, ...]
    blocks: tuple[BlockPlan, ...]
    max_cells: int

    def block(self, name: str) -> BlockPlan:
        """Return the plan of one block."""
        return next(block for block in self.blocks if block.name == name)

    @property
    def reasons(self) -> dict[tuple[str, str], str]:
        """Return how exact the measures without a half-width are, by (block, measure)."""
        named = [(block.name, measure) for block in self.blocks for measure in block.measures]
        return {(block, measure.name): measure.reason for block, measure in named if measure.reason}

    def half_width(self, block: str, measure: str) -> float | None:
        """Return the expected 95 % half-width of a measure in its own units; None for a quantile."""
        return self.block(block).measure(measure).half_width


def plan(
    query: GovernedQuery,
    rule: ReleaseRule,
    epsilon: float | None = None,
    *,
    cells: Mapping[str, int] | None = None,
    less: int = 0,
) -> ReleasePlan:
    """Split `epsilon` (None: the rule's default) over the question's blocks and measures, `less` a rho spent elsewhere.

    Each block gets a share in proportion to what it must measure. Within it a part of `clipping_share` pays for the
    fraction clipped, if the block reports it; the rest is split equally over the measures and, where keys are data,
    the count of people that chooses them, or that a `minimum_group` is compared with. A measure that is all
    `contributors` reuses that count. `cells` gives the number of public cells where it is known; without it the real
    noise may be smaller than planned, never larger.
    Raises InputInvalid for an epsilon that the rule does not allow or that is too small to share.
    """
    asked = _allowed_epsilon(rule, epsilon)
    total = rho_of(asked, conversion_delta(rule.allowance)) if query.blocks else 0
    return replace(plan_rho(query, rule, max(0, total - less), cells=cells), epsilon=asked)


def plan_rho(
    query: GovernedQuery, rule: ReleaseRule, rho: int, *, cells: Mapping[str, int] | None = None
) -> ReleasePlan:
    """As `plan`, for a rho (units of 1e-12)."""
    at_delta = conversion_delta(rule.allowance)
    thresholded = sum(not block.public_cells for block in query.blocks)
    delta_each = delta_units(rule.threshold_delta) // thresholded if thresholded else 0
    shares = [_mechanisms(block, rule) for block in query.blocks]
    blocks = tuple(
        _plan_block(block, rule, rho * share // max(1, sum(shares)), delta_each, (cells or {}).get(block.name))
        for block, share in zip(query.blocks, shares, strict=True)
    )
    return ReleasePlan(
        epsilon=epsilon_of(rho, at_delta),
        conversion_delta=at_delta,
        cost=sum((_cost(block) for block in blocks), PrivacyBudget(0)),
        namespaces=tuple(sorted({block.namespace for block in query.blocks})),
        blocks=blocks,
        max_cells=rule.max_cells,
    )


def epsilon_for(
    query: GovernedQuery,
    rule: ReleaseRule,
    accuracy: float,
    *,
    cells: Mapping[str, int] | None = None,
    sizes: Mapping[tuple[str, str], float] | None = None,
    less: int = 0,
) -> float:
    """Return about the least epsilon with which every figure's 95 % half-width is at most `accuracy`, in its own units,
    where a rho of `less` goes elsewhere.

    With `sizes` by (block, measure), `accuracy` is a share of these. Raises InputInvalid if the rule allows no such
    epsilon, or if no figure of the question has a half-width.
    """
    best = _widest(query, rule, rule.epsilon_max, cells, sizes, less)
    if best is None:
        raise InputInvalid(
            "No figure of this question has an error in its own units, so no epsilon can be found for an accuracy.",
            code="accuracy-meaningless",
            remedy="Ask with an epsilon.",
        )
    if best > accuracy:
        asked, found = (six_digits(each) if sizes is None else f"{each:.3%}" for each in (accuracy, best))
        raise InputInvalid(
            f"An error of {asked} cannot be reached: with epsilon {rule.epsilon_max:g}, the most that one "
            f"question may spend for this purpose, it is {found}.",
            code="accuracy-out-of-reach",
            remedy="Ask for a larger error, or for fewer measures over fewer groups.",
        )
    low, high = rule.epsilon_max * 2.0**-30, rule.epsilon_max
    for _ in range(40):
        middle = math.sqrt(low * high)
        width = _widest(query, rule, middle, cells, sizes, less)
        low, high = (low, middle) if width is not None and width <= accuracy else (middle, high)
    return high


def _widest(
    query: GovernedQuery,
    rule: ReleaseRule,
    epsilon: float,
    cells: Mapping[str, int] | None,
    sizes: Mapping[tuple[str, str], float] | None,
    less: int,
) -> float | None:
    """Return the largest half-width with an epsilon, as a share of `sizes` if given; infinite if that is too little to
    be shared, None without any.
    """
    try:
        planned = plan(query, rule, epsilon, cells=cells, less=less)
    except InputInvalid as error:
        if error.code != "epsilon-too-small":
            raise
        return math.inf
    named = [(block.name, measure) for block in planned.blocks for measure in block.measures]
    widths = [(measure.half_width, (block, measure.name)) for block, measure in named if measure.half_width is not None]
    if sizes is None:
        return max((width for width, _ in widths), default=None)
    return max((width / sizes[place] if sizes[place] > 0 else math.inf for width, place in widths), default=None)


def _allowed_epsilon(rule: ReleaseRule, epsilon: float | None) -> float:
    asked = rule.epsilon_default if epsilon is None else epsilon
    if not 0 < asked <= rule.epsilon_max:
        raise InputInvalid(
            f"epsilon must be above 0 and at most {rule.epsilon_max:g} for this purpose, got {asked!r}.",
            code="epsilon-out-of-range",
            remedy=f"Leave it out to use the default of {rule.epsilon_default:g}.",
        )
    return float(asked)


def _mechanisms(block: Block, rule: ReleaseRule) -> int:
    counted = _counted_by_threshold(block) is not None
    return len(block.measures) + (0 if counted or (block.public_cells and not rule.minimum_group) else 1)


def _plan_block(block: Block, rule: ReleaseRule, rho: int, delta: int, public_cells: int | None) -> BlockPlan:
    clipping = int(rho * Fraction(repr(float(rule.clipping_share)))) if block.reports_clipping and block.measures else 0
    each = (rho - clipping) // max(1, _mechanisms(block, rule))
    threshold = None if block.public_cells else _plan_threshold(block, each, delta)
    reused = _counted_by_threshold(block)
    measures = tuple(
        _from_threshold(measure, threshold)
        if threshold is not None and measure is reused
        else _plan_measure(measure, block_sensitivity(block, measure, public_cells), each)
        for measure in block.measures
    )
    people = each if block.public_cells and _mechanisms(block, rule) > len(block.measures) else 0
    return BlockPlan(block.name, measures, threshold, clipping, rule.minimum_group, people)


def _plan_threshold(block: Block, rho: int, delta: int) -> ThresholdPlan:
    sigma = noise_scale(subjects_sensitivity(block.max_groups), rho)
    return ThresholdPlan(rho, delta, sigma, key_threshold(sigma, block.max_groups, delta))


def _counted_by_threshold(block: Block) -> Measure | None:
    # the kind is not enough: COUNT(DISTINCT CASE WHEN ... THEN household_id END) counts fewer than contribute
    return next((measure for measure in block.measures if measure.contributors), None)


def _plan_measure(measure: Measure, sensitivity: float, rho: int) -> MeasurePlan:
    if measure.grid is not None:
        return _plan_quantile(measure, measure.grid, noise_of(measure.grid, sensitivity, rho), rho)
    sigma = noise_scale(sensitivity, rho)
    width = shown_half_width(measure, sigma)
    return MeasurePlan(measure.name, measure.title, measure.kind, measure.scale, rho, sigma, width)


def _plan_quantile(measure: Measure, grid: Grid, scale: float, rho: int) -> MeasurePlan:
    rank, step = rank_half_width(grid, scale), own_units(resolution(grid), measure.scale)
    reason = f"its rank is off by at most about {rank:,.0f} values; it is rounded to {step:,.4g}"
    return MeasurePlan(measure.name, measure.title, measure.kind, measure.scale, rho, scale, None, reason=reason)


def _from_threshold(measure: Measure, threshold: ThresholdPlan) -> MeasurePlan:
    width = half_width(threshold.sigma)
    return MeasurePlan(measure.name, measure.title, measure.kind, 0, 0, threshold.sigma, width, from_threshold=True)


def _cost(block: BlockPlan) -> PrivacyBudget:
    measures = sum(measure.rho for measure in block.measures)
    threshold = block.threshold
    cost = PrivacyBudget(measures + block.clipping_rho + block.people_rho)
    return cost if threshold is None else cost + PrivacyBudget(threshold.rho, threshold.delta)


def shown_half_width(measure: Measure, sigma: float) -> float:
    """Return the 95 % half-width of what is shown, in the measure's own units; a count is rounded besides."""
    rounded = 0.5 if measure.scale and measure.kind in COUNTS and sigma else 0.0
    return own_units(half_width(sigma), measure.scale) + rounded


def own_units(amount: float, scale: int) -> float:
    """Return an amount of 10**-scale units in the measure's own units."""
    return amount / float(10**scale)
