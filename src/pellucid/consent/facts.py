"""Reading what decisions rest on: people's facts and what they said, for a few subjects or for a whole namespace.

Reads only. Facts are written by imports (`subjects`), records by `consent.register`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, bindparam, func, select

from pellucid.consent.permitted import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.records.tables import consent_records, subjects

CHUNK = 5_000
"""Values in one IN list: well under SQLite's 32,766 variables."""


_FACTS = select(subjects.c.id, subjects.c.jurisdiction, subjects.c.birth_year, subjects.c.natural_key.is_(None)).where(
    subjects.c.namespace == bindparam("namespace"), subjects.c.id.in_(bindparam("ids", expanding=True))
)
_RECORDS = (
    select(consent_records)
    .where(
        consent_records.c.namespace == bindparam("namespace"),
        consent_records.c.subject.in_(bindparam("ids", expanding=True)),
    )
    .order_by(consent_records.c.sequence)
)


@dataclass(frozen=True, slots=True)
class People:
    """A stretch of a namespace's subjects, grouped by their facts.

    `group` holds for each subject `first + i` an index into `kinds`, or -1 where there is no such subject.
    """

    first: int
    group: NDArray[np.int32]
    kinds: Sequence[SubjectFacts]


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Cut ids, sorted, into lists short enough for one statement."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def subject_count(connection: Connection, namespace: str) -> int:
    """Return how many ids the namespace has given out: they are dense from 0 and never reused."""
    highest = connection.execute(select(func.max(subjects.c.id)).where(subjects.c.namespace == namespace)).scalar()
    return 0 if highest is None else int(highest) + 1


def facts_of(connection: Connection, namespace: str, ids: Iterable[int]) -> dict[int, SubjectFacts]:
    """Return the facts of the subjects that exist."""
    facts: dict[int, SubjectFacts] = {}
    for chunk in chunks(ids):
        rows = connection.execute(_FACTS, {"namespace": namespace, "ids": chunk})
        facts.update((row[0], SubjectFacts(row[1], row[2], bool(row[3]))) for row in rows)
    return facts


def people(connection: Connection, namespace: str, first: int, count: int) -> People:
    """Read the facts of ids `first` to `first + count - 1` in one pass (about 1.5 µs a subject)."""
    group = np.full(count, -1, dtype=np.int32)
    kinds: dict[tuple[str | None, int | None, bool], int] = {}
    statement = (
        select(subjects.c.id, subjects.c.jurisdiction, subjects.c.birth_year, subjects.c.natural_key.is_(None))
        .where(subjects.c.namespace == namespace, subjects.c.id >= first, subjects.c.id < first + count)
        .execution_options(yield_per=50_000)
    )
    for rows in connection.execute(statement).partitions():
        ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        found = (kinds.setdefault((row[1], row[2], bool(row[3])), len(kinds)) for row in rows)
        group[ids - first] = np.fromiter(found, dtype=np.int32, count=len(rows))
    return People(first, group, [SubjectFacts(*kind) for kind in kinds])


def records_of(connection: Connection, namespace: str, ids: Iterable[int]) -> dict[int, list[ConsentRecord]]:
    """Return what these subjects said, each in the order it was recorded."""
    said: dict[int, list[ConsentRecord]] = {}
    for chunk in chunks(ids):
        for row in connection.execute(_RECORDS, {"namespace": namespace, "ids": chunk}):
            said.setdefault(row.subject, []).append(as_record(row))
    return said


def all_records(connection: Connection, namespace: str) -> dict[int, list[ConsentRecord]]:
    """Return what everybody in the namespace said."""
    said: dict[int, list[ConsentRecord]] = {}
    statement = (
        select(consent_records)
        .where(consent_records.c.namespace == namespace)
        .order_by(consent_records.c.sequence)
        .execution_options(yield_per=50_000)
    )
    for row in connection.execute(statement):
        said.setdefault(row.subject, []).append(as_record(row))
    return said


def as_record(row: Row[tuple[object, ...]]) -> ConsentRecord:
    """Return a stored row as the record it is."""
    return ConsentRecord(
        namespace=row.namespace,
        subject=row.subject,
        purpose=row.purpose,
        verb=ConsentVerb(row.verb),
        explicit=row.explicit,
        covers=Covers(row.covers),
        notice_version=row.notice_version,
        channel=row.channel,
        at=row.at,
        without_choice=tuple(row.without_choice.split()),
    )


def as_row(record: ConsentRecord, version: int) -> Mapping[str, object]:
    """Return a record as it is stored, under the register version it makes."""
    return {
        "version": version,
        "namespace": record.namespace,
        "subject": record.subject,
        "purpose": record.purpose,
        "verb": record.verb.value,
        "explicit": record.explicit,
        "covers": record.covers.value,
        "notice_version": record.notice_version,
        "channel": record.channel,
        "at": record.at,
        "without_choice": " ".join(record.without_choice),
    }
