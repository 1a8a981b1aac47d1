"""The SQL around the rows of a block: totals a person and cell, at most k cells a person, clamped, summed over people.

    _rows (_subject, k0, a0)  ->  _totals  ->  _kept (at most k cells)  ->  _bounded (clamped)  ->  the cells

Distinct values and quantiles look at single values, so each has a table of its own over the kept cells, joined at last:

    _rows, _bounded  ->  _seen2 (k0, f2: distinct values), _spread3 (k0, h3: places, w3: weights)

Nothing of what an analyst typed stands in it, only generated names, whole numbers and the salt: `recheck` goes through
it word by word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pellucid.rewrite.caps_frame import caps_sql, drawn_measures
from pellucid.rewrite.governed import WEIGHT, GovernedRows, GroupKey, Measure, MeasureKind, RankFilter
from pellucid.rewrite.measure_bounds import Single
from pellucid.rewrite.measures import Measures
from pellucid.rewrite.packed_frame import can_be_packed, capped, packed_sql

SALT = "_salt"
"""The parameter with the secret that decides which cells and which distinct values of a person are kept."""


def block_sql(governed: Mapping[GovernedRows, str], rows: str, cells: str | None, frame: str) -> str:
    """Put a block together: the governed rows with their texts, the rows, the public cells, and what `frame_sql` made.

    NOT MATERIALIZED lets the engine plan each as if it stood where its name does.
    """
    with_ = [f"{source.name} AS NOT MATERIALIZED ({text})" for source, text in governed.items()]
    with_.append(f"_rows AS ({rows})")
    if cells is not None:
        with_.append(f"_cells AS ({cells})")
    return f"WITH {', '.join(with_)}, {frame}"


def frame_sql(
    keys: Sequence[GroupKey],
    measures: Measures,
    limit: int,
    *,
    most_cells: int,
    public: bool,
    reports: bool,
    is_few: bool = False,
) -> str:
    """Return what follows the rows (and the public cells, of which there are at most `most_cells`, if there are any):
    more CTEs and the final SELECT. `is_few` says that no more cells are public than one person may be in.
    """
    names = [key.name for key in keys]
    chosen = list(measures.found.values())
    if public and can_be_packed(chosen, most_cells):
        return packed_sql(
            names,
            chosen,
            measures.totals,
            limit,
            most_cells=most_cells,
            is_few=is_few,
            reports=reports,
            salt=SALT,
        )
    joined = [f"{name} AS ({sql})" for name, sql in _tables_of_values(names, chosen)]
    with_ = [f"_totals AS ({_totals(names, measures, public)})", f"_kept AS ({_kept(names, limit)})"]
    often = "MATERIALIZED " if reports or joined else ""
    with_ += [f"_bounded AS {often}({_bounded(names, chosen, limit)})", *joined]
    cells = _with_values(names, chosen, _cells_out(names, chosen, public), reports) if joined else ""
    out = cells or _cells_out(names, chosen, public, clipped=reports)
    return f"{', '.join(with_)} {out}{_report(names, chosen) if reports else ''}"


def caps_frame(keys: Sequence[GroupKey], measures: Measures, limit: int, *, public: bool) -> str:
    """Return the frame that finds what norms people bring, for those measures whose norm is drawn."""
    names = [key.name for key in keys]
    before = [f"_totals AS ({_totals(names, measures, public)})", f"_kept AS ({_kept(names, limit)})"]
    return caps_sql(before, drawn_measures(list(measures.found.values())))


def ranked_sql(keys: Sequence[GroupKey], ones: Sequence[Single], rank: RankFilter, *, public: bool) -> str:
    """Return what follows the rows where the stored rank bounds: sums of clamped rows by cell.

    `ones` is what one row adds to each measure. With a marked rank a last row counts the rows
    ranked first (`_subjects`) and those ranked just beyond the bound (`_clipped`).
    """
    names = [key.name for key in keys]
    sums = "".join(f", {_added_up(one, rank)} AS t{position}" for position, one in enumerate(ones))
    counted = ", COUNT(CASE WHEN _rows._turn = 0 THEN 1 END) AS _subjects" if rank.marked else ""
    counted += f", COUNT(CASE WHEN _rows._turn = {rank.rows} THEN 1 END) AS _clipped" if rank.marked else ""
    chosen = _list(names, "_rows.").removeprefix(", ")
    listed = f"{chosen}{sums}{counted}".removeprefix(", ")
    group = f" GROUP BY {chosen}" if names else ""
    often = "MATERIALIZED " if rank.marked else ""
    out = "".join(f", {capped(f'_summed.t{p}')} AS m{p}" for p in range(len(ones)))
    out += ", 0 AS _clipped" if rank.marked else ""
    source, same = "_summed", ""
    if public:
        same = " AND ".join(f"_cells.{name} = _summed.{name}" for name in names)
        source = f"_cells LEFT JOIN _summed ON {same}"
    shown = "".join(f", _cells.{name} AS {name}" for name in names)
    cells = f"SELECT 0 AS _row{shown}, 0 AS _subjects{out} FROM {source}"  # noqa: S608
    report = ""
    if rank.marked:
        nothing = "".join(f", NULL AS {name}" for name in names)
        rest = "".join(f", 0 AS m{position}" for position in range(len(ones)))
        told = ", ".join(
            f"CAST(COALESCE(SUM({name}), 0) AS BIGINT) AS {name}{rest if name == '_subjects' else ''}"
            for name in ("_subjects", "_clipped")
        )
        within = f"_cells JOIN _summed ON {same}" if public else "_summed"  # rows of no public cell are not bounded
        report = f" UNION ALL SELECT 1 AS _row{nothing}, {told} FROM {within}"  # noqa: S608
    return f"_summed AS {often}(SELECT {listed} FROM _rows{group}) {cells}{report}"  # noqa: S608


def _added_up(one: Single, rank: RankFilter) -> str:
    """Return what all rows that count add to a measure."""
    parts = [f"_rows._turn < {rank.rows}"] if rank.marked else []
    if one.counted:
        within = f"CASE WHEN {parts[0]} THEN {one.sql} END" if parts else one.sql
        return f"COUNT({within})"
    if one.lower:  # LEAST and GREATEST skip NULL, which then adds the lower end; 0 adds nothing
        parts.append(f"NOT {one.sql} IS NULL")
    clamped = f"LEAST(GREATEST({one.sql}, {one.lower}), {one.upper})"
    return f"SUM(CASE WHEN {' AND '.join(parts)} THEN {clamped} END)" if parts else f"SUM({clamped})"


def needs_salt(keys: Sequence[GroupKey], measures: Sequence[Measure]) -> bool:
    """Return whether a block's frame draws by the salt."""
    return bool(keys) or any(measure.kind is MeasureKind.DISTINCT for measure in measures)


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
    order = f"HASH({', '.join(names)}, _subject, ${SALT}), {', '.join(names)}"
    counted = "SELECT *, COUNT(*) OVER (PARTITION BY _subject) AS _groups FROM _totals"
    return f"{counted} QUALIFY ROW_NUMBER() OVER (PARTITION BY _subject ORDER BY {order}) <= {limit}"


