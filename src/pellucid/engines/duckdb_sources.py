"""Files that somebody hands in, opened as rows for DuckDB: Parquet (a file or a folder of files) and CSV.

Nothing a file says becomes SQL: CSV columns get our own names, Parquet columns are taken by their declared names only.
Judging the values is `engines.duckdb_casts`'; engine text never leaves.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pellucid.engines.duckdb_casts import glob_escaped
from pellucid.errors import InputInvalid

PARQUET_MAGIC = b"PAR1"
GZIP_MAGIC = b"\x1f\x8b"
OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS = (",", ";", "\t", "|")
HEADER_BYTES = 1 << 20
MOST_COLUMNS = 4096


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """One or more Parquet files with the same columns."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A CSV file (RFC 4180 quoting) with a header line; `columns` are the header's names in order."""

    path: str
    columns: tuple[str, ...]
    delimiter: str
    compressed: bool


def find_source(path: Path, wanted: Sequence[str]) -> ParquetSource | CsvSource:
    """Return what a path holds, judged by its content; `wanted` are the declared columns, to tell the delimiter by.

    Raises InputInvalid for anything but a readable Parquet file, folder of Parquet files, or CSV file.
    """
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise _unusable(f"There is no file {path.name!r}.", "Check the path.", "file-missing")
    if not path.is_file():
        raise _unusable(f"{path.name!r} is not a regular file.", "Name a Parquet or CSV file.", "file-not-regular")
    start = _read_start(path, 4)
    if not start:
        raise _unusable(f"The file {path.name!r} is empty.", "Export it again, with its rows.", "file-empty")
    if start == PARQUET_MAGIC:
        return ParquetSource((glob_escaped(str(path.resolve())),))
    return _csv(path, wanted, compressed=start.startswith(GZIP_MAGIC))


def _folder(path: Path) -> ParquetSource:
    files = sorted(file for file in path.iterdir() if file.suffix == ".parquet" and file.is_file())
    if not files:
        raise _unusable(
            f"The folder {path.name!r} holds no Parquet files.",
            "Name a Parquet or CSV file, or a folder of .parquet files.",
            "folder-empty",
        )
    strangers = [file.name for file in files if _read_start(file, 4) != PARQUET_MAGIC]
    if strangers:
        raise _unreadable(strangers[0], "Parquet")
    return ParquetSource(tuple(glob_escaped(str(file.resolve())) for file in files))


def _csv(path: Path, wanted: Sequence[str], *, compressed: bool) -> CsvSource:
    header = _header_line(path, compressed=compressed)
    try:
        rows = [(next(csv.reader([header], delimiter=mark), []), mark) for mark in DELIMITERS]
    except csv.Error:  # lines that end in CR alone, or a name of more than 128 KiB
        raise _unreadable(path.name, "CSV") from None
    columns, delimiter = max(rows, key=lambda found: len(set(found[0]) & set(wanted)))
    if not set(columns) & set(wanted):
        raise _unusable(
            f"The first line of {path.name!r} names none of the declared columns.",
            f"Give a CSV file whose first line has the column names: {', '.join(wanted)}.",
            "csv-header",
        )
    repeated = sorted({name for name in columns if columns.count(name) > 1 and name in wanted})
    if repeated:
        raise _unusable(
            f"The first line of {path.name!r} names {', '.join(repeated)} more than once.",
            "Keep one column of each name.",
            "csv-header",
        )
    if len(columns) > MOST_COLUMNS:
        raise _unusable(
            f"{path.name!r} has {len(columns)} columns; at most {MOST_COLUMNS} are read.", "Drop columns.", "csv-header"
        )
    return CsvSource(glob_escaped(str(path.resolve())), tuple(columns), delimiter, compressed)


def _header_line(path: Path, *, compressed: bool) -> str:
    try:
        with gzip.open(path, "rb") if compressed else path.open("rb") as file:
            line = file.readline(HEADER_BYTES)
    except (OSError, EOFError, zlib.error):
        raise _unreadable(path.name, "gzip" if compressed else "CSV") from None
    if line.startswith(OTHER_ENCODINGS) or (not line.isascii() and not _is_utf8(line)):
        raise _unusable(f"{path.name!r} is not in UTF-8.", "Save it as UTF-8.", "not-utf8")
    if b"\0" in line or len(line) == HEADER_BYTES:
        raise _unreadable(path.name, "Parquet or CSV")
    return line.decode("utf-8-sig").rstrip("\r\n")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _read_start(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        raise _unusable(f"{path.name!r} cannot be read.", "Check the file's permissions.", "file-unreadable") from None


def _unreadable(name: str, kind: str) -> InputInvalid:
    return _unusable(f"{name!r} is not a readable {kind} file.", "Export it again.", "file-unreadable")


def _unusable(message: str, remedy: str, code: str) -> InputInvalid:
    return InputInvalid(message, remedy=remedy, code=code)
