"""The frame that spreads people over the norms that they bring to a block, for a norm to be drawn privately.

    _rows  ->  _totals  ->  _kept (at most k cells)  ->  _normed (_subject, f0)  ->  _spread0 (people at each place)

A place stands for a norm: the last one for the largest that is declared, each before it for less by the same factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pellucid.rewrite.governed import OCTAVE, WEIGHT, Grid, Measure, MeasureKind

OCTAVES = 20
"""The least norm that can be drawn is a millionth of the declared one; norms are 9 % apart."""


def drawn_measures(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """Return for each measure whose norm is drawn the quantile that draws it, of at most one value a person."""
    return tuple(
        replace(
            measure,
            kind=MeasureKind.QUANTILE,
            title=f"norm of {measure.title}",
            lower=0,
            upper=1,
            norm=None,
            drawn=False,
            most=None,
            grid=_grid(measure.norm),
        )
        for measure in measures
        if measure.drawn and measure.norm is not None
    )


def _grid(norm: int) -> Grid:
    return Grid(max(1, norm >> OCTAVES), max(1, norm), OCTAVES * OCTAVE, 1, 1, above=1, geometric=True)


def caps_sql(before: Sequence[str], measures: Sequence[Measure]) -> str:
    """Return the frame after the CTEs `before` that end with `_kept`; `measures` as `drawn_measures` returns them."""
    norms = ", ".join(f"{_norm(measure.name[1:])} AS f{measure.name[1:]}" for measure in measures)
    with_ = [*before, f"_normed AS MATERIALIZED (SELECT _subject, {norms} FROM _kept GROUP BY _subject)"]  # noqa: S608
    with_ += [f"_spread{measure.name[1:]} AS ({_spread(measure)})" for measure in measures]
    out = "".join(f", 0 AS m{n}, _spread{n}.h{n}, _spread{n}.w{n}" for n in (each.name[1:] for each in measures))
    tables = [f"_spread{measure.name[1:]}" for measure in measures]
    joined = " ".join([tables[0], *(f"JOIN {table} ON 1 = 1" for table in tables[1:])])
    return f"{', '.join(with_)} SELECT 0 AS _row, 0 AS _subjects{out} FROM {joined}"  # noqa: S608


def _norm(number: str) -> str:
    return f"SQRT(SUM(CAST(t{number} AS DOUBLE) * CAST(t{number} AS DOUBLE)))"


def _spread(measure: Measure) -> str:
    """List the places where there are people, and what weight of them is there."""
    number, grid = measure.name[1:], measure.grid
    if grid is None:
        raise LookupError("a norm that is drawn has a grid")
    place = f"CEIL(LOG2(GREATEST(f{number}, {grid.lower}) / {grid.upper}) * {OCTAVE}) + {grid.steps}"
    people = (
        f"SELECT CAST(LEAST(GREATEST({place}, 0), {grid.steps}) AS BIGINT) AS _place, COUNT(*) * {WEIGHT} AS _weight "  # noqa: S608
        "FROM _normed GROUP BY _place"
    )
    lists = ", ".join(
        f"LIST({each} ORDER BY _place) AS {name}{number}" for each, name in (("_place", "h"), ("_weight", "w"))
    )
    return f"SELECT {lists} FROM ({people}) AS _people"  # noqa: S608
