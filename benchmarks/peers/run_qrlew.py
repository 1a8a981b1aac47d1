"""Qrlew: rewrites a question into SQL whose noise the database draws; run on DuckDB, the fastest that reads its SQL.

It knows the table from a SQLite stand-in with as many rows and none of the values. It bounds the rows of a customer in
all (`max_multiplicity`) and groups; of amounts it clips the norm over groups, at rows times the range of one row, which
is looser than a cap in each group.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb
import pyqrlew
import sqlalchemy
import sqlglot
from serve import DELTA, EPSILON, Answer, Asked, all_cells, cells_of, serve

SQL = {
    "Q1": "SELECT country, COUNT(*) AS n, SUM(amount) AS total FROM orders GROUP BY country",
    "Q2": "SELECT country, category, COUNT(*) AS n, SUM(amount) AS total FROM orders GROUP BY country, category",
    "Q3": "SELECT country, COUNT(DISTINCT customer) AS people FROM orders GROUP BY country",
    "Q4": "SELECT AVG(amount) AS mean FROM orders",
}
UNIT = [("orders", [], "customer")]


def load(path: Path) -> Callable[[Asked], Answer]:
    connection = duckdb.connect(config={"threads": 2})
    connection.execute(f"CREATE TABLE orders AS SELECT * REPLACE (CAST(amount AS DOUBLE) AS amount) FROM '{path}'")
    (rows,) = connection.execute("SELECT count(*) FROM orders").fetchone()
    known = stand_in(rows)

    @cache
    def rewritten(question: str, groups: int, multiplicity: float, amount: float) -> tuple[str, str]:
        dataset = known.with_range(None, "orders", "amount", 0.0, float(amount))
        made = dataset.relation(SQL[question], pyqrlew.Dialect.PostgreSql).rewrite_with_differential_privacy(
            dataset, UNIT, {"epsilon": EPSILON, "delta": DELTA}, multiplicity, 1.0, groups
        )
        query = made.relation().to_query(pyqrlew.Dialect.PostgreSql)
        return sqlglot.transpile(query, read="postgres", write="duckdb")[0], str(made.dp_event().to_dict())

    def answer(asked: Asked) -> Answer:
        sql, event = rewritten(asked.question, asked.groups, float(asked.rows), asked.amount)
        found = connection.execute(sql)
        names = [column[0] for column in found.description]
        wanted = [*asked.keys, *(name for name in ("n", "total", "people", "mean") if name in names)]
        places = [names.index(name) for name in wanted]
        cells = cells_of([[row[place] for place in places] for row in found.fetchall()], len(asked.keys))
        return Answer(cells, EPSILON, DELTA, f"its DpEvent has noise multipliers {multipliers(event)}")

    return answer


def multipliers(event: str) -> str:
    """Return the noise multipliers that a DpEvent tells, for a note."""
    return ", ".join(re.findall(r"'noise_multiplier': ([0-9.]{1,6})", event)) or "none"


def stand_in(rows: int) -> pyqrlew.Dataset:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (customer INTEGER, country TEXT, category TEXT, amount FLOAT)")
        counted = f"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {rows}) SELECT x FROM c"
        connection.exec_driver_sql(f"INSERT INTO orders SELECT x, 'N00', 'c00', 1.0 FROM ({counted})")
    dataset = pyqrlew.Dataset.from_database("shop", engine)
    cells = all_cells("Q2")
    for position, name in enumerate(("country", "category")):
        dataset = dataset.with_possible_values(None, "orders", name, sorted({cell[position] for cell in cells}))
    return dataset


if __name__ == "__main__":
    serve(load)