def _bounded(names: Sequence[str], measures: Sequence[Measure], limit: int) -> str:
    keys = "".join(f", {name}" for name in names)
    alone = [(position, measure) for position, measure in enumerate(measures) if measure.by is None]
    clamped = "".join(f", {_clamp(position, measure)} AS m{position}" for position, measure in alone)
    values = "".join(f", {_value(position, measure)}" for position, measure in enumerate(measures))
    moved = "".join(f" OR t{position} <> m{position}" for position, _ in alone)
    inside = f"SELECT *{clamped} FROM _kept"  # noqa: S608
    return f"SELECT _subject{keys}{values}, _groups > {limit}{moved} AS _clipped FROM ({inside}) AS _clamped"  # noqa: S608


def _clamp(position: int, measure: Measure) -> str:
    norm = f"$_cap{position}" if measure.drawn else measure.norm
    ends = (f"-{norm}", norm) if measure.drawn else (measure.lower, measure.upper)
    total = f"LEAST(GREATEST(t{position}, {ends[0]}), {ends[1]})"
    if measure.norm is None:
        return f"CAST({total} AS BIGINT)"
    squares = f"SUM(CAST({total} AS DOUBLE) * CAST({total} AS DOUBLE)) OVER (PARTITION BY _subject)"
    share = f"LEAST(1, {norm} / SQRT(GREATEST({squares}, 1)))"
    return f"CAST(TRUNC(CAST({total} AS DOUBLE) * {share}) AS BIGINT)"


