"""An independent search of a folder for strings: raw, hex, base64, UTF-16, decompressed, and as engines read them.

It shares no code with what it judges.
"""

from __future__ import annotations

import base64
import gzip
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq


class Scan:
    """Finds out which of some strings of one length stand in a folder. All of them begin with `prefix`."""

    def __init__(self, strings: list[str], prefix: str) -> None:
        self._strings = strings
        self._marks = {form: number for number, text in enumerate(strings) for form in self._forms(text)}
        self._starts = {form[: self._start(form)] for form in self._marks}
        self._prefix = prefix

    def found(self, folder: Path) -> dict[str, set[str]]:
        """Return the strings that were found, by file."""
        files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink()]
        told = {str(file.relative_to(folder)): self._in_file(file) for file in files}
        return {name: strings for name, strings in told.items() if strings}

    def _in_file(self, file: Path) -> set[str]:
        found: set[str] = set()
        for data in _readings(file):
            found |= self._in_bytes(data)
        return found

    def _in_bytes(self, data: bytes) -> set[str]:
        found = set()
        for start in self._starts:
            at = data.find(start)
            while at >= 0:
                found |= {self._strings[n] for form, n in self._near(data, at, start)}
                at = data.find(start, at + 1)
        return found

    def _near(self, data: bytes, at: int, start: bytes) -> Iterator[tuple[bytes, int]]:
        for length in {len(form) for form in self._marks}:
            form = data[at : at + length]
            if form in self._marks:
                yield form, self._marks[form]

    def _forms(self, text: str) -> set[bytes]:
        plain = text.encode()
        found = {plain, text.encode("utf-16-le"), text.encode("utf-16-be"), plain.hex().encode()}
        found.add(plain.hex().upper().encode())
        for shift in range(3):
            digits = base64.b64encode(b"?" * shift + plain)
            found.add(digits[-(-shift * 8 // 6) : (shift + len(plain)) * 8 // 6])
        return found

    def _start(self, form: bytes) -> int:
        return 8


def _readings(file: Path) -> Iterator[bytes]:
    """Yield a file's bytes as they lie, decompressed, and as the engines that wrote it read them."""
    raw = file.read_bytes()
    yield raw
    for opened in (gzip.decompress, zlib.decompress, _zstd):
        try:
            yield opened(raw)
        except (OSError, EOFError, zlib.error, pa.ArrowException):
            continue
    if raw[8:12] == b"DUCK":
        yield from _duckdb(file)
    if raw[:4] == b"PAR1":
        yield repr(pq.read_table(file).to_pydict()).encode()
    if raw[:15] == b"SQLite format 3":
        yield from _sqlite(file)


def _zstd(raw: bytes) -> bytes:
    return bytes(pa.CompressedInputStream(pa.BufferReader(raw), "zstd").read())


def _duckdb(file: Path) -> Iterator[bytes]:
    with duckdb.connect(str(file), read_only=True) as connection:
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            yield repr(connection.execute(f'SELECT * FROM "{table}"').fetchall()).encode()


def _sqlite(file: Path) -> Iterator[bytes]:
    """Read each blob as it may be compressed, too; the pages as they lie were read raw."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        yield value
                        for opened in (gzip.decompress, zlib.decompress, _zstd):
                            try:
                                yield opened(value)
                            except (OSError, EOFError, zlib.error, pa.ArrowException):
                                continue
    connection.close()
