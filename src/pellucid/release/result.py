"""What leaves: the public `Release` and `Preview`, with stable JSON shapes. Only released values, never exact ones.

Computes nothing private; rendering for people is the CLI's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from pellucid.errors import InputInvalid
from pellucid.policy.stamp import Stamp
from pellucid.records.columns import RHO_SCALE
from pellucid.release.budget import conversion_delta, delta_as_float, epsilon_of, rho_units_up

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from pellucid.policy.model import Allowance
    from pellucid.release.accountant import BudgetRow
    from pellucid.release.plan import ReleasePlan


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How exact an output column is: a constant 95 % half-width, or a column that holds it row by row, or why neither.

    The half-width covers the noise only, not what clamping people's contributions took away: see `Clipping`.
    """

    column: str
    half_width: float | None = None
    error_column: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Clipping:
    """The fraction of people whose contribution was cut to the bounds, and its 95 % half-width, if measured."""

    block: str
    fraction: float | None
    half_width: float | None
    text: str

    @classmethod
    def not_measured(cls, block: str = "") -> Clipping:
        """Return the entry of a block for which the policy allows no spending on clipping."""
        text = "How many people's contributions were clipped was not measured: the purpose has no clipping_share."
        return cls(block, None, None, text)

    @classmethod
    def of_counts(cls, block: str, people: int, clipped: int, count_half_width: float) -> Clipping:
        """Return the entry for noisy counts of people and of clipped people with the given 95 % half-width each."""
        if people <= 2 * count_half_width:
            return cls(block, None, None, "Too few people to tell which fraction of them was clipped.")
        fraction = min(1.0, max(0.0, clipped / people))
        width = count_half_width * (1 + fraction**2) ** 0.5 / people
        text = f"About {fraction:.1%} (± {width:.1%}) of people had their contribution clipped to the declared bounds."
        return cls(block, fraction, width, text)


@dataclass(frozen=True, slots=True)
class Loss:
    """What a release cost: epsilon at `delta`, rho, and the binding cap's cumulative epsilon in its period.

    `delta` is the whole delta at which `epsilon` holds: the conversion's and what thresholds spent.
    """

    epsilon: float
    delta: float
    rho: float
    period_epsilon: float
    period_cap: float
    renews: datetime

    @classmethod
    def of(cls, plan: ReleasePlan, cap: BudgetRow) -> Loss:
        """Return what a planned question cost; `cap` is its namespace's row after the reservation."""
        return cls(
            epsilon=plan.cost.epsilon(plan.conversion_delta),
            delta=delta_as_float(plan.conversion_delta + plan.cost.delta),
            rho=plan.cost.rho / RHO_SCALE,
            period_epsilon=cap.spent_epsilon,
            period_cap=cap.cap_epsilon,
            renews=cap.renews,
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where the release stands in the log (leaf index, RFC 9162 leaf hash in hex) and in the budget ledger."""

    leaf: int
    leaf_hash: str
    charge: str


@dataclass(frozen=True, slots=True)
class Release:
    """A governed answer: released values and everything needed to judge and trace them.

    `coverage` gives, by dataset, a band of the people who could not be used; `notes` are obligations and advice. `rule`
    says how it left: `private`, by noise, or `suppressed`, exactly but for cells that tell of too few people.
    """

    values: pa.Table = field(repr=False)
    accuracy: tuple[Accuracy, ...]
    clipping: tuple[Clipping, ...]
    loss: Loss
    stamp: Stamp
    coverage: Mapping[str, str]
    receipt: Receipt
    purpose: str
    sql: str
    notes: tuple[str, ...] = ()
    rule: str = "private"

    def to_arrow(self) -> pa.Table:
        """Return the released values as an Arrow table."""
        return self.values

    def to_pandas(self) -> pd.DataFrame:
        """Return the released values as a pandas DataFrame; raises InputInvalid without the `pandas` extra."""
        try:
            import pandas  # noqa: F401, PLC0415  # optional dependency
        except ImportError:
            raise InputInvalid(
                "to_pandas() needs pandas, which is not installed.",
                code="extra-missing",
                remedy="pip install 'pellucid[pandas]', or use to_arrow().",
            ) from None
        frame: pd.DataFrame = self.values.to_pandas()
        return frame

    def records(self) -> list[dict[str, object]]:
        """Return the rows as dicts by column; instants that Python has no date for, such as infinity, as texts."""
        columns = [_listed(column) for column in self.values.columns]
        return [dict(zip(self.values.column_names, row, strict=True)) for row in zip(*columns, strict=True)]

    def to_json(self) -> dict[str, object]:
        """Return a JSON-ready dict: columns, rows (lists), accuracy, clipping, loss, stamp, coverage, receipt, notes.

        Decimals are strings, so that money stays exact; dates and instants are ISO 8601.
        """
        return {
            "purpose": self.purpose,
            "rule": self.rule,
            "sql": self.sql,
            "columns": [{"name": item.name, "type": str(item.type)} for item in self.values.schema],
            "rows": rows_as_json(self.values),
            "accuracy": [asdict(item) for item in self.accuracy],
            "clipping": [asdict(item) for item in self.clipping],
            "loss": {name: _plain(value) for name, value in asdict(self.loss).items()},
            "coverage": dict(sorted(self.coverage.items())),
            "stamp": self.stamp.as_json(),
            "receipt": asdict(self.receipt),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return (
            f"Release({self.values.num_rows} rows x {self.values.num_columns} columns for {self.purpose!r}, "
            f"ε {self.loss.epsilon:.3g}, log leaf {self.receipt.leaf})"
        )


@dataclass(frozen=True, slots=True)
class ExpectedAccuracy:
    """The 95 % half-width to expect of a measure, in its own units."""

    measure: str
    half_width: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a question would cost and how exact it would be; made by the gate alone, no data touched.

    `fewest_people` is about how many people a group needs to be shown, where keys are data (None: all keys are public).
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

    def to_json(self) -> dict[str, object]:
        """Return a JSON-ready dict of the same shape as the fields."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """What several questions would cost: each one's preview, epsilon of all together, and whether what is left covers
    that. Losses add up as rho, so epsilon of all is less than the sum of each.
    """

    previews: tuple[Preview, ...]
    epsilon: float
    left_epsilon: float
    covered: bool

    @classmethod
    def of(cls, previews: Sequence[Preview], allowance: Allowance) -> BudgetPlan:
        """Add up the previews of questions for one purpose with this allowance."""
        together = epsilon_of(sum(rho_units_up(each.rho) for each in previews), conversion_delta(allowance))
        left = min((each.left_epsilon for each in previews if each.rho), default=0.0)
        return cls(tuple(previews), together, left, together <= left or not together)


def rows_as_json(values: pa.Table) -> list[list[object]]:
    """Return a table's rows as JSON-ready lists: decimals are strings, dates and instants are ISO 8601."""
    columns = [_listed(column) for column in values.columns]
    return [[_plain(value) for value in row] for row in zip(*columns, strict=True)]


def _listed(column: pa.ChunkedArray) -> list[object]:
    """Return a column's values; instants that Python has no date for, such as infinity, as Arrow writes them."""
    found: list[object]
    try:
        found = column.to_pylist()
    except (OverflowError, ValueError):
        found = column.cast("string").to_pylist()
    return found


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
