"""The SQL around the rows of an exact block: totals a person, and what has to be known to judge each figure.

    _rows (_subject, k0, c0, a0)  ->  _parts (a person, cell and combination of atoms)  ->  _people (a person and cell)

It returns long rows: `_row` is what a row is about (`governed.FIGURES` and so on), the keys, `_measure` (-1: people),
`_figure`, `_subjects` (contributors), `_largest` (what one person brings at most), `_weight` (what all bring).
Whole numbers leave as text: they may be too large for any other type. Nothing of what an analyst typed stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.rewrite.block_frame import SALT
from pellucid.rewrite.exact_measures import ExactMeasures
from pellucid.rewrite.governed import (
    BUCKETS,
    CELLS,
    COMBINATIONS,
    DIFFERENCES,
    FIGURES,
    PRINTS,
    GroupKey,
    MeasureKind,
)

_NOTHING = "NULL AS _figure, NULL AS _subjects, NULL AS _largest, NULL AS _weight"
_NO_PRINT = "NULL AS _bucket, NULL AS _print"


def exact_frame_sql(keys: Sequence[GroupKey], measures: ExactMeasures, *, public: bool) -> str:
    """Return what follows the rows (and the public cells, if there are any)."""
    names = [key.name for key in keys]
    atoms = [f"c{place}" for place in range(len(measures.atoms))]
    with_ = [
        f"_parts AS MATERIALIZED ({_parts(names, atoms, measures, public)})",
        f"_people AS MATERIALIZED ({_people(names, measures)})",
    ]
    rows = _judged(FIGURES, names, (), "_people", measures, public)
    if atoms:
        rows += _judged(COMBINATIONS, names, atoms, "_parts", measures, public)
    rows += [_difference(names, place, *pair) for place, pair in enumerate(measures.pairs)]
    rows.append(_prints(names, measures))
    if public:
        rows.append(f"SELECT {CELLS} AS _row{_listed(names)}, -1 AS _measure, {_NOTHING}, {_NO_PRINT} FROM _cells")  # noqa: S608
    return f"{', '.join(with_)} {' UNION ALL '.join(rows)}"


def _parts(names: Sequence[str], atoms: Sequence[str], measures: ExactMeasures, public: bool) -> str:
    held = "".join(f", _rows.{name}" for name in (*names, *atoms))
    totals = "".join(
        f", COALESCE(CAST({total} AS HUGEINT), 0) AS t{place}" for place, total in enumerate(measures.totals)
    )
    return f"SELECT _rows._subject{held}{totals} FROM _rows{_join(names, public)} GROUP BY _rows._subject{held}"  # noqa: S608


def _people(names: Sequence[str], measures: ExactMeasures) -> str:
    totals = "".join(f", SUM(t{place}) AS t{place}" for place in range(len(measures)))
    return f"SELECT _subject{_listed(names)}{totals} FROM _parts GROUP BY _subject{_listed(names)}"  # noqa: S608


def _join(names: Sequence[str], public: bool) -> str:
    return " JOIN _cells ON " + " AND ".join(f"_rows.{name} = _cells.{name}" for name in names) if public else ""


def _listed(names: Sequence[str]) -> str:
    return "".join(f", {name}" for name in names)


def _grouped(names: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(names)}" if names else ""


def _judged(
    row: int, names: Sequence[str], atoms: Sequence[str], table: str, measures: ExactMeasures, public: bool
) -> list[str]:
    """Return a SELECT for the people of each group, and one for each measure."""
    groups = [*names, *atoms]
    people = "NULL AS _figure, COUNT(*) AS _subjects, NULL AS _largest, NULL AS _weight"
    head = f"SELECT {row} AS _row{_listed(names)}"
    found = [f"{head}, -1 AS _measure, {people}, {_NO_PRINT} FROM {table}{_grouped(groups)}"]
    for place, measure in enumerate(measures.found.values()):
        about = f"{head}, {place} AS _measure"
        if measure.kind is MeasureKind.DISTINCT:
            found.append(_distinct(about, place, names, groups, public))
        else:
            found.append(f"{about}, {_figures(f't{place}')}, {_NO_PRINT} FROM {table}{_grouped(groups)}")
    return found


def _figures(total: str) -> str:
    contributors = f"COUNT(CASE WHEN {total} <> 0 THEN 1 END) AS _subjects"
    largest = f"CAST(COALESCE(MAX(ABS({total})), 0) AS VARCHAR) AS _largest"
    weight = f"CAST(COALESCE(SUM(ABS({total})), 0) AS VARCHAR) AS _weight"
    return f"CAST(COALESCE(SUM({total}), 0) AS VARCHAR) AS _figure, {contributors}, {largest}, {weight}"


def _distinct(head: str, place: int, names: Sequence[str], groups: Sequence[str], public: bool) -> str:
    """Count distinct values, the people who have any, and how many values the most exclusive person brings alone."""
    keyed, held = _listed(groups), "".join(f", _rows.{name}" for name in groups)
    value = f"_rows.a{place}"
    there = f"FROM _rows{_join(names, public)} WHERE {value} IS NOT NULL GROUP BY _rows._subject, {value}{held}"
    rows = f"SELECT _rows._subject AS _holder, {value} AS _value{held} {there}"
    values = (
        f"SELECT _value{keyed}, COUNT(*) AS _holders, MIN(_holder) AS _alone FROM ({rows}) AS _r GROUP BY _value{keyed}"  # noqa: S608
    )
    brought = (
        f"SELECT _alone{keyed}, SUM(CASE WHEN _holders = 1 THEN 1 ELSE 0 END) AS _brought, COUNT(*) AS _value "  # noqa: S608
        f"FROM ({values}) AS _v GROUP BY _alone{keyed}"
    )
    people = f"SELECT _holder{keyed}, 0 AS _brought, 0 AS _value FROM ({rows}) AS _r GROUP BY _holder{keyed}"  # noqa: S608
    both = (
        f"SELECT _alone AS _holder{keyed}, _brought, _value, 0 AS _people FROM ({brought}) AS _b UNION ALL "  # noqa: S608
        f"SELECT _holder{keyed}, _brought, _value, 1 AS _people FROM ({people}) AS _p"
    )
    counted = "COALESCE(SUM(_value), 0)"
    return (
        f"{head}, CAST({counted} AS VARCHAR) AS _figure, CAST(COALESCE(SUM(_people), 0) AS BIGINT) AS _subjects, "
        f"CAST(COALESCE(MAX(_brought), 0) AS VARCHAR) AS _largest, CAST({counted} AS VARCHAR) AS _weight, {_NO_PRINT} "
        f"FROM ({both}) AS _d{_grouped(groups)}"
    )


def _difference(names: Sequence[str], place: int, one: str, other: str) -> str:
    difference = f"t{one[1:]} - t{other[1:]}"
    head = f"SELECT {DIFFERENCES} AS _row{_listed(names)}, {place} AS _measure"
    return f"{head}, {_figures(f'({difference})')}, {_NO_PRINT} FROM _people{_grouped(names)}"


def _prints(names: Sequence[str], measures: ExactMeasures) -> str:
    """Return the sketch: each person falls into a bucket, and what they bring is hashed under the secret salt."""
    brought = "".join(f", ':', t{place}" for place in range(len(measures)))
    hashed = f"SUBSTRING(SHA256(CONCAT(${SALT}, ':', _subject{brought})), 1, 16)"
    printed = f"CAST(BIT_XOR(CAST(CONCAT('0x', {hashed}) AS UBIGINT)) AS UBIGINT) AS _print"
    bucket = f"CAST(MOD(HASH(_subject, ${SALT}), {BUCKETS}) AS BIGINT) AS _bucket"
    people = f"SELECT *, {bucket} FROM _people"  # noqa: S608
    head = f"SELECT {PRINTS} AS _row{_listed(names)}, -1 AS _measure, {_NOTHING}, _bucket, {printed}"
    return f"{head} FROM ({people}) AS _b GROUP BY _bucket{_listed(names)}"
