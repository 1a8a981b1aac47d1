"""Carries a release plan out: exact cells in, noisy cells out. User-level differential privacy under zCDP.

Noise is added to every cell, empty public ones too. Noisy counts may be negative and noisy sums out of range: they are
left so, because clamping at zero would bias every sum of cells; an analyst may round or clamp afterwards at no cost.
Rows come out sorted by their keys, never in the engine's order, which could tell about the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc

from pellucid.engines.exact import ExactAnswer
from pellucid.errors import QueryFailed
from pellucid.release.budget import PrivacyBudget
from pellucid.release.clipping import Clipping, clipping_of
from pellucid.release.mechanisms import LARGEST_VECTOR, Noised, gaussian, threshold_counts, too_many_cells
from pellucid.release.plan import BlockPlan, MeasurePlan, ReleasePlan, ThresholdPlan, plan, shown_half_width
from pellucid.release.quantile import quantiles
from pellucid.release.sensitivity import block_sensitivity, clipping_sensitivity, subjects_sensitivity
from pellucid.rewrite.governed import COUNTS, WITHHELD, Block, GovernedQuery, Measure

__all__ = ["ReleasePlan", "ReleasedBlocks", "plan", "release"]

ERROR_SUFFIX = "_error"
_DIGITS = Context(prec=38)


@dataclass(frozen=True, slots=True)
class ReleasedBlocks:
    """Noisy cells by block: the keys, each measure, and `<measure>_error`, its 95 % half-width in its own units.

    Where public cells need a minimum of people, `_withheld` says which have no figures, and why.
    Measures with a scale are DECIMAL(38, scale), others BIGINT. `half_widths` is by (block, measure); `clipping` has
    one entry a block that measures it; `spent` is what the mechanisms cost by OpenDP's maps, rounded up.
    """

    tables: Mapping[str, pa.Table]
    half_widths: Mapping[tuple[str, str], float]
    clipping: tuple[Clipping, ...]
    spent: PrivacyBudget


def release(exact: ExactAnswer, query: GovernedQuery, plan: ReleasePlan) -> ReleasedBlocks:
    """Add the planned noise to every block; blocks whose keys are data keep only the cells above their threshold.

    Raises QueryFailed if there are more cells than may be released, or if the engine's answer is not of the shape that
    the gate declared: then nothing is released.
    """
    drafts = [_release_block(exact.table(block.name), block, plan) for block in query.blocks]
    spent = sum((draft.spent for draft in drafts), PrivacyBudget(0))
    if not plan.cost.covers(spent):
        raise _misshapen("The noise cost more than was reserved.")
    return ReleasedBlocks(
        tables={block.name: draft.table() for block, draft in zip(query.blocks, drafts, strict=True)},
        half_widths={
            (block.name, name): width
            for block, draft in zip(query.blocks, drafts, strict=True)
            for name, width in draft.half_widths.items()
        },
        clipping=tuple(draft.clipping for draft in drafts if draft.clipping is not None),
        spent=spent,
    )


@dataclass(slots=True)
class _Draft:
    """A block's released columns while they are made; `people` are noisy counts by cell, if a measure is these."""

    keys: pa.Table
    measures: dict[str, pa.Array] = field(default_factory=dict)
    half_widths: dict[str, float] = field(default_factory=dict)
    clipping: Clipping | None = None
    people: Sequence[int] | None = None
    withheld: pa.Array | None = None
    spent: PrivacyBudget = field(default_factory=lambda: PrivacyBudget(0))

    def add(self, measure: Measure, values: Sequence[int], sigma: float) -> None:
        self.measures[measure.name] = _column(values, measure)
        if measure.contributors:
            self.people = values
        if measure.grid is None:
            self.half_widths[measure.name] = shown_half_width(measure, sigma)

    def table(self) -> pa.Table:
        rows = self.keys.num_rows
        columns = {name: self.keys.column(name) for name in self.keys.column_names}
        for name, values in self.measures.items():
            columns[name] = self._shown(values)
            if name in self.half_widths:
                columns[name + ERROR_SUFFIX] = self._shown(pa.array([self.half_widths[name]] * rows, pa.float64()))
        if self.withheld is not None:
            columns[WITHHELD] = self.withheld
        return pa.table(columns)

    def _shown(self, values: pa.Array) -> pa.Array:
        if self.withheld is None:
            return values
        return pc.if_else(pc.is_null(self.withheld), values, pa.scalar(None, values.type))


def _release_block(table: pa.Table, block: Block, plan: ReleasePlan) -> _Draft:
    block_plan = plan.block(block.name)
    cells = _sorted_cells(table, block)
    counted: Noised | None = None
    if block_plan.threshold is None:
        if cells.num_rows > LARGEST_VECTOR:  # the number of public cells is public: failing tells nothing
            raise too_many_cells(LARGEST_VECTOR)
        most = block.max_groups if block.is_few else block.max_cells
        if block.keys and cells.num_rows > most:
            raise cells_grew()
        draft = _Draft(_keys(cells, block))
    else:
        cells, counted = _keep_cells(cells, block, block_plan.threshold, plan.max_cells, block_plan.minimum)
        draft = _Draft(_keys(cells, block), spent=counted.spent)
    for measure in block.measures:
        _release_measure(draft, cells, block, measure, block_plan.measure(measure.name), counted)
    _withhold_small(draft, cells, block, block_plan)
    _release_clipping(draft, table, block, block_plan)
    return draft


