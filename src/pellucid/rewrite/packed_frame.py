"""The frame of a block over public cells whose measures are all clamped: the same figures as `block_frame`, cheaper.

Cells are numbered once. Whoever is in at most k of them goes straight to the sums; of the others the first k are kept,
in an order that the salt draws for each of them. For that a person's cell is one whole number, drawn bits in front and
its totals behind, and the k least are taken, without a window over all rows:

    _rows  ->  _totals (_subject, _cell, clamped)  ->  _many (people with more than k)  ->  _lists (their k least)
           ->  _kept (all of the others, and the lists taken apart)  ->  _sums (by cell)  ->  the cells

Numbers of one person differ, since each holds its cell's: k is a hard bound. Where no more than k cells are public
(`is_few`), nobody can be in more, and nothing is to be kept apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pellucid.rewrite.governed import Measure, MeasureKind

_BITS, _FEWEST_DRAWN, _MOST_DRAWN = 62, 12, 24
LARGEST_CELL = 2**61
"""Cells beyond this are cut off; a cut moves no two cells further apart, so the sensitivity holds."""


def capped(total: str) -> str:
    """Return SQL for a sum as a BIGINT, without an error that would tell whether the exact one is beyond it."""
    whole = f"COALESCE({total}, 0)"  # LEAST and GREATEST skip NULL
    return f"CAST(LEAST(GREATEST({whole}, -{LARGEST_CELL}), {LARGEST_CELL}) AS BIGINT)"


def can_be_packed(measures: Sequence[Measure], most_cells: int) -> bool:
    """Return whether a person's totals in a cell are all clamped there, and fit into one number with its draw."""
    plain = all(
        measure.norm is None
        and measure.by is None
        and measure.grid is None
        and measure.kind is not MeasureKind.DISTINCT
        for measure in measures
    )
    return plain and bool(measures) and _drawn_bits(measures, most_cells) >= _FEWEST_DRAWN


def packed_sql(
    names: Sequence[str],
    measures: Sequence[Measure],
    totals: Sequence[str],
    limit: int,
    *,
    most_cells: int,
    is_few: bool,
    reports: bool,
    salt: str,
) -> str:
    """Return what follows the rows and the public cells: more CTEs and the final SELECT. `totals` is SQL by measure."""
    keys = ", ".join(names)
    with_ = [
        f"_order AS MATERIALIZED (SELECT {keys}, ROW_NUMBER() OVER (ORDER BY {keys}) AS _cell FROM _cells)",  # noqa: S608
        f"_totals AS MATERIALIZED ({_totals(names, measures, totals, reports)})",
    ]
    if reports:
        cut = f", COUNT(*) > {limit} AS _through, BOOL_OR(_cut) AS _cut"
        with_.append(f"_people AS MATERIALIZED (SELECT _subject{cut} FROM _totals GROUP BY _subject)")  # noqa: S608
    if not is_few:
        many = "SELECT _subject FROM _people WHERE _through"
        counted = f"SELECT _subject FROM _totals GROUP BY _subject HAVING COUNT(*) > {limit}"  # noqa: S608
        packed = _packed(measures, most_cells, salt)
        with_.append(f"_many AS MATERIALIZED ({many if reports else counted})")
        with_.append(
            f"_lists AS (SELECT MIN({packed}, {limit}) AS _least FROM _totals "  # noqa: S608
            "SEMI JOIN _many USING (_subject) GROUP BY _subject)"
        )
        with_.append(f"_kept AS ({_kept(measures, most_cells)})")
    with_.append(f"_sums AS ({_sums(measures, '_totals' if is_few else '_kept')})")
    shown = "".join(f", _order.{name} AS {name}" for name in names)
    out = "".join(f", COALESCE(_sums.m{place}, 0) AS m{place}" for place in range(len(measures)))
    out += ", 0 AS _clipped" if reports else ""
    cells = (
        f"SELECT 0 AS _row{shown}, COALESCE(_sums._subjects, 0) AS _subjects{out} "  # noqa: S608
        "FROM _order LEFT JOIN _sums ON _order._cell = _sums._cell"
    )
    return f"{', '.join(with_)} {cells}{_report(names, measures) if reports else ''}"


