"""OpenDP's Polars context: groups and rows a customer are truncated, amounts are clamped row by row.

There is no bound on a customer's amount in a group, so the clamp of one row is the whole amount. `keep="first"`, since
the default way of choosing groups fails on text keys in 0.16.0.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import opendp.prelude as dp
import polars as pl
from serve import DELTA, Answer, Asked, all_cells, cells_of, serve

dp.enable_features("contrib")
RHO = 0.024356  # epsilon 1 at delta 1e-6, by OpenDP's own conversion


def load(path: Path) -> Callable[[Asked], Answer]:
    frame = pl.read_parquet(path).drop("day").with_columns(pl.col("amount").cast(pl.Float64)).lazy()

    def answer(asked: Asked) -> Answer:
        context = dp.Context.compositor(
            data=frame,
            privacy_unit=dp.unit_of(contributions=1, identifier=pl.col("customer")),
            privacy_loss=dp.loss_of(rho=RHO),
            split_evenly_over=1,
            margins=[dp.polars.Margin(by=list(asked.keys), max_length=20_000_000)],
        )
        keys, query = list(asked.keys), context.query()
        amount = pl.col("amount").fill_null(0.0).fill_nan(0.0)
        if asked.question == "Q3":
            wanted = [pl.col("customer").dp.n_unique()]
        elif asked.question == "Q4":
            wanted = [amount.dp.sum((0.0, float(asked.amount))), dp.len().alias("n")]
        else:
            wanted = [dp.len().alias("n"), amount.dp.sum((0.0, float(asked.amount)))]
        query = query.truncate_per_group(1 if asked.question == "Q3" else asked.rows, by=keys, keep="first")
        if keys:
            query = query.truncate_num_groups(asked.groups + 1, by=keys, keep="first")  # it keeps one fewer than asked
            known = pl.LazyFrame(all_cells(asked.question), schema=keys, orient="row")
            query = query.group_by(*keys).agg(*wanted).with_keys(known)
        else:
            query = query.select(*wanted)
        rows = query.release().collect().rows()
        if asked.question == "Q4":
            rows = [(rows[0][0] / max(1, rows[0][1]),)]
        return Answer(cells_of(rows, len(keys)), 1.0, DELTA)

    return answer


if __name__ == "__main__":
    serve(load)
