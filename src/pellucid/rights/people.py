"""Who is erased: every certain identity of a person, what identifies them, and who of a dataset's people is gone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select, update

from pellucid.engines.duckdb_absence import identifying
from pellucid.errors import NameUnknown
from pellucid.holdings.publish import published, subjects_of
from pellucid.policy.categories import is_within
from pellucid.policy.model import ColumnType, Dataset
from pellucid.records.rights_tables import erasure_people
from pellucid.records.tables import subjects
from pellucid.rights.means import Means
from pellucid.subjects.ids import natural_key
from pellucid.subjects.links import Identity, certain_identities

Ids = NDArray[np.int64]
IDENTIFYING = ("user.unique_id", "user.contact", "user.name", "user.government_id", "user.device")
"""Categories whose values identify a person, where nobody else's row has them."""
SEALED = b"pellucid erasure needles v1\0"


@dataclass(frozen=True, slots=True)
class Person:
    """One identity that is erased: its request if there is one, its pseudonym in the log, what identifies it."""

    identity: Identity
    request: str | None
    pseudonym: str
    texts: tuple[str, ...]


def whole(connection: Connection, wanted: Iterable[tuple[Identity, str | None]]) -> dict[Identity, str | None]:
    """Return each identity with all that certainly are the same person's and are still known, and the request of each.

    That another is only likely to be theirs keeps no certain one out.
    """
    found: dict[Identity, str | None] = {}
    for identity, request in wanted:
        others = (each for each in certain_identities(connection, identity) if each != identity)
        known = (each for each in others if natural_key(connection, *each) is not None)
        found |= {each: found.get(each) or request for each in (identity, *known)}
    return found


def enrol(connection: Connection, means: Means, erasure: str, wanted: Mapping[Identity, str | None]) -> list[Person]:
    """Note who is erased, in the caller's write transaction; raises NameUnknown for somebody who is gone already."""
    enrolled = []
    for (namespace, subject), request in sorted(wanted.items()):
        row = (subjects.c.namespace == namespace, subjects.c.id == subject)
        key = connection.scalar(select(subjects.c.natural_key).where(*row))
        if key is None:
            raise NameUnknown("subject", str(subject), remedy="They were erased already, or never known.")
        pseudonym = means.keys.pseudonym(connection, namespace, subject)
        enrolled.append(Person((namespace, subject), request, pseudonym, (key,)))
    connection.execute(
        insert(erasure_people),
        [
            {
                "erasure": erasure,
                "namespace": each.identity[0],
                "subject": each.identity[1],
                "request": each.request,
                "natural_key": _sealed(means, erasure, each.texts),
                "pseudonym": each.pseudonym,
            }
            for each in enrolled
        ],
    )
    return enrolled


def enrolled(connection: Connection, means: Means, erasure: str) -> list[Person]:
    """Return who is erased, with what identifies them as far as that is still held."""
    rows = connection.execute(select(erasure_people).where(erasure_people.c.erasure == erasure))
    return [
        Person((row.namespace, row.subject), row.request, row.pseudonym, _opened(means, erasure, row.natural_key))
        for row in rows
    ]


def note_texts(connection: Connection, means: Means, erasure: str, people: list[Person], texts: set[str]) -> None:
    """Keep what identifies these people until the erasure is done; sealed, so that it is no trace itself."""
    if not people:
        return
    first = people[0]
    same = (erasure_people.c.erasure == erasure, erasure_people.c.namespace == first.identity[0])
    sealed = _sealed(means, erasure, (*first.texts, *sorted(texts - set(first.texts))))
    mine = (*same, erasure_people.c.subject == first.identity[1])
    connection.execute(update(erasure_people).where(*mine).values(natural_key=sealed))


def forget_texts(connection: Connection, erasure: str) -> None:
    """Drop what identified the people of an erasure."""
    same = erasure_people.c.erasure == erasure
    connection.execute(update(erasure_people).where(same).values(natural_key=None))


def ids_by_namespace(people: Iterable[Person]) -> dict[str, Ids]:
    """Return the ids by namespace, ascending."""
    found: dict[str, list[int]] = {}
    for each in people:
        found.setdefault(each.identity[0], []).append(each.identity[1])
    return {namespace: np.array(sorted(ids), np.int64) for namespace, ids in found.items()}


def gone(connection: Connection, namespace: str) -> Ids:
    """Return everybody of a namespace who has no natural key any more."""
    rows = connection.scalars(
        select(subjects.c.id).where(subjects.c.namespace == namespace, subjects.c.natural_key.is_(None))
    )
    return np.array(sorted(rows), np.int64)


def within(connection: Connection, dataset: str, generation: int, among: Mapping[str, Ids]) -> dict[str, Ids]:
    """Return those of these people who have rows in a generation, by namespace."""
    found = {}
    for namespace, held in subjects_of(connection, dataset, generation).items():
        ids = np.intersect1d(held.ids(), among.get(namespace, np.zeros(0, np.int64)))
        if len(ids):
            found[namespace] = ids
    return found


def texts_in_data(means: Means, ids: Mapping[str, Ids]) -> set[str]:
    """Return the names, addresses and other identifiers in people's rows that stand in nobody else's."""
    found: set[str] = set()
    with means.place.database.read() as connection:
        held = published(connection, means.place.folder)
        theirs = {name: within(connection, name, holding.generation, ids) for name, holding in held.items()}
    for name, holding in held.items():
        dataset = means.policy.datasets.get(name)
        columns = () if dataset is None else _columns(dataset)
        if dataset is not None and columns and theirs[name]:
            found |= identifying(Path(holding.path), dataset, theirs[name], columns, means.place.limits)
    return found


def _columns(dataset: Dataset) -> tuple[str, ...]:
    return tuple(
        name
        for name, column in dataset.columns.items()
        if column.type is ColumnType.TEXT and any(is_within(column.category, kind) for kind in IDENTIFYING)
    )


def _sealed(means: Means, erasure: str, texts: Iterable[str]) -> str:
    return means.keys.seal(SEALED + erasure.encode(), json.dumps(list(texts)).encode()).hex()


def _opened(means: Means, erasure: str, sealed: str | None) -> tuple[str, ...]:
    if sealed is None:
        return ()
    return tuple(json.loads(means.keys.open(SEALED + erasure.encode(), bytes.fromhex(sealed))))
