"""Measure what the consent filter costs, and how soon a change is seen.

    python benchmarks/consent_filter.py [--rows 10000000] [--rounds 7]

Every form runs in turn in each round, in one process, on one generation file made here, so that ratios can be trusted
where milliseconds cannot. Goals: at most 3x raw, never slower than a hand-written semi-join.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from pellucid.engines.base import Holding, PermittedChange, PermittedSet, Statement
from pellucid.engines.duckdb import DuckDBEngine

PURPOSE, NAMESPACE, LONG = "planning", "people", 600.0

BIT = f"(SELECT plain FROM replica.permitted WHERE purpose = '{PURPOSE}' AND namespace = '{NAMESPACE}')"
GUARDED = f"""
    CASE WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_{NAMESPACE}
         THEN get_bit({BIT}, _b._subject0) = 1 ELSE FALSE END
"""
COLUMNS = "category, flag, amount, time"
PARTIAL = f"""
    UNION ALL SELECT {COLUMNS}, _b._subject0 AS _subject FROM held."orders" AS _b
    JOIN replica.partial AS _p
      ON _p.subject = _b._subject0 AND _p.purpose = '{PURPOSE}' AND _p.namespace = '{NAMESPACE}'
    WHERE NOT ({GUARDED}) AND _b.time >= _p.not_before
"""
SOURCES = {
    "raw": 'SELECT * FROM held."orders" AS _b',
    "get_bit, guarded": f'SELECT {COLUMNS}, _b._subject0 AS _subject FROM held."orders" AS _b WHERE {GUARDED}',
    "get_bit + partial branch": f"""
        SELECT {COLUMNS}, _b._subject0 AS _subject FROM held."orders" AS _b WHERE {GUARDED} {PARTIAL}""",
    "semi-join": """
        SELECT * FROM held."orders" AS _b WHERE _b._subject0 IN (SELECT subject FROM permitted_subjects)""",
}
SHAPES = {
    "group by": """
        SELECT category, flag, count(*) AS n, sum(amount) AS total, avg(amount) AS mean, min(amount), max(amount)
        FROM ({source}) AS _g GROUP BY category, flag ORDER BY category, flag""",
    "sum": "SELECT count(*) AS n, sum(amount) AS total FROM ({source}) AS _g",
    "one month": """
        SELECT category, count(*) AS n FROM ({source}) AS _g
        WHERE time >= TIMESTAMP '2026-03-01' AND time < TIMESTAMP '2026-04-01' GROUP BY category ORDER BY category""",
}


def make_generation(path: Path, rows: int, subjects: int) -> None:
    """Write orders sorted by subject, a thousandth of them without one."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"""
            CREATE TABLE rows AS
            SELECT CASE WHEN hash(i, 1) % 1000 = 0 THEN NULL ELSE (hash(i, 2) % {subjects})::INTEGER END AS _subject0,
                   'category ' || (hash(i, 3) % 20) AS category,
                   hash(i, 4) % 2 = 0 AS flag,
                   ((hash(i, 5) % 100000) / 100.0)::DECIMAL(12, 2) AS amount,
                   TIMESTAMP '2026-01-01' + to_seconds((hash(i, 6) % 31536000)::BIGINT) AS time
            FROM range({rows}) AS t(i) ORDER BY _subject0
            """
        )


def timed(run: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    result = run()
    return (time.perf_counter() - started) * 1000, result


def compare(engine: DuckDBEngine, shape: str, rounds: int) -> None:
    """Print one line a form: median ms, x raw, x semi-join; stops if governed answers differ."""
    times: dict[str, list[float]] = {name: [] for name in SOURCES}
    answers: dict[str, object] = {}
    for _ in range(rounds + 1):
        for name, source in SOURCES.items():
            statement = Statement(name, SHAPES[shape].format(source=source))

            def ask(statement: Statement = statement) -> object:
                return engine.run([statement], purpose=PURPOSE, seconds=LONG).table(statement.name).to_pylist()

            took, answers[name] = timed(ask)
            times[name].append(took)
    if not answers["get_bit, guarded"] == answers["semi-join"] != answers["raw"]:
        raise SystemExit(f"{shape}: the filters disagree")
    medians = {name: statistics.median(taken[1:]) for name, taken in times.items()}  # the first round warms up
    for name, median in medians.items():
        print(f"{shape:10} {name:26} {median:9.1f} {median / medians['raw']:7.2f} {median / medians['semi-join']:9.2f}")


def change_to_visible(engine: DuckDBEngine, subjects: int) -> None:
    """Print how long a withdrawal takes to be applied, and until the next question has seen it."""
    sql = f'SELECT count(*) AS n FROM held."orders" AS _b WHERE _b._subject0 = 0 AND {GUARDED}'
    applied, seen = [], []
    for number in range(60):
        on = number % 2 == 0
        change = PermittedChange(PURPOSE, 0, on, False, namespace=NAMESPACE)
        took, _ = timed(lambda change=change, number=number: engine.permit([change], version=number + 2))
        ran, answer = timed(lambda: engine.run([Statement("n", sql)], purpose=PURPOSE, seconds=LONG))
        table = answer.table("n")  # type: ignore[attr-defined]
        if (table.column("n")[0].as_py() > 0) != on:
            raise SystemExit("a change was not seen by the next question")
        applied.append(took)
        seen.append(took + ran)
    for name, values in (("applied", applied), ("seen by the next question", seen)):
        values.sort()
        print(f"one change in {subjects:,} subjects, {name:26} p50 {values[30]:6.2f} ms   p95 {values[57]:6.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--subjects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.1.duckdb"
        make_generation(path, arguments.rows, arguments.subjects)
        took, engine = timed(
            lambda: DuckDBEngine(
                [Holding("orders", 1, str(path))],
                temp_directory=Path(folder) / "spill",
                memory_limit="4GB",
                spill_limit="4GB",
                threads=0,
            )
        )
        assert isinstance(engine, DuckDBEngine)
        print(f"opened in {took:.1f} ms; {arguments.rows:,} rows, {arguments.subjects:,} subjects, 70% permitted")
        run_all(engine, arguments.subjects, arguments.rounds)
        engine.close()


def run_all(engine: DuckDBEngine, subjects: int, rounds: int) -> None:
    """Load 70% of the subjects as permitted, then print every comparison."""
    permitted = [subject for subject in range(subjects) if (subject * 2654435761) % 2**32 % 10 < 7]
    bits = bytearray((subjects + 7) // 8)
    for subject in permitted:
        bits[subject >> 3] |= 1 << (subject & 7)
    empty = bytes(len(bits))
    took, _ = timed(
        lambda: engine.load_permitted([PermittedSet(PURPOSE, NAMESPACE, subjects, bytes(bits), empty)], version=1)
    )
    print(f"permitted set loaded in {took:.1f} ms\n")
    connection = engine._connection.cursor()
    connection.execute(
        f"CREATE TABLE permitted_subjects AS SELECT range::INTEGER AS subject FROM range({subjects}) "
        f"WHERE get_bit({BIT}, range::INTEGER) = 1"
    )
    print(f"{'question':10} {'form':26} {'median ms':>9} {'x raw':>7} {'x semi':>9}")
    for shape in SHAPES:
        compare(engine, shape, rounds)
    print()
    change_to_visible(engine, subjects)


if __name__ == "__main__":
    main()
