"""Generation files: rows checked, tied to subjects, sorted and written into one immutable DuckDB file.

An import gets a private in-memory DuckDB that spills into the workspace only. It reads files that nobody vouches for,
so every error of the engine is swallowed into one of ours. Queries over generations are `engines.duckdb`'s; which ids
subjects have, and what is published, are decided by the caller.

A generation holds one table `rows`: the declared columns, then for personal datasets `_subject0`, `_subject1`, ... in
the order of the dataset's paths, sorted by `_subject0` and time.
"""

# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own; values from files are never text

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa

from pellucid.engines.duckdb_casts import Check, cast, literal, quoted, sql_type
from pellucid.engines.duckdb_sources import CsvSource, ParquetSource
from pellucid.errors import DataRefused, InputInvalid, PellucidError
from pellucid.policy.model import ColumnType, Dataset, SubjectPath

TOLERATED_LINES = {
    "MISSING COLUMNS": "too-few-fields",
    "TOO MANY COLUMNS": "too-many-fields",
    "INVALID ENCODING": "not-utf8",
}
"""Faults of a CSV line that lose that line only; others (an open quote, an endless line) may swallow neighbours."""


EARLIEST_BIRTH = 1880
"""Nobody alive was born before it; such a year is a placeholder or a slip."""


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What an import may take: a folder to spill into (mode 0700), memory as DuckDB writes it, threads (0: all)."""

    spill: Path
    memory: str = "4GB"
    threads: int = 0


@dataclass(frozen=True, slots=True)
class TimeRules:
    """Instants (UTC µs) a row's time must lie between; `kept_from` is where retention begins, if it ends anywhere."""

    earliest: int
    latest: int
    kept_from: int | None


