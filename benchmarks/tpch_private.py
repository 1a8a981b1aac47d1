"""What a private answer by customer costs on TPC-H, beside the same query over plain tables.

    python benchmarks/tpch_private.py [--scale 0.1] [--rounds 5]              (the published table: --scale 1)

Of the 22 queries those that leave with noise are asked the whole way, from the gate to the log, everybody permitted,
suppliers and parts public; and their blocks alone in the engine. Raw and private take turns; ratios are medians over
rounds, in processor time and on the clock. SIMD-PAC-DB publishes about 2 times raw for a guarantee that is not
differential privacy. Data and query texts are made by an older DuckDB, which the tests set up.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))  # the queries and their policies are the tests'

import pellucid
from pellucid.engines.base import Statement
from pellucid.errors import PellucidError, UseRefused
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import GovernedQuery
from pellucid.workspace import Workspace, create
from tests.tpc import policies
from tests.tpc.data import queries_of, tables_at

PURPOSE, LONG = "care", 600.0
CAP = {"epsilon": 100, "delta": 2.0e-6, "period": "year"}


@dataclass(frozen=True)
class Taken:
    """Seconds on the clock and of processors."""

    clock: float
    processors: float


def timed(run: Callable[[], object]) -> Taken:
    clock, processors = time.perf_counter(), time.process_time()
    run()
    return Taken(time.perf_counter() - clock, time.process_time() - processors)


def plain_tables(tables: Path, path: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection to plain tables with the types that generations have, in a file."""
    connection = duckdb.connect(str(path), config={"threads": 2})
    for name, columns in policies.types_of(tables).items():
        typed = ", ".join(f"CAST({each} AS {policies.declared_type(made)}) AS {each}" for each, made in columns.items())
        connection.execute(f"CREATE TABLE {name} AS SELECT {typed} FROM '{tables / name}.parquet'")
    return connection


def policy_of(tables: Path) -> dict[str, Any]:
    """Return the tests' policy over TPC-H, with a larger budget, and everybody permitted who does not object."""
    document: dict[str, Any] = policies.document(policies.tpch(), policies.types_of(tables))
    document["namespaces"] = {name: {**each, "cap": CAP} for name, each in document["namespaces"].items()}
    for purpose in document["purposes"].values():
        purpose["basis"] = {"eu": {"basis": "legitimate_interests", "default": "opt_out"}}
        purpose["sensitive"] = "never"
        purpose["release"] = {**purpose["release"], "allowance": CAP, "epsilon": {"default": 0.5, "max": 1}}
    return document


def make_workspace(folder: Path, tables: Path) -> None:
    """Make a workspace that holds all tables."""
    (folder / "policy").mkdir()
    (folder / "policy" / "policy.yaml").write_text(json.dumps(policy_of(tables)))
    last = ["orders", "lineitem"]  # lines find their customers through the orders
    names = sorted(path.stem for path in tables.glob("*.parquet"))
    with create(folder / "tpch") as workspace:
        workspace.policy.activate(folder=folder / "policy", actor=workspace.actor("pia"))
        for name in [*(name for name in names if name not in last), *last]:
            workspace.data.add(name, tables / f"{name}.parquet", actor=workspace.actor("dan"))


def private_queries(workspace: Workspace) -> dict[int, GovernedQuery]:
    """Return the queries that leave with noise."""
    parts, found = workspace._parts, {}
    context = Context(parts.replica.policy(), workspace.actor("ana"), PURPOSE)
    for number, sql in sorted(queries_of("tpch").items()):
        try:
            governed = parts.gate.govern(sql, context)
        except UseRefused:
            continue
        if governed.blocks:
            found[number] = governed
    return found


def run_blocks(workspace: Workspace, governed: GovernedQuery) -> None:
    """Run the blocks of a query alone, as the engine is given them."""
    parts = workspace._parts
    bound = {"_salt": "0" * 32, "_now": workspace.room.clock()}
    statements = [
        Statement(block.name, block.sql, {name: bound[name] for name in block.parameters if name in bound})
        for block in governed.blocks
    ]
    parts.replica.fresh(parts.clock()).engine.run(statements, purpose=PURPOSE, seconds=LONG)


def compare(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[Taken]]:
    """Let the ways take turns; the first round is not counted."""
    found: dict[str, list[Taken]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, run in ways.items():
            found[name].append(timed(run))
    return {name: taken[1:] for name, taken in found.items()}


def ratio(found: Mapping[str, list[Taken]], way: str, what: str) -> float:
    pairs = zip(found[way], found["raw"], strict=True)
    return statistics.median(getattr(one, what) / max(1e-6, getattr(raw, what)) for one, raw in pairs)


def measure(scale: str, rounds: int) -> None:
    tables = tables_at("tpch", scale)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = plain_tables(tables, folder / "raw.duckdb")
        took = timed(lambda: make_workspace(folder, tables))
        print(f"\nTPC-H at scale {scale}; imported in {took.clock:.1f} s", flush=True)
        with pellucid.open(folder / "tpch") as workspace:
            show(raw, workspace, rounds)
        raw.close()


def show(raw: duckdb.DuckDBPyConnection, workspace: Workspace, rounds: int) -> None:
    queries, texts = private_queries(workspace), queries_of("tpch")
    print(f"{len(queries)} of {len(texts)} queries leave with noise")
    print(
        f"{'query':>5} {'raw ms':>8} {'cpu ms':>8} {'private ms':>11} {'cpu ms':>8} "
        f"{'x':>7} {'x cpu':>7} {'block x cpu':>12}"
    )
    ratios: dict[str, list[float]] = {"x": [], "x cpu": [], "block x cpu": []}
    for number, governed in queries.items():

        def ask(number: int = number) -> None:
            workspace.query(texts[number], purpose=PURPOSE, actor="ana", fresh=True)

        ways: dict[str, Callable[[], object]] = {
            "raw": lambda number=number: raw.execute(texts[number]).fetchall(),  # type: ignore[misc]
            "private": ask,
            "block": lambda governed=governed: run_blocks(workspace, governed),  # type: ignore[misc]
        }
        try:
            found = compare(ways, rounds)
        except PellucidError as error:
            print(f"{number:5} cannot: {error}", flush=True)
            continue
        line = [ratio(found, "private", "clock"), ratio(found, "private", "processors")]
        line.append(ratio(found, "block", "processors"))
        for kind, value in zip(ratios, line, strict=True):
            ratios[kind].append(value)
        times = [
            1000 * statistics.median(getattr(each, what) for each in found[way])
            for way in ("raw", "private")
            for what in ("clock", "processors")
        ]
        print(
            f"{number:5} {times[0]:8.1f} {times[1]:8.1f} {times[2]:11.1f} {times[3]:8.1f} "
            f"{line[0]:7.1f} {line[1]:7.1f} {line[2]:12.1f}",
            flush=True,
        )
    for kind, values in ratios.items():
        if values:
            print(f"{kind:12} median {statistics.median(values):6.1f}   from {min(values):.1f} to {max(values):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", nargs="+", default=["0.1"])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for scale in arguments.scale:
        measure(scale, arguments.rounds)


if __name__ == "__main__":
    main()
