"""DuckDB under test: generation files made by hand and the statements that the rewrite would generate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

pytest.register_assert_rewrite("pellucid.conformance.engine", "pellucid.conformance.released")

from pellucid.conformance.harness import DATASET, NAMESPACE, PURPOSE, Visit  # noqa: E402
from pellucid.engines.base import Holding, Statement  # noqa: E402
from pellucid.engines.duckdb import DuckDBEngine, DuckDBReleasedCells  # noqa: E402

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)

PERMITTED = f"""
    CASE WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_{NAMESPACE}
         THEN get_bit((SELECT {{bits}} FROM replica.permitted
                       WHERE purpose = '{{purpose}}' AND namespace = '{NAMESPACE}'), _b._subject0) = 1
         ELSE FALSE END
"""


def write_generation(path: Path, visits: Sequence[Visit]) -> Path:
    """Write a generation file as `duckdb_files` does: main.rows, sorted by _subject0, read-only."""
    rows = [(visit.subject, _EPOCH + timedelta(microseconds=visit.at), visit.secret) for visit in visits]
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE rows (_subject0 INTEGER, time TIMESTAMP, secret VARCHAR)")
        if rows:
            subjects, times, secrets = zip(*rows, strict=True)
            connection.execute(
                "INSERT INTO rows SELECT unnest($1::INTEGER[]), unnest($2::TIMESTAMP[]), unnest($3::VARCHAR[])",
                [list(subjects), list(times), list(secrets)],
            )
    path.chmod(0o444)
    return path


def governed(purpose: str, bits: str = "plain") -> str:
    """Return the governed subquery over the suite's dataset, as the rewrite generates it."""
    instant = "not_before" if bits == "plain" else "sensitive_not_before"
    permitted = PERMITTED.format(bits=bits, purpose=purpose)
    return f"""
        SELECT _b.secret, _b._subject0 AS _subject FROM held."{DATASET}" AS _b WHERE {permitted}
        UNION ALL
        SELECT _b.secret, _b._subject0 AS _subject FROM held."{DATASET}" AS _b
        JOIN replica.partial AS _p
          ON _p.subject = _b._subject0 AND _p.purpose = '{purpose}' AND _p.namespace = '{NAMESPACE}'
        WHERE NOT ({permitted}) AND _b.time >= _p.{instant}
    """


class DuckDBHarness:
    """The conformance suite's Harness for DuckDB."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._generation = 0

    def open(
        self,
        visits: Sequence[Visit],
        *,
        diagnostics: Callable[[str, str], None] | None = None,
        spill_limit: str = "0B",
        threads: int = 2,
    ) -> DuckDBEngine:
        self._generation += 1
        path = write_generation(self.folder / f"{DATASET}.{self._generation}.duckdb", visits)
        engine = DuckDBEngine(
            [Holding(DATASET, self._generation, str(path))],
            temp_directory=self.folder / "spill",
            memory_limit="200MB",
            spill_limit=spill_limit,
            threads=threads,
            diagnostics=diagnostics,
        )
        self._stack.callback(engine.close)
        return engine

    def count(self, name: str = "count", *, purpose: str = PURPOSE, sensitive: bool = False) -> Statement:
        bits = "sensitive" if sensitive else "plain"
        return Statement(name, f"SELECT CAST(count(*) AS BIGINT) AS rows FROM ({governed(purpose, bits)}) AS _g")

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
                "SELECT 1 AS a; DELETE FROM replica.permitted",
                "CREATE TABLE kept AS SELECT 1",
                "CREATE TEMP TABLE kept AS SELECT 1",
                "UPDATE replica.version SET version = 9",
                "DELETE FROM replica.partial",
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
