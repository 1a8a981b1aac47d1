"""Rows about one person, raw, on their way to that person: what is asked for, and what comes.

Nothing but `rights` (and `audiences`) may see them. There is no serialiser and the `repr` shows no value, so that
neither a log line nor a traceback can carry one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import pyarrow as pa

from pellucid.engines.base import Holding

WITHHELD = "_withheld"
"""The column that names those columns of a row whose values are somebody else's."""

Needs = tuple[tuple[int, ...], ...]
"""When a column is shown: of each group of subject paths, at least one leads to the person."""


@dataclass(frozen=True, slots=True)
class PersonWanted:
    """Which rows and columns of a generation: `own` holds for each subject path the person's ids in its namespace.

    `needs` says of columns when they are shown; the others always are. Rows of a dataset with several subject paths
    get one more column, WITHHELD.
    """

    holding: Holding
    columns: tuple[str, ...]
    own: tuple[tuple[int, ...], ...]
    needs: Mapping[str, Needs] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowsPart:
    """Which of a person's rows to read: so many (`most`) after the first so many; `latest` names an instant column by
    which the newest come first, else they come as they are stored. Of one generation the order is always the same.
    """

    first: int
    most: int
    latest: str | None = None


class PersonRows:
    """Rows about one person as record batches, in the order in which they are stored; they can be read once."""

    __slots__ = ("_batches", "columns")

    def __init__(self, columns: Sequence[str], batches: Iterator[pa.RecordBatch]) -> None:
        self.columns = tuple(columns)
        self._batches = batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self._batches

    def __repr__(self) -> str:
        return f"PersonRows({len(self.columns)} columns, values withheld)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("PersonRows cannot be serialised: rows about a person leave through `rights` only.")
