"""An answer as the console shows it: its table, its charts, and as a file. Never more than the command line prints."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv

from pellucid.release.result import GROUP_KEY, Release
from pellucid.release.shown import ShownTable, shown_table
from pellucid.web.console.chart import Chart, charts_of

MOST_ROWS = 300
"""Rows that a page shows; a file holds all."""
RISKY = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that some spreadsheets would run."""


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """What a page shows of an answer: a table, in which places stand what its rows are about, and charts."""

    release: Release
    table: ShownTable
    heads: frozenset[int]
    charts: tuple[Chart, ...]

    @property
    def left_out(self) -> int:
        """How many rows are in the files only."""
        return max(0, int(self.release.values.num_rows) - len(self.table.rows))

    @property
    def is_exact(self) -> bool:
        """Whether its figures are exact, and some withheld."""
        return self.release.rule == "suppressed"

    @property
    def is_again(self) -> bool:
        """Whether it was released before, and costs nothing more."""
        return not self.is_exact and not self.release.receipt.charge and bool(self.release.clipping)

    @property
    def is_public(self) -> bool:
        """Whether only public tables were read."""
        return not self.is_exact and not self.release.receipt.charge and not self.release.clipping

    @property
    def has_noise(self) -> bool:
        """Whether its figures have errors."""
        return self.release.rule == "private" and bool(self.release.clipping)

    @property
    def clipped(self) -> tuple[str, ...]:
        """What bounding people's parts took away, in sentences."""
        return tuple(dict.fromkeys(each.text for each in self.release.clipping))


def answer_shown(release: Release) -> AnswerShown:
    """Return what a page shows of an answer."""
    table, keys = (
        shown_table(release, MOST_ROWS),
        {item.column for item in release.accuracy if item.reason == GROUP_KEY},
    )
    heads = frozenset(place for place, name in enumerate(table.names) if name in keys)
    return AnswerShown(release, table, heads, charts_of(release))


def as_csv(release: Release, *, for_spreadsheets: bool = True) -> bytes:
    """Return the rows as CSV; for spreadsheets, texts that one might run begin with an apostrophe."""
    values = _harmless(release.values) if for_spreadsheets else release.values
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(values, sink)
    return bytes(sink.getvalue())


def as_json(release: Release) -> bytes:
    """Return all that is told of an answer, as JSON."""
    return json.dumps(release.to_json(), ensure_ascii=False, indent=1).encode()


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
