"""Reading very many rows as columns of numbers, in the caller's transaction and the same way on both databases.

Making a Python object of each value takes longer than all that is then worked out of them. Rows differ in a few
integers and are otherwise of a few kinds. So the database packs the other values of a row into one number, and joins
the numbers of a stretch of rows into one text. Which values there are is learned on the way: a row with one that was
not seen before is read by itself. So what comes out never hangs on what was learned, only how soon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    select,
)

from pellucid.errors import WorkspaceUnusable

LEARNING, STRETCH = 2_000, 500_000
"""Rows that are read at a time, until few have values that were not seen before, and from then on."""

FEW = 0.1
"""Of a stretch's rows; if more had to be read by themselves, the next stretch is a short one."""

MOST_VALUES = 30
"""Values of one column that are packed, each of which the database compares with; the most common ones."""

WIDEST = 10_000
"""Integers are packed by their distance from the least, if the greatest is nearer to it than this."""

LARGEST_NUMBER = 2**42
"""A packed number is below this: with a row's place in its stretch it is one of 64 bits."""

Ids = NDArray[np.int64]
Numbers = NDArray[np.int32]
Kind = tuple[Any, ...]
"""What a row has in common with many others."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in columns: the integers in which they differ, and for each row the place in `kinds` of its other values."""

    integers: Sequence[Ids]
    kind: Numbers
    kinds: Sequence[Kind]


def read_rows(
    connection: Connection,
    integers: Sequence[ColumnElement[Any]],
    others: Sequence[ColumnElement[Any]],
    where: Sequence[ColumnElement[bool]],
    within: range,
    *,
    learning: int = LEARNING,
    stretch: int = STRETCH,
) -> Rows:
    """Return rows in the order of the first of `integers`, which numbers them, each once and about densely, `within`.

    `integers` are never NULL. Truth values among `others` come as 0 and 1.
    """
    reading = _Reading(connection, integers, others, where)
    parts = [reading.nothing()]
    start, most = within.start, learning
    while start < within.stop:
        stop = min(start + most, within.stop)
        part, alone = reading.stretch(start, stop)
        parts.append(part)
        start, most = stop, stretch if alone <= FEW * len(part[0]) else learning
    *columns, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Rows(columns, kind.astype(np.int32), list(reading.kinds))


class _Reading:
    """Reads stretch by stretch; `kinds` numbers the kinds that were found so far."""

    def __init__(
        self,
        connection: Connection,
        integers: Sequence[ColumnElement[Any]],
        others: Sequence[ColumnElement[Any]],
        where: Sequence[ColumnElement[bool]],
    ) -> None:
        self.kinds: dict[Kind, int] = {}
        self._connection = connection
        self._integers = integers
        self._others = [cast(each, Integer) if isinstance(each.type, Boolean) else each for each in others]
        self._where = where
        self._packing: _Packing | None = None
        self._seen: list[Counter[Any]] = [Counter() for _ in others]

    def nothing(self) -> list[Ids]:
        """Return the columns of no rows."""
        return [np.empty(0, np.int64) for _ in (*self._integers, None)]

    def stretch(self, start: int, stop: int) -> tuple[list[Ids], int]:
        """Return the integers and the kinds' numbers of a stretch's rows, in order; and how many were read singly."""
        along = self._integers[0]
        where = (*self._where, along >= start, along < stop)
        packing = self._packing
        if packing is None:
            columns = self._singly(where)
            return _ordered(columns), len(columns[0])
        *integers, packed = self._together(packing, where, start, stop - start)
        columns, alone = [*integers, self._numbered(packing, packed)], packed < 0
        if alone.any():
            rest = self._singly((*where, packing.number.is_(None)))
            if len(rest[0]) != int(alone.sum()):
                raise _garbled()
            columns = [np.concatenate([one[~alone], more]) for one, more in zip(columns, rest, strict=True)]
        return _ordered(columns), int(alone.sum())

    def _together(self, packing: _Packing, where: Sequence[ColumnElement[bool]], start: int, size: int) -> list[Ids]:
        """Return the integers of some rows and their packed numbers, -1 where a value has not been learned.

        The first integer comes in one number with the packed one: a text that need not be made, joined and read.
        """
        along, *integers = self._integers
        number = (func.coalesce(packing.number, -1) + 1) * literal(size, BigInteger) + (
            along - literal(start, BigInteger)
        )
        texts = [func.aggregate_strings(cast(each, Text), ",") for each in (number, *integers)]
        counted, *joined = self._connection.execute(select(func.count(), *texts).where(*where)).one()
        together, *columns = (np.fromstring(text or "", np.int64, sep=",") for text in joined)
        if any(len(column) != counted for column in (together, *columns)):
            raise _garbled()
        packed, place = np.divmod(together, size)
        return [place + start, *columns, packed - 1]

    def _numbered(self, packing: _Packing, packed: Ids) -> Ids:
        """Return the numbers of the kinds that packed numbers stand for, and -1 for -1."""
        found = pa.array(packed).dictionary_encode()
        places = [-1 if each < 0 else self._number(packing.kind(each)) for each in found.dictionary.to_pylist()]
        return np.asarray(np.array(places, np.int64)[found.indices.to_numpy()])

    def _singly(self, where: Sequence[ColumnElement[bool]]) -> list[Ids]:
        """Return the integers of some rows and the numbers of their kinds, and learn from their values."""
        rows = self._connection.execute(select(*self._integers, *self._others).where(*where)).all()
        if not rows:
            return self.nothing()
        columns = list(zip(*rows, strict=True))
        integers, others = columns[: len(self._integers)], columns[len(self._integers) :]
        self._learn(others)
        kinds = [self._number(kind) for kind in zip(*others, strict=True)]
        return [np.array(column, np.int64) for column in (*integers, kinds)]

    def _number(self, kind: Kind) -> int:
        return self.kinds.setdefault(kind, len(self.kinds))

    def _learn(self, columns: Sequence[Sequence[Any]]) -> None:
        # Of a column that has another value in each row, not all are kept.
        self._seen = [
            Counter(dict((seen + Counter(column)).most_common(WIDEST)))
            for seen, column in zip(self._seen, columns, strict=True)
        ]
        self._packing = _Packing(self._others, self._seen)


