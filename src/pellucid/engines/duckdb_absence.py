"""Whether anything is left of people in a generation file: read by a connection that never saw them, then as bytes.

The engine compresses what it stores, so bytes alone prove little: every text is also read and searched.
"""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pellucid.engines.duckdb_casts import quoted
from pellucid.engines.duckdb_private import EngineLimits, PrivateEngine, quietly
from pellucid.engines.duckdb_writing import subject_columns
from pellucid.engines.needles import Needles
from pellucid.policy.model import ColumnType, Dataset

PART = 500_000


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of people in a file: rows and members that bear their ids, and their texts in others' rows or in
    the file's bytes.
    """

    rows: int
    texts: frozenset[str]
    in_bytes: frozenset[str]


def left_of(
    path: Path, dataset: Dataset, erased: Mapping[str, NDArray[np.int64]], needles: Needles, limits: EngineLimits
) -> Left:
    """Look for people in a generation file, over a connection of its own. Raises DataRefused if it cannot be read."""
    with quietly("The file could not be searched for those who were erased."):
        engine = PrivateEngine(limits)
        try:
            rows = _rows(engine, path, dataset, erased)
            texts = _texts(engine, path, dataset, needles)
        finally:
            engine.close()
        return Left(rows, frozenset(texts), frozenset(in_file(path, needles)))


def named_in(path: Path, dataset: Dataset, needles: Needles, limits: EngineLimits) -> frozenset[str]:
    """Return the texts that stand in a generation's rows or bytes, whoever they are about. Raises DataRefused."""
    with quietly("The file could not be searched for those who were erased."):
        engine = PrivateEngine(limits)
        try:
            return frozenset(_texts(engine, path, dataset, needles) | in_file(path, needles))
        finally:
            engine.close()


def in_file(path: Path, needles: Needles) -> set[str]:
    """Return the texts that stand in a file's bytes."""
    if not needles.texts or not path.stat().st_size:
        return set()
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return needles.found(data)


def identifying(
    path: Path,
    dataset: Dataset,
    erased: Mapping[str, NDArray[np.int64]],
    columns: tuple[str, ...],
    limits: EngineLimits,
) -> set[str]:
    """Return the texts in these columns of people's rows that stand in nobody else's. Raises DataRefused."""
    found: set[str] = set()
    with quietly("What identifies those who are erased could not be read."):
        engine = PrivateEngine(limits)
        try:
            source = engine.attach(path)
            theirs = _theirs(engine, dataset, erased)
            for name in columns:
                column = quoted(name)
                mine = f"SELECT DISTINCT {column} AS text FROM {source} WHERE {column} IS NOT NULL AND {theirs}"
                engine.run(f"CREATE OR REPLACE TEMP TABLE mine AS {mine}")
                others = f"SELECT {column} FROM {source} WHERE {column} IN (SELECT text FROM mine) AND NOT {theirs}"
                texts = engine.column(f"SELECT text FROM mine WHERE text NOT IN ({others})")
                found |= {text for text in texts.to_pylist() if text}
        finally:
            engine.close()
    return found


def _theirs(engine: PrivateEngine, dataset: Dataset, erased: Mapping[str, NDArray[np.int64]]) -> str:
    found = []
    for column, path in zip(subject_columns(dataset), dataset.subjects, strict=True):
        if path.namespace in erased:
            engine.offer(f"gone{column}", pa.table({"id": pa.array(erased[path.namespace], pa.int64())}))
            found.append(f"{column} IN (SELECT id FROM gone{column})")
    return f"({' OR '.join(found) or 'FALSE'})"


def _rows(engine: PrivateEngine, path: Path, dataset: Dataset, erased: Mapping[str, NDArray[np.int64]]) -> int:
    rows = engine.attach(path)
    members, theirs = f"{rows.removesuffix('.rows')}.members", _theirs(engine, dataset, erased)
    stored = engine.number(f"SELECT count(*) FROM {rows} WHERE {theirs}")
    return stored or engine.number(f"SELECT count(*) FROM {members} WHERE {theirs}")


def _texts(engine: PrivateEngine, path: Path, dataset: Dataset, needles: Needles) -> set[str]:
    source = engine.attach(path)
    names = [quoted(column.name) for column in dataset.columns.values() if column.type is ColumnType.TEXT]
    if not names or not needles.texts:
        return set()
    longest = ", ".join(f"max(strlen({name}))" for name in names)
    (lengths,) = engine.run(f"SELECT {longest} FROM {source}")
    read = [name for name, length in zip(names, lengths, strict=True) if (length or 0) >= needles.least]
    found: set[str] = set()
    for batch in engine.batches(f"SELECT {', '.join(read)} FROM {source}", PART) if read else ():
        for values in batch.columns:
            found |= needles.found(*_bytes_and_edges(values))
    return found


def _bytes_and_edges(values: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the bytes of texts one after another, and where each begins."""
    texts = values.cast(pa.large_string())
    _, edges, data = texts.buffers()
    places = np.frombuffer(edges, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data or b"", np.uint8)[places[0] : places[-1]], places - places[0]
