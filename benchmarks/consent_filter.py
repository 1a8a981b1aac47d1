"""Measure what leaving people out costs on DuckDB: the governed rows beside the bare scan and a hand-written semi-join.

    python benchmarks/consent_filter.py [--rows 5000000] [--rounds 5]       (the published table: --rows 50000000)

One person has ten rows. Three purposes withhold 30 %, 1 % and 0.01 % of the people; then 500, 5,000 and 50,000 people
change their minds, and the file is sorted anew, as `pellucid data sort` does. Every form runs in turn in each round, in
one process, on one generation file made here. `x` is the time of the bare scan in the same round, `x cpu` the same in
processor time, which other work on the machine disturbs less. Goals: at most 1.3 x for a group by, never above 3 x,
never slower than a semi-join.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pellucid.engines.base import Holding, PermittedChange, PermittedSet, Statement
from pellucid.engines.duckdb import DuckDBEngine
from pellucid.engines.duckdb_layout import write_placed
from pellucid.engines.duckdb_private import EngineLimits
from pellucid.engines.duckdb_sorting import Sort
from pellucid.policy.model import Column, ColumnType, Dataset, Purpose, SubjectPath
from pellucid.rewrite.permit_rows import governed_sql

Flags = npt.NDArray[np.bool_]

NAMESPACE, LONG, ROWS_A_PERSON = "people", 600.0, 10
WITHHELD = {"30 %": 0.30, "1 %": 0.01, "0.01 %": 0.0001}
CHANGES = (0, 500, 5_000, 50_000)
COLUMNS = {
    "category": ColumnType.TEXT,
    "flag": ColumnType.BOOLEAN,
    "amount": ColumnType.MONEY,
    "time": ColumnType.TIMESTAMP,
}
ORDERS = Dataset(
    "orders",
    "Orders",
    {name: Column(name, kind, "user") for name, kind in COLUMNS.items()},
    subjects=(SubjectPath(NAMESPACE, "person"),),
    time="time",
)
SHAPES = {
    "group by": """
        SELECT category, flag, count(*) AS n, sum(amount) AS total, avg(amount) AS mean, min(amount), max(amount)
        FROM ({source}) AS _g GROUP BY category, flag ORDER BY category, flag""",
    "sum": "SELECT count(*) AS n, sum(amount) AS total FROM ({source}) AS _g",
    "one month": """
        SELECT category, count(*) AS n FROM ({source}) AS _g
        WHERE time >= TIMESTAMP '2026-03-01' AND time < TIMESTAMP '2026-04-01' GROUP BY category ORDER BY category""",
}


def purpose_of(name: str) -> Purpose:
    """Return a purpose of which only the name matters here."""
    unused: Any = None
    return Purpose(**{field.name: name if field.name == "name" else unused for field in dataclasses.fields(Purpose)})


def make_generation(path: Path, rows: int, kinds: npt.NDArray[np.int32], spill: Path) -> None:
    """Write orders as an import does: people of one kind together; a thousandth of the rows of people yet unknown."""
    people = len(kinds)
    with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(spill)}) as connection:
        connection.register("alike", pa.table({"_id": np.arange(people, dtype=np.int32), "_kind": kinds}))
        connection.execute(f"ATTACH '{path}' AS target")
        unsorted = f"""
            SELECT CASE WHEN hash(i, 1) % 1000 = 0 THEN {people} ELSE (hash(i, 2) % {people})::INTEGER END AS _subject0,
                   'category ' || (hash(i, 3) % 20) AS category,
                   hash(i, 4) % 2 = 0 AS flag,
                   ((hash(i, 5) % 100000) / 100.0)::DECIMAL(12, 2) AS amount,
                   TIMESTAMP '2026-01-01' + to_seconds((hash(i, 6) % 31536000)::BIGINT) AS time
            FROM range({rows}) AS t(i)"""
        ordered = f"SELECT * FROM ({unsorted}) LEFT JOIN alike ON _id = _subject0 ORDER BY _kind, _subject0, time"
        write_placed(connection.execute, "target.main", ordered, list(COLUMNS), [NAMESPACE], rows)


@dataclasses.dataclass(frozen=True)
class Taken:
    """Milliseconds on the clock and of processors."""

    clock: float
    processors: float


def timed(run: Callable[[], object]) -> tuple[Taken, object]:
    clock, processors = time.perf_counter(), _processors()
    result = run()
    return Taken((time.perf_counter() - clock) * 1000, (_processors() - processors) * 1000), result


def _processors() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def compare(engine: DuckDBEngine, shape: str, purpose: str, rounds: int) -> str:
    """Return one line: ms of the bare scan, and its multiples; stops if governed rows and semi-join differ."""
    sources = {
        "raw": 'SELECT * FROM held."orders"',
        "pellucid": governed_sql(ORDERS, purpose_of(purpose), list(COLUMNS)),
        "semi": 'SELECT * FROM held."orders" WHERE _subject0 IN (SELECT subject FROM permitted_now)',
    }
    times: dict[str, list[Taken]] = {name: [] for name in sources}
    answers: dict[str, object] = {}
    for _ in range(rounds + 1):
        for name, source in sources.items():
            statement = Statement(name, SHAPES[shape].format(source=source))

            def ask(statement: Statement = statement) -> object:
                return engine.run([statement], purpose=purpose, seconds=LONG).table(statement.name).to_pylist()

            took, answers[name] = timed(ask)
            times[name].append(took)
    if not answers["pellucid"] == answers["semi"] != answers["raw"]:
        raise SystemExit(f"{shape}: the filters disagree")
    warm = {name: taken[1:] for name, taken in times.items()}
    raw = statistics.median(each.clock for each in warm["raw"])
    return f"{raw:9.1f} {_times(warm, 'pellucid')} {_times(warm, 'semi')}"


def _times(warm: dict[str, list[Taken]], name: str) -> str:
    pairs = list(zip(warm[name], warm["raw"], strict=True))
    clock = statistics.median(one.clock / raw.clock for one, raw in pairs)
    processors = statistics.median(one.processors / raw.processors for one, raw in pairs)
    return f"{clock:7.2f} {processors:7.2f}"


def packed(flags: Flags) -> bytes:
    return np.packbits(flags, bitorder="little").tobytes()


def load(engine: DuckDBEngine, permitted: dict[str, Flags]) -> None:
    sets = [
        PermittedSet(purpose, NAMESPACE, len(flags), packed(flags), bytes((len(flags) + 7) // 8))
        for purpose, flags in permitted.items()
    ]
    took, _ = timed(lambda: engine.load_permitted(sets, version=0))
    print(f"{len(sets)} permitted sets loaded in {took.clock:.1f} ms")


def change_minds(engine: DuckDBEngine, permitted: dict[str, Flags], people: npt.NDArray[np.int64]) -> float:
    """Let people change their minds about every purpose; return milliseconds for all."""
    changes = []
    for purpose, flags in permitted.items():
        flags[people] = ~flags[people]
        changes += [
            PermittedChange(purpose, who, bool(flags[who]), False, namespace=NAMESPACE) for who in people.tolist()
        ]
    return timed(lambda: engine.permit(changes, version=engine.replica_version + 1))[0].clock


def show_permitted(engine: DuckDBEngine, flags: Flags) -> None:
    """Keep the table that the semi-join reads at what is permitted now."""
    cursor = engine._connection.cursor()
    cursor.register("now", pa.table({"subject": np.flatnonzero(flags).astype(np.int32)}))
    cursor.execute("CREATE OR REPLACE TABLE permitted_now AS SELECT subject FROM now")


def kinds_of(permitted: dict[str, Flags]) -> npt.NDArray[np.int32]:
    """Return a number for each person: two have the same if every purpose may read them alike."""
    kinds = np.zeros(len(next(iter(permitted.values()))), np.int32)
    for flags in permitted.values():
        kinds = kinds * 2 + flags
    return kinds


def sort_anew(held: Path, target: Path, kinds: npt.NDArray[np.int32]) -> None:
    """Sort a generation file as `pellucid data sort` does, with its comparison of all rows."""
    spill = held.with_name("sorting")
    spill.mkdir(exist_ok=True)
    with Sort(ORDERS, held, EngineLimits(spill, "4GB", 2)) as sort:
        written, _ = timed(lambda: sort.write(target, pa.array(kinds)))
        compared, same = timed(sort.same_rows)
        finished, _ = timed(lambda: sort.finish(target))
    if not same:
        raise SystemExit("a sort altered rows")
    seconds = [each.clock / 1000 for each in (written, compared, finished)]
    print(f"sorted anew in {sum(seconds):.1f} s: written {seconds[0]:.1f}, compared {seconds[1]:.1f} s")


@contextmanager
def opened(folder: Path, name: str, make: Callable[[Path], None]) -> Iterator[DuckDBEngine]:
    path = folder / f"{name}.duckdb"
    made, _ = timed(lambda: make(path))
    started = time.perf_counter()
    engine = DuckDBEngine(
        [Holding("orders", 1, str(path))],
        temp_directory=folder / "spill",
        memory_limit="6GB",
        spill_limit="20GB",
        threads=2,
    )
    opening = time.perf_counter() - started
    print(f"{name}: made in {made.clock / 1000:.1f} s, {path.stat().st_size / 1e6:.0f} MB; opened in {opening:.2f} s")
    try:
        yield engine
    finally:
        engine.close()
        path.unlink()


def rows_of(engine: DuckDBEngine, permitted: dict[str, Flags], changed: str, rounds: int, shapes: list[str]) -> None:
    for purpose, flags in permitted.items():
        show_permitted(engine, flags)
        for shape in shapes:
            print(f"{shape:10} {purpose:>8} {changed:>9} {compare(engine, shape, purpose, rounds)}", flush=True)


def one_change(engine: DuckDBEngine, permitted: dict[str, Flags]) -> None:
    """Print how long one person's change of mind takes to be applied, and until the next question has seen it."""
    purpose = next(iter(permitted))
    sql = f"SELECT count(*) AS n FROM ({governed_sql(ORDERS, purpose_of(purpose), [])}) AS _g WHERE _subject = 77"
    applied, seen = [], []
    for number in range(100):
        on = number % 2 == 0
        change = PermittedChange(purpose, 77, on, False, namespace=NAMESPACE)
        took, _ = timed(lambda change=change: engine.permit([change], version=engine.replica_version + 1))
        ran, answer = timed(lambda: engine.run([Statement("n", sql)], purpose=purpose, seconds=LONG))
        if (answer.table("n").column("n")[0].as_py() > 0) != on:  # type: ignore[attr-defined]
            raise SystemExit("a change was not seen by the next question")
        applied.append(took.clock)
        seen.append(took.clock + ran.clock)
    for name, values in (("applied", applied), ("seen by the next question", seen)):
        values.sort()
        print(f"one change, {name:26} p50 {values[50]:6.2f} ms   p95 {values[95]:6.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    people = arguments.rows // ROWS_A_PERSON
    chance = np.random.default_rng(7)
    permitted = {purpose_name(name): chance.random(people) >= share for name, share in WITHHELD.items()}
    print(f"{arguments.rows:,} rows, {people:,} people")
    with tempfile.TemporaryDirectory() as folder:
        head = (
            f"{'question':10} {'withheld':>8} {'changed':>9} {'raw ms':>9} {'x':>7} {'x cpu':>7} {'semi':>7} {'cpu':>7}"
        )

        def make(kinds: npt.NDArray[np.int32]) -> Callable[[Path], None]:
            return lambda path: make_generation(path, arguments.rows, kinds, Path(folder) / "sorting")

        alike = "people who are alike together"
        with opened(Path(folder), alike, make(kinds_of(permitted))) as engine:
            load(engine, permitted)
            print(head)
            rows_of(engine, permitted, "0", arguments.rounds, list(SHAPES))
            before = 0
            for changed in CHANGES[1:]:
                minds = chance.choice(people, min(changed, people) - before, replace=False)
                took = change_minds(engine, permitted, minds)
                before = changed
                print(f"{len(minds):,} people changed their minds about every purpose: {took:.0f} ms")
                rows_of(engine, permitted, f"{changed:,}", arguments.rounds, list(SHAPES))
            one_change(engine, permitted)
            held = Path(folder) / f"{alike}.duckdb"
            kinds = kinds_of(permitted)
            with opened(Path(folder), "sorted anew", lambda path: sort_anew(held, path, kinds)) as anew:
                load(anew, permitted)
                print(head)
                rows_of(anew, permitted, "sorted", arguments.rounds, list(SHAPES))
        with opened(Path(folder), "people in order of their ids", make(np.zeros(people, np.int32))) as engine:
            load(engine, permitted)
            print(head)
            rows_of(engine, permitted, "not sorted", arguments.rounds, list(SHAPES))


def purpose_name(share: str) -> str:
    return share.replace(" %", "").replace(".", "-")


if __name__ == "__main__":
    main()
