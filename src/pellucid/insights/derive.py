"""The rows of a derived table, made by its governed question and written to a file for an import: nothing else.

A table about people is made of permitted rows, each of one person; one about nobody is a release like any other, and is
charged. What comes of it is a dataset with its own subject path, so that consent, rights and erasure reach it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.engines.base import Statement
from pellucid.errors import DataRefused, UseRefused
from pellucid.insights.answer import Parts, answer
from pellucid.insights.query import InsightQuery
from pellucid.policy.model import Actor, Built, ColumnType, Dataset
from pellucid.policy.stamp import Stamp
from pellucid.records.columns import from_instant
from pellucid.rewrite.context import Context
from pellucid.rewrite.govern_built import govern_built

ACTION = "data-build"
_ARROW = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.REAL: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}


@dataclass(frozen=True, slots=True)
class Derived:
    """What was made: the question's digest, the state that it was made of, and how many rows stand in the file."""

    question: str
    stamp: Stamp
    rows: int


def derive(parts: Parts, dataset: Dataset, built: Built, actor: Actor, file: Path) -> Derived:
    """Write the rows of a derived table to a new file (Parquet, 0600). Raises UseRefused, with a log entry, or what
    an answer raises.
    """
    return (
        _released(parts, dataset, built, actor, file)
        if dataset.is_public
        else _rows(parts, dataset, built, actor, file)
    )


def _rows(parts: Parts, dataset: Dataset, built: Built, actor: Actor, file: Path) -> Derived:
    now = parts.clock()
    fresh = parts.replica.fresh(now)
    context = Context(fresh.policy, actor, built.purpose, parts.standing(actor), parts.limits, ACTION)
    try:
        governed = govern_built(dataset, built, context)
    except UseRefused as error:
        body = {"dataset": dataset.name, "purpose": built.purpose, "reasons": [each.code for each in error.reasons]}
        with parts.database.write() as connection:
            append(connection, AuditEntry("data.build-refused", actor, now, body=body | {"outcome": "refused"}))
        raise
    bound = {"_now": from_instant(now).replace(tzinfo=None)} if "_now" in governed.parameters else {}
    exact = fresh.engine.run([Statement("rows", governed.sql, bound)], purpose=built.purpose, seconds=parts.seconds)
    rows = _typed(exact.table("rows"), dataset)
    _write(rows, file)
    stamp = fresh.stamp(governed.datasets, register=exact.replica_version, now=now)
    return Derived(built.question, stamp, rows.num_rows)


def _released(parts: Parts, dataset: Dataset, built: Built, actor: Actor, file: Path) -> Derived:
    release = answer(parts, InsightQuery(built.sql, built.purpose, actor))
    rows = _typed(release.to_arrow(), dataset)
    _write(rows, file)
    return Derived(built.question, release.stamp, rows.num_rows)


def _typed(rows: pa.Table, dataset: Dataset) -> pa.Table:
    """Return the declared columns in their declared types; raises DataRefused where a value does not fit."""
    by_name = {name.casefold(): name for name in rows.column_names}
    found = {}
    for column in dataset.columns.values():
        name = by_name.get(column.name.casefold())
        if name is None:
            raise _misfit(dataset, column.name, "lacks it")
        kind = _ARROW.get(column.type) or pa.decimal128(18, column.scale)
        try:
            found[column.name] = rows[name].cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise _misfit(dataset, column.name, f"holds something that is no {column.type}") from None
    return pa.table(found)


def _misfit(dataset: Dataset, column: str, what: str) -> DataRefused:
    return DataRefused(
        f"What the question of {dataset.name!r} gives for column {column!r} {what}.",
        remedy="Change the column's type in the policy, or cast it in the question.",
        code="built-type",
    )


def _write(rows: pa.Table, file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as sink:
        pq.write_table(rows, sink)
