"""Plain DuckDB over a native table: the exact answer, and the least that bounding per customer and group can cost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
from serve import Answer, Asked, cells_of, serve

VALUES = {
    "Q1": "count(*), sum(amount)",
    "Q2": "count(*), sum(amount)",
    "Q3": "count(DISTINCT customer)",
    "Q4": "avg(amount)",
}
FLOORS = {
    "Q1": "sum(least(n, {rows})), sum(least(s, {amount}))",
    "Q2": "sum(least(n, {rows})), sum(least(s, {amount}))",
    "Q3": "count(*)",
    "Q4": "sum(least(s, {amount})) / sum(least(n, {rows}))",
}
FLOOR = sys.argv[2:] == ["floor"]


def load(path: Path) -> Callable[[Asked], Answer]:
    connection = duckdb.connect(config={"threads": 2})
    connection.execute(f"CREATE TABLE orders AS SELECT * FROM '{path}'")

    def answer(asked: Asked) -> Answer:
        keys = "".join(f"{key}, " for key in asked.keys)
        by = f" GROUP BY {keys.rstrip(', ')}" if keys else ""
        sql = f"SELECT {keys}{VALUES[asked.question]} FROM orders{by}"
        if FLOOR:
            totals = f"SELECT customer, {keys}count(*) AS n, sum(amount) AS s FROM orders GROUP BY {keys}customer"
            sql = f"SELECT {keys}{FLOORS[asked.question]} FROM ({totals}){by}".format(
                rows=asked.rows, amount=asked.amount
            )
        return Answer(cells_of(connection.execute(sql).fetchall(), len(asked.keys)))

    return answer


if __name__ == "__main__":
    serve(load)
