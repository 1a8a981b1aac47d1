"""How rows lie in a generation file, so that leaving people out costs next to nothing. It knows of no permission.

Rows of one subject stand together. They are cut into blocks of whole vectors (2048 rows), so that in a scan `_block` is
one constant a vector and a test of it runs once for 2048 rows. Within a block each tuple of subjects that stands
together is a *member*: bit `_bit` of the word `_word`. `members` says who they are.
"""
# ruff: noqa: S608 -- statements are made of our own names

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from pellucid.engines.lockdown import quoted
from pellucid.engines.members import WORD, Members

VECTOR = 2048
"""Rows that DuckDB takes at once."""

MOST_BLOCKS = 32_768
"""A statement carries a bit a block, which the engine copies for each vector: larger files have larger blocks."""

PLACES = ("_block", "_word", "_bit")


def rows_a_block(rows: int) -> int:
    """Return how many rows a block has in a file of so many rows."""
    vectors = -(-rows // VECTOR)
    return VECTOR * max(1, -(-vectors // MOST_BLOCKS))


def blocks_of(rows: int) -> int:
    """Return how many blocks a file of so many rows has."""
    return -(-rows // rows_a_block(rows))


def write_placed(
    run: Callable[[str], object], target: str, rows: str, columns: Sequence[str], namespaces: Sequence[str], size: int
) -> None:
    """Write the tables of a generation about people: `rows`, `members` and `subject_paths`, in a schema `target`.

    `rows` is a query that gives the declared `columns` (quoted names) and `_subject0`, `_subject1`, ..., sorted; `size`
    is how many rows it gives. Members are told from the rows as written, so none can be missing.
    """
    subjects = [f"_subject{path}" for path in range(len(namespaces))]
    named = ", ".join([*PLACES, *subjects])
    run(f"CREATE TABLE {target}.rows AS {_placed(rows, columns, subjects, rows_a_block(size))}")
    run(f"CREATE TABLE {target}.members AS SELECT DISTINCT {named} FROM {target}.rows ORDER BY _word, _bit")
    paths = ", ".join(f"({path}, {quoted(namespace)})" for path, namespace in enumerate(namespaces))
    run(f"CREATE TABLE {target}.subject_paths AS SELECT * FROM (VALUES {paths}) AS v(position, namespace)")


def _placed(rows: str, columns: Sequence[str], subjects: Sequence[str], block: int) -> str:
    words = block // WORD
    moved = " OR ".join(f"{name} IS DISTINCT FROM lag({name}) OVER ()" for name in subjects)
    so_far = "OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"  # streams: no sort, no partition
    return f"""
        SELECT {", ".join([*columns, *subjects])}, _block,
               CAST(_block * {words} + _nth // {WORD} AS INTEGER) AS _word,
               CAST(_nth % {WORD} AS UTINYINT) AS _bit
        FROM (SELECT *, _member - max(CASE WHEN _place % {block} = 0 THEN _member END) {so_far} AS _nth
              FROM (SELECT *, CAST(sum(_new) {so_far} AS BIGINT) AS _member
                    FROM (SELECT *, CAST(_place // {block} AS INTEGER) AS _block,
                                 CASE WHEN _place % {block} = 0 OR {moved} THEN 1 ELSE 0 END AS _new
                          FROM (SELECT *, row_number() OVER () - 1 AS _place FROM ({rows})))))
    """


def read_members(cursor: duckdb.DuckDBPyConnection, database: str) -> Members | None:
    """Return the members of an attached generation; None if its rows are about nobody.

    Raises duckdb.Error or ValueError if the file is not laid out as it should be.
    """
    columns = [row[0] for row in cursor.execute(f"DESCRIBE {database}.main.rows").fetchall()]
    paths = sum(name.startswith("_subject") for name in columns)
    if not paths:
        return None
    found = cursor.execute(f"SELECT namespace FROM {database}.main.subject_paths ORDER BY position").fetchall()
    if len(found) != paths or not set(PLACES) <= set(columns):
        raise ValueError("a generation without places")
    names = [*PLACES, *(f"_subject{path}" for path in range(paths))]
    table = cursor.sql(f"SELECT {', '.join(names)} FROM {database}.main.members ORDER BY _word, _bit").to_arrow_table()
    block, word, bit, *subjects = (_integers(table.column(name)) for name in names)
    return Members(tuple(row[0] for row in found), tuple(subjects), block, word, bit)


def _integers(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return 32-bit integers; an id that is missing is -1, which nobody has."""
    return np.asarray(column.cast(pa.int32()).fill_null(-1).to_numpy(), dtype=np.int32)
