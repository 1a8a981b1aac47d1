"""An answer as people see it, on a terminal or on a page: a table of texts, each figure with its error."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pellucid.release.figures import with_error

if TYPE_CHECKING:
    from pellucid.release.result import Release

WITHHELD = "withheld"
"""The column that says why a row has no figures."""
_NUMBERS = ("int", "uint", "decimal", "double", "float")


@dataclass(frozen=True, slots=True)
class ShownTable:
    """Names and texts of an answer's columns, errors beside their figures; `numeric` are the places of numbers."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]


def shown_table(release: Release, most: int | None = None) -> ShownTable:
    """Return an answer as people see it, or its first rows."""
    errors = {item.error_column for item in release.accuracy if item.error_column}
    names = tuple(name for name in release.values.column_names if name not in errors)
    rows = tuple(_row(record, names, errors) for record in release.records()[:most])
    numeric = frozenset(place for place, name in enumerate(names) if is_number(release, name))
    return ShownTable(names, rows, numeric)


def is_number(release: Release, name: str) -> bool:
    """Whether a column holds numbers."""
    return str(release.values.schema.field(name).type).startswith(_NUMBERS)


def _row(record: Mapping[str, object], names: Sequence[str], errors: Collection[str]) -> tuple[str, ...]:
    cells = []
    for name in names:
        if record[name] is None and (record.get(WITHHELD) is not None or name == WITHHELD):
            cells.append("")
            continue
        error = record.get(f"{name}_error") if f"{name}_error" in errors else None
        cells.append(with_error(record[name], error if isinstance(error, float) else None))
    return tuple(cells)
