"""What many people said, in columns: who, when, and which of few kinds of record it was. Values only.

Millions of records differ in subject and instant, and are otherwise a few hundred kinds; so each kind is made, admitted
and decided about once. A record of its own is made only for who asks for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from pellucid.consent.record import ConsentRecord

NOBODY = -1
"""In place of a kind's subject."""

_ALIKE = tuple(field.name for field in fields(ConsentRecord) if field.name not in ("subject", "at"))
_alike = attrgetter(*_ALIKE)

Ids = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]


def starts_of(ascending: Ids) -> Ids:
    """Return the place at which each number of these, which ascend, comes first."""
    first = np.ones(len(ascending), np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    return np.flatnonzero(first)


class Kinds:
    """Numbers for records that are alike but for subject and instant; `of` holds each kind with neither."""

    def __init__(self) -> None:
        self.of: list[ConsentRecord] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        # Not `replace`, which looks up each field for each record: 4.2 µs instead of 2.4.
        self._makers: list[Callable[..., ConsentRecord]] = []

    def number(self, record: ConsentRecord) -> int:
        """Return the number of a record's kind."""
        values = _alike(record)
        found = self._numbers.get(values)
        if found is None:
            found = self._numbers[values] = len(self.of)
            self.of.append(replace(record, subject=NOBODY, at=0))
            self._makers.append(partial(ConsentRecord, **dict(zip(_ALIKE, values, strict=True))))
        return found

    def record(self, kind: int, subject: int, at: int) -> ConsentRecord:
        """Return the record of a kind that a subject (id) made at an instant (UTC µs)."""
        return self._makers[kind](subject=subject, at=at)


class Heard(Mapping[int, Sequence[ConsentRecord]]):
    """What subjects of one namespace said, each in the order it was recorded: by subject, or as columns.

    The columns are grouped by subject: `subjects` (ids), `kinds` (numbers in `table`), `at` (UTC µs).
    """

    def __init__(self, table: Kinds, subjects: Ids, kinds: Numbers, at: Ids) -> None:
        order = np.argsort(subjects, kind="stable")
        self.table = table
        self.subjects, self.kinds, self.at = subjects[order], kinds[order], at[order]
        self._starts = starts_of(self.subjects)
        self._people = self.subjects[self._starts]

    @classmethod
    def nothing(cls, table: Kinds) -> Heard:
        """Return that nobody said anything."""
        return cls(table, np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))

    @classmethod
    def of(cls, said: Mapping[int, Sequence[ConsentRecord]]) -> Heard:
        """Return in columns what subjects said."""
        table = Kinds()
        rows = [(subject, table.number(each), each.at) for subject, records in said.items() for each in records]
        subjects, kinds, at = zip(*rows, strict=True) if rows else ((), (), ())
        return cls(table, np.array(subjects, np.int64), np.array(kinds, np.int32), np.array(at, np.int64))

    def and_then(self, subjects: Ids, kinds: Numbers, at: Ids) -> Heard:
        """Return this with what was said afterwards, of kinds of the same table."""
        return Heard(
            self.table,
            np.concatenate([self.subjects, subjects]),
            np.concatenate([self.kinds, kinds]),
            np.concatenate([self.at, at]),
        )

    def told(self) -> dict[int, list[tuple[int, int]]]:
        """Return by subject the kinds and instants of what they said."""
        found: dict[int, list[tuple[int, int]]] = {}
        for subject, kind, at in zip(self.subjects.tolist(), self.kinds.tolist(), self.at.tolist(), strict=True):
            found.setdefault(subject, []).append((kind, at))
        return found

    def __getitem__(self, subject: int) -> list[ConsentRecord]:
        place = int(np.searchsorted(self._people, subject))
        if place == len(self._people) or self._people[place] != subject:
            raise KeyError(subject)
        start = int(self._starts[place])
        stop = int(self._starts[place + 1]) if place + 1 < len(self._starts) else len(self.subjects)
        return [self.table.record(int(self.kinds[row]), subject, int(self.at[row])) for row in range(start, stop)]

    def __iter__(self) -> Iterator[int]:
        return iter(self._people.tolist())

    def __len__(self) -> int:
        return len(self._people)
