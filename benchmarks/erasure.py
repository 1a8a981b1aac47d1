"""Erasing 1, 100 and 10,000 of a million people over ten million rows, against what raw rewriting of the rows costs.

python benchmarks/erasure.py [--rows 10000000] [--threads 2]

Processor seconds of this process; raw is `CREATE TABLE AS SELECT * ... WHERE` of the same rows into a new file. What is
measured of an erasure: finding out what identifies the people, writing, comparing, reading over a fresh connection, and
searching texts and bytes. Numbers have as many digits each: the engine keeps the first twelve bytes of a block's least
and greatest text, so that of a longer number a shorter one would be found in the bytes. A plain DELETE would be faster,
and leaves the bytes in the file.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from pellucid.engines.duckdb_absence import identifying, left_of
from pellucid.engines.duckdb_erasing import Cut, Erase
from pellucid.engines.duckdb_layout import write_placed
from pellucid.engines.duckdb_private import EngineLimits
from pellucid.engines.needles import Needles
from pellucid.policy.model import Column, ColumnType, Dataset, SubjectPath

TYPES = {
    "customer": ColumnType.TEXT,
    "sold": ColumnType.TIMESTAMP,
    "basket": ColumnType.TEXT,
    "product": ColumnType.INTEGER,
    "amount": ColumnType.MONEY,
    "quantity": ColumnType.INTEGER,
    "store": ColumnType.TEXT,
}
COLUMNS = {name: Column(name, kind, "user", scale=2) for name, kind in TYPES.items()}
SALES = Dataset("sales", "Sales", COLUMNS, subjects=(SubjectPath("customer", "customer"),), time="sold")


def make(path: Path, rows: int) -> None:
    query = f"""
        SELECT printf('customer-%07d', i // 10) AS customer,
               TIMESTAMP '2025-01-01' + INTERVAL (hash(i) % 30000000) SECOND AS sold,
               'basket-' || (i // 3) AS basket, CAST(hash(i) % 100000 AS BIGINT) AS product,
               CAST((hash(i + 1) % 100000) / 100 AS DECIMAL(18, 2)) AS amount, CAST(hash(i) % 9 AS BIGINT) AS quantity,
               'store ' || (hash(i) % 300) AS store, CAST(i // 10 AS INTEGER) AS _subject0
        FROM range({rows}) AS t(i)
    """
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS target")
        names = list(COLUMNS)
        write_placed(connection.execute, "target.main", query, names, ["customer"], rows)
        connection.execute("CHECKPOINT target")


def raw(source: Path, target: Path, ids: NDArray[np.int64], threads: int) -> float:
    started = time.process_time()
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute(f"ATTACH '{source}' AS held (READ_ONLY)")
        connection.execute(f"ATTACH '{target}' AS target")
        connection.execute("CREATE TABLE gone AS SELECT unnest($1) AS id", [ids.tolist()])
        where = "_subject0 NOT IN (SELECT id FROM gone)"
        connection.execute(f"CREATE TABLE target.main.rows AS SELECT * FROM held.main.rows WHERE {where}")
        connection.execute("CHECKPOINT target")
    return time.process_time() - started


def erased(source: Path, target: Path, ids: NDArray[np.int64], limits: EngineLimits) -> dict[str, float]:
    gone, spent = {"customer": ids}, {}
    last = time.process_time()

    def tick(what: str) -> None:
        nonlocal last
        spent[what], last = time.process_time() - last, time.process_time()

    needles = Needles(identifying(source, SALES, gone, ("customer",), limits))
    tick("identify")
    with Erase(SALES, source, limits, Cut(gone)) as engine:
        engine.count()
        engine.write(target)
        tick("write")
        assert engine.only_those()
        engine.finish(target)
    tick("compare")
    left = left_of(target, SALES, gone, needles, limits)
    assert (left.rows, left.texts, left.in_bytes) == (0, frozenset(), frozenset())
    tick("verify")
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    print(f"{chosen.rows:,} rows of {chosen.rows // 10:,} people; processor seconds")
    print(f"{'erased':>8} {'raw':>7} {'all':>7} {'ratio':>6}   identify  write  compare  verify")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        source, target = place / "source.duckdb", place / "target.duckdb"
        limits = EngineLimits(place / "spill", "4GB", chosen.threads)
        make(source, chosen.rows)
        for people in (1, 100, 10_000):
            chosen_ids = np.random.default_rng(people).choice(chosen.rows // 10, people, replace=False)
            ids = np.sort(chosen_ids).astype(np.int64)
            before = raw(source, target, ids, chosen.threads)
            target.unlink()
            spent = erased(source, target, ids, limits)
            target.unlink()
            whole = sum(spent.values())
            told = "  ".join(f"{seconds:7.2f}" for seconds in spent.values())
            print(f"{people:>8} {before:7.2f} {whole:7.2f} {whole / before:6.2f}   {told}")


if __name__ == "__main__":
    main()
