"""Writing a generation file from a query over its rows: sorted, placed, checked for its people, closed and durable.

Where the rows come from, who is alike and what is published are decided elsewhere.
"""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own; values from files are never text

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pellucid.engines.duckdb_casts import literal, quoted
from pellucid.engines.duckdb_layout import write_placed
from pellucid.engines.duckdb_private import PrivateEngine, quietly
from pellucid.engines.duckdb_ranks import with_ranks, write_rule
from pellucid.errors import DataRefused
from pellucid.policy.model import Dataset
from pellucid.policy.ranks import rank_columns

ROWS = "target.main.rows"
"""The rows of the file that is being written."""


@dataclass(frozen=True, slots=True)
class Order:
    """How rows are put in order: `alike` has a number for each id of the first path from 0 on, and those with the same
    number stand together; under `key` each subject's rows are ranked, where the dataset declares a rank.
    """

    alike: pa.Array
    key: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a generation file holds: rows, and for each subject path the distinct ids, ascending."""

    rows: int
    ids: tuple[pa.Array, ...]


def subject_columns(dataset: Dataset) -> list[str]:
    """Return the columns that hold subjects, one a path."""
    return [f"_subject{path}" for path in range(len(dataset.subjects))]


def write_generation(
    engine: PrivateEngine, dataset: Dataset, target: Path, rows: str, size: int, order: Order
) -> Written:
    """Write the rows that a query gives (the declared columns, then the subjects'), `size` of them, to a new file.

    Raises DataRefused if a row would be left without its subject, and the engine's own errors.
    """
    engine.run(f"ATTACH {literal(str(target))} AS target")
    subjects = subject_columns(dataset)
    sorted_by = [*([dataset.time] if dataset.time else []), *dataset.key]
    keys = ", ".join([*subjects[:1], *(quoted(name) for name in sorted_by)])
    if subjects:
        everybody = pa.array(np.arange(len(order.alike), dtype=np.int32))
        engine.offer("alike", pa.table({"_id": everybody, "_kind": order.alike}))
        ranked = with_ranks(rows, dataset, order.key)
        ordered = f"SELECT * FROM ({ranked}) LEFT JOIN alike ON alike._id = _subject0 ORDER BY _kind NULLS LAST, {keys}"
        names = [*(quoted(name) for name in dataset.columns), *rank_columns(dataset)]
        write_placed(engine.run, "target.main", ordered, names, [path.namespace for path in dataset.subjects], size)
        write_rule(engine.run, "target.main", dataset)
        _demand_own_places(engine)
    else:
        ordering = f" ORDER BY {keys}" if keys else ""
        engine.run(f"CREATE TABLE {ROWS} AS SELECT * FROM ({rows}){ordering}")
    engine.run("CHECKPOINT target")
    count = engine.number(f"SELECT count(*) FROM {ROWS}")
    return Written(count, tuple(_written_ids(engine, subject) for subject in subjects))


def finish_generation(engine: PrivateEngine, target: Path) -> None:
    """Detach the written file, make it read-only (0444) and durable."""
    with quietly("The generation could not be closed.", writing=True):
        engine.run("DETACH target")
        target.chmod(0o444)
        sync(target)
        sync(target.parent)


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _demand_own_places(engine: PrivateEngine) -> None:
    twice = "SELECT 1 FROM target.main.members GROUP BY _word, _bit HAVING count(*) > 1"
    if engine.number(f"SELECT count(*) FROM ({twice})"):
        raise DataRefused(
            "Two people would have been stored in one place, so nothing was published.",
            remedy="Run the command again; if this returns, report it.",
            code="layout-wrong",
        )


def _written_ids(engine: PrivateEngine, subject: str) -> pa.Array:
    if engine.number(f"SELECT count(*) FROM {ROWS} WHERE {subject} IS NULL"):
        raise DataRefused(
            "A row would have been stored without its subject, so nothing was published.",
            remedy="Run the command again; if this returns, report it.",
            code="subject-lost",
        )
    return engine.column(f"SELECT DISTINCT {subject} FROM {ROWS} ORDER BY 1")
