"""Reading what decisions about very many people rest on, in columns: their facts and what they said.

Reads only. For a few subjects, and who has other identities, see `consent.facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select

from pellucid.consent.bulk_heard import NOBODY, Heard, Kinds
from pellucid.consent.facts import KNOWN, as_facts, as_record, chunks
from pellucid.consent.person import SubjectFacts
from pellucid.consent.screens import Screens, screens
from pellucid.records.columns import Instant
from pellucid.records.packed import Kind, read_rows
from pellucid.records.tables import consent_records, subjects

_APART = frozenset({"sequence", "version", "namespace", "subject", "at", "recorded_at"})
_ALIKE = tuple(column.name for column in consent_records.c if column.name not in _APART)
"""What makes a kind of record, together with whether it came before its screen was doubted."""


@dataclass(frozen=True, slots=True)
class People:
    """A stretch of a namespace's subjects, grouped by their facts.

    `group` holds for each subject `first + i` an index into `kinds`, or -1 where there is no such subject.
    """

    first: int
    group: NDArray[np.int32]
    kinds: Sequence[SubjectFacts]

    def of(self, subjects: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the places in `kinds` of the facts of subjects of this stretch."""
        return self.group[subjects - self.first]


def people(connection: Connection, namespace: str, first: int, count: int) -> People:
    """Read the facts of ids `first` to `first + count - 1` (about 0.5 µs a subject)."""
    group = np.full(count, -1, dtype=np.int32)
    within = range(first, first + count)
    rows = read_rows(connection, (subjects.c.id,), KNOWN, (subjects.c.namespace == namespace,), within)
    group[rows.integers[0] - first] = rows.kind
    return People(first, group, [as_facts(kind) for kind in rows.kinds])


def all_records(connection: Connection, namespace: str) -> Heard:
    """Return what everybody in the namespace said (about 1 µs a record)."""
    columns, doubted, table = consent_records.c, screens(connection), Kinds()
    # Each by itself: asked for both at once, SQLite looks at every row.
    first, last = (connection.scalar(select(each(columns.sequence))) for each in (func.min, func.max))
    within = range(0) if first is None or last is None else range(first, last + 1)
    # Through the table and not through the index on subjects, in whose order the rows do not lie.
    where = (columns.namespace.concat("") == namespace,)
    rows = read_rows(connection, (columns.sequence, columns.subject, columns.at), _told(doubted), where, within)
    _, who, when = rows.integers
    numbers = np.array([_number(kind, namespace, doubted, table) for kind in rows.kinds], np.int32)
    return Heard(table, who, numbers[rows.kind], when)


def heard_of(connection: Connection, namespace: str, ids: Iterable[int], table: Kinds) -> Heard:
    """Return what these subjects said, in columns, of kinds of `table`."""
    columns, doubted = consent_records.c, screens(connection)
    told = select(columns.subject, columns.at, *_told(doubted)).where(columns.namespace == namespace)
    number = cache(lambda kind: _number(kind, namespace, doubted, table))
    found: list[tuple[int, int, int]] = []
    for chunk in chunks(ids):
        rows = connection.execute(told.where(columns.subject.in_(chunk)).order_by(columns.sequence))
        found += [(subject, at, number(tuple(kind))) for subject, at, *kind in rows]
    who, when, what = zip(*found, strict=True) if found else ((), (), ())
    return Heard(table, np.array(who, np.int64), np.array(what, np.int32), np.array(when, np.int64))


def _told(doubted: Screens) -> list[ColumnElement[object]]:
    """Return what makes a kind of record; when it was recorded only as far as a doubt about its screen asks."""
    columns = consent_records.c
    before = [
        (and_(columns.screen == screen, columns.recorded_at < mark.doubted_at), mark.doubted_at - 1)
        for screen, mark in doubted.marks.items()
    ]
    return [*(columns[name] for name in _ALIKE), case(*before) if before else literal(None, Instant)]


def _number(kind: Kind, namespace: str, doubted: Screens, table: Kinds) -> int:
    """Return the number in `table` of the kind of record that these values make."""
    *values, recorded_at = kind
    named = dict(zip(_ALIKE, values, strict=True)) | {"namespace": namespace, "subject": NOBODY, "at": 0}
    found = as_record(SimpleNamespace(**named, recorded_at=recorded_at), doubted)
    return table.number(replace(found, explicit=bool(found.explicit)))
