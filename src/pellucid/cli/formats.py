"""The formats in which rows are written, for people and for programs; tables for people are `cli.render`'s."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING

from pellucid.errors import InputInvalid

if TYPE_CHECKING:
    import pyarrow as pa


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    ARROW = "arrow"


def demand_writable(written: Format) -> None:
    """Raise InputInvalid for a format that a terminal cannot show."""
    if written is Format.ARROW and sys.stdout.isatty():
        raise InputInvalid("Arrow is not for terminals.", code="format-binary", remedy="Redirect the output to a file.")


def write_rows(values: pa.Table, written: Format) -> None:
    """Write rows as CSV or as an Arrow stream."""
    if written is Format.CSV:
        import pyarrow.csv  # noqa: PLC0415  -- only here

        pyarrow.csv.write_csv(values, sys.stdout.buffer)
    else:
        import pyarrow as pa  # noqa: PLC0415  -- only here

        with pa.ipc.new_stream(sys.stdout.buffer, values.schema) as stream:
            stream.write_table(values)