def _sorted_cells(table: pa.Table, block: Block) -> pa.Table:
    cells = table.filter(pc.equal(table.column("_row"), 0))
    names = [key.name for key in block.keys]
    if not all(
        can_be_a_key(table.schema.field(name).type) for name in names
    ):  # by its type, whether or not it has rows
        raise _misshapen("A group key is neither text, a number, an instant nor a truth value.")
    if not names:
        if cells.num_rows != 1:
            raise _misshapen("A total came back as more or fewer than one cell.")
        return cells
    if cells.num_rows and cells.group_by(names, use_threads=False).aggregate([]).num_rows != cells.num_rows:
        raise _misshapen("A cell came back twice.")
    return cells.sort_by([(name, "ascending") for name in names])


def can_be_a_key(kind: pa.DataType) -> bool:
    """Return whether Arrow can compare and sort values of a type. Where it cannot, it says so only if there are rows,
    and that there are any may be what hides a person.
    """
    told = (
        *(pa.types.is_string, pa.types.is_large_string, pa.types.is_boolean, pa.types.is_null),
        *(pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
        *(pa.types.is_date, pa.types.is_timestamp, pa.types.is_time),
    )
    return any(is_one(kind) for is_one in told)


def _keys(cells: pa.Table, block: Block) -> pa.Table:
    return cells.select([key.name for key in block.keys])


def _keep_cells(
    cells: pa.Table, block: Block, planned: ThresholdPlan, max_cells: int, minimum: int
) -> tuple[pa.Table, Noised]:
    found = threshold_counts(
        _integers(cells, "_subjects"), max_groups=block.max_groups, rho=planned.rho, delta=planned.delta
    )
    counts = {place: count for place, count in found.counts.items() if count >= minimum}
    if len(counts) > max_cells:  # the number of cells kept is itself a released figure
        raise too_many_cells(max_cells)
    kept = cells.take(pa.array(list(counts), pa.int64()))
    return kept, Noised(tuple(counts.values()), found.sigma, found.spent)


def _withhold_small(draft: _Draft, cells: pa.Table, block: Block, block_plan: BlockPlan) -> None:
    """Withhold the figures of public cells with too few people, by the noisy count and never the true one."""
    if not block_plan.minimum or block_plan.threshold is not None:
        return
    people = draft.people
    if people is None:
        sensitivity = subjects_sensitivity(block.max_groups, cells.num_rows)
        counted = gaussian(_integers(cells, "_subjects"), sensitivity=sensitivity, rho=block_plan.people_rho)
        draft.spent += counted.spent
        people = counted.values
    why = f"fewer than {block_plan.minimum:,} people, by a noisy count"
    draft.withheld = pa.array([why if count < block_plan.minimum else None for count in people], pa.string())


def _release_measure(
    draft: _Draft, cells: pa.Table, block: Block, measure: Measure, planned: MeasurePlan, counted: Noised | None
) -> None:
    if planned.from_threshold and counted is not None:
        draft.add(measure, counted.values, counted.sigma)
        return
    sensitivity = block_sensitivity(block, measure, cells.num_rows)
    if measure.grid is not None:
        chosen = quantiles(_weights(cells, measure), measure.grid, sensitivity=sensitivity, rho=planned.rho)
        draft.add(measure, chosen.values, chosen.sigma)
        draft.spent += chosen.spent
        return
    noised = gaussian(_integers(cells, measure.name), sensitivity=sensitivity, rho=planned.rho)
    draft.add(measure, noised.values, noised.sigma)
    draft.spent += noised.spent


def _release_clipping(draft: _Draft, table: pa.Table, block: Block, block_plan: BlockPlan) -> None:
    if not block_plan.clipping_rho:
        return
    row = table.filter(pc.equal(table.column("_row"), 1))
    if row.num_rows != 1:
        raise _misshapen("The row that counts clipped people is missing or came back twice.")
    counts = _integers(row, "_subjects") + _integers(row, "_clipped")
    cells = draft.keys.num_rows if block.keys else 1
    sensitivity = clipping_sensitivity(block, cells)
    noised = gaussian(counts, sensitivity=sensitivity, rho=block_plan.clipping_rho)
    people, clipped = noised.values
    draft.clipping = clipping_of(block, cells, people, clipped, noised.sigma)
    draft.spent += noised.spent


def _integers(table: pa.Table, name: str) -> list[int]:
    column = table.column(name)
    if not pa.types.is_integer(column.type):
        raise _misshapen("A measure did not come back as integers.")
    values: list[int] = pc.fill_null(column, 0).to_pylist()
    return values


def _weights(cells: pa.Table, measure: Measure) -> list[dict[int, int]]:
    """Return for each cell of a quantile what weight of values is at each place of its grid."""
    number = measure.name.removeprefix("m")
    places, weights = (cells.column(f"{letter}{number}").to_pylist() for letter in "hw")
    return [dict(zip(place or (), weight or (), strict=True)) for place, weight in zip(places, weights, strict=True)]


def _column(values: Sequence[int], measure: Measure) -> pa.Array:
    """Return a measure's values in its own units; counts, which may be worked out finer, in whole numbers again."""
    scale = measure.scale
    if scale <= 0:
        return pa.array(values, pa.int64())
    if measure.kind in COUNTS:
        return pa.array([round(Fraction(value, 10**scale)) for value in values], pa.int64())
    return pa.array([Decimal(value).scaleb(-scale, _DIGITS) for value in values], pa.decimal128(38, scale))


def cells_grew() -> QueryFailed:
    """Return the error for public tables that changed after it was looked at what they allow."""
    return QueryFailed(
        "What is public of this question changed while it was answered; nothing was released.",
        code="groups-changed",
        remedy="Ask again.",
    )


def _misshapen(what: str) -> QueryFailed:
    return QueryFailed(
        f"{what} Nothing was released.",
        code="answer-misshapen",
        remedy="Report this with the question's shape from the log: it is a defect in pellucid.",
    )