class _Packing:
    """How those values of some columns that were seen become one `number`; with any other, it is NULL."""

    def __init__(self, columns: Sequence[ColumnElement[Any]], seen: Sequence[Counter[Any]]) -> None:
        self._values = [_packable(each) for each in seen]
        while prod(map(len, self._values)) > LARGEST_NUMBER:
            longest = max(range(len(columns)), key=lambda place: len(self._values[place]))
            self._values[longest] = self._values[longest][: len(self._values[longest]) // 2]
        self.number = self._packed(columns)

    def _packed(self, columns: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
        number: ColumnElement[Any] | None = None
        always = []  # of columns with one value only: to ask for it costs less than to count with it
        for column, values in zip(columns, self._values, strict=True):
            if len(values) == 1:
                always.append(column == values[0])
            elif number is None:
                number = _place(column, values)
            else:
                number = number * literal(len(values), BigInteger) + _place(column, values)
        number = literal(0, BigInteger) if number is None else number
        return case((and_(*always), number)) if always else number

    def kind(self, number: int) -> Kind:
        """Return the values that a number stands for."""
        found = []
        for values in reversed(self._values):
            number, place = divmod(number, len(values))
            found.append(None if isinstance(values, range) and not place else values[place])
        return tuple(reversed(found))


def _packable(seen: Counter[Any]) -> Sequence[Any]:
    """Return the values of a column that are packed, each at its place; or a range of integers, after one for NULL."""
    known = [each for each in seen if each is not None]
    if len(seen) > 1 and all(isinstance(each, int) for each in known) and max(known) - min(known) < WIDEST:
        return range(min(known) - 1, max(known) + 1)
    return [each for each, _ in seen.most_common(MOST_VALUES)]


def _place(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[Any]:
    if isinstance(values, range):
        distance = column - literal(values[0], BigInteger)
        return case((column.between(values[0] + 1, values[-1]), distance), (column.is_(None), 0))
    return case(*((column == each, place) for place, each in enumerate(values)))


def _ordered(columns: list[Ids]) -> list[Ids]:
    along = columns[0]
    if bool((along[1:] > along[:-1]).all()):
        return columns
    order = np.argsort(along)
    return [column[order] for column in columns]


def _garbled() -> WorkspaceUnusable:
    return WorkspaceUnusable(
        "The control database gave other rows than it counted.",
        remedy="Check that control.sqlite is whole, or its server; no decision was made.",
        code="database-unreadable",
    )
