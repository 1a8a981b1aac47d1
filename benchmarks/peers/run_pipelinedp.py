"""PipelineDP on its local backend, the only one that needs no cluster: pure Python over rows held as tuples.

Its bounds are ours: groups a customer, rows and amount a customer and group.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pipeline_dp
import pyarrow.parquet as pq
from serve import DELTA, EPSILON, Answer, Asked, all_cells, serve

Metrics = pipeline_dp.Metrics
METRICS = {
    "Q1": [Metrics.COUNT, Metrics.SUM],
    "Q2": [Metrics.COUNT, Metrics.SUM],
    "Q3": [Metrics.PRIVACY_ID_COUNT],
    "Q4": [Metrics.MEAN],
}
NAMES = {"Q1": ("count", "sum"), "Q2": ("count", "sum"), "Q3": ("privacy_id_count",), "Q4": ("mean",)}


def load(path: Path) -> Callable[[Asked], Answer]:
    table = pq.read_table(path)
    columns = [table.column(name) for name in ("customer", "country", "category")]
    amounts = table.column("amount").cast("float64")
    rows = list(zip(*(column.to_pylist() for column in [*columns, amounts]), strict=True))

    def answer(asked: Asked) -> Answer:
        public = ["|".join(keys) for keys in all_cells(asked.question)] or ["all"]
        extractors = pipeline_dp.DataExtractors(
            privacy_id_extractor=lambda row: row[0],
            partition_extractor={
                0: lambda row: "all",
                1: lambda row: row[1],
                2: lambda row: f"{row[1]}|{row[2]}",
            }[len(asked.keys)],
            value_extractor=lambda row: row[3],
        )
        bounds = {"min_sum_per_partition": 0.0, "max_sum_per_partition": float(asked.amount)}
        if asked.question == "Q4":  # a mean bounds each value: what one row may be, for the same total
            bounds = {"min_value": 0.0, "max_value": float(asked.amount)}
        params = pipeline_dp.AggregateParams(
            noise_kind=pipeline_dp.NoiseKind.GAUSSIAN,
            metrics=METRICS[asked.question],
            max_partitions_contributed=asked.groups if asked.keys else 1,
            max_contributions_per_partition=1 if asked.question == "Q3" else asked.rows,
            **({} if asked.question == "Q3" else bounds),
        )
        accountant = pipeline_dp.NaiveBudgetAccountant(total_epsilon=EPSILON, total_delta=DELTA)
        engine = pipeline_dp.DPEngine(accountant, pipeline_dp.LocalBackend())
        result = engine.aggregate(rows, params, extractors, public_partitions=public)
        accountant.compute_budgets()
        cells = {
            "" if not asked.keys else key: [float(getattr(metrics, name)) for name in NAMES[asked.question]]
            for key, metrics in result
        }
        return Answer(cells, EPSILON, DELTA)

    return answer


if __name__ == "__main__":
    serve(load)
