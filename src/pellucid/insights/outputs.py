"""The columns of an answer: their names, each with its error beside it, and the coverage of each dataset read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from pellucid.consent.coverage import Bands, bands
from pellucid.policy.model import Policy
from pellucid.policy.stamp import Stamp
from pellucid.release.clipping import Clipping
from pellucid.release.result import GROUP_KEY, Accuracy
from pellucid.rewrite.governed import GovernedQuery, Output

EXACT = "exact, where it is shown"
WITHHELD = "withheld"
"""The column that says why a cell has no figures."""
_DERIVED = "computed from released values; its error is not stated"


@dataclass(frozen=True, slots=True)
class Left:
    """What a release rule lets leave: cells by block, half-widths by (block, measure), clipping, and how exact measures
    without a half-width are.
    """

    tables: Mapping[str, pa.Table]
    half_widths: Mapping[tuple[str, str], float]
    clipping: tuple[Clipping, ...]
    reasons: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """What one run made: released values after `post`, the stamp, half-widths by (block, measure), clipping, and how
    exact the measures without a half-width are.
    """

    values: pa.Table
    stamp: Stamp
    half_widths: Mapping[tuple[str, str], float]
    clipping: tuple[Clipping, ...]
    reasons: Mapping[tuple[str, str], str]


def named_outputs(values: pa.Table, governed: GovernedQuery, half_widths: Mapping[tuple[str, str], float]) -> pa.Table:
    """Return the values under their output names, each figure that has one followed by its 95 % half-width."""
    columns: dict[str, pa.ChunkedArray | pa.Array] = {}
    for position, output in enumerate(governed.outputs):
        columns[_unused(output.name, columns)] = values.column(position)
        error = _error_column(values, position, output, half_widths)
        if error is not None:
            columns[_unused(f"{output.name}_error", columns)] = error
    if governed.withheld_column is not None:
        columns[_unused(WITHHELD, columns)] = values.column(governed.withheld_column)
    return pa.table(columns)


def accuracy_of(governed: GovernedQuery, answered: Answered) -> tuple[Accuracy, ...]:
    """Return how exact each output is."""
    return tuple(_accuracy(output, answered) for output in governed.outputs)


def coverage_of(
    connection: Connection, policy: Policy, governed: GovernedQuery, now: int, hours: float
) -> dict[str, Bands]:
    """Return, by personal dataset read, the bands of people who may be used."""
    personal = [name for name in governed.datasets if not policy.datasets[name].is_public]
    return {name: bands(connection, policy, name, governed.purpose, now, hours) for name in personal}


def _accuracy(output: Output, answered: Answered) -> Accuracy:
    if output.measure is not None and output.measure in answered.reasons:
        return Accuracy(output.name, reason=answered.reasons[output.measure])
    if output.measure is not None and output.measure not in answered.half_widths:
        return Accuracy(output.name, half_width=0.0, reason=EXACT)
    if output.measure is not None:
        width = answered.half_widths[output.measure]
        return Accuracy(output.name, half_width=width, error_column=f"{output.name}_error")
    if output.error_column is not None:
        return Accuracy(output.name, error_column=f"{output.name}_error")
    return Accuracy(output.name, reason=GROUP_KEY if output.is_key else _DERIVED)


def _error_column(
    values: pa.Table, position: int, output: Output, half_widths: Mapping[tuple[str, str], float]
) -> pa.ChunkedArray | pa.Array | None:
    if output.measure is not None and output.measure in half_widths:
        widths = pa.array([half_widths[output.measure]] * values.num_rows, pa.float64())
        return pc.if_else(pc.is_null(values.column(position)), pa.scalar(None, pa.float64()), widths)
    if output.error_column is not None:
        return values.column(output.error_column)
    return None


def _unused(name: str, taken: Mapping[str, object]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