def _width(measure: Measure) -> int:
    return measure.upper - measure.lower + 1


def _size(measures: Sequence[Measure]) -> int:
    """Return in how many ways a person's totals in a cell can turn out."""
    return math.prod(_width(measure) for measure in measures)


def _drawn_bits(measures: Sequence[Measure], most_cells: int) -> int:
    """Return how many bits are left for the draw, in front of the cell's number and the totals."""
    return min(_MOST_DRAWN, _BITS - ((most_cells + 1) * _size(measures)).bit_length())


def _totals(names: Sequence[str], measures: Sequence[Measure], totals: Sequence[str], reports: bool) -> str:
    clamped = "".join(
        f", CAST(LEAST(GREATEST(COALESCE({total}, 0), {measure.lower}), {measure.upper}) AS BIGINT) AS m{place}"
        for place, (measure, total) in enumerate(zip(measures, totals, strict=True))
    )
    cut = " OR ".join(
        f"COALESCE({total}, 0) < {measure.lower} OR COALESCE({total}, 0) > {measure.upper}"
        for measure, total in zip(measures, totals, strict=True)
    )
    same = " AND ".join(f"_rows.{name} = _order.{name}" for name in names)
    return (
        f"SELECT _rows._subject, _order._cell{clamped}{f', {cut} AS _cut' if reports else ''} "  # noqa: S608
        f"FROM _rows JOIN _order ON {same} GROUP BY _rows._subject, _order._cell"
    )


def _packed(measures: Sequence[Measure], most_cells: int, salt: str) -> str:
    """Return a person's cell as one number: the draw, the cell, the totals."""
    drawn = f"CAST(HASH(_cell, _subject, ${salt}) % {2 ** _drawn_bits(measures, most_cells)} AS BIGINT)"
    packed = f"({drawn} * {most_cells + 1} + _cell)"
    for place, measure in enumerate(measures):
        packed = f"({packed} * {_width(measure)} + (m{place} - {measure.lower}))"
    return packed


def _kept(measures: Sequence[Measure], most_cells: int) -> str:
    apart, rest = [], 1
    for place in reversed(range(len(measures))):
        measure = measures[place]
        apart.append(f"_one // {rest} % {_width(measure)} + {measure.lower} AS m{place}")
        rest *= _width(measure)
    listed = ", ".join(f"m{place}" for place in range(len(measures)))
    return (
        f"SELECT _cell, {listed} FROM _totals ANTI JOIN _many USING (_subject) UNION ALL "  # noqa: S608
        f"SELECT _one // {rest} % {most_cells + 1} AS _cell, {', '.join(reversed(apart))} "
        "FROM (SELECT UNNEST(_least) AS _one FROM _lists) AS _ones"
    )


def _sums(measures: Sequence[Measure], table: str) -> str:
    sums = "".join(f", {capped(f'SUM(m{place})')} AS m{place}" for place in range(len(measures)))
    return f"SELECT _cell, COUNT(*) AS _subjects{sums} FROM {table} GROUP BY _cell"  # noqa: S608


def _report(names: Sequence[str], measures: Sequence[Measure]) -> str:
    """Return the row that tells how many people there are, and how many of them were clipped."""
    nothing = "".join(f", NULL AS {name}" for name in names)
    rest = "".join(f", 0 AS m{place}" for place in range(len(measures)))
    clipped = "CAST(COALESCE(SUM(CASE WHEN _through OR _cut THEN 1 ELSE 0 END), 0) AS BIGINT) AS _clipped"
    return f" UNION ALL SELECT 1 AS _row{nothing}, COUNT(*) AS _subjects{rest}, {clipped} FROM _people"  # noqa: S608
