"""How long the gate takes on TPC-H and TPC-DS: governing the rows alone, and the whole way to a release or a refusal.

Goal: a median of at most 9 ms for the rows of a TPC-DS query. Needs the older DuckDB that makes the query texts, which
the tests set up. Run it on a quiet machine:

    python benchmarks/tpc_gate.py
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the queries and their policies are the tests'

from pellucid.errors import UseRefused
from pellucid.rewrite.context import Context
from pellucid.rewrite.govern_rows import govern_rows
from pellucid.rewrite.parse import parse_question
from pellucid.rewrite.pipeline import govern
from pellucid.rewrite.recheck import parse_generated
from tests.tpc import policies
from tests.tpc.data import empty_tables_of, queries_of

ROUNDS = 5
STAGES: dict[str, Callable[[str, Context], object]] = {
    "parsed": lambda sql, context: parse_question(sql, context.limits),
    "rows": govern_rows,
    "whole gate": govern,
}


def contexts() -> dict[str, Context]:
    """Return each benchmark's policy and use."""
    found = {}
    for name, choice in (("tpch", policies.tpch()), ("tpcds", policies.tpcds())):
        with tempfile.TemporaryDirectory() as folder:
            policy = policies.load(choice, policies.types_of(empty_tables_of(name)), Path(folder))
        found[name] = Context(policy, policies.ANA, "care")
    return found


def milliseconds(stage: Callable[[str, Context], object], sql: str, context: Context) -> tuple[float, bool]:
    """Return the median processor time of a stage for a question never asked before, and whether it was refused."""
    times, refused = [], False
    for _ in range(ROUNDS):
        parse_generated.cache_clear()
        started = time.process_time()
        try:
            stage(sql, context)
        except UseRefused:
            refused = True
        times.append((time.process_time() - started) * 1000)
    return statistics.median(times), refused


def main() -> None:
    """Print a table: milliseconds over the queries of a benchmark, and how they compare to parsing alone."""
    print(f"{'queries':8} {'stage':11} {'refused':>8} {'median':>8} {'p95':>8} {'max':>8}   x parsed (median)")
    for name, context in contexts().items():
        parsed = 0.0
        for title, stage in STAGES.items():
            found = [milliseconds(stage, sql, context) for sql in queries_of(name).values()]
            times = sorted(each for each, _ in found)
            median, late = statistics.median(times), times[int(len(times) * 0.95)]
            parsed = parsed or median
            refused = sum(refused for _, refused in found)
            print(f"{name:8} {title:11} {refused:8} {median:8.2f} {late:8.2f} {times[-1]:8.2f}   {median / parsed:.1f}")


if __name__ == "__main__":
    main()
