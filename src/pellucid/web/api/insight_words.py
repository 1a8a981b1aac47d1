"""The words of `/api/v1/insights` and `/api/v1/budget`: questions, answers, and what they cost."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pellucid.web.api.words import Asked, Name

Sql = Annotated[str, Field(min_length=1, max_length=20_000, description="One SELECT; values may stand as `$name`.")]
Value = (
    Annotated[str, Field(max_length=1_000)]
    | Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
    | float
    | bool
    | None
)
Epsilon = Annotated[float | None, Field(gt=0, le=1_000, description="Privacy loss; null: the purpose's.")]
Accuracy = Annotated[
    str | None,
    Field(
        max_length=40,
        description="Largest 95 % error of each figure, as `50`, or a share of it, as `5%`; spends what that needs.",
    ),
]
INSIGHT = r"^[a-z0-9][a-z0-9-]{0,62}$"


class QuestionAsked(Asked):
    """A question for a declared purpose: SQL that counts, adds up or averages."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "sql": "SELECT week, SUM(sales_value) AS sales FROM purchases GROUP BY week",
                    "purpose": "range-planning",
                },
                {
                    "sql": "SELECT COUNT(*) AS n FROM purchases WHERE week = $week",
                    "purpose": "range-planning",
                    "parameters": {"week": 3},
                    "accuracy": "5%",
                },
            ]
        }
    )

    sql: Sql
    purpose: Name
    parameters: dict[Name, Value] = Field(
        default_factory=dict, max_length=50, description="Values of the question's `$name`s."
    )
    epsilon: Epsilon = None
    accuracy: Accuracy = None
    bounding: Annotated[Literal["auto", "groups", "rank"], Field(description="How one person's part is bounded.")] = (
        "auto"
    )
    fresh: Annotated[
        bool, Field(strict=True, description="Make a new answer even where an earlier one may be shown again.")
    ] = False

    def texts(self) -> frozenset[str]:
        """Return the texts that were sent: none is quoted in an answer."""
        values = (value for value in self.parameters.values() if isinstance(value, str) and value)
        return frozenset({self.sql, *values, *([self.accuracy] if self.accuracy else [])})


class QuestionsAsked(Asked):
    """Several questions for one purpose, to see what they would cost together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"questions": ["SELECT COUNT(*) FROM purchases"], "purpose": "range-planning", "epsilon": 0.5}]
        }
    )

    questions: Annotated[tuple[Sql, ...], Field(min_length=1, max_length=20)]
    purpose: Name
    epsilon: Epsilon = None
    accuracy: Accuracy = None

    def texts(self) -> frozenset[str]:
        """Return the texts that were sent: none is quoted in an answer."""
        return frozenset({*self.questions, *([self.accuracy] if self.accuracy else [])})


class ProposalAsked(Asked):
    """An insight to be proposed: a name for it, and a question without parameters for a purpose with exact figures."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "sales-by-week",
                    "title": "Sales by week",
                    "purpose": "range-planning",
                    "sql": "SELECT week, SUM(sales_value) AS sales FROM purchases GROUP BY week",
                }
            ]
        }
    )

    name: Annotated[str, Field(pattern=INSIGHT, description="An earlier proposal of this name is replaced.")]
    title: Annotated[str, Field(max_length=200, description="What people read above it.")] = ""
    purpose: Name
    sql: Sql

    def texts(self) -> frozenset[str]:
        """Return the texts that were sent: none is quoted in an answer."""
        return frozenset({self.sql, *([self.title] if self.title else [])})


class ColumnTold(BaseModel):
    """A column of an answer, and the Arrow type of its values."""

    name: str
    type: str


class AccuracyTold(BaseModel):
    """How exact a column is: a 95 % half-width, the column that holds it row by row, or why neither."""

    column: str
    half_width: float | None
    error_column: str | None
    reason: str


class ReleaseTold(BaseModel):
    """An answer. Members may be added under the same `version`; one that changes its meaning raises it."""

    model_config = ConfigDict(extra="allow")

    version: Literal[1]
    purpose: str
    rule: Annotated[str, Field(description="`private`, by noise, or `suppressed`, exactly but for few people.")]
    sql: Annotated[str, Field(description="What was asked, without its values, as the log tells it.")]
    columns: list[ColumnTold]
    rows: Annotated[list[list[Any]], Field(description="Decimals are strings, dates and instants ISO 8601.")]
    accuracy: list[AccuracyTold]
    clipping: list[dict[str, Any]]
    loss: dict[str, Any]
    coverage: Annotated[dict[str, str], Field(description="By dataset, a band of the people who could be used.")]
    stamp: dict[str, Any]
    receipt: Annotated[dict[str, Any], Field(description="Where it stands in the log: `leaf` and `leaf_hash`.")]
    notes: list[str]


class PreviewTold(BaseModel):
    """What a question would cost and how exact it would be. Nothing was spent."""

    model_config = ConfigDict(extra="allow")

    version: Literal[1]
    purpose: str
    sql: str
    expected: list[dict[str, Any]]
    epsilon: float
    delta: float
    left_epsilon: float
    covered: Annotated[bool, Field(description="Whether every limit has enough left.")]
    obligations: list[str]
    coverage: dict[str, str]
    notes: list[str]
    limits: list[dict[str, Any]]


class InsightTold(BaseModel):
    """An insight: what was proposed, and how it stands."""

    name: str
    title: str
    purpose: str
    sql: str
    state: str
    plan: list[str]
    attempts: list[dict[str, Any]]
    fingerprint: str
    proposed_by: str
    proposed_at: str
    decided_by: str | None
    decided_at: str | None
    reason: str


class InsightsTold(BaseModel):
    """Every insight, as it stands under the policy in force."""

    insights: list[InsightTold]


class LimitsTold(BaseModel):
    """What may be spent on each person, what is spent and left of it (epsilon), and when it renews."""

    limits: list[dict[str, Any]]


class PlanTold(BaseModel):
    """What several questions would cost, each and together. Nothing was spent."""

    questions: list[dict[str, Any]]
    epsilon: float
    left_epsilon: float
    covered: bool
    limits: list[dict[str, Any]]
