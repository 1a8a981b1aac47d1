"""Ranks stored beside rows: the rows of one subject and month in a pseudorandom order under a key, from 0 on.

`WHERE _rank < 20` then keeps at most 20 rows of each subject and month, whatever else a question asks for, without
looking at anybody's other rows. Rows that are alike in all columns may change places, which no answer shows. The order
depends on a subject's own rows and the key alone, so nobody else's rows move it.
"""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own

from __future__ import annotations

from collections.abc import Callable

import duckdb

from pellucid.engines.duckdb_casts import literal, quoted
from pellucid.policy.model import Dataset
from pellucid.policy.ranks import LARGEST_RANK, rank_columns, rank_rule

_TABLE = "rank_rule"


def with_ranks(rows: str, dataset: Dataset, key: str) -> str:
    """Return a query for the same rows (the declared columns and `_subject0`) with the declared ranks besides."""
    rank = dataset.rank
    if rank is None or dataset.time is None:
        return rows
    time, columns = quoted(dataset.time), ", ".join(quoted(name) for name in dataset.columns)
    order = f"hash({literal(key)}, {columns}), {columns}"
    since = f"TIMESTAMP {literal(f'{rank.since}-01')}"
    until = f"(TIMESTAMP {literal(f'{rank.until}-01')} + INTERVAL 1 MONTH)"
    counts = f"coalesce({time} >= {since} AND {time} < {until}, FALSE)"
    parts = []
    for name, by in zip(rank_columns(dataset), (None, *rank.by), strict=True):
        within = f"_subject0, date_trunc('month', {time})" + ("" if by is None else f", {quoted(by)}")
        turn = f"row_number() OVER (PARTITION BY {within} ORDER BY {order}) - 1"
        parts.append(
            f"CAST(CASE WHEN {counts} THEN least({turn}, {LARGEST_RANK}) ELSE {LARGEST_RANK} END AS UTINYINT) AS {name}"
        )
    return f"SELECT *, {', '.join(parts)} FROM ({rows})"


def write_rule(run: Callable[[str], object], target: str, dataset: Dataset) -> None:
    """Write down in a generation file how its rows are ranked."""
    if dataset.rank is not None:
        run(f"CREATE TABLE {target}.{_TABLE} AS SELECT {literal(rank_rule(dataset))} AS told")


def read_rule(cursor: duckdb.DuckDBPyConnection, database: str) -> str:
    """Return how the rows of an attached generation are ranked; empty if they are not. Raises duckdb.Error."""
    held = "SELECT count(*) FROM duckdb_tables() WHERE database_name = $database AND table_name = $name"
    found = cursor.execute(held, {"database": database, "name": _TABLE}).fetchone()
    if found is None or not found[0]:
        return ""
    ((told,),) = cursor.execute(f"SELECT told FROM {database}.main.{_TABLE}").fetchall()
    return str(told)
