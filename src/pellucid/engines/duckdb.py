"""DuckDB as an engine: an in-memory instance over read-only generation files, and an empty one for released cells.

SQL arrives generated and governed; this module runs it within limits and lets nothing out but Arrow tables. It does
not write generations and decides nothing about permission.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

from pellucid.engines.base import Holding, PermittedChange, PermittedSet, Statement
from pellucid.engines.duckdb_layout import read_members
from pellucid.engines.duckdb_ranks import read_rule
from pellucid.engines.exact import ExactAnswer
from pellucid.engines.failures import Diagnostics, kept_back, timed_out
from pellucid.engines.lockdown import identifier, lock_down, quoted
from pellucid.engines.members import Members, Shown
from pellucid.engines.readable import Replica
from pellucid.engines.spill import SpillFolder
from pellucid.engines.timelimit import done_within
from pellucid.errors import QueryFailed, WorkspaceUnusable

Found = TypeVar("Found")

_PURPOSE, _OPEN, _OPEN_SENSITIVE = "_purpose", "_open_", "_open_sensitive_"
_WORDS, _LATER = "_words_", "_later_"


class DuckDBEngine:
    """Runs governed statements over the published generations. Safe to use from many threads.

    Views `held."<dataset>"` stand for the attached generations, whose own names nobody can guess, so that generated SQL
    does not depend on a generation. A newly published one needs a new engine.
    """

    def __init__(
        self,
        holdings: Sequence[Holding],
        *,
        temp_directory: Path,
        memory_limit: str,
        spill_limit: str,
        threads: int,
        diagnostics: Diagnostics | None = None,
    ) -> None:
        self._holdings = {holding.dataset: holding.generation for holding in holdings}
        self._diagnostics = diagnostics
        self._running = 0
        self._state_lock = threading.Lock()
        self._closed = False
        self._spill = SpillFolder(temp_directory)
        self._connection = duckdb.connect(":memory:")
        try:
            members, self._ranks = _attach_all(self._connection, holdings)
            self._replica = Replica(members)
            lock_down(
                self._connection,
                memory_limit=memory_limit,
                threads=threads,
                temp_directory=str(self._spill.path),
                spill_limit=spill_limit,
            )
        except BaseException:
            self.close()
            raise

    @property
    def replica_version(self) -> int:
        """The register version of the last committed load or change; -1 before the first load."""
        return self._replica.version

    @property
    def holdings(self) -> Mapping[str, int]:
        """The generation attached of each dataset."""
        return dict(self._holdings)

    @property
    def ranks(self) -> Mapping[str, str]:
        """How the rows of each attached dataset are ranked (`policy.ranks.rank_rule`); empty where they are not."""
        return dict(self._ranks)

    def load_permitted(self, sets: Sequence[PermittedSet], *, version: int) -> None:
        """Replace the whole replica; the next `run` sees it."""
        self._replica.load(sets, version)

    def permit(self, changes: Sequence[PermittedChange], *, version: int) -> None:
        """Apply changes in order, all or none; the next `run` sees them."""
        self._replica.change(changes, version)

    def run(self, statements: Sequence[Statement], *, purpose: str, seconds: float) -> ExactAnswer:
        """Run all statements in one read-only transaction over one state of the replica, whose version is told.

        What governed rows need of that state is filled in here and never taken from a statement: `$_purpose`,
        `$_open_<dataset>`, `_words_<dataset>` and so on. Raises QueryFailed with code `query-timeout`, `query-memory`
        or `query-failed`.
        """
        with self._cursor() as cursor:
            version, state = self._replica.shown(purpose, _mentioned(statements, self._holdings))
            for dataset, shown in state.items():
                cursor.register(f"{_WORDS}{dataset}", shown.words)
                cursor.register(f"{_LATER}{dataset}", shown.later)
            bound = _bound(purpose, state)

            def read() -> ExactAnswer:
                tables = {statement.name: _select(cursor, statement, bound) for statement in statements}
                return ExactAnswer(tables, replica_version=version)

            return _guarded(cursor, read, seconds=seconds, diagnostics=self._diagnostics)

    def close(self) -> None:
        """Let go of files and memory, once questions under way have ended; may be called again."""
        with self._state_lock:
            self._closed = True
        self._release_when_idle()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._state_lock:
            if self._closed:
                raise QueryFailed(
                    "The engine has been closed.",
                    code="query-closed",
                    remedy="Ask again: a newer generation of the data is being opened.",
                )
            self._running += 1
            cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()
            with self._state_lock:
                self._running -= 1
            self._release_when_idle()

    def _release_when_idle(self) -> None:
        with self._state_lock:
            if self._closed and self._running == 0:
                self._connection.close()
                self._spill.remove()


class DuckDBReleasedCells:
    """Runs `post` over released cells in an empty, locked instance. Safe to use from many threads.

    The instance holds no table, spills nothing and lives as long as this object; each call has a cursor of its own, and
    the cells are temporary views of that cursor, which no other call can see.
    """

    def __init__(self, *, memory_limit: str = "1GB", threads: int = 1, diagnostics: Diagnostics | None = None) -> None:
        self._diagnostics = diagnostics
        self._connection = duckdb.connect(":memory:")
        lock_down(self._connection, memory_limit=memory_limit, threads=threads)

    def run(self, statement: Statement, tables: Mapping[str, pa.Table], *, seconds: float) -> pa.Table:
        """Run one SELECT over the given tables, under their names, and nothing else; raises QueryFailed."""
        cursor = self._connection.cursor()
        try:
            for name, table in tables.items():
                cursor.register(name, table)
            return _guarded(
                cursor, lambda: _select(cursor, statement, {}), seconds=seconds, diagnostics=self._diagnostics
            )
        finally:
            cursor.close()

    def close(self) -> None:
        """Let go of the instance; may be called again."""
        self._connection.close()


def _attach_all(
    connection: duckdb.DuckDBPyConnection, holdings: Sequence[Holding]
) -> tuple[dict[str, Members], dict[str, str]]:
    """Attach every generation and return the members of those about people, and how the rows of each are ranked."""
    members: dict[str, Members] = {}
    ranks: dict[str, str] = {}
    connection.execute("CREATE SCHEMA held")
    for holding in holdings:
        attached = f"g{secrets.token_hex(16)}"
        failed = False
        try:
            connection.execute(f"ATTACH {quoted(holding.path)} AS {attached} (READ_ONLY)")
            found = read_members(connection, attached)
            ranks[holding.dataset] = read_rule(connection, attached)
            connection.execute(
                f"CREATE VIEW held.{identifier(holding.dataset)} AS SELECT * FROM {attached}.main.rows"  # noqa: S608
            )
            if found is not None:
                members[holding.dataset] = found
        except (duckdb.Error, pa.ArrowException, ValueError):
            failed = True
        if failed:
            raise WorkspaceUnusable(
                f"Generation {holding.generation} of {holding.dataset!r} cannot be opened.",
                code="generation-unusable",
                remedy="Restore its file from a backup, or import the dataset again.",
            )
    return members, ranks


def _mentioned(statements: Sequence[Statement], datasets: Iterable[str]) -> list[str]:
    """Return the datasets whose governed rows statements may hold; one too many costs a little time only."""
    return [name for name in datasets if any(f"{_OPEN}{name}" in statement.sql for statement in statements)]


def _bound(purpose: str, state: Mapping[str, Shown]) -> dict[str, object]:
    bound: dict[str, object] = {_PURPOSE: purpose}
    for dataset, shown in state.items():
        bound[f"{_OPEN}{dataset}"] = duckdb.BitValue(shown.open)
        bound[f"{_OPEN_SENSITIVE}{dataset}"] = duckdb.BitValue(shown.open_sensitive)
    return bound


@contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection, begin: str) -> Iterator[None]:
    cursor.execute(begin)
    try:
        yield
        cursor.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):
            cursor.execute("ROLLBACK")
        raise


def _guarded(
    cursor: duckdb.DuckDBPyConnection,
    read: Callable[[], Found],
    *,
    seconds: float,
    diagnostics: Diagnostics | None,
) -> Found:
    """Return what `read` reads in a read-only transaction within a time limit; engine words stay here."""
    found: list[Found] = []
    failures: list[QueryFailed] = []

    def work() -> None:
        try:
            with _transaction(cursor, "BEGIN TRANSACTION READ ONLY"):
                found.append(read())
        except BaseException as error:  # whatever it is, its words may quote a row
            failures.append(kept_back(error, seconds=seconds, diagnostics=diagnostics))

    in_time = done_within(cursor, work, seconds=seconds)
    if not in_time and not failures:
        failures.append(timed_out(seconds))
    if failures:  # raised here, outside the except block and its thread: cause, context and frames are empty of rows
        found.clear()
        raise failures[0]
    return found[0]


def _select(cursor: duckdb.DuckDBPyConnection, statement: Statement, bound: Mapping[str, object]) -> pa.Table:
    parsed = cursor.extract_statements(statement.sql)
    if len(parsed) != 1 or parsed[0].type != duckdb.StatementType.SELECT:
        raise ValueError("an engine runs exactly one SELECT at a time")
    values = dict(statement.parameters) | {name: bound[name] for name in parsed[0].named_parameters if name in bound}
    return cursor.sql(statement.sql, params=values).to_arrow_table()
