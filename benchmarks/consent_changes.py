"""Measure how many changes of mind the register takes a second, and how soon the next question has seen one.

    python benchmarks/consent_changes.py [--people 200000] [--changes 200]

Through the whole product: door, register, log and fsync; then the replica of a process with an open engine. Goal: 500
changes a second, by threads or from a file; a question sees every change that was acknowledged before it began.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import duckdb

import pellucid
from pellucid.workspace import Workspace, create

SHOP = Path(__file__).parents[1] / "examples" / "corner-shop"
GOAL = 500
THREADS = 32


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def make_shop(folder: Path, people: int) -> None:
    """Import one purchase a person."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""COPY (SELECT 'c' || i AS customer, 'milk' AS product, 1.00::DECIMAL(9, 2) AS price,
                             TIMESTAMP '2026-06-01' + to_seconds(i % 1000000) AS bought
                      FROM range({people}) AS t(i)) TO '{folder / "purchases.parquet"}' (FORMAT parquet)"""
        )
    with create(folder / "shop") as workspace:
        workspace.policy.activate(folder=SHOP / "policy", actor=workspace.actor("pia"))
        workspace.data.add("products", SHOP / "products.csv", actor=workspace.actor("dan"))
        workspace.data.add("purchases", folder / "purchases.parquet", actor=workspace.actor("dan"))


def ask(workspace: Workspace) -> int:
    """Ask a question and return the register version that its answer rests on."""
    sql = "SELECT COUNT(*) AS n FROM purchases"
    return workspace.query(sql, purpose="range-planning", actor="ana", epsilon=0.001).stamp.register


def one_by_one(workspace: Workspace, changes: int) -> None:
    """Let people object one by one, and ask after each."""
    told, asked = [], []
    pia = workspace.actor("pia")
    for number in range(changes):
        started = time.perf_counter()
        receipt = workspace.consent.record("object", f"c{number}", purpose="range-planning", actor=pia)
        acknowledged = time.perf_counter()
        version = ask(workspace)
        if version < receipt.register_version:
            raise SystemExit("a question did not see a change that was acknowledged before it")
        told.append(acknowledged - started)
        asked.append(time.perf_counter() - acknowledged)
    unchanged = [timed(lambda: ask(workspace)) for _ in range(20)]
    print(f"one change in its own transaction: {1 / statistics.median(told):7.0f} a second, {_spread(told)}")
    print(f"the next question, a change later:  {_spread(asked)}")
    print(f"a question without a change before: {_spread(unchanged)}")


def in_threads(workspace: Workspace, people: int, changes: int) -> None:
    """Let as many people object as THREADS threads take at a time: they share transactions."""
    pia, told = workspace.actor("pia"), []

    def object_(number: int) -> None:
        key = f"c{people // 2 + number}"
        told.append(timed(lambda: workspace.consent.record("object", key, purpose="range-planning", actor=pia)))

    with ThreadPoolExecutor(THREADS) as threads:
        took = timed(lambda: list(threads.map(object_, range(changes))))
    met = "" if changes / took >= GOAL else f", goal {GOAL} missed"
    print(f"one change at a time, {THREADS} threads:   {changes / took:7.0f} a second, {_spread(told)}{met}")


def in_batches(workspace: Workspace, folder: Path, people: int, changes: int) -> None:
    """Take in a file of what people said, a batch a transaction."""
    at = datetime(2026, 7, 1, tzinfo=UTC).isoformat()
    with (folder / "said.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["subject", "purpose", "verb", "covers", "explicit", "notice_version", "channel", "at"])
        for number in range(changes):
            writer.writerow(
                [f"c{people - 1 - number}", "range-planning", "object", "held_data", "false", "1", "web", at]
            )
    took = timed(lambda: workspace.consent.import_records(folder / "said.csv", actor=workspace.actor("pia")))
    met = "" if changes / took >= GOAL else f", goal {GOAL} missed"
    print(f"{changes:,} changes from a file:          {changes / took:7.0f} a second{met}")
    print(f"the next question:                  {timed(lambda: ask(workspace)) * 1000:.1f} ms")


def _spread(seconds: Sequence[float]) -> str:
    ordered = sorted(each * 1000 for each in seconds)
    return f"p50 {ordered[len(ordered) // 2]:6.1f} ms   p95 {ordered[len(ordered) * 95 // 100]:6.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--changes", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_shop(folder, arguments.people)
        with pellucid.open(folder / "shop") as workspace:
            print(f"{arguments.people:,} people; first question, engine opened: {timed(lambda: ask(workspace)):.2f} s")
            one_by_one(workspace, arguments.changes)
            in_threads(workspace, arguments.people, 10 * arguments.changes)
            in_batches(workspace, folder, arguments.people, 10 * arguments.changes)


if __name__ == "__main__":
    main()
