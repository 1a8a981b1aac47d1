"""In what form answers may leave, and how much privacy loss may be spent: what is declared, not what it amounts to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pellucid.policy.parts.added import ADDED


class Period(StrEnum):
    """Calendar periods (UTC) after which an allowance renews."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Allowance:
    """An amount of (epsilon, delta) that may be spent in a period."""

    epsilon: float
    delta: float
    period: Period


@dataclass(frozen=True, slots=True)
class Bound:
    """How much one subject may add to a measure: `per_group` or `norm` (L2 over all groups), in the column's units.

    Exactly one of the two is set. Values are decimal strings, so that money stays exact.
    `lower` is the lower end per group (default 0; `norm` is symmetric and ignores it).
    `values` are the least and the largest value of one row: for VARIANCE, STDDEV, MEDIAN and quantiles, and for SUM
    where a stored rank bounds. `most` is the largest that one subject's rows sum to in size, taken as true: how much
    clipping may have taken away is told by it. With `drawn` the norm is a private quantile, at most `norm`.
    """

    per_group: str | None = None
    norm: str | None = None
    lower: str = "0"
    values: tuple[str, str] | None = field(default=None, metadata=ADDED)
    most: str | None = field(default=None, metadata=ADDED)
    drawn: bool = field(default=False, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class RankBound:
    """Where a stored rank bounds: rows of one subject that count in a month, and in a month and value of a declared
    dimension (0: that rank bounds nothing).
    """

    rows: int = 0
    each: int = 0


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """User-level differential privacy for one purpose: what a question may cost and how people's influence is bounded.

    `rows` bounds the rows one subject adds to COUNT in each group; `columns` bounds SUM and AVG by column.
    `threshold_delta` is spent by each release whose group keys are not public. For `max_age_hours` an answer may be
    shown again to the very same question, at no loss. `analyst_allowance` is what each person who asks may spend of the
    purpose's `allowance`. Groups with fewer than `minimum_group` people, by a noisy count, are not shown.
    """

    epsilon_default: float
    epsilon_max: float
    allowance: Allowance
    max_groups: int
    rows: Bound
    columns: Mapping[str, Bound] = field(default_factory=dict)
    threshold_delta: float = 1e-8
    clipping_share: float = 0.0
    max_cells: int = 10_000
    max_age_hours: int = field(default=0, metadata=ADDED)
    rank: RankBound | None = field(default=None, metadata=ADDED)
    caps_share: float = field(default=0.1, metadata=ADDED)
    analyst_allowance: Allowance | None = field(default=None, metadata=ADDED)
    minimum_group: int = field(default=0, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class SuppressedRule:
    """Exact figures for insights that a second person approved; cells that tell of too few people are withheld.

    `minimum` people contribute to each figure, nobody more than `largest_share` of it (a decimal string).
    `conditional`: it is accepted that the guarantee of private releases about the same people holds only on condition.
    """

    minimum: int = 10
    largest_share: str = "0.5"
    max_cells: int = 10_000
    conditional: bool = False
