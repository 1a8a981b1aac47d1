"""Making permitted sets for everybody at once, vectorised: a policy's activation, and people whom an import brought.

People without records are decided once for each combination of facts. Single subjects are `consent.register`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from pellucid.consent.bulk_decide import Decided, decide_heard
from pellucid.consent.bulk_heard import Heard
from pellucid.consent.bulk_read import People, all_records, people
from pellucid.consent.bulk_sets import add_dues, put_all
from pellucid.consent.decider import Decider
from pellucid.consent.facts import all_others
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord
from pellucid.consent.sets import Flags, StoredSet, drop_set, put_set, read_set, stored_sets
from pellucid.consent.voices import Voice
from pellucid.policy.model import Policy
from pellucid.records.tables import due_ages, due_changes
from pellucid.subjects import ids

Row = dict[str, object]

EVERYBODY = -1
"""In place of a subject whose permission changes: a date in a law, which may change everybody's."""


def rebuild_all(connection: Connection, policy: Policy, version: int, now: int) -> None:
    """Make the sets of every purpose and namespace anew, with all dues; drop those the policy no longer declares."""
    for table in (due_changes, due_ages):
        connection.execute(delete(table))
    for purpose, namespace in stored_sets(connection):
        if purpose not in policy.purposes or namespace not in policy.namespaces:
            drop_set(connection, version, purpose, namespace)
    decider = Decider(policy, now)
    for namespace in policy.namespaces:
        crowd = people(connection, namespace, 0, ids.count(connection, namespace))
        said, others = all_records(connection, namespace), all_others(connection, namespace)
        for purpose in policy.purposes:
            made, decided = everybody(decider, purpose, namespace, crowd, said, others)
            put_set(connection, version, purpose, namespace, made)
            add_dues(connection, namespace, purpose, decided)
            _note_law_due(connection, decider, purpose, namespace, crowd.kinds)
            _add_ages(connection, _ages(decider, purpose, namespace, crowd))


def everybody(
    decider: Decider,
    purpose: str,
    namespace: str,
    crowd: People,
    said: Mapping[int, Sequence[ConsentRecord]],
    others: Mapping[int, Sequence[Voice]],
) -> tuple[StoredSet, Decided]:
    """Return a purpose's set for the whole of a namespace, and what was decided about those who said something about
    it or have other identities.
    """
    made = StoredSet(*_silent_flags(decider, purpose, crowd))
    heard = said if isinstance(said, Heard) else Heard.of(said)
    decided = decide_heard(decider, purpose, heard, crowd, others)
    put_all(made, decided)
    return made, decided


def extend_all(
    connection: Connection, policy: Policy, version: int, namespace: str, first: int, count: int, now: int
) -> None:
    """Take `count` people from id `first` on, who have said nothing yet, into every purpose's set."""
    decider = Decider(policy, now)
    crowd = people(connection, namespace, first, count)
    for purpose in policy.purposes:
        made = read_set(connection, purpose, namespace)
        made.grow(first + count)
        new = slice(first, first + count)
        made.plain[new], made.sensitive[new] = _silent_flags(decider, purpose, crowd)
        put_set(connection, version, purpose, namespace, made)
        _add_ages(connection, _ages(decider, purpose, namespace, crowd))
        _note_law_due(connection, decider, purpose, namespace, crowd.kinds)


def note_law_dues(
    connection: Connection, policy: Policy, namespace: str, kinds: Collection[SubjectFacts], now: int
) -> None:
    """Note the next date of a law that concerns people of whom this became known, unless an earlier one is noted."""
    decider = Decider(policy, now)
    for purpose in policy.purposes:
        _note_law_due(connection, decider, purpose, namespace, kinds)


def _note_law_due(
    connection: Connection, decider: Decider, purpose: str, namespace: str, kinds: Collection[SubjectFacts]
) -> None:
    due = decider.law_due(purpose, kinds)
    columns = due_changes.c
    where = (columns.namespace == namespace, columns.subject == EVERYBODY, columns.purpose == purpose)
    noted = connection.scalar(select(columns.due).where(*where))
    if due is not None and (noted is None or due < noted):
        connection.execute(delete(due_changes).where(*where))
        _add(connection, [{"namespace": namespace, "subject": EVERYBODY, "purpose": purpose, "due": due}])


def _silent_flags(decider: Decider, purpose: str, crowd: People) -> tuple[Flags, Flags]:
    """Return everybody's bits as if nobody had said anything; nothing is partial without a record."""
    effects = [decider.outcome(purpose, kind, ()).effect for kind in crowd.kinds]
    # The last place, which index -1 finds, stands for ids without a subject: denied.
    plain = np.array([*(effect.plain for effect in effects), False], dtype=np.bool_)
    sensitive = np.array([*(effect.sensitive for effect in effects), False], dtype=np.bool_)
    return plain[crowd.group], sensitive[crowd.group]


def _ages(decider: Decider, purpose: str, namespace: str, crowd: People) -> list[Row]:
    """Return when the silent of each birth year come of age; without records nothing else changes with time."""
    found: dict[int | None, int] = {}
    for kind in crowd.kinds:
        due = decider.outcome(purpose, kind, ()).due
        if due is not None:
            found[kind.birth_year] = min(due, found.get(kind.birth_year, due))
    return [{"namespace": namespace, "birth_year": year, "purpose": purpose, "due": due} for year, due in found.items()]


def _add(connection: Connection, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(insert(due_changes), list(rows))


def _add_ages(connection: Connection, rows: Sequence[Row]) -> None:
    """Note when years come of age, unless an earlier instant is noted: it may depend on the place too."""
    if not rows:
        return
    where = (due_ages.c.namespace == rows[0]["namespace"], due_ages.c.purpose == rows[0]["purpose"])
    noted = {row.birth_year: row.due for row in connection.execute(select(due_ages).where(*where))}
    sooner = [row for row in rows if row["birth_year"] not in noted or row["due"] < noted[row["birth_year"]]]
    if sooner:
        years = [row["birth_year"] for row in sooner]
        connection.execute(delete(due_ages).where(*where, due_ages.c.birth_year.in_(years)))
        connection.execute(insert(due_ages), sooner)
