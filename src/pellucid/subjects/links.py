"""Which identifiers belong to one person: links with their evidence, and the groups that they make.

Nothing else changes when identifiers are linked: each keeps its id, its key, its rows, its place in ranks and its part
in privacy budgets. What a link does to consent is `consent.voices`'. A split is a mark, too; nothing is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, Text, and_, bindparam, insert, or_, select

from pellucid.errors import InputInvalid
from pellucid.records.asked import Asked
from pellucid.records.tables import subject_links

LINKED, SPLIT = "linked", "split"
CERTAIN, LIKELY = "certain", "likely"
CONFIDENCES = (CERTAIN, LIKELY)
"""`certain`: shown by the person, as by signing in; `likely`: inferred. A likely link takes away and never gives."""
LARGEST_GROUP = 50
"""Identifiers of one person; more are a mistake in matching, and refused."""
_PART = 400

_SPACE: BindParameter[str] = bindparam("space", type_=Text)


def _about(one: ColumnElement[bool], other: ColumnElement[bool]) -> Select[Any]:
    """Return what asks for the links in which such ids stand at one end or the other."""
    columns = subject_links.c
    return select(subject_links).where(
        or_(and_(columns.namespace == _SPACE, one), and_(columns.other_namespace == _SPACE, other))
    )


_ABOUT = _about(
    subject_links.c.subject.in_(bindparam("ids", expanding=True)),
    subject_links.c.other.in_(bindparam("ids", expanding=True)),
)
_ABOUT_ONE = Asked(_about(subject_links.c.subject == bindparam("id"), subject_links.c.other == bindparam("id")))

Identity = tuple[str, int]
"""Namespace and id."""


@dataclass(frozen=True, slots=True)
class Person:
    """Identities that belong together, when the last of them was linked (UTC µs), and whether all links are certain."""

    members: tuple[Identity, ...]
    since: int
    certain: bool


def link(
    connection: Connection, one: Identity, other: Identity, confidence: str, evidence: str, who: str, now: int
) -> None:
    """Note that two identities are one person's, in the caller's write transaction.

    Raises InputInvalid for an unknown confidence, missing evidence, the same identity twice, a pair that is linked
    already, and a person of more than LARGEST_GROUP identities.
    """
    if confidence not in CONFIDENCES:
        raise InputInvalid(
            f"A link is {' or '.join(CONFIDENCES)}: got {confidence!r}.",
            remedy="Say `certain` only of what the person showed, as by signing in.",
            code="link-confidence",
        )
    if not evidence.strip():
        raise InputInvalid(
            "A link needs its evidence.", remedy="Say how it is known, e.g. `signed in`.", code="link-evidence"
        )
    if one == other:
        raise InputInvalid("An identity is not linked to itself.", remedy="Name two.", code="link-same")
    if _state(connection, one, other) == LINKED:
        raise InputInvalid("These two are linked already.", remedy="See `pellucid subject links`.", code="link-exists")
    _demand_few(connection, one, other)
    _mark(connection, one, other, LINKED, confidence, evidence, who, now)


def split(connection: Connection, one: Identity, other: Identity, evidence: str, who: str, now: int) -> None:
    """Note that two linked identities are not one person's after all; raises InputInvalid if they are not linked."""
    if _state(connection, one, other) != LINKED:
        raise InputInvalid("These two are not linked.", remedy="See `pellucid subject links`.", code="link-missing")
    _mark(connection, one, other, SPLIT, CERTAIN, evidence, who, now)


def persons(connection: Connection, namespace: str, ids: Iterable[int]) -> dict[int, Person]:
    """Return for each of these subjects that has other identities, the person they belong to."""
    found: dict[int, Person] = {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _PART):
        touched = _touched(connection, [(namespace, each) for each in wanted[start : start + _PART]])
        for subject in (each for each in wanted[start : start + _PART] if (namespace, each) in touched):
            if subject not in found:
                found |= _grown(connection, (namespace, subject))
    return {subject: found[subject] for subject in wanted if subject in found}


def all_persons(connection: Connection, namespace: str) -> dict[int, Person]:
    """Return every subject of a namespace that has other identities, and the person they belong to."""
    near = _near(connection.execute(select(subject_links).order_by(subject_links.c.sequence)))
    found: dict[int, Person] = {}
    for place, subject in near:
        if place == namespace and subject not in found and near[place, subject]:
            person = _walk((place, subject), near)
            found |= {each: person for space, each in person.members if space == namespace}
    return found


def was_ever_linked(connection: Connection, one: Identity) -> bool:
    """Return whether there is any link of a subject, or was: else it is all that is known of a person."""
    return bool(_rows(connection, [one]))


def certain_identities(connection: Connection, one: Identity) -> tuple[Identity, ...]:
    """Return a subject's identities as far as only certain links lead, itself among them, in order."""
    found, edge = {one}, {one}
    while edge:
        near = _near(_rows(connection, edge))
        sure = {other for each in edge for other, (_, certain) in near.get(each, {}).items() if certain}
        edge = sure - found
        found |= sure
    return tuple(sorted(found))