def _value(position: int, measure: Measure) -> str:
    """Return a bounded total; one that goes `by` a count is cut down as that count was."""
    if measure.by is None:
        whole = f", t{position}" if measure.grid is not None else ""
        return f"m{position}{whole}"
    count = measure.by.removeprefix("m")
    cut = f"(t{position} * m{count}) // GREATEST(t{count}, 1)"
    return f"CAST(LEAST(GREATEST({cut}, {measure.lower}), {measure.upper}) AS BIGINT) AS m{position}"


def _cells_out(names: Sequence[str], measures: Sequence[Measure], public: bool, *, clipped: bool = False) -> str:
    table = "_cells" if public else "_bounded"
    keys = "".join(f", {table}.{name} AS {name}" for name in names)
    sums = "".join(f", {capped(f'SUM(_bounded.m{p})')} AS m{p}" for p in range(len(measures)))
    sums += ", 0 AS _clipped" if clipped else ""
    source = "_bounded"
    if public:
        same = " AND ".join(f"_cells.{name} = _bounded.{name}" for name in names)
        source = f"_cells LEFT JOIN _bounded ON {same}"
    group = " GROUP BY " + ", ".join(f"{table}.{name}" for name in names) if names else ""
    return f"SELECT 0 AS _row{keys}, COUNT(_bounded._subject) AS _subjects{sums} FROM {source}{group}"  # noqa: S608


def _report(names: Sequence[str], measures: Sequence[Measure]) -> str:
    """Return the row that tells how many people there are, and how many of them were clipped."""
    nothing = "".join(f", NULL AS {name}" for name in names)
    rest = "".join(f", 0 AS m{position}" for position in range(len(measures)))
    lists = "".join(f", NULL AS h{p}, NULL AS w{p}" for p, each in enumerate(measures) if each.grid is not None)
    people = "SELECT _subject, BOOL_OR(_clipped) AS _clipped FROM _bounded GROUP BY _subject"
    clipped = "COALESCE(SUM(CASE WHEN _clipped THEN 1 ELSE 0 END), 0)"
    return (
        f" UNION ALL SELECT 1 AS _row{nothing}, COUNT(*) AS _subjects{rest}, "  # noqa: S608
        f"CAST({clipped} AS BIGINT) AS _clipped{lists} FROM ({people}) AS _people"
    )


# -- distinct values and quantiles -------------------------------------------------------------------------------------


def _tables_of_values(names: Sequence[str], measures: Sequence[Measure]) -> list[tuple[str, str]]:
    """Return the tables, by name, that look at the single values of the kept cells."""
    found = []
    for position, measure in enumerate(measures):
        if measure.kind is MeasureKind.DISTINCT:
            found.append((f"_seen{position}", _seen(position, measure, names)))
        elif measure.grid is not None:
            found.append((f"_spread{position}", _spread(position, measure, names)))
    return found


