"""The rows of an answer as bytes: as CSV, for programs or for spreadsheets, and as an Arrow stream."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv

from pellucid.release.result import Release

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that some spreadsheets would run; the last four are the first as East Asian signs."""


def as_csv(release: Release, *, for_spreadsheets: bool = True) -> bytes:
    """Return the rows as CSV; for spreadsheets, texts that one might run begin with an apostrophe."""
    values = _harmless(release.values) if for_spreadsheets else release.values
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(values, sink)
    return bytes(sink.getvalue())


def as_arrow(release: Release) -> bytes:
    """Return the rows as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, release.values.schema) as stream:
        stream.write_table(release.values)
    return bytes(sink.getvalue())


def _harmless(values: pa.Table) -> pa.Table:
    columns = [
        pa.chunked_array([[_harmless_text(text) for text in column.to_pylist()]], type=column.type)
        if pa.types.is_string(column.type)
        else column
        for column in values.columns
    ]
    return pa.table(columns, names=[_harmless_text(name) for name in values.column_names])


def _harmless_text(text: str | None) -> str | None:
    return f"'{text}" if text is not None and text.startswith(RISKY) else text
