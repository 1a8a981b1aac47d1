"""The SQL around the rows of a block: totals a person and cell, at most k cells a person, clamped, summed over people.

    _rows (_subject, k0, a0)  ->  _totals  ->  _kept (at most k cells)  ->  _bounded (clamped)  ->  the cells

Nothing of what an analyst typed stands in it, only generated names, whole numbers and the salt: `recheck` goes through
it word by word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pellucid.rewrite.governed import GovernedRows, GroupKey, Measure
from pellucid.rewrite.measures import Measures

LARGEST_CELL = 2**61
"""Cells beyond this are cut off; a cut moves no two cells further apart, so the sensitivity holds."""


SALT = "_salt"
"""The parameter with the secret that decides which cells of a person are kept."""


def block_sql(governed: Mapping[GovernedRows, str], rows: str, cells: str | None, frame: str) -> str:
    """Put a block together: the governed rows with their texts, the rows, the public cells, and what `frame_sql` made.

    NOT MATERIALIZED lets the engine plan each as if it stood where its name does.
    """
    with_ = [f"{source.name} AS NOT MATERIALIZED ({text})" for source, text in governed.items()]
    with_.append(f"_rows AS ({rows})")
    if cells is not None:
        with_.append(f"_cells AS ({cells})")
    return f"WITH {', '.join(with_)}, {frame}"


def frame_sql(keys: Sequence[GroupKey], measures: Measures, limit: int, *, public: bool, reports: bool) -> str:
    """Return what follows the rows (and the public cells, if there are any): three more CTEs and the final SELECT."""
    names = [key.name for key in keys]
    chosen = list(measures.found.values())
    with_ = [f"_totals AS ({_totals(names, measures, public)})", f"_kept AS ({_kept(names, limit)})"]
    with_.append(f"_bounded AS {'MATERIALIZED ' if reports else ''}({_bounded(names, chosen, limit)})")
    return f"{', '.join(with_)} {_cells_out(names, chosen, public, reports)}"


def _totals(names: Sequence[str], measures: Measures, public: bool) -> str:
    keys = "".join(f", _rows.{name}" for name in names)
    totals = "".join(
        f", COALESCE(CAST({total} AS HUGEINT), 0) AS t{position}" for position, total in enumerate(measures.totals)
    )
    join = " JOIN _cells ON " + " AND ".join(f"_rows.{name} = _cells.{name}" for name in names) if public else ""
    return f"SELECT _rows._subject{keys}{totals} FROM _rows{join} GROUP BY _rows._subject{keys}"  # noqa: S608


def _kept(names: Sequence[str], limit: int) -> str:
    if not names:
        return "SELECT *, 1 AS _groups FROM _totals"
    order = f"HASH({', '.join(names)}, ${SALT}), {', '.join(names)}"
    counted = "SELECT *, COUNT(*) OVER (PARTITION BY _subject) AS _groups FROM _totals"
    return f"{counted} QUALIFY ROW_NUMBER() OVER (PARTITION BY _subject ORDER BY {order}) <= {limit}"


def _bounded(names: Sequence[str], measures: Sequence[Measure], limit: int) -> str:
    keys = "".join(f", {name}" for name in names)
    clamped = "".join(f", {_clamp(position, measure)} AS m{position}" for position, measure in enumerate(measures))
    values = "".join(f", m{position}" for position in range(len(measures)))
    moved = "".join(f" OR t{position} <> m{position}" for position in range(len(measures)))
    inside = f"SELECT *{clamped} FROM _kept"  # noqa: S608
    return f"SELECT _subject{keys}{values}, _groups > {limit}{moved} AS _clipped FROM ({inside}) AS _clamped"  # noqa: S608


def _clamp(position: int, measure: Measure) -> str:
    total = f"LEAST(GREATEST(t{position}, {measure.lower}), {measure.upper})"
    if measure.norm is None:
        return f"CAST({total} AS BIGINT)"
    squares = f"SUM(CAST({total} AS DOUBLE) * CAST({total} AS DOUBLE)) OVER (PARTITION BY _subject)"
    share = f"LEAST(1, {measure.norm} / SQRT(GREATEST({squares}, 1)))"
    return f"CAST(TRUNC(CAST({total} AS DOUBLE) * {share}) AS BIGINT)"


def _cells_out(names: Sequence[str], measures: Sequence[Measure], public: bool, reports: bool) -> str:
    table = "_cells" if public else "_bounded"
    keys = "".join(f", {table}.{name} AS {name}" for name in names)
    sums = "".join(f", {_cell(f'_bounded.m{p}')} AS m{p}" for p in range(len(measures)))
    source = "_bounded"
    if public:
        same = " AND ".join(f"_cells.{name} = _bounded.{name}" for name in names)
        source = f"_cells LEFT JOIN _bounded ON {same}"
    group = " GROUP BY " + ", ".join(f"{table}.{name}" for name in names) if names else ""
    cells = f"SELECT 0 AS _row{keys}, COUNT(_bounded._subject) AS _subjects{sums} FROM {source}{group}"  # noqa: S608
    if not reports:
        return cells
    nothing = "".join(f", NULL AS {name}" for name in names)
    rest = "".join(f", 0 AS m{p}" for p in range(1, len(measures)))
    people = "SELECT _subject, BOOL_OR(_clipped) AS _clipped FROM _bounded GROUP BY _subject"
    clipped = "COALESCE(SUM(CASE WHEN _clipped THEN 1 ELSE 0 END), 0)"
    return (
        f"{cells} UNION ALL SELECT 1 AS _row{nothing}, COUNT(*) AS _subjects, "  # noqa: S608
        f"CAST({clipped} AS BIGINT) AS m0{rest} FROM ({people}) AS _people"
    )


def _cell(measure: str) -> str:
    """Sum a measure without an error that would tell whether the exact total is beyond BIGINT."""
    total = f"COALESCE(SUM({measure}), 0)"  # LEAST and GREATEST skip NULL
    return f"CAST(LEAST(GREATEST({total}, -{LARGEST_CELL}), {LARGEST_CELL}) AS BIGINT)"
