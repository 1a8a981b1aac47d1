"""How work grows with the data: the same corner shop at 1x, 10x and 100x rows and people, through the whole product.

    python benchmarks/growth.py [--base 100000] [--steps 3]

Goal: at most 11 times the time for 10 times the rows, for whatever is large enough to be measured. A first answer opens
the engine and loads the permitted bits; a warm one only compares versions.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import duckdb

import pellucid
from pellucid.audit.read import verify_place
from pellucid.workspace import Workspace, create

SHOP = Path(__file__).parents[1] / "examples" / "corner-shop"
ROWS_A_PERSON = 20
GOAL = 11.0
SMALL = 0.05
"""Seconds below which a ratio says more of fixed costs than of growth."""

QUESTIONS = {
    "answer: total": "SELECT COUNT(*) AS n, SUM(price) AS s FROM purchases",
    "answer: by department": "SELECT department, COUNT(*) AS n FROM purchases JOIN products USING (product) GROUP BY 1",
    "answer: people by frequency": """
        WITH each AS (SELECT customer, COUNT(*) AS n FROM purchases GROUP BY customer)
        SELECT CASE WHEN n > 20 THEN 'often' ELSE 'seldom' END AS how, COUNT(*) AS people FROM each GROUP BY 1""",
}


def make_files(folder: Path, rows: int) -> None:
    """Write purchases in no order of people, and what a tenth of the people said."""
    people = max(1, rows // ROWS_A_PERSON)
    with duckdb.connect() as connection:
        products = connection.execute(f"SELECT list(product) FROM '{SHOP / 'products.csv'}'").fetchall()[0][0]
        connection.execute(
            f"""COPY (SELECT 'c' || (hash(i, 1) % {people}) AS customer,
                             ({products})[(1 + hash(i, 2) % {len(products)})::BIGINT] AS product,
                             ((hash(i, 3) % 2000) / 100.0)::DECIMAL(9, 2) AS price,
                             TIMESTAMP '2026-01-01' + to_seconds((hash(i, 4) % 26000000)::BIGINT) AS bought
                      FROM range({rows}) AS t(i)) TO '{folder / "purchases.parquet"}' (FORMAT parquet)"""
        )
        connection.execute(
            f"""COPY (SELECT DISTINCT 'c' || (hash(i, 1) % {people}) AS subject, 'range-planning' AS purpose,
                             'object' AS verb,
                             'held_data' AS covers, 'false' AS explicit, '1' AS notice_version, 'till' AS channel,
                             '2026-10-01T09:00:00+00:00' AS at
                      FROM range({rows}) AS t(i) WHERE hash(i, 1) % {people} % 10 = 0)
                TO '{folder / "said.csv"}' (HEADER)"""
        )


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(rows: int) -> dict[str, float]:
    """Return seconds by what was done, over one workspace of so many rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder, rows)
        with create(folder / "shop") as workspace:
            actor = workspace.actor
            workspace.policy.activate(folder=SHOP / "policy", actor=actor("pia"))
            workspace.data.add("products", SHOP / "products.csv", actor=actor("dan"))
            taken = {
                "import": timed(
                    lambda: workspace.data.add("purchases", folder / "purchases.parquet", actor=actor("dan"))
                ),
                "consent import": timed(
                    lambda: workspace.consent.import_records(folder / "said.csv", actor=actor("pia"))
                ),
                "one withdrawal": statistics.median(_withdrawals(workspace)),
            }
        with pellucid.open(folder / "shop") as workspace:
            first = QUESTIONS["answer: total"]
            taken["first answer, engine opened"] = timed(lambda: ask(workspace, first))
            for title, sql in QUESTIONS.items():
                taken[title] = statistics.median(timed(lambda sql=sql: ask(workspace, sql)) for _ in range(5))  # type: ignore[misc]
            taken["export and verify the log"] = timed(lambda: export_and_verify(workspace, folder / "bundle"))
        return taken


def ask(workspace: Workspace, sql: str) -> None:
    workspace.query(sql, purpose="range-planning", actor="ana", epsilon=0.01)


def _withdrawals(workspace: Workspace) -> list[float]:
    pia = workspace.actor("pia")
    return [
        timed(lambda n=n: workspace.consent.record("object", f"c{n}1", purpose="range-planning", actor=pia))  # type: ignore[misc]
        for n in range(1, 10)
    ]


def export_and_verify(workspace: Workspace, bundle: Path) -> None:
    workspace.audit.export(bundle, actor=workspace.actor("pia"))
    if not verify_place(bundle, log_key=str(workspace.folder / "keys" / "log.key.pub")).holds:
        raise SystemExit("the log does not verify")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=3)
    arguments = parser.parse_args()
    sizes = [arguments.base * 10**step for step in range(arguments.steps)]
    measured = [measure(rows) for rows in sizes]
    print("seconds at rows (a twentieth as many people)")
    print(f"{'':30}" + "".join(f"{rows:>12,}" for rows in sizes) + "   growth a step (goal 11)")
    for title in measured[0]:
        taken = [each[title] for each in measured]
        steps = [
            f"{after / before:5.1f}{'!' if after / before > GOAL else ' '}" if after > SMALL else "  (small)"
            for before, after in pairwise(taken)
        ]
        print(f"{title:30}" + "".join(f"{each:12.3f}" for each in taken) + "   " + " ".join(steps))


if __name__ == "__main__":
    main()
