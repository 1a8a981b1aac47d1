"""SmartNoise SQL over pandas, which it copies into SQLite: it has no DuckDB. Its bound is on rows of a customer in all.

Epsilon counts for each aggregate there, so it is divided until the whole question costs what the others spend. Keys are
taken as known, as for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import snsql
from serve import DELTA, EPSILON, Answer, Asked, cells_of, serve

SQL = {
    "Q1": "SELECT country, COUNT(*) AS n, SUM(amount) AS total FROM main.orders GROUP BY country",
    "Q2": "SELECT country, category, COUNT(*) AS n, SUM(amount) AS total FROM main.orders GROUP BY country, category",
    "Q3": "SELECT country, COUNT(DISTINCT customer) AS people FROM main.orders GROUP BY country",
    "Q4": "SELECT AVG(amount) AS mean FROM main.orders",
}


def load(path: Path) -> Callable[[Asked], Answer]:
    frame = pd.read_parquet(path).drop(columns="day")
    frame["amount"] = frame["amount"].astype(float)
    kept: dict[tuple[int, float], snsql.sql.private_reader.PrivateReader] = {}

    def reader(asked: Asked) -> snsql.sql.private_reader.PrivateReader:
        bounds = (asked.rows, asked.amount)
        if bounds not in kept:
            described = {
                "customer": {"type": "int", "private_id": True},
                "country": {"type": "string"},
                "category": {"type": "string"},
                "amount": {"type": "float", "lower": 0.0, "upper": float(asked.amount)},
            }
            options = {"max_ids": asked.rows, "censor_dims": False, "row_privacy": False, "rows": len(frame)}
            metadata = {"": {"main": {"orders": {**options, **described}}}}
            privacy = snsql.Privacy(epsilon=EPSILON, delta=DELTA)
            kept.clear()
            kept[bounds] = snsql.from_df(frame, metadata=metadata, privacy=privacy)
        return kept[bounds]

    def answer(asked: Asked) -> Answer:
        private = reader(asked)
        private._options.censor_dims = False
        private.privacy.epsilon = EPSILON
        private.privacy.epsilon = EPSILON / private.get_privacy_cost(SQL[asked.question])[0]
        spent, delta = private.get_privacy_cost(SQL[asked.question])
        found = private.execute(SQL[asked.question])
        return Answer(cells_of(found[1:], len(asked.keys)), spent, delta)

    return answer


if __name__ == "__main__":
    serve(load)
