"""An exact block as cells, and whether each figure in them tells of enough people: the first two rules of `suppress`.

Everything here is exact and unreleased: nothing of it is printed, stored or raised. Pure, Arrow in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

import pyarrow as pa

from pellucid.policy.model import SuppressedRule
from pellucid.rewrite.governed import BUCKETS, CELLS, COMBINATIONS, FIGURES, PRINTS, Block


class Withheld(StrEnum):
    """Why a cell has no figures."""

    TOO_FEW = "too-few-people"
    DOMINATED = "one-dominates"
    COMPLEMENT = "complement"
    CHANGED = "changed-by-too-few"


@dataclass(frozen=True, slots=True)
class Figure:
    """A whole number, the people who bring anything but nothing to it, the most that one brings, and what all bring."""

    total: int
    people: int
    largest: int
    weight: int


@dataclass(slots=True)
class Cell:
    """One cell with all that is known of it. `combinations` are (people, figures) of each combination of atoms."""

    keys: tuple[Any, ...]
    people: int = 0
    figures: dict[int, Figure] = field(default_factory=dict)
    combinations: list[Figure] = field(default_factory=list)
    occupied: list[int] = field(default_factory=list)
    differences: list[Figure] = field(default_factory=list)
    sketch: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def __repr__(self) -> str:
        return "Cell(withheld)"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a purpose's rule, exact."""

    minimum: int
    share: Fraction

    @classmethod
    def of(cls, rule: SuppressedRule) -> Limits:
        """Return the limits of a rule."""
        return cls(rule.minimum, Fraction(rule.largest_share))

    def too_few(self, people: int) -> bool:
        """Return whether a number of people is too small to be told of."""
        return people < self.minimum

    def dominated(self, largest: int, weight: int) -> bool:
        """Return whether one person brings too much of what all bring."""
        return weight > 0 and largest > self.share * weight


def cells_of(table: pa.Table, block: Block) -> list[Cell]:
    """Return the cells of an exact block: those that people are in, and public ones that nobody is in."""
    names = [key.name for key in block.keys]
    columns = [values_of(table.column(name)) for name in names]
    keys: Sequence[tuple[Any, ...]] = list(zip(*columns, strict=True)) if names else [()] * table.num_rows
    told = (table.column(name).to_pylist() for name in ("_row", "_measure", "_figure", "_subjects"))
    rest = (table.column(name).to_pylist() for name in ("_largest", "_weight", "_bucket", "_print"))
    found: dict[tuple[Any, ...], Cell] = {}
    for key, row, measure, figure, people, largest, weight, bucket, printed in zip(keys, *told, *rest, strict=True):
        cell = found.get(key)
        if cell is None:
            cell = found[key] = Cell(key)
        if row == PRINTS:
            cell.sketch[bucket] ^= printed
        elif row != CELLS:
            _take(cell, row, measure, people, figure, largest, weight)
    return list(found.values())


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """Return a column's values; dates and instants that Python has none for are the whole numbers that Arrow holds."""
    try:
        found: list[Any] = column.to_pylist()
    except (OverflowError, ValueError):
        found = [_value(each) for each in column]
    return found


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        return scalar.value


def _take(cell: Cell, row: int, measure: int, people: int, total: str, largest: str, weight: str) -> None:
    if measure < 0:
        if row == FIGURES:
            cell.people = people
        else:
            cell.occupied.append(people)
        return
    figure = Figure(int(total), people, int(largest), int(weight))
    if row == FIGURES:
        cell.figures[measure] = figure
    elif row == COMBINATIONS:
        cell.combinations.append(figure)
    else:
        cell.differences.append(figure)


def judge(cell: Cell, block: Block, limits: Limits) -> Withheld | None:
    """Return why a cell may not be shown as it stands; None if nothing is against it.

    Rule 1: each measure has the minimum of contributors, and nobody brings more than the largest share of it.
    Rule 2: so has each of its parts that a condition in a measure marks off, unless nobody is in that part.
    A difference between two measures is judged like such a part.
    """
    if not cell.people:
        return Withheld.TOO_FEW
    asked = [cell.figures[place] for place in _places(block, shown=True)]
    unseen = [cell.figures[place] for place in _places(block, shown=False)]
    parts = [*unseen, *cell.combinations, *cell.differences]
    if any(map(limits.too_few, (cell.people, *cell.occupied))):
        return Withheld.TOO_FEW
    if any(limits.too_few(figure.people) for figure in asked):
        return Withheld.TOO_FEW
    if any(figure.people and limits.too_few(figure.people) for figure in parts):
        return Withheld.TOO_FEW
    if any(limits.dominated(figure.largest, figure.weight) for figure in (*asked, *parts)):
        return Withheld.DOMINATED
    return None


def together_fine(hidden: Sequence[Cell], hiding: Sequence[Cell], block: Block, limits: Limits) -> bool:
    """Return whether cells taken together would pass rule 1, whoever of the people in them is in several; measures to
    which the hidden ones bring nothing do not count.

    People are counted once over all cells, and what the largest of each cell bring is taken for one person's: on the
    safe side. Where nobody can be in two cells (`max_groups` is 1), both are exact.
    """
    apart = block.max_groups == 1
    count: Callable[[Iterable[int]], int] = sum if apart else max
    most: Callable[[Iterable[int]], int] = max if apart else sum
    cells = [*hidden, *hiding]
    if limits.too_few(count(cell.people for cell in cells)):
        return False
    for place in _places(block):
        if not any(place in cell.figures and cell.figures[place].weight for cell in hidden):
            continue
        figures = [cell.figures[place] for cell in cells if place in cell.figures]
        if limits.too_few(count(figure.people for figure in figures)):
            return False
        largest = most(figure.largest for figure in figures)
        if limits.dominated(largest, sum(figure.weight for figure in figures)):
            return False
    return True


def _places(block: Block, *, shown: bool | None = None) -> Iterable[int]:
    """Return the positions of measures with figures of their own; of those asked for, or of the others, if said so."""
    for place, measure in enumerate(block.measures):
        if not measure.parts and shown in (None, measure.shown):
            yield place
