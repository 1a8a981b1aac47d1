"""An answer as the console shows it: table, charts, and all as a file. Never more than the command line prints."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pellucid.release.result import GROUP_KEY, Release
from pellucid.release.shown import ShownTable, shown_table
from pellucid.web.console.chart import Chart, charts_of

MOST_ROWS = 300
"""Rows that a page shows; a file holds all."""


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


def as_json(release: Release) -> bytes:
    """Return all that is told of an answer, as JSON."""
    return json.dumps(release.to_json(), ensure_ascii=False, indent=1).encode()
