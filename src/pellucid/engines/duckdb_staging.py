"""Reading a source into the table `staged` as it stands, and into `ragged` the CSV lines that are no rows.

Every staged row has `_row`: in Parquet its number from 1, in CSV its line, where the header is line 1 and a row with
line breaks inside quotes counts as one line. No value is judged here.
"""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own; values from files are never text

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pellucid.engines.duckdb_casts import quoted
from pellucid.engines.duckdb_private import PrivateEngine
from pellucid.engines.duckdb_sources import CsvSource, ParquetSource
from pellucid.errors import InputInvalid
from pellucid.policy.model import Dataset

TOLERATED_LINES = {
    "MISSING COLUMNS": "too-few-fields",
    "TOO MANY COLUMNS": "too-many-fields",
    "INVALID ENCODING": "not-utf8",
}
"""Faults of a CSV line that lose that line only; others (an open quote, an endless line) may swallow neighbours."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What was read: rows, the engine type of each declared column, and the file's columns that were not taken."""

    rows: int
    types: Mapping[str, str]
    not_taken: tuple[str, ...]


def stage(engine: PrivateEngine, dataset: Dataset, source: ParquetSource | CsvSource) -> Staged:
    """Read the declared columns as `r0`, `r1`, ...; raises InputInvalid if one is missing or lines run together."""
    names = tuple(dataset.columns)
    if isinstance(source, CsvSource):
        _demand_columns(dataset, source.columns)
        _stage_csv(engine, names, source)
        types, found = dict.fromkeys(names, "VARCHAR"), source.columns
    else:
        described = _describe(engine, source)
        _demand_columns(dataset, tuple(described))
        _stage_parquet(engine, names, source)
        types, found = {name: described[name] for name in names}, tuple(described)
    rows = engine.number("SELECT (SELECT count(*) FROM staged) + (SELECT count(*) FROM ragged)")
    return Staged(rows, types, tuple(name for name in found if name not in types))


def _describe(engine: PrivateEngine, source: ParquetSource) -> dict[str, str]:
    rows = engine.run("DESCRIBE SELECT * FROM read_parquet($paths)", {"paths": list(source.paths)})
    return {row[0]: row[1] for row in rows}


def _stage_parquet(engine: PrivateEngine, names: Sequence[str], source: ParquetSource) -> None:
    taken = ", ".join(f"{quoted(name)} AS r{position}" for position, name in enumerate(names))
    engine.run(
        f"CREATE TABLE staged AS SELECT row_number() OVER () AS _row, {taken} FROM read_parquet($paths)",
        {"paths": list(source.paths)},
    )
    engine.run("CREATE TABLE ragged (_row BIGINT, reason VARCHAR)")


def _stage_csv(engine: PrivateEngine, names: Sequence[str], source: CsvSource) -> None:
    places = {name: place for place, name in enumerate(source.columns)}
    taken = ", ".join(f"c{places[name]} AS r{position}" for position, name in enumerate(names))
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(source.columns)))
    engine.run(
        f"CREATE TABLE read AS SELECT row_number() OVER () AS _number, {taken} FROM read_csv($path, header=true, "
        f"auto_detect=false, columns={{{columns}}}, delim=$delimiter, quote='\"', escape='\"', store_rejects=true, "
        "compression=$compression)",
        {
            "path": source.path,
            "delimiter": source.delimiter,
            "compression": "gzip" if source.compressed else "none",
        },
    )
    _set_ragged_apart(engine)


def _set_ragged_apart(engine: PrivateEngine) -> None:
    lines = engine.run("SELECT line, min(CAST(error_type AS VARCHAR)) FROM reject_errors GROUP BY 1 ORDER BY 1")
    if any(fault not in TOLERATED_LINES for _line, fault in lines):
        raise InputInvalid(
            "The CSV file has a quote that is never closed, or a line without end, so rows cannot be told apart.",
            remedy="Quote values as RFC 4180 does (double a quote inside quotes), and export the file again.",
            code="csv-quotes",
        )
    # The k-th ragged line stands after (its line - 1 header - k) good ones; those beyond have k lines more before them.
    faults = pa.table(
        {
            "_row": pa.array([line for line, _fault in lines], pa.int64()),
            "reason": pa.array([TOLERATED_LINES[fault] for _line, fault in lines], pa.string()),
            "_before": pa.array([line - 2 - k for k, (line, _fault) in enumerate(lines)], pa.int64()),
            "_count": pa.array(range(1, len(lines) + 1), pa.int64()),
        }
    )
    engine.offer("faults", faults)
    engine.run("CREATE TABLE ragged AS SELECT * FROM faults")
    engine.run(
        "CREATE TABLE staged AS SELECT _number + 1 + coalesce(_count, 0) AS _row, read.* EXCLUDE (_number) "
        "FROM read ASOF LEFT JOIN ragged ON read._number > ragged._before"
    )
    engine.run("DROP TABLE read")


def _demand_columns(dataset: Dataset, found: Sequence[str]) -> None:
    missing = [name for name in dataset.columns if name not in found]
    if missing:
        # Only declared words are repeated: in a file without its header, what stands there is somebody's row.
        folded = {name.casefold() for name in missing}
        otherwise = [name for name in found if name.strip().casefold() in folded]
        held = [name for name in found if name in dataset.columns]
        spelt = f" {', '.join(otherwise)} is spelt otherwise." if otherwise else ""
        raise InputInvalid(
            f"The file lacks {', '.join(missing)} of dataset {dataset.name!r}; "
            f"of its {len(found)} columns these are declared: {', '.join(held) or 'none'}.{spelt}",
            remedy="Export the file with these columns (names are matched exactly), or mend the policy.",
            code="columns-missing",
        )
