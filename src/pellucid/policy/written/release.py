"""In what form answers may leave: blurred by the rules of differential privacy, or exact and suppressed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pellucid.policy.written.base import AllowanceDocument, Amount, Document


class BoundDocument(Document):
    """How much one subject may add to a measure: exactly one of `per_group` and `norm`."""

    per_group: Amount | None = Field(
        default=None, description="Most one subject adds in each group, in the column's units."
    )
    norm: Amount | None = Field(default=None, description="Largest L2 norm of what one subject adds over all groups.")
    lower: Amount = Field(default=0, description="Least that one subject adds in each group; only with `per_group`.")
    values: list[Amount] | None = Field(
        default=None,
        min_length=2,
        max_length=2,
        description="Least and largest value of one row, for VARIANCE, STDDEV, MEDIAN and quantiles, and for SUM where "
        "a stored rank bounds; others are cut.",
    )
    most: Amount | None = Field(
        default=None,
        description="Largest that the rows of one subject sum to in size, taken as true: it bounds what clipping took.",
    )
    drawn: bool = Field(
        default=False, description="True if the norm is a private quantile of what people add, at most `norm`."
    )


class RankBoundDocument(Document):
    """How many rows of one subject count where a stored rank bounds."""

    rows: int = Field(default=0, description="Rows of one subject that count in a month, 1 to 254; 0: not bounded so.")
    each: int = Field(
        default=0,
        description="Rows of one subject that count in a month and value of a dimension in the rank's `by`; as `rows`.",
    )


class EpsilonDocument(Document):
    """What one question costs."""

    default: float = Field(description="Epsilon spent by a question that does not ask for another.")
    max: float = Field(description="Most epsilon that one question may ask for.")


class ReleaseDocument(Document):
    """In what form answers may leave: user-level differential privacy."""

    rule: Literal["private"] = Field(description="The release rule: `private`, differential privacy for each subject.")
    epsilon: EpsilonDocument = Field(description="Epsilon of one question.")
    allowance: AllowanceDocument = Field(description="What the purpose may spend in a period.")
    max_groups: int = Field(description="Most groups that one subject may be counted in; at least 1.")
    rows: BoundDocument = Field(description="Bound on the rows one subject adds to COUNT.")
    columns: dict[str, BoundDocument] = Field(default={}, description="Bounds for SUM and AVG, by column.")
    threshold_delta: float = Field(default=1e-8, description="Delta of a release whose group keys are not public.")
    clipping_share: float = Field(
        default=0.0, description="Share of a question's budget for telling how many were clipped."
    )
    max_cells: int = Field(default=10_000, description="Most cells in one answer.")
    max_age_hours: int = Field(
        default=0,
        description="Hours for which an answer may be shown again to the same question, at no loss; 0: never.",
    )
    caps_share: float = Field(
        default=0.1, description="Share of a question's budget for drawing norms that are `drawn`, the first time."
    )
    rank: RankBoundDocument | None = Field(
        default=None, description="Lets a stored rank bound what one subject adds, where that needs less noise."
    )
    minimum_group: int = Field(
        default=0, description="Fewest people, by a noisy count, of a group whose figures are shown; 0: no minimum."
    )
    analyst_allowance: AllowanceDocument | None = Field(
        default=None, description="What each person who asks may spend in a period, each for themselves."
    )


class SuppressedDocument(Document):
    """Exact figures for insights that a second person approved; cells that tell of too few people are withheld."""

    minimum: int = Field(default=10, description="Fewest people who contribute to a figure that is shown; 3 to 50.")
    largest_share: Amount = Field(
        default="0.5", description="Largest share of a figure that one person may bring; above 0, at most 0.9."
    )
    max_cells: int = Field(default=10_000, description="Most cells in one answer.")
    guarantee: Literal["unconditional", "conditional"] = Field(
        default="unconditional",
        description="`conditional` accepts that the guarantee of private releases about the same people holds only on "
        "condition that nobody combines them with these exact figures.",
    )
