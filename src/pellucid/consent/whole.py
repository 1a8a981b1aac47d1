"""Making permitted sets for everybody at once, vectorised: a policy's activation, and people whom an import brought.

People without records are decided once for each combination of facts. Single subjects are `consent.register`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from pellucid.consent.decider import Decider
from pellucid.consent.facts import People, all_records, people, subject_count
from pellucid.consent.record import ConsentRecord
from pellucid.consent.sets import Flags, StoredSet, drop_set, put_set, read_set, stored_sets
from pellucid.policy.model import Policy
from pellucid.records.tables import due_ages, due_changes

Row = dict[str, object]


def rebuild_all(connection: Connection, policy: Policy, version: int, now: int) -> None:
    """Make the sets of every purpose and namespace anew, with all dues; drop those the policy no longer declares."""
    for table in (due_changes, due_ages):
        connection.execute(delete(table))
    for purpose, namespace in stored_sets(connection):
        if purpose not in policy.purposes or namespace not in policy.namespaces:
            drop_set(connection, version, purpose, namespace)
    decider = Decider(policy, now)
    for namespace in policy.namespaces:
        crowd = people(connection, namespace, 0, subject_count(connection, namespace))
        said = all_records(connection, namespace)
        for purpose in policy.purposes:
            made, dues = everybody(decider, purpose, namespace, crowd, said)
            put_set(connection, version, purpose, namespace, made)
            _add(connection, dues)
            _add_ages(connection, _ages(decider, purpose, namespace, crowd))


def everybody(
    decider: Decider, purpose: str, namespace: str, crowd: People, said: Mapping[int, Sequence[ConsentRecord]]
) -> tuple[StoredSet, list[Row]]:
    """Return a purpose's set for the whole of a namespace, and when time changes it next for single people."""
    made = StoredSet(*_silent_flags(decider, purpose, crowd))
    return made, _overlay(decider, purpose, namespace, crowd, said, made)


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


def _silent_flags(decider: Decider, purpose: str, crowd: People) -> tuple[Flags, Flags]:
    """Return everybody's bits as if nobody had said anything; nothing is partial without a record."""
    effects = [decider.outcome(purpose, kind, ()).effect for kind in crowd.kinds]
    # The last place, which index -1 finds, stands for ids without a subject: denied.
    plain = np.array([*(effect.plain for effect in effects), False], dtype=np.bool_)
    sensitive = np.array([*(effect.sensitive for effect in effects), False], dtype=np.bool_)
    return plain[crowd.group], sensitive[crowd.group]


def _overlay(
    decider: Decider,
    purpose: str,
    namespace: str,
    crowd: People,
    said: Mapping[int, Sequence[ConsentRecord]],
    made: StoredSet,
) -> list[Row]:
    """Put those who said something about the purpose over the silent ones; return their dues."""
    dues: list[Row] = []
    for subject, records in said.items():
        if not any(record.concerns(purpose) for record in records):
            continue
        outcome = decider.outcome(purpose, crowd.kinds[crowd.group[subject]], records)
        made.put(subject, outcome.effect)
        if outcome.due is not None:
            dues.append({"namespace": namespace, "subject": subject, "purpose": purpose, "due": outcome.due})
    return dues


def _ages(decider: Decider, purpose: str, namespace: str, crowd: People) -> list[Row]:
    """Return when the silent of each birth year come of age; without records nothing else changes with time."""
    found: dict[int | None, int] = {}
    for kind in crowd.kinds:
        due = decider.outcome(purpose, kind, ()).due
        if due is not None:
            found[kind.birth_year] = due
    return [{"namespace": namespace, "birth_year": year, "purpose": purpose, "due": due} for year, due in found.items()]


def _add(connection: Connection, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(insert(due_changes), list(rows))


def _add_ages(connection: Connection, rows: Sequence[Row]) -> None:
    """Note the years that come of age, but for those noted already: the instant depends on year and purpose alone."""
    if not rows:
        return
    where = (due_ages.c.namespace == rows[0]["namespace"], due_ages.c.purpose == rows[0]["purpose"])
    noted = set(connection.scalars(select(due_ages.c.birth_year).where(*where)))
    missing = [row for row in rows if row["birth_year"] not in noted]
    if missing:
        connection.execute(insert(due_ages), missing)
