"""DuckDB under test: generation files made by hand and the statements that the rewrite would generate."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytest.register_assert_rewrite("pellucid.conformance.engine", "pellucid.conformance.released")

from pellucid.conformance.harness import DATASET, MEETINGS, NAMESPACE, PURPOSE, Meeting, Visit  # noqa: E402
from pellucid.engines.base import Holding, Statement  # noqa: E402
from pellucid.engines.duckdb import DuckDBEngine, DuckDBReleasedCells  # noqa: E402
from pellucid.engines.duckdb_layout import write_placed  # noqa: E402
from pellucid.policy.model import (  # noqa: E402
    Column,
    ColumnType,
    Dataset,
    Purpose,
    SensitiveUse,
    SensitiveWhen,
    SubjectPath,
)
from pellucid.rewrite.permit_rows import governed_sql  # noqa: E402

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


SQL_TYPES = {ColumnType.TEXT: "VARCHAR", ColumnType.TIMESTAMP: "TIMESTAMP"}
COLUMNS = {
    name: Column(name, kind, "user") for name, kind in {"time": ColumnType.TIMESTAMP, "secret": ColumnType.TEXT}.items()
}
PATH = SubjectPath(NAMESPACE, "person")
VISITS = Dataset(DATASET, "Visits", COLUMNS, subjects=(PATH,), time="time")
SENSITIVE = dataclasses.replace(VISITS, sensitive_when=(SensitiveWhen("secret", ("nothing",), "health"),))
PAIRS = Dataset(MEETINGS, "Meetings", {"time": COLUMNS["time"]}, subjects=(PATH, PATH), time="time")


def purpose_of(name: str) -> Purpose:
    """Return a purpose with all that governed rows depend on: its name, that it asks for explicit consent, and that it
    says of no rows that they are over for it.
    """
    unused: Any = None
    used = {"name": name, "sensitive": SensitiveUse.EXPLICIT_CONSENT, "retention": ()}
    return Purpose(**{field.name: used.get(field.name, unused) for field in dataclasses.fields(Purpose)})


def governed(purpose: str, dataset: Dataset = VISITS) -> str:
    """Return the governed rows of a dataset, as the rewrite generates them."""
    return governed_sql(dataset, purpose_of(purpose), list(dataset.columns))


def write_generation(path: Path, dataset: Dataset, rows: Sequence[tuple[object, ...]]) -> Path:
    """Write a generation file as `duckdb_files` does, rows (ids, then columns) in the order given, read-only."""
    subjects = [f"_subject{position} INTEGER" for position in range(len(dataset.subjects))]
    columns = [f"{name} {SQL_TYPES[column.type]}" for name, column in dataset.columns.items()]
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TEMP TABLE unplaced ({', '.join([*subjects, *columns])})")
        if rows:
            types = [*["INTEGER"] * len(subjects), *(SQL_TYPES[column.type] for column in dataset.columns.values())]
            lists = ", ".join(f"unnest(${place}::{each}[])" for place, each in enumerate(types, start=1))
            connection.execute(f"INSERT INTO unplaced SELECT {lists}", [list(each) for each in zip(*rows, strict=True)])
        namespaces = [path.namespace for path in dataset.subjects]
        write_placed(connection.execute, "main", "SELECT * FROM unplaced", list(dataset.columns), namespaces, len(rows))
    path.chmod(0o444)
    return path


class DuckDBHarness:
    """The conformance suite's Harness for DuckDB."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._generation = 0

    def open(
        self,
        visits: Sequence[Visit],
        meetings: Sequence[Meeting] = (),
        *,
        diagnostics: Callable[[str, str], None] | None = None,
        spill_limit: str = "0B",
        threads: int = 2,
    ) -> DuckDBEngine:
        self._generation += 1
        rows: dict[str, tuple[Dataset, Sequence[tuple[object, ...]]]] = {
            DATASET: (VISITS, [(each.subject, instant(each.at), each.secret) for each in visits])
        }
        if meetings:
            rows[MEETINGS] = PAIRS, [(each.host, each.guest, instant(each.at)) for each in meetings]
        files = {
            name: write_generation(self.folder / f"{name}.{self._generation}.duckdb", *held)
            for name, held in rows.items()
        }
        engine = DuckDBEngine(
            [Holding(name, self._generation, str(path)) for name, path in files.items()],
            temp_directory=self.folder / "spill",
            memory_limit="200MB",
            spill_limit=spill_limit,
            threads=threads,
            diagnostics=diagnostics,
        )
        self._stack.callback(engine.close)
        return engine

    def count(self, name: str = "count", *, purpose: str = PURPOSE, sensitive: bool = False) -> Statement:
        return self.counting(name, governed(purpose, SENSITIVE if sensitive else VISITS))

    def count_meetings(self) -> Statement:
        return self.counting("count", governed(PURPOSE, PAIRS))

    def counting(self, name: str, rows: str) -> Statement:
        return Statement(name, f"SELECT CAST(count(*) AS BIGINT) AS rows FROM ({rows}) AS _g")

    def endless(self) -> Statement:
        sql = "SELECT count(*) AS n FROM range(100000000) a, range(1000000) b WHERE a.range + b.range = 7"
        return Statement("endless", sql)

    def greedy(self) -> Statement:
        return Statement("greedy", "SELECT length(list(range)) AS n FROM range(200000000)")

    def quoting(self) -> Statement:
        return Statement("quoting", f"SELECT sum(CAST(secret AS INTEGER)) AS n FROM ({governed(PURPOSE)}) AS _g")

    def wrong(self) -> Sequence[Statement]:
        return [
            Statement("wrong", sql)
            for sql in (
                "SELECT 1; SELECT 2",
                "",
                "SELECT 1 AS a; DROP VIEW held.visits",
                "CREATE TABLE kept AS SELECT 1",
                "CREATE TEMP TABLE kept AS SELECT 1",
                f"DELETE FROM _words_{DATASET}",
                "DROP SCHEMA held CASCADE",
                f'SELECT * FROM "{DATASET}"',
                "SELECT $missing",
                "SET threads = 1",
                "COMMIT",
                "PRAGMA database_list",
                "EXPLAIN SELECT 1",
            )
        ]


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[DuckDBHarness]:
    with ExitStack() as stack:
        yield DuckDBHarness(tmp_path, stack)


@pytest.fixture(scope="module")
def released() -> Iterator[DuckDBReleasedCells]:
    cells = DuckDBReleasedCells()
    yield cells
    cells.close()
