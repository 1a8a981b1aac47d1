"""One person's rows of published generations, read-only and in constant memory.

Each reader is an in-memory instance of its own over the generations it was given, locked. Values that are somebody
else's are left out by the engine, so that they never reach whoever reads. Which those are is decided by the caller.
"""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of numbers

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from pellucid.engines.base import Holding
from pellucid.engines.failures import kept_back
from pellucid.engines.lockdown import identifier, lock_down, quoted
from pellucid.engines.person import WITHHELD, Needs, PersonRows, PersonWanted, RowsPart
from pellucid.engines.spill import SpillFolder
from pellucid.errors import PellucidError, WorkspaceUnusable

BATCH_ROWS = 8_192
"""Rows that are in memory at a time, about."""


class DuckDBPerson:
    """Reads rows about single people from the generations given; a context manager."""

    def __init__(
        self,
        holdings: Sequence[Holding],
        *,
        temp_directory: Path,
        memory_limit: str = "256MB",
        spill_limit: str = "1GB",
    ) -> None:
        self._names: dict[tuple[str, int], str] = {}
        self._spill = SpillFolder(temp_directory)
        self._connection = duckdb.connect(":memory:")
        try:
            for holding in holdings:
                self._names[holding.dataset, holding.generation] = self._attach(holding)
            # One thread: rows come in the order of the file, and none has to wait in memory for its turn.
            spill = str(self._spill.path)
            lock_down(
                self._connection, memory_limit=memory_limit, threads=1, temp_directory=spill, spill_limit=spill_limit
            )
        except BaseException:
            self.close()
            raise

    def rows(self, wanted: PersonWanted, part: RowsPart | None = None) -> PersonRows:
        """Return the rows (or a part of them) that any subject path leads from to the person; an engine's failure is a
        QueryFailed.
        """
        columns = [*wanted.columns, *([WITHHELD] if len(wanted.own) > 1 else [])]
        return PersonRows(columns, self._batches(statement(wanted, self._table(wanted), part)))

    def count(self, wanted: PersonWanted) -> int:
        """Return how many rows there are of the person; an engine's failure is a QueryFailed."""
        (batch,) = self._batches(f"SELECT count(*) FROM {self._table(wanted)} WHERE {_is_theirs(wanted)}")
        return int(batch.column(0)[0].as_py())

    def close(self) -> None:
        """Let go of files and memory; may be called again."""
        self._connection.close()
        self._spill.remove()

    def __enter__(self) -> DuckDBPerson:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _table(self, wanted: PersonWanted) -> str:
        return self._names[wanted.holding.dataset, wanted.holding.generation]

    def _attach(self, holding: Holding) -> str:
        name, failed = f"g{secrets.token_hex(16)}", False
        try:
            self._connection.execute(f"ATTACH {quoted(holding.path)} AS {name} (READ_ONLY)")
        except duckdb.Error:
            failed = True
        if failed:
            raise WorkspaceUnusable(
                f"Generation {holding.generation} of {holding.dataset!r} cannot be opened.",
                code="generation-unusable",
                remedy="Restore its file from a backup, or import the dataset again.",
            )
        return f"{name}.main.rows"

    def _batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        failure: PellucidError | None = None
        cursor = self._connection.cursor()
        try:
            yield from cursor.sql(sql).to_arrow_reader(BATCH_ROWS)
        except (duckdb.Error, pa.ArrowException) as error:
            failure = kept_back(error, seconds=0, diagnostics=None)
        finally:
            cursor.close()
        if failure is not None:  # raised here: its context would quote a row
            raise failure


def statement(wanted: PersonWanted, table: str, part: RowsPart | None = None) -> str:
    """Return the SELECT of a person's rows, or of a part of them, with NULL for what is somebody else's."""
    own = [_is_own(path, ids) for path, ids in enumerate(wanted.own)]
    shown = {name: _shown(needs, own) for name, needs in wanted.needs.items()}
    columns = [_value(name, shown) for name in wanted.columns]
    if len(own) > 1:
        columns.append(f"{_withheld(wanted.columns, shown)} AS {WITHHELD}")
    rows = f"SELECT {', '.join(columns)} FROM {table} WHERE {_is_theirs(wanted)}"
    return rows if part is None else rows + _part(part)


def _is_theirs(wanted: PersonWanted) -> str:
    """Return the condition of the person's rows; bare comparisons, so that the file is read only where they stand."""
    paths = [f"_subject{path} IN ({_listed(ids)})" for path, ids in enumerate(wanted.own) if ids]
    return " OR ".join(paths) or "FALSE"


def _part(part: RowsPart) -> str:
    latest = "" if part.latest is None else f"rows.{identifier(part.latest)} DESC NULLS LAST, "
    return f" ORDER BY {latest}rows.rowid LIMIT {part.most:d} OFFSET {part.first:d}"


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(str(int(each)) for each in ids)


def _is_own(path: int, ids: Sequence[int]) -> str:
    return f"coalesce(_subject{path} IN ({_listed(ids)}), FALSE)" if ids else "FALSE"


def _shown(needs: Needs, own: Sequence[str]) -> str:
    clauses = (" OR ".join(own[path] for path in group) or "FALSE" for group in needs)
    return " AND ".join(f"({clause})" for clause in clauses) or "TRUE"


def _value(name: str, shown: Mapping[str, str]) -> str:
    column = identifier(name)
    return f"CASE WHEN {shown[name]} THEN {column} END AS {column}" if name in shown else column


def _withheld(columns: Sequence[str], shown: Mapping[str, str]) -> str:
    hidden = [f"CASE WHEN {shown[name]} THEN NULL ELSE {quoted(name)} END" for name in columns if name in shown]
    return f"concat_ws(' ', {', '.join(hidden)})" if hidden else "''"
