"""Reading what decisions rest on: people's facts and what they said, for a few subjects or for a whole namespace.

Reads only. Facts are written by imports (`subjects`), records by `consent.register`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, Select, bindparam, case, func, select

from pellucid.consent.bulk_heard import NOBODY, Heard, Kinds
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import By, ConsentRecord, ConsentVerb, Covers, ScreenState
from pellucid.consent.screens import NO_DOUBT, Screens, screens
from pellucid.consent.voices import IDENTITY, Voice
from pellucid.records.tables import consent_records, subjects
from pellucid.subjects.links import Identity, Person, all_persons, persons

CHUNK = 5_000
"""Values in one IN list: well under SQLite's 32,766 variables."""


PART = 50_000
"""Rows that are taken from the driver at a time."""

PLACE, AGE, VULNERABLE = 1, 2, 4
"""Bits of what is only estimated."""

_COLUMNS = (
    subjects.c.id,
    subjects.c.jurisdiction,
    subjects.c.birth_year,
    subjects.c.natural_key.is_(None),
    subjects.c.vulnerable,
    subjects.c.estimated,
)
_FACTS = select(*_COLUMNS).where(
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
_APART = frozenset({"sequence", "version", "namespace", "subject", "at"})
_OTHERS = tuple(column.name for column in consent_records.c if column.name not in _APART)
"""What makes a kind of record."""
_TOLD = (
    consent_records.c.subject,
    consent_records.c.at,
    *(
        # When it was recorded matters for what was chosen on a screen only.
        case((consent_records.c.screen.is_not(None), each)).label(name) if name == "recorded_at" else each
        for name, each in ((name, consent_records.c[name]) for name in _OTHERS)
    ),
)
_TOLD_BY = (
    select(*_TOLD)
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

    def of(self, subjects: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the places in `kinds` of the facts of subjects of this stretch."""
        return self.group[subjects - self.first]


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
    kinds: dict[tuple[object, ...], SubjectFacts] = {}  # those of whom the same is known share one value
    for chunk in chunks(ids):
        for subject, *kind in connection.execute(_FACTS, {"namespace": namespace, "ids": chunk}):
            key = tuple(kind)
            if key not in kinds:
                kinds[key] = _facts(key)
            facts[subject] = kinds[key]
    return facts


def _facts(kind: tuple[object, ...]) -> SubjectFacts:
    place, born, erased, vulnerable, estimated = kind
    guessed = int(estimated or 0)  # type: ignore[call-overload]
    return SubjectFacts(
        place,  # type: ignore[arg-type]
        born,  # type: ignore[arg-type]
        bool(erased),
        None if vulnerable is None else bool(vulnerable),
        bool(guessed & PLACE),
        bool(guessed & AGE),
        bool(guessed & VULNERABLE),
    )


def people(connection: Connection, namespace: str, first: int, count: int) -> People:
    """Read the facts of ids `first` to `first + count - 1` in one pass (about 1.5 µs a subject)."""
    group = np.full(count, -1, dtype=np.int32)
    kinds: dict[tuple[object, ...], int] = {}
    # Whoever wants all of them wants no index: walking it costs more than the rows of other namespaces do.
    space = subjects.c.namespace if first else subjects.c.namespace.concat("")
    within = (space == namespace, subjects.c.id >= first, subjects.c.id < first + count)
    for rows in _raw(connection, select(*_COLUMNS).where(*within)):
        ids, *columns = zip(*rows, strict=True)
        group[np.array(ids) - first] = [kinds.setdefault(kind, len(kinds)) for kind in zip(*columns, strict=True)]
    return People(first, group, [_facts(kind) for kind in kinds])


def _raw(connection: Connection, statement: Select[Any], **named: object) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield rows in parts, from SQLite as its driver gives them: truth values are then 0 and 1."""
    if connection.dialect.name != "sqlite":
        yield from connection.execute(statement.execution_options(yield_per=PART), named).partitions()
        return
    found = connection.execute(statement, named)
    cursor = found.cursor
    assert cursor is not None  # noqa: S101  -- for the type checker
    while rows := cursor.fetchmany(PART):
        yield rows
    found.close()


def records_of(connection: Connection, namespace: str, ids: Iterable[int]) -> dict[int, list[ConsentRecord]]:
    """Return what these subjects said, each in the order it was recorded."""
    said: dict[int, list[ConsentRecord]] = {}
    doubted: Screens | None = None
    for chunk in chunks(ids):
        rows = connection.execute(_RECORDS, {"namespace": namespace, "ids": chunk}).all()
        if doubted is None and any(row.screen for row in rows):
            doubted = screens(connection)
        for row in rows:
            said.setdefault(row.subject, []).append(as_record(row, doubted or NO_DOUBT))
    return said


def all_records(connection: Connection, namespace: str) -> Heard:
    """Return what everybody in the namespace said (about 2 µs a record)."""
    # In the order of the table and not of the index on subjects, which would have to be sorted.
    everything = select(*_TOLD).where(consent_records.c.namespace.concat("") == bindparam("namespace"))
    return _heard(connection, everything.order_by(consent_records.c.sequence), namespace, Kinds())


def heard_of(connection: Connection, namespace: str, ids: Iterable[int], table: Kinds) -> Heard:
    """Return what these subjects said, in columns, of kinds of `table`."""
    found = Heard.nothing(table)
    for chunk in chunks(ids):
        each = _heard(connection, _TOLD_BY, namespace, table, ids=chunk)
        found = found.and_then(each.subjects, each.kinds, each.at) if len(each) else found
    return found


def _heard(connection: Connection, statement: Select[Any], namespace: str, table: Kinds, **named: object) -> Heard:
    numbers: dict[tuple[object, ...], int] = {}
    doubted = screens(connection)

    def number(kind: tuple[object, ...]) -> int:
        values = dict(zip(_OTHERS, kind, strict=True)) | {"namespace": namespace, "subject": NOBODY, "at": 0}
        found = as_record(SimpleNamespace(**values), doubted)
        return table.number(replace(found, explicit=bool(found.explicit)))

    parts: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]] = []
    for rows in _raw(connection, statement, namespace=namespace, **named):
        subjects_, at, *columns = zip(*rows, strict=True)
        kinds = list(zip(*columns, strict=True))
        numbers |= {kind: number(kind) for kind in dict.fromkeys(kinds) if kind not in numbers}
        told = np.array([numbers[kind] for kind in kinds], np.int32)
        parts.append((np.array(subjects_, np.int64), told, np.array(at, np.int64)))
    if not parts:
        return Heard.nothing(table)
    who, what, when = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Heard(table, who, what, when)


def others_of(connection: Connection, namespace: str, ids: Iterable[int]) -> dict[int, tuple[Voice, ...]]:
    """Return the other identities of those of these subjects who have any."""
    return _others(connection, namespace, persons(connection, namespace, ids))


def all_others(connection: Connection, namespace: str) -> dict[int, tuple[Voice, ...]]:
    """Return the other identities of everybody in a namespace who has any."""
    return _others(connection, namespace, all_persons(connection, namespace))


def _others(connection: Connection, namespace: str, found: Mapping[int, Person]) -> dict[int, tuple[Voice, ...]]:
    if not found:
        return {}
    wanted: dict[str, set[int]] = {}
    for person in found.values():
        for space, subject in person.members:
            wanted.setdefault(space, set()).add(subject)
    facts = {space: facts_of(connection, space, ids) for space, ids in wanted.items()}
    said = {space: records_of(connection, space, ids) for space, ids in wanted.items()}

    def voice(identity: Identity, person: Person) -> Voice:
        space, subject = identity
        known, heard = facts[space].get(subject, SubjectFacts()), tuple(said[space].get(subject, ()))
        if known.erased:  # nothing is known of it any more but its noes
            known, heard = SubjectFacts(), tuple(each for each in heard if each.verb.narrows)
        return Voice(known, heard, IDENTITY, person.since, person.certain)

    return {
        subject: tuple(voice(each, person) for each in person.members if each != (namespace, subject))
        for subject, person in found.items()
    }


def as_record(row: Row[tuple[object, ...]] | SimpleNamespace, doubted: Screens) -> ConsentRecord:
    """Return a stored row as the record it is, with what was found out about its screen since."""
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
        by=By(row.by_whom or By.SELF.value),
        proof=row.proof or "",
        member=row.member or "",
        screen=row.screen or "",
        language=row.language or "",
        method=row.method or "",
        while_restricted=bool(row.while_restricted),
        screen_state=doubted.state_of(row.screen, row.recorded_at) if row.screen else ScreenState.FINE,
    )


def as_row(record: ConsentRecord, version: int, now: int) -> Mapping[str, object]:
    """Return a record as it is stored at `now`, under the register version it makes."""
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
        "by_whom": record.by.value,
        "proof": record.proof or None,
        "member": record.member or None,
        "screen": record.screen or None,
        "language": record.language or None,
        "method": record.method or None,
        "while_restricted": record.while_restricted or None,
        # Through a screen that was doubted then, it is new to that doubt, whatever the clock says.
        "recorded_at": now if record.screen_state is ScreenState.FINE else None,
    }