@dataclass(frozen=True, slots=True)
class Staged:
    """What was read: rows with their columns, and the file's columns that are not declared (and were not taken)."""

    rows: int
    not_taken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What a generation file holds: rows, and for each subject path the distinct ids, ascending."""

    rows: int
    ids: tuple[pa.Array, ...]


class Import:
    """One import, as a context manager: `stage`, `check`, `keys`, `write`, each once and in this order."""

    def __init__(self, dataset: Dataset, limits: EngineLimits) -> None:
        self._dataset = dataset
        self._limits = limits
        self._key = dataset.key
        self._names = {name: position for position, name in enumerate(dataset.columns)}
        self._types: dict[str, str] = {}
        self._findings: list[Check] = []
        self._held: Path | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Import:
        settings: dict[str, Any] = {
            "temp_directory": str(self._limits.spill),
            "memory_limit": self._limits.memory,
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        }
        if self._limits.threads:
            settings["threads"] = self._limits.threads
        with _quietly("The engine could not be started for this import."):
            self._connection = duckdb.connect(":memory:", config=settings)
            self._run("SET TimeZone = 'UTC'")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def stage(self, source: ParquetSource | CsvSource) -> Staged:
        """Read the declared columns of a source as they stand; raises InputInvalid for what does not fit."""
        with _quietly("The file cannot be read as a table."):
            if isinstance(source, CsvSource):
                return self._stage_csv(source)
            return self._stage_parquet(source)

    def check(self, *, time: TimeRules, held: Path | None, hops: Sequence[Mapping[str, Path]]) -> dict[Check, int]:
        """Judge every staged row and return how many rows each finding rejects.

        `held` is the generation that the rows are added to (its keys may not come again); `hops` holds, for each
        subject path, the generation file of each dataset on the way.
        """
        with _quietly("The rows could not be checked."):
            self._held = held
            if held is not None:
                self._attach(held, "held")
            self._cast_rows(time)
            self._join_paths(hops)
            self._judge()
            counts = self._run("SELECT _finding, count(*) FROM judged WHERE _finding IS NOT NULL GROUP BY 1")
        return {self._findings[number]: rows for number, rows in sorted(counts)} | self._ragged_counts()

    def rejected(self) -> pa.Table:
        """Return one row a rejected row: its number, reason and column; never a value."""
        with _quietly("The rejected rows could not be listed."):
            found = pa.table(
                {
                    "_finding": pa.array(range(len(self._findings)), pa.int32()),
                    "reason": pa.array([finding.reason for finding in self._findings], pa.string()),
                    "column": pa.array([finding.column for finding in self._findings], pa.string()),
                }
            )
            self._connected.register("findings", found)
            return self._table(
                'SELECT _row AS row, reason, "column" FROM judged JOIN findings USING (_finding) '
                "UNION ALL SELECT _row, reason, '' FROM ragged ORDER BY 1"
            )

    def keys(self, path: int) -> pa.Array:
        """Return the distinct natural keys, as texts, that the accepted rows name for one subject path."""
        with _quietly("The subjects could not be read."):
            table = self._table(f"SELECT DISTINCT _key{path} FROM judged WHERE _finding IS NULL")
        return table.column(0).combine_chunks()

    def write(self, target: Path, ids: Sequence[tuple[pa.Array, pa.Array]]) -> Written:
        """Write accepted rows, and the rows held before, to a new file; `ids` pairs keys with ids for each path."""
        with _quietly("The generation could not be written."):
            for position, (keys, numbers) in enumerate(ids):
                self._connected.register(f"ids{position}", pa.table({"key": keys, "id": numbers}))
            self._run(f"ATTACH {literal(str(target))} AS target")
            self._run(self._write_statement())
            written = self._describe_target()
            self._run("CHECKPOINT target")
            return written

    def facts(self, jurisdiction: str | None, birth_year: str | None) -> pa.Table:
        """Return id, jurisdiction and birth year of the subjects of the written rows; contradictions become NULL."""
        with _quietly("The facts about subjects could not be read."):
            return self._table(
                f"SELECT _subject0 AS id, {self._one_value(jurisdiction, 'VARCHAR')} AS jurisdiction, "
                f"{self._one_value(birth_year, 'INTEGER')} AS birth_year "
                "FROM target.main.rows WHERE _subject0 IS NOT NULL GROUP BY 1 ORDER BY 1"
            )

    def finish(self, target: Path) -> None:
        """Detach the written file, make it read-only (0444) and durable."""
        with _quietly("The generation could not be closed."):
            self._run("DETACH target")
        target.chmod(0o444)
        _sync(target)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _stage_parquet(self, source: ParquetSource) -> Staged:
        paths = list(source.paths)
        described = self._run("DESCRIBE SELECT * FROM read_parquet($paths)", {"paths": paths})
        found = {row[0]: row[1] for row in described}
        self._demand_columns(found)
        taken = ", ".join(f"{quoted(name)} AS r{position}" for name, position in self._names.items())
        self._types = {name: found[name] for name in self._names}
        self._run(
            f"CREATE TABLE staged AS SELECT row_number() OVER () AS _row, {taken} FROM read_parquet($paths)",
            {"paths": paths},
        )
        self._run("CREATE TABLE ragged (_row BIGINT, reason VARCHAR)")
        return self._staged(found)

    def _stage_csv(self, source: CsvSource) -> Staged:
        self._demand_columns(source.columns)
        positions = {name: place for place, name in enumerate(source.columns)}
        taken = ", ".join(f"c{positions[name]} AS r{position}" for name, position in self._names.items())
        columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(source.columns)))
        self._types = dict.fromkeys(self._names, "VARCHAR")
        self._run(
            f"CREATE TABLE read AS SELECT row_number() OVER () AS _number, {taken} FROM read_csv($path, header=true, "
            f"auto_detect=false, columns={{{columns}}}, delim=$delimiter, quote='\"', escape='\"', store_rejects=true, "
            f"compression=$compression)",
            {
                "path": source.path,
                "delimiter": source.delimiter,
                "compression": "gzip" if source.compressed else "none",
            },
        )
        self._number_lines()
        return self._staged(source.columns)

    def _number_lines(self) -> None:
        lines = self._run("SELECT line, min(CAST(error_type AS VARCHAR)) FROM reject_errors GROUP BY 1 ORDER BY 1")
        if any(fault not in TOLERATED_LINES for _line, fault in lines):
            raise InputInvalid(
                "The CSV file has a quote that is never closed, or a line without end, so rows cannot be told apart.",
                remedy="Quote values as RFC 4180 does (double a quote inside quotes), and export the file again.",
                code="csv-quotes",
            )
        # A good line comes after the k-th ragged one if at least (its line - 1 header - k) good ones came before it.
        ragged = pa.table(
            {
                "_row": pa.array([line for line, _fault in lines], pa.int64()),
                "reason": pa.array([TOLERATED_LINES[fault] for _line, fault in lines], pa.string()),
                "_before": pa.array([line - 2 - k for k, (line, _fault) in enumerate(lines)], pa.int64()),
                "_count": pa.array(range(1, len(lines) + 1), pa.int64()),
            }
        )
        self._connected.register("faults", ragged)
        self._run("CREATE TABLE ragged AS SELECT * FROM faults")
        self._run(
            "CREATE TABLE staged AS SELECT _number + 1 + coalesce(_count, 0) AS _row, read.* EXCLUDE (_number) "
            "FROM read ASOF LEFT JOIN ragged ON read._number > ragged._before"
        )
        self._run("DROP TABLE read")

    def _staged(self, found: Sequence[str] | Mapping[str, str]) -> Staged:
        ((counted,),) = self._run("SELECT (SELECT count(*) FROM staged) + (SELECT count(*) FROM ragged)")
        return Staged(int(counted), tuple(name for name in found if name not in self._names))

    def _demand_columns(self, found: Sequence[str] | Mapping[str, str]) -> None:
        missing = [name for name in self._names if name not in found]
        if missing:
            raise InputInvalid(
                f"The file lacks {', '.join(missing)} of dataset {self._dataset.name!r}; "
                f"it has {len(found)} columns: {', '.join(list(found)[:40])}.",
                remedy="Export the file with these columns (names are matched exactly), or mend the policy.",
                code="columns-missing",
            )

    # -- checking --------------------------------------------------------------------------------------------------

    def _cast_rows(self, time: TimeRules) -> None:
        values = []
        required = {*self._key, *(path.column for path in self._dataset.subjects if not path.via)}
        for name, position in self._names.items():
            column = self._dataset.columns[name]
            made = cast(column, position, self._types[name], required=not column.nullable or name in required)
            values.append(f"{made.value} AS v{position}")
            self._findings += made.checks
        self._findings += self._time_checks(time)
        branches = " ".join(f"WHEN {finding.condition} THEN {n}" for n, finding in enumerate(self._findings))
        kept = ", ".join(f"v{position}" for position in self._names.values())
        self._run(
            f"CREATE TABLE checked AS SELECT _row, {kept}, CASE {branches} END AS _finding "
            f"FROM (SELECT *, {', '.join(values)} FROM staged)"
        )
        self._run("DROP TABLE staged")

    def _time_checks(self, time: TimeRules) -> list[Check]:
        checks = []
        born = self._dataset.birth_year_column
        if born is not None:
            year = f"v{self._names[born]}"
            if self._dataset.columns[born].type is not ColumnType.INTEGER:
                year = f"year({year})"
            last = f"year(make_timestamp({time.latest:d}))"
            checks.append(Check(f"{year} NOT BETWEEN {EARLIEST_BIRTH} AND {last}", "out-of-range", born))
        name = self._dataset.time
        if name is None:
            return checks
        instant = f"epoch_us(CAST(v{self._names[name]} AS TIMESTAMP))"
        checks.append(Check(f"{instant} < {time.earliest:d}", "out-of-range", name))
        checks.append(Check(f"{instant} > {time.latest:d}", "future", name))
        if time.kept_from is not None:
            checks.append(Check(f"{instant} < {time.kept_from:d}", "past-retention", name))
        return checks

    def _join_paths(self, hops: Sequence[Mapping[str, Path]]) -> None:
        for number, path in enumerate(self._dataset.subjects):
            if not path.via:
                continue
            for step, hop in enumerate(path.via):
                self._attach(hops[number][hop.dataset], f"hop{number}_{step}")
            self._run(f"CREATE TABLE path{number} AS {_path_statement(number, path)}")

    def _judge(self) -> None:
        keys, joins, branches = [], [], []
        for number, path in enumerate(self._dataset.subjects):
            start = path.via[0].column if path.via else path.column
            reached = f"CAST(checked.v{self._names[start]} AS VARCHAR)"
            if path.via:
                joins.append(f"LEFT JOIN path{number} ON path{number}.start = {reached}")
                reached = f"path{number}.subject"
            keys.append(f"{reached} AS _key{number}")
            reason = "unresolved-subject" if path.via else "no-subject"
            branches.append(
                self._branch(f"{reached} IS NULL OR {reached} = '' OR contains({reached}, chr(0))", reason, start)
            )
        for reason, source in self._repetitions():
            table = f"keys_{reason.replace('-', '_')}"
            self._run(f"CREATE TABLE {table} AS {source}")
            joins.append(f"LEFT JOIN {table} ON {self._same_key(table)}")
            branches.append(self._branch(f"{table}.found", reason, ", ".join(self._key)))
        named = "".join(f", {key}" for key in keys)
        decided = f"CASE WHEN _finding IS NOT NULL THEN _finding {' '.join(branches)} END"
        self._run(
            f"CREATE TABLE judged AS SELECT checked.* EXCLUDE (_finding){named}, {decided} AS _finding "
            f"FROM checked {' '.join(joins)}"
        )
        self._run("DROP TABLE checked")

    def _repetitions(self) -> Iterator[tuple[str, str]]:
        if not self._key:
            return
        values = ", ".join(f"v{self._names[name]}" for name in self._key)
        present = " AND ".join(f"v{self._names[name]} IS NOT NULL" for name in self._key)
        yield (
            "duplicate-key",
            f"SELECT {values}, TRUE AS found FROM checked WHERE {present} GROUP BY {values} HAVING count(*) > 1",
        )
        if self._held is not None:
            columns = ", ".join(f"{quoted(name)} AS v{self._names[name]}" for name in self._key)
            yield "already-held", f"SELECT DISTINCT {columns}, TRUE AS found FROM held.main.rows"

    def _same_key(self, table: str) -> str:
        return " AND ".join(f"checked.v{self._names[name]} = {table}.v{self._names[name]}" for name in self._key)

    def _branch(self, condition: str, reason: str, column: str) -> str:
        self._findings.append(Check(condition, reason, column))
        return f"WHEN {condition} THEN {len(self._findings) - 1}"

    def _ragged_counts(self) -> dict[Check, int]:
        counts = self._run("SELECT reason, count(*) FROM ragged GROUP BY 1 ORDER BY 1")
        return {Check("", reason, ""): rows for reason, rows in counts}

    # -- writing ---------------------------------------------------------------------------------------------------

    def _write_statement(self) -> str:
        paths = range(len(self._dataset.subjects))
        columns = [f"v{position} AS {quoted(name)}" for name, position in self._names.items()]
        columns += [f"CAST(ids{path}.id AS INTEGER) AS _subject{path}" for path in paths]
        joins = " ".join(f"LEFT JOIN ids{path} ON ids{path}.key = judged._key{path}" for path in paths)
        rows = f"SELECT {', '.join(columns)} FROM judged {joins} WHERE judged._finding IS NULL"
        if self._held is not None:
            names = [quoted(name) for name in self._names] + [f"_subject{path}" for path in paths]
            rows = f"SELECT {', '.join(names)} FROM held.main.rows UNION ALL {rows}"
        order = (["_subject0"] if self._dataset.subjects else []) + (
            [quoted(self._dataset.time)] if self._dataset.time else []
        )
        ordering = f" ORDER BY {', '.join(order)}" if order else ""
        return f"CREATE TABLE target.main.rows AS SELECT * FROM ({rows}){ordering}"

    def _describe_target(self) -> Written:
        ((counted,),) = self._run("SELECT count(*) FROM target.main.rows")
        ids = []
        for path in range(len(self._dataset.subjects)):
            column = f"_subject{path}"
            ((unresolved,),) = self._run(f"SELECT count(*) FROM target.main.rows WHERE {column} IS NULL")
            if unresolved:
                raise DataRefused(
                    "A row would have been stored without its subject, so nothing was published.",
                    remedy="Import the file again; if this returns, report it.",
                    code="subject-lost",
                )
            table = self._table(f"SELECT DISTINCT {column} FROM target.main.rows ORDER BY 1")
            ids.append(table.column(0).combine_chunks())
        return Written(int(counted), tuple(ids))

    def _one_value(self, column: str | None, engine_type: str) -> str:
        if column is None:
            return f"CAST(NULL AS {engine_type})"
        value = quoted(column)
        if sql_type(self._dataset.columns[column]) in ("DATE", "TIMESTAMP"):
            value = f"year({value})"
        return f"CASE WHEN count(DISTINCT {value}) = 1 THEN TRY_CAST(min({value}) AS {engine_type}) END"

    # -- the engine ------------------------------------------------------------------------------------------------

    @property
    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise RuntimeError("an Import is used inside its with block")
        return self._connection

    def _run(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        # The rows are always fetched: the engine allows no other work while a result is unread.
        return self._connected.execute(sql, dict(values) if values else None).fetchall()

    def _table(self, sql: str) -> pa.Table:
        return self._connected.sql(sql).to_arrow_table()

    def _attach(self, path: Path, name: str) -> None:
        self._run(f"ATTACH IF NOT EXISTS {literal(str(path))} AS {name} (READ_ONLY)")


def _path_statement(number: int, path: SubjectPath) -> str:
    """Return the query from the first hop's key to the natural key; keys that lead to several subjects lead nowhere."""
    hops = path.via
    tables = [f"hop{number}_{step}.main.rows AS h{step}" for step in range(len(hops))]
    joined = tables[0]
    for step in range(1, len(hops)):
        left = f"h{step - 1}.{quoted(hops[step].column)}"
        joined += f" JOIN {tables[step]} ON CAST({left} AS VARCHAR) = CAST(h{step}.{quoted(hops[step].key)} AS VARCHAR)"
    start = f"CAST(h0.{quoted(hops[0].key)} AS VARCHAR)"
    subject = f"CAST(h{len(hops) - 1}.{quoted(path.column)} AS VARCHAR)"
    one = f"GROUP BY 1 HAVING count(DISTINCT {subject}) = 1"
    return f"SELECT {start} AS start, min({subject}) AS subject FROM {joined} {one}"


def _sync(path: Path) -> None:
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _quietly(message: str) -> Iterator[None]:
    """Turn every engine error into one of ours, without the engine's words: they may quote a row."""
    try:
        yield
    except PellucidError:
        raise
    except duckdb.OutOfMemoryException:
        raise DataRefused(
            f"{message} It needs more memory than is allowed.",
            remedy="Raise PELLUCID_MEMORY_LIMIT or import the file in parts.",
            code="import-memory",
        ) from None
    except (duckdb.Error, pa.ArrowException, OSError):
        raise DataRefused(
            message,
            remedy="Check that the file is whole and that its columns and types are as the policy declares them.",
            code="import-failed",
        ) from None
