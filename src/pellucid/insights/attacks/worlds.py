"""A released answer by noise, and worlds that differ in one person: the real ones, and ones with a made-up person who
moves every figure as far as the bounds allow. What was released is scored by how much likelier one world makes it.

Everything in here is exact and unreleased but `Seen`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pellucid.engines.exact import ExactAnswer
from pellucid.release.judged import values_of
from pellucid.release.plan import BlockPlan, ReleasePlan
from pellucid.release.private import release
from pellucid.release.sensitivity import block_sensitivity, groups_touched
from pellucid.rewrite.governed import Block, GovernedQuery, Measure

Numbers = NDArray[np.float64]
CERTAIN = 60.0
"""The score of what only one of two worlds can show."""

_PEOPLE = "_subjects"
_SLACK = 1 + 1e-9


@dataclass(frozen=True, slots=True)
class Sheet:
    """A block's exact cells in one world: as the release rule takes them, and as numbers (a cell a row)."""

    table: pa.Table = field(repr=False)
    people: Numbers = field(repr=False)
    figures: Numbers = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a block showed: which cells, and their figures (0 where a cell is missing)."""

    there: NDArray[np.bool_]
    figures: Numbers


@dataclass(frozen=True, slots=True)
class Bench:
    """A block with its plan, the measures that are scored (all but quantiles), their sigmas, and its cells by keys."""

    block: Block
    plan: BlockPlan
    measures: tuple[Measure, ...]
    sigmas: Numbers
    places: Mapping[tuple[Any, ...], int] = field(repr=False)

    @classmethod
    def of(cls, block: Block, plan: ReleasePlan, exact: pa.Table) -> Bench:
        """Return the bench for an exact block as it is with everybody."""
        measures = tuple(measure for measure in block.measures if measure.grid is None)
        sigmas = np.array([plan.block(block.name).measure(each.name).sigma for each in measures], np.float64)
        cells = exact.filter(pc.equal(exact.column("_row"), 0))
        return cls(block, plan.block(block.name), measures, sigmas, {k: n for n, k in enumerate(_keys(cells, block))})

    @property
    def usable(self) -> bool:
        """Whether anything of it can be scored, which follows from the question: that it has no cell tells of data."""
        return bool(self.measures) or self.plan.threshold is not None

    def sheet(self, exact: pa.Table) -> Sheet:
        """Return an exact block of a world as a sheet; cells that nobody is in there count as nothing."""
        cells = exact.filter(pc.equal(exact.column("_row"), 0))
        places = [self.places[key] for key in _keys(cells, self.block)]
        people, figures = np.zeros(len(self.places)), np.zeros((len(self.places), len(self.measures)))
        people[places] = _numbers(cells, _PEOPLE)
        for column, measure in enumerate(self.measures):
            figures[places, column] = _numbers(cells, measure.name)
        return Sheet(exact, people, figures)

    def moved(self, sheet: Sheet, people: Numbers, figures: Numbers) -> Sheet:
        """Return a sheet with something added to its cells; of keys that are data, cells without people go."""
        table = sheet.table.filter(pc.equal(sheet.table.column("_row"), 0))
        rest = sheet.table.filter(pc.not_equal(sheet.table.column("_row"), 0))
        places = [self.places[key] for key in _keys(table, self.block)]
        people, figures = sheet.people + people, sheet.figures + figures
        named = {_PEOPLE: people} | {each.name: figures[:, n] for n, each in enumerate(self.measures)}
        for name, values in named.items():
            whole = pa.array(np.rint(values[places]).astype(np.int64)).cast(table.schema.field(name).type)
            table = table.set_column(table.column_names.index(name), name, whole)
        if self.plan.threshold is not None:
            table = table.filter(pc.greater(table.column(_PEOPLE), 0))
        return Sheet(pa.concat_tables([table, rest]), people, figures)

    def made_up(self, sheet: Sheet, pick: random.Random) -> Sheet:
        """Return a sheet with one person more, who is in as many cells as one can be and brings the most to each."""
        cells = len(self.places)
        if not cells:
            return sheet
        groups, times = _exposed(self.block, cells)
        chosen = pick.sample(range(cells), groups)
        people, figures = np.zeros(cells), np.zeros((cells, len(self.measures)))
        people[chosen] = 1
        for column, measure in enumerate(self.measures):
            figures[chosen, column] = _most(measure, groups) * times
        return self.moved(sheet, people, figures)

    def too_far(self, one: Sheet, other: Sheet) -> bool:
        """Return whether two sheets that differ in a person differ by more than one may move them."""
        cells = None if self.plan.threshold is not None else len(self.places)
        figures = np.linalg.norm(one.figures - other.figures, axis=0)
        most = [block_sensitivity(self.block, each, cells) * _SLACK for each in self.measures]
        if self.block.ranked is not None:
            return bool(np.any(figures > most))
        groups = groups_touched(self.block.max_groups, cells)
        return bool(np.any(figures > most)) or float(np.abs(one.people - other.people).sum()) > groups

    def seen(self, table: pa.Table) -> Seen:
        """Return what a released block shows."""
        there, figures = np.zeros(len(self.places), np.bool_), np.zeros((len(self.places), len(self.measures)))
        places = [self.places[key] for key in _keys(table, self.block)]
        there[places] = True
        for column, measure in enumerate(self.measures):
            figures[places, column] = _numbers(table, measure.name) * 10.0**measure.scale
        return Seen(there, figures)

    def score(self, seen: Seen, without: Sheet, with_: Sheet) -> float:
        """Return the logarithm of how much likelier what was seen is with the person than without."""
        step, middle = with_.figures - without.figures, (with_.figures + without.figures) / 2
        spread = np.where(self.sigmas > 0, self.sigmas, np.inf) ** 2
        found = float((((seen.figures - middle) * step / spread) * seen.there[:, None]).sum())
        threshold = self.plan.threshold
        if threshold is None:
            return found
        counted = any(measure.contributors for measure in self.measures)
        for cell in np.flatnonzero(with_.people != without.people):
            more, fewer = with_.people[cell], without.people[cell]
            if not seen.there[cell]:
                found += _log_below(threshold.threshold, more, threshold.sigma)
                found -= _log_below(threshold.threshold, fewer, threshold.sigma)
            elif min(more, fewer) <= 0:
                found += CERTAIN if more > fewer else -CERTAIN
            elif not counted:
                found += _log_below(-threshold.threshold, -more, threshold.sigma)
                found -= _log_below(-threshold.threshold, -fewer, threshold.sigma)
        return found


def released(governed: GovernedQuery, plan: ReleasePlan, tables: Mapping[str, pa.Table]) -> Mapping[str, pa.Table]:
    """Draw an answer as the product does; raises QueryFailed."""
    return release(ExactAnswer(tables, replica_version=0), governed, plan).tables


def _exposed(block: Block, cells: int) -> tuple[int, int]:
    """Return in how many cells somebody is who moves figures the most, and how often they bring the bound to each."""
    ranked = block.ranked
    if ranked is None:
        return groups_touched(block.max_groups, cells), 1
    times = ranked.rows * (1 if ranked.apart else ranked.months)
    if ranked.by is not None:
        return cells, times
    return (min(ranked.months, cells) if ranked.apart else 1), times


def _most(measure: Measure, groups: int) -> float:
    if measure.norm is not None:
        return float(math.floor(measure.norm / math.sqrt(groups)))
    return float(measure.upper if abs(measure.upper) >= abs(measure.lower) else measure.lower)


def _log_below(limit: float, count: float, sigma: float) -> float:
    """Return the logarithm of the chance that a noisy count is below a limit."""
    chance = 0.5 * math.erfc((count - limit) / (sigma * math.sqrt(2))) if sigma > 0 else float(count < limit)
    return math.log(max(chance, 1e-300))


def _keys(table: pa.Table, block: Block) -> Sequence[tuple[Any, ...]]:
    columns = [values_of(table.column(key.name)) for key in block.keys]
    return list(zip(*columns, strict=True)) if columns else [()] * table.num_rows


def _numbers(table: pa.Table, name: str) -> Numbers:
    column = table.column(name)
    if not pa.types.is_integer(column.type):
        column = column.cast(pa.float64())
    found: Numbers = pc.fill_null(column, 0).to_numpy().astype(np.float64)
    return found
