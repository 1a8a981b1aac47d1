"""Reading a file of what people said, CSV or Parquet, in blocks: its cells as texts, with the number of each line.

Constant memory, whatever the size. What the cells mean is `consent.bulk_rows`; a row that is no row of the file's
columns is told apart here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from pellucid.consent.bulk_heard import Ids
from pellucid.errors import InputInvalid

REQUIRED = ("subject", "purpose", "verb", "covers", "explicit", "notice_version", "channel", "at")
OPTIONAL = ("by", "proof", "member", "screen", "language", "method", "while_restricted", "namespace")
COLUMNS = (*REQUIRED, *OPTIONAL)

BLOCK = 10_000
"""Rows in a block: each is recorded in a transaction of its own, so that others need not wait for long."""

_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a file: the line of each (the header's is 1; in Parquet the row's number), and its cells as texts.

    `broken` are lines among or before them that have another number of cells than the header, as they stand there.
    """

    lines: Ids
    cells: pa.Table
    broken: dict[int, str] = field(default_factory=dict)

    def column(self, name: str) -> pa.Array:
        """Return a column's texts, without NULL; empty ones if the file has no such column."""
        if name not in self.cells.column_names:
            return pa.repeat(pa.scalar("", pa.large_string()), len(self.lines))
        return pc.fill_null(self.cells[name].combine_chunks(), "")


def read_blocks(path: Path, size: int = BLOCK) -> Iterator[Block]:
    """Yield a file's rows in order; raises InputInvalid for a file that lacks columns or cannot be read (further)."""
    try:
        yield from _parquet(path, size) if path.suffix.lower() in (".parquet", ".pq") else _csv(path, size)
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error):
        raise InputInvalid(
            "The file of consents cannot be read, or not to its end; rows read before are kept.",
            code="file-unreadable",
            remedy="Give a UTF-8 CSV file, or a Parquet file that ends in .parquet, and import it again: what is "
            "recorded already counts once.",
        ) from None


def _parquet(path: Path, size: int) -> Iterator[Block]:
    with pq.ParquetFile(path) as file:
        _demand_columns(file.schema_arrow.names)
        first = 1
        for batch in file.iter_batches(size):
            names = batch.schema.names
            cells = pa.table({name: _text(name, batch.column(place)) for place, name in enumerate(names)})
            yield Block(np.arange(first, first + len(batch), dtype=np.int64), cells)
            first += len(batch)


def _text(name: str, values: pa.Array) -> pa.Array:
    """Return values as texts; raises InputInvalid for instants without a time zone and for what is no text."""
    kind = values.type
    if pa.types.is_timestamp(kind) and kind.tz is None:
        raise InputInvalid(
            f"The column {name} holds instants without a time zone.",
            code="instant-invalid",
            remedy="Write them as timestamps adjusted to UTC.",
        )
    if pa.types.is_timestamp(kind):
        values = values.cast(pa.timestamp("us", "UTC"))
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
    return values.cast(pa.large_string())


def _csv(path: Path, size: int) -> Iterator[Block]:
    names = _header(path)
    broken: list[tuple[int, str]] = []

    def leave_out(row: pyarrow.csv.InvalidRow) -> str:
        broken.append((row.number, row.text))
        return "skip"

    reader = pyarrow.csv.open_csv(
        path,
        # One thread, since only then a row that does not fit is told with its number.
        read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BYTES, column_names=names, skip_rows=1),
        parse_options=pyarrow.csv.ParseOptions(
            newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=leave_out
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: pa.binary() for name in names}, strings_can_be_null=False
        ),
    )
    numbers = _Numbers()
    for batch in reader:
        lines = numbers.of(batch, broken)
        told = dict(numbers.take_broken())
        for start in range(0, max(len(batch), 1), size):
            part = batch.slice(start, size)
            cells = pa.table({name: _decoded(part.column(place)) for place, name in enumerate(names)})
            yield Block(lines[start : start + size], cells, told if start == 0 else {})
    if broken:
        yield Block(np.empty(0, np.int64), _no_cells(names), dict(numbers.rest(broken)))


class _Numbers:
    """Tells the line on which each row begins: rows may hold line breaks, and some rows are left out."""

    def __init__(self) -> None:
        self._row, self._breaks = 2, 0  # the next row's number, the header being the first; line breaks inside rows
        self._left_out: list[tuple[int, str]] = []

    def of(self, batch: pa.RecordBatch, broken: list[tuple[int, str]]) -> Ids:
        inside = _line_breaks(batch)
        rows = np.empty(len(batch), np.int64)
        filled = 0
        while filled < len(batch):
            stop = min(broken[0][0] - self._row if broken else len(batch), len(batch) - filled)
            rows[filled : filled + stop] = np.arange(self._row, self._row + stop)
            filled, self._row = filled + stop, self._row + stop
            while broken and broken[0][0] == self._row and filled < len(batch):
                before = self._breaks + int(inside[:filled].sum())
                self._leave_out(broken.pop(0), before)
        lines = rows + self._breaks + np.concatenate([[0], np.cumsum(inside)[:-1]]) if len(batch) else rows
        self._breaks += int(inside.sum())
        return np.asarray(lines, np.int64)

    def _leave_out(self, row: tuple[int, str], breaks: int) -> None:
        self._left_out.append((row[0] + breaks, row[1]))
        self._row += 1

    def take_broken(self) -> list[tuple[int, str]]:
        found, self._left_out = self._left_out, []
        return found

    def rest(self, broken: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
        return [(number + self._breaks, text) for number, text in broken]


def _line_breaks(batch: pa.RecordBatch) -> Ids:
    counts = np.zeros(len(batch), np.int64)
    for column in batch.columns:
        if column.buffers()[2] is None or b"\n" not in column.buffers()[2].to_pybytes():
            continue
        counts += pc.count_substring(column, b"\n").to_numpy(zero_copy_only=False)
    return counts


def _decoded(values: pa.Array) -> pa.Array:
    """Return bytes as texts; what is not UTF-8 becomes a text with a NUL, which nothing that is recorded may hold."""
    try:
        return values.cast(pa.large_string())
    except pa.ArrowInvalid:
        return pa.array([_lossy(value) for value in values.to_pylist()], pa.large_string())


def _lossy(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode(errors="replace") + "\0"


def _no_cells(names: Sequence[str]) -> pa.Table:
    return pa.table({name: pa.array([], pa.large_string()) for name in names})


def _header(path: Path) -> list[str]:
    """Return the names on a CSV file's first line."""
    with path.open("rb") as file:
        names = next(csv.reader([file.readline().decode("utf-8-sig").rstrip("\r\n")]), [])
    _demand_columns(names)
    return names


def _demand_columns(names: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputInvalid(
            f"The file of consents lacks the columns {', '.join(missing)}.",
            code="columns-missing",
            remedy=f"Its first line must name: {', '.join(REQUIRED)}.",
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputInvalid(
            f"The file of consents has columns of the same name: {len(twice)}.",
            code="columns-twice",
            remedy="Name each column once.",
        )