def certain_persons(connection: Connection, namespace: str, ids: Iterable[int]) -> dict[int, tuple[Identity, ...]]:
    """Return `certain_identities` of each of these subjects, without asking one by one for those who have no other."""
    wanted, found = sorted(set(ids)), dict[int, tuple[Identity, ...]]()
    for start in range(0, len(wanted), _PART):
        part = wanted[start : start + _PART]
        touched = _touched(connection, [(namespace, each) for each in part])
        for subject in part:
            one = (namespace, subject)
            found[subject] = certain_identities(connection, one) if one in touched else (one,)
    return found


def ever_linked(connection: Connection, one: Identity) -> tuple[Identity, ...]:
    """Return a subject's identities as far as any link leads or ever led, itself among them, in order."""
    found, edge = {one}, {one}
    while edge:
        rows = _rows(connection, edge)
        ends = {(row.namespace, row.subject) for row in rows}  # type: ignore[attr-defined]
        ends |= {(row.other_namespace, row.other) for row in rows}  # type: ignore[attr-defined]
        edge = ends - found
        found |= ends
    return tuple(sorted(found))


def split_since(connection: Connection, since: int) -> tuple[Identity, ...]:
    """Return who was split from another since then (UTC µs), and whoever any link of theirs leads or ever led to."""
    columns = subject_links.c
    here = (columns.state == SPLIT, columns.at >= since)
    found: set[Identity] = set()
    for row in connection.execute(select(columns.namespace, columns.subject).where(*here)):
        found.update(ever_linked(connection, tuple(row)))
    return tuple(sorted(found))


def _grown(connection: Connection, start: Identity) -> dict[int, Person]:
    """Return the person that a subject belongs to, for each of their ids in its namespace."""
    near: dict[Identity, dict[Identity, tuple[int, bool]]] = {}
    edge = {start}
    while edge:
        rows = _rows(connection, edge)
        near |= {each: held for each, held in _near(rows).items() if each in edge}
        edge = {other for held in near.values() for other in held} - near.keys()
    person = _walk(start, near)
    return {each: person for space, each in person.members if space == start[0]} if len(person.members) > 1 else {}


def _walk(start: Identity, near: Mapping[Identity, Mapping[Identity, tuple[int, bool]]]) -> Person:
    members, edge, since, certain = {start}, [start], 0, True
    while edge:
        for other, (at, sure) in near.get(edge.pop(), {}).items():
            since, certain = max(since, at), certain and sure
            if other not in members:
                members.add(other)
                edge.append(other)
    return Person(tuple(sorted(members)), since, certain)


def _near(rows: Iterable[object]) -> dict[Identity, dict[Identity, tuple[int, bool]]]:
    """Return for each identity those it is linked to now, when and how surely, from the marks in their order."""
    near: dict[Identity, dict[Identity, tuple[int, bool]]] = {}
    for row in rows:
        one, other = (row.namespace, row.subject), (row.other_namespace, row.other)  # type: ignore[attr-defined]
        for here, there in ((one, other), (other, one)):
            held = near.setdefault(here, {})
            if row.state == LINKED:  # type: ignore[attr-defined]
                held[there] = (row.at, row.confidence == CERTAIN)  # type: ignore[attr-defined]
            else:
                held.pop(there, None)
    return near


def _rows(connection: Connection, identities: Iterable[Identity]) -> list[object]:
    by_space: dict[str, list[int]] = {}
    for space, subject in identities:
        by_space.setdefault(space, []).append(subject)
    found = {
        row.sequence: row
        for space, ids in by_space.items()
        for row in (
            _ABOUT_ONE(connection, space=space, id=ids[0])
            if len(ids) == 1
            else connection.execute(_ABOUT, {"space": space, "ids": ids})
        )
    }
    return [found[sequence] for sequence in sorted(found)]


def _touched(connection: Connection, identities: list[Identity]) -> set[Identity]:
    near = _near(_rows(connection, identities)) if identities else {}
    return {each for each, held in near.items() if held}


def _state(connection: Connection, one: Identity, other: Identity) -> str | None:
    near = _near(_rows(connection, [one]))
    return LINKED if other in near.get(one, {}) else None


def _demand_few(connection: Connection, one: Identity, other: Identity) -> None:
    joined: set[Identity] = set()
    for space, subject in (one, other):
        person = persons(connection, space, [subject]).get(subject)
        joined |= set(person.members) if person else {(space, subject)}
    if len(joined) > LARGEST_GROUP:
        raise InputInvalid(
            f"One person would have {len(joined)} identities; allowed: {LARGEST_GROUP}.",
            remedy="Look for a shared device or address among the links, and split it off.",
            code="link-too-many",
        )


def _mark(
    connection: Connection,
    one: Identity,
    other: Identity,
    state: str,
    confidence: str,
    evidence: str,
    who: str,
    now: int,
) -> None:
    connection.execute(
        insert(subject_links).values(
            namespace=one[0],
            subject=one[1],
            other_namespace=other[0],
            other=other[1],
            state=state,
            confidence=confidence,
            evidence=evidence,
            made_by=who,
            at=now,
        )
    )
