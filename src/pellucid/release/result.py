"""What leaves: the public `Release`, with a stable JSON shape. Only released values, never exact ones.

Computes nothing private; rendering for people is the CLI's, what a question would cost is `release.preview`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING

from pellucid.errors import InputInvalid
from pellucid.policy.stamp import Stamp
from pellucid.records.columns import RHO_SCALE
from pellucid.release.budget import delta_as_float
from pellucid.release.clipping import Clipping

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from pellucid.release.accountant import BudgetRow
    from pellucid.release.budget import PrivacyBudget
    from pellucid.release.plan import ReleasePlan


GROUP_KEY = "a group key, or public"
"""Why an output column has no error that is none of a figure."""


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
class Loss:
    """What a release cost: epsilon at `delta`, rho, and the binding cap's cumulative epsilon in its period.

    The cap is over everything that was asked of the same people, whatever allowances lie within it; of several, it is
    the one with the least left. `delta` is the whole delta at which `epsilon` holds: the conversion's and what
    thresholds spent.
    """

    epsilon: float
    delta: float
    rho: float
    period_epsilon: float
    period_cap: float
    renews: datetime

    @classmethod
    def of(cls, plan: ReleasePlan, cap: BudgetRow, cost: PrivacyBudget | None = None) -> Loss:
        """Return what a planned question cost; `cap` is its namespace's row after the reservation.

        `cost` is what it cost with what was answered before for its sake, if anything was.
        """
        spent = plan.cost if cost is None else cost
        return cls(
            epsilon=spent.epsilon(plan.conversion_delta),
            delta=delta_as_float(plan.conversion_delta + spent.delta),
            rho=spent.rho / RHO_SCALE,
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
            "loss": {name: plain(value) for name, value in asdict(self.loss).items()},
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


def rows_as_json(values: pa.Table) -> list[list[object]]:
    """Return a table's rows as JSON-ready lists: decimals are strings, dates and instants are ISO 8601."""
    columns = [_listed(column) for column in values.columns]
    return [[plain(value) for value in row] for row in zip(*columns, strict=True)]


def _listed(column: pa.ChunkedArray) -> list[object]:
    """Return a column's values; instants that Python has no date for, such as infinity, as Arrow writes them."""
    found: list[object]
    try:
        found = column.to_pylist()
    except (OverflowError, ValueError):
        found = column.cast("string").to_pylist()
    return found


def plain(value: object) -> object:
    """Return a value as JSON can hold it: decimals are strings, dates and instants ISO 8601, what is no number null."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value
