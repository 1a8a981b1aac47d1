"""Reading what decisions rest on: people's facts and what they said, for some subjects.

Reads only; of everybody `consent.bulk_read` does. Facts are written by imports (`subjects`), records by the register.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import By, ConsentRecord, ConsentVerb, Covers, ScreenState
from pellucid.consent.screens import NO_DOUBT, Screens, screens
from pellucid.consent.voices import IDENTITY, Voice
from pellucid.records.asked import Asked
from pellucid.records.tables import consent_records, subjects
from pellucid.subjects.links import Identity, Person, all_persons, persons

CHUNK = 5_000
"""Values in one IN list: well under SQLite's 32,766 variables."""


PLACE, AGE, VULNERABLE = 1, 2, 4
"""Bits of what is only estimated."""

KNOWN = (
    subjects.c.jurisdiction,
    subjects.c.birth_year,
    subjects.c.natural_key.is_(None),
    subjects.c.vulnerable,
    subjects.c.estimated,
)
"""What is known of a subject, as `as_facts` takes it."""
_FACTS = select(subjects.c.id, *KNOWN).where(
    subjects.c.namespace == bindparam("namespace"), subjects.c.id.in_(bindparam("ids", expanding=True))
)
_FACTS_OF_ONE = Asked(
    select(subjects.c.id, *KNOWN).where(
        subjects.c.namespace == bindparam("namespace"), subjects.c.id == bindparam("id")
    )
)
_SAID = (
    select(consent_records)
    .where(consent_records.c.namespace == bindparam("namespace"))
    .order_by(consent_records.c.sequence)
)
_RECORDS = _SAID.where(consent_records.c.subject.in_(bindparam("ids", expanding=True)))
_RECORDS_OF_ONE = Asked(_SAID.where(consent_records.c.subject == bindparam("id")))
_COLUMNS = tuple(consent_records.c.keys())


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Cut ids, sorted, into lists short enough for one statement."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def facts_of(connection: Connection, namespace: str, ids: Iterable[int]) -> dict[int, SubjectFacts]:
    """Return the facts of the subjects that exist."""
    facts: dict[int, SubjectFacts] = {}
    kinds: dict[tuple[object, ...], SubjectFacts] = {}  # those of whom the same is known share one value
    for chunk in chunks(ids):
        for row in _asked(connection, _FACTS_OF_ONE, _FACTS, namespace, chunk):
            subject, *known = tuple(row)
            key = tuple(known)
            if key not in kinds:
                kinds[key] = as_facts(key)
            facts[subject] = kinds[key]
    return facts


def _asked(connection: Connection, of_one: Asked, of_several: Select[Any], namespace: str, ids: list[int]) -> list[Any]:
    """Ask about ids: in one way about a single one, as a page does, in another about many."""
    if len(ids) == 1:
        return of_one(connection, namespace=namespace, id=ids[0])
    return list(connection.execute(of_several, {"namespace": namespace, "ids": ids}))


def as_facts(kind: tuple[object, ...]) -> SubjectFacts:
    """Return what is stored of a subject (KNOWN) as the facts that it is."""
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


def records_of(connection: Connection, namespace: str, ids: Iterable[int]) -> dict[int, list[ConsentRecord]]:
    """Return what these subjects said, each in the order it was recorded."""
    said: dict[int, list[ConsentRecord]] = {}
    doubted: Screens | None = None
    for chunk in chunks(ids):
        rows = _asked(connection, _RECORDS_OF_ONE, _RECORDS, namespace, chunk)
        if doubted is None and any(row.screen for row in rows):
            doubted = screens(connection)
        for row in rows:
            named = SimpleNamespace(**dict(zip(_COLUMNS, row, strict=True)))  # a row is slow to look names up
            said.setdefault(named.subject, []).append(as_record(named, doubted or NO_DOUBT))
    return said


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