def _seen(position: int, measure: Measure, names: Sequence[str]) -> str:
    """Count the distinct values of each cell, of which every person brings in at most so many, drawn by the salt."""
    keys, one, value = _list(names), _list(names, "_rows."), f"a{position}"
    pairs = (
        f"SELECT DISTINCT _rows._subject{one}, _rows.{value} FROM _rows JOIN _bounded ON "  # noqa: S608
        f"_rows._subject = _bounded._subject{_same('_rows', '_bounded', names)} WHERE NOT _rows.{value} IS NULL"
    )
    order = f"HASH({value}, _subject, ${SALT}), {value}"
    drawn = f"ROW_NUMBER() OVER (PARTITION BY _subject{keys} ORDER BY {order}) <= {measure.upper}"
    few = f"SELECT * FROM ({pairs}) AS _pairs QUALIFY {drawn}"  # noqa: S608
    return f"SELECT COUNT(DISTINCT {value}) AS f{position}{keys} FROM ({few}) AS _drawn{_by(names)}"  # noqa: S608


def _spread(position: int, measure: Measure, names: Sequence[str]) -> str:
    """List for each cell the places of the grid where there are values, and what weight of them is there."""
    grid, keys, value = measure.grid, _list(names), f"a{position}"
    if grid is None:
        raise LookupError("a quantile has a grid")
    unit, width = 10**measure.scale, grid.upper - grid.lower
    least, most = (f"{end} / {unit}" for end in (grid.lower, grid.upper))
    place = f"(LEAST(GREATEST({value}, {least}), {most}) * {unit} + {-grid.lower}) * {grid.steps} / {width}"
    placed = (
        f"SELECT _subject{keys}, CAST(LEAST(GREATEST(ROUND({place}), 0), {grid.steps}) AS BIGINT) AS _place, "  # noqa: S608
        f"COUNT(*) AS _many FROM _rows WHERE ISFINITE({value}) GROUP BY _subject{keys}, _place"
    )
    share = f"(CAST(_placed._many AS HUGEINT) * _bounded.m{position} * {WEIGHT}) // GREATEST(_bounded.t{position}, 1)"
    weighed = (
        f"SELECT _placed._place{_list(names, '_placed.')}, {capped(f'SUM({share})')} AS _weight "  # noqa: S608
        f"FROM ({placed}) AS _placed "
        f"JOIN _bounded ON _placed._subject = _bounded._subject{_same('_placed', '_bounded', names)} "
        f"GROUP BY _placed._place{_list(names, '_placed.')}"
    )
    lists = ", ".join(
        f"LIST({each} ORDER BY _place) AS {name}{position}" for each, name in (("_place", "h"), ("_weight", "w"))
    )
    return f"SELECT {lists}{keys} FROM ({weighed}) AS _weighed{_by(names)}"  # noqa: S608


def _with_values(names: Sequence[str], measures: Sequence[Measure], cells: str, reports: bool) -> str:
    """Join the cells with their tables of single values."""
    columns, joins = "", ""
    for position, measure in enumerate(measures):
        if measure.kind is MeasureKind.DISTINCT:
            table, taken = f"_seen{position}", f"COALESCE(_seen{position}.f{position}, 0) AS m{position}"
        elif measure.grid is not None:
            table, taken = f"_spread{position}", f"_out.m{position}"
        else:
            table, taken = "", f"_out.m{position}"
        columns += f", {taken}"
        joins += f" LEFT JOIN {table} ON 1 = 1{_same('_out', table, names)}" if table else ""
    columns += ", 0 AS _clipped" if reports else ""
    for position, measure in enumerate(measures):
        if measure.grid is not None:
            columns += f", _spread{position}.h{position}, _spread{position}.w{position}"
    return f"SELECT _out._row{_list(names, '_out.')}, _out._subjects{columns} FROM ({cells}) AS _out{joins}"  # noqa: S608


def _list(names: Sequence[str], prefix: str = "") -> str:
    return "".join(f", {prefix}{name}" for name in names)


def _same(one: str, other: str, names: Sequence[str]) -> str:
    return "".join(f" AND {one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in names)


def _by(names: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(names)}" if names else ""
