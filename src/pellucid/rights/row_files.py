"""One person's rows as files: JSON lines, exact, and CSV that no spreadsheet runs. In constant memory.

JSON: money is a text such as "12.30", instants are ISO 8601 in UTC, numbers that JSON has not ("NaN") are texts. CSV:
texts stand in quotes, nothing at all means that there is no value, and where a spreadsheet would run a formula, or an
apostrophe stands already, at the start of a text or after a semicolon, tab or line break in it, one apostrophe is put
before it; taking it away gives the text back.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO

from pellucid.engines.person import WITHHELD, PersonRows
from pellucid.failpoints import reach

_RUN_BY_SPREADSHEETS = re.compile("^(?=[=+\\-@＝＋－＠'\t\r\n])|(?<=[;\t\r\n])(?=[=+\\-@＝＋－＠'])")
"""Where a cell that is run may begin: at the start of a text; and in it, where a spreadsheet splits at semicolons, as
in much of Europe, and takes no notice of quotes that do not begin a cell.
"""
DRAFT = ".part"


@dataclass(frozen=True, slots=True)
class Parts:
    """The two files of one table, without and with their folder, by what their names begin with."""

    folder: Path
    stem: str

    @property
    def names(self) -> tuple[str, str]:
        """The JSON lines and the CSV, as named in the manifest."""
        return f"{self.stem}.jsonl", f"{self.stem}.csv"

    @property
    def complete(self) -> bool:
        """Whether both are there: a file gets its name only when it is whole."""
        return all((self.folder / name).is_file() for name in self.names)


def write_person_rows(parts: Parts, rows: PersonRows) -> int:
    """Write a person's rows as both files and return how many there are."""
    return write_rows(parts, rows.columns, _rows(rows))


def write_rows(parts: Parts, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write rows as both files, each whole or not at all, and return how many there are."""
    count, names = 0, [json.dumps(name) for name in columns]
    withheld = columns.index(WITHHELD) if WITHHELD in columns else -1
    with whole_file(parts.folder / parts.names[0]) as lines, whole_file(parts.folder / parts.names[1]) as table:
        table.write(",".join(csv_field(name) for name in columns) + "\r\n")
        for row in rows:
            told = [str(value).split() if at == withheld else plain(value) for at, value in enumerate(row)]
            values = (json.dumps(value, ensure_ascii=False) for value in told)
            pairs = (f"{name}: {value}" for name, value in zip(names, values, strict=True))
            lines.write(f"{{{', '.join(pairs)}}}\n")
            table.write(",".join(csv_field(value) for value in row) + "\r\n")
            count += 1
    return count


@contextmanager
def whole_file(path: Path) -> Iterator[IO[str]]:
    """Give a new text file (0600) that gets its name only when all is in it and durable."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(path.name + DRAFT)
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    reach("package.part-written")
    draft.rename(path)
    reach("package.part-in-place")


def csv_field(value: object) -> str:
    """Return a value as it stands in the CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    told = str(plain(value))
    if isinstance(value, str):
        told = _RUN_BY_SPREADSHEETS.sub("'", told)
    return '"' + told.replace('"', '""') + '"'


def plain(value: object) -> str | int | float | bool | None:
    """Return an engine's value as JSON has it; raises TypeError for a type that no column has."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"  # instants are UTC and come without a zone
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a value of type {type(value).__name__} has no plain form")


def _rows(rows: PersonRows) -> Iterator[tuple[object, ...]]:
    for batch in rows:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
