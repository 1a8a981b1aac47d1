"""How long the gate takes: medians over ordinary questions of the grocer, governed anew and from memory.

Goal: at most 1.5 ms for an ordinary question, at most 0.1 ms from memory. The gate waits for nothing, so processor time
is what is measured: it is the latency where the machine is quiet, and says more than that where it is not.

    python benchmarks/gate_latency.py
"""

from __future__ import annotations

# ruff: noqa: E501 -- one question a line
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from sqlglot import expressions

import pellucid.demo
from pellucid.policy.load import load_folder
from pellucid.policy.model import Actor, Policy
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import GovernedQuery
from pellucid.rewrite.pipeline import Gate, govern
from pellucid.rewrite.recheck import parse_generated

ROUNDS = 40
QUESTIONS = {
    "a total": "SELECT COUNT(*), SUM(sales_value) FROM transactions",
    "people": "SELECT COUNT(DISTINCT household_id) FROM transactions",
    "by week": "SELECT week, COUNT(*) AS n FROM transactions GROUP BY week ORDER BY week",
    "by department": "SELECT p.department, SUM(t.sales_value) AS s FROM transactions t JOIN products p USING (product_id) GROUP BY 1",
    "by store": "SELECT store_id, SUM(sales_value) FROM transactions GROUP BY store_id ORDER BY 2 DESC LIMIT 10",
    "average": "SELECT week, AVG(sales_value) FROM transactions GROUP BY week HAVING COUNT(*) > 100",
    "filtered": "SELECT COUNT(*) FILTER (WHERE retail_disc > 0), COUNT(*) FROM transactions WHERE quantity BETWEEN 1 AND 9",
    "case": "SELECT CASE WHEN quantity > 3 THEN 'many' ELSE 'few' END AS size, COUNT(*) FROM transactions GROUP BY 1",
    "frequency": "WITH per AS (SELECT household_id, COUNT(DISTINCT basket_id) AS n FROM transactions GROUP BY 1) SELECT n, COUNT(*) FROM per GROUP BY n",
    "self join": "SELECT COUNT(*) FROM transactions a JOIN transactions b ON a.household_id = b.household_id AND a.week = b.week + 1",
    "share": "SELECT week, COUNT(*) / (SELECT COUNT(*) FROM transactions) AS share FROM transactions GROUP BY week",
    "ranked": "SELECT week, RANK() OVER (ORDER BY SUM(sales_value) DESC) AS place FROM transactions GROUP BY week",
}  # fmt: skip


def load() -> Policy:
    """Return the grocer's policy."""
    policy = load_folder(Path(pellucid.demo.__file__).parent / "policy").policy
    if policy is None:
        raise SystemExit("The grocer's policy has errors.")
    return policy


def govern_anew(sql: str, context: Context) -> GovernedQuery:
    """Govern as if this question had never been asked: what depends on the policy alone stays known."""
    parse_generated.cache_clear()
    return govern(sql, context)


def median(work: Callable[[], object]) -> float:
    """Return the median processor time of some runs, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time_ns()
        work()
        times.append((time.process_time_ns() - started) / 1e6)
    return statistics.median(times)


def main() -> None:
    """Print a table."""
    policy = load()
    context = Context(policy, Actor("staff", "ana", ("analyst",), "os-user:benchmark"), "range-planning")
    gate = Gate()
    compiled = not str(expressions.core.__file__).endswith(".py")
    print(f"sqlglot compiled: {'yes' if compiled else 'no'}; medians of {ROUNDS}, in ms")
    print(f"{'question':16} {'anew':>8} {'kept':>8}")
    anew, kept = [], []
    for name, sql in QUESTIONS.items():
        gate.govern(sql, context)
        anew.append(median(lambda sql=sql: govern_anew(sql, context)))  # type: ignore[misc]
        kept.append(median(lambda sql=sql: gate.govern(sql, context)))  # type: ignore[misc]
        print(f"{name:16} {anew[-1]:8.2f} {kept[-1]:8.4f}")
    print(f"{'median':16} {statistics.median(anew):8.2f} {statistics.median(kept):8.4f}")


if __name__ == "__main__":
    main()
