"""Writing out everything people said, with their keys: a file that imports again, and then holds nothing new.

It streams, so memory is constant. Of erased people there is no key left, so what they said is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from sqlalchemy import Connection, Row, and_, or_, select

from pellucid.consent.bulk_file import COLUMNS
from pellucid.records.tables import consent_records, subjects

PART = 20_000
"""Rows that are held at a time."""

_FLAGS = frozenset({"explicit", "while_restricted"})
_SCHEMA = pa.schema(
    (
        name,
        pa.timestamp("us", "UTC") if name == "at" else pa.bool_() if name in _FLAGS else pa.string(),
    )
    for name in COLUMNS
)
_STORED = {"subject": subjects.c.natural_key, "by": consent_records.c.by_whom}
_WANTED = tuple((_STORED[name] if name in _STORED else consent_records.c[name]).label(name) for name in COLUMNS)


def write_records(
    connection: Connection, file: BinaryIO, namespaces: Sequence[str], purpose: str | None, parquet: bool
) -> int:
    """Write what people said into an open file, in the order of the register; return how many rows.

    With `purpose` what concerns it alone: records of all purposes too. Raises OSError.
    """
    count = 0
    with _writer(file, parquet) as writer:
        for part in _parts(connection, namespaces, purpose):
            writer.write(part)
            count += len(part)
    return count


def _writer(file: BinaryIO, parquet: bool) -> pq.ParquetWriter | pyarrow.csv.CSVWriter:
    if parquet:
        return _ParquetParts(file, _SCHEMA, compression="zstd")
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    return pyarrow.csv.CSVWriter(file, _SCHEMA, write_options=options)


class _ParquetParts(pq.ParquetWriter):  # type: ignore[misc]  # pyarrow has no types
    def write(self, part: pa.RecordBatch) -> None:
        self.write_batch(part)


def _parts(connection: Connection, namespaces: Sequence[str], purpose: str | None) -> Iterator[pa.RecordBatch]:
    who = and_(subjects.c.namespace == consent_records.c.namespace, subjects.c.id == consent_records.c.subject)
    statement = (
        select(*_WANTED)
        .join_from(consent_records, subjects, who)
        .where(consent_records.c.namespace.in_(namespaces), subjects.c.natural_key.is_not(None))
        .order_by(consent_records.c.sequence)
        .execution_options(yield_per=PART)
    )
    if purpose is not None:
        concerns = or_(consent_records.c.purpose == purpose, consent_records.c.purpose.is_(None))
        statement = statement.where(concerns)
    for rows in connection.execute(statement).partitions():
        yield _part(rows)


def _part(rows: Sequence[Row[Any]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array([_cell(field.name, value) for value in column], pa.int64() if field.name == "at" else field.type)
        for field, column in zip(_SCHEMA, columns, strict=True)
    ]
    return pa.record_batch(
        [array.cast(field.type) for array, field in zip(arrays, _SCHEMA, strict=True)], schema=_SCHEMA
    )


def _cell(name: str, value: object) -> object:
    if name == "at":
        return value
    return bool(value) if name in _FLAGS else value or ""
