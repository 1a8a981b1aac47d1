"""Deciding anew about people, in the register's transaction: what differs goes into the permitted sets, with when time
changes it next. Which version that makes, and its place in the log, are `consent.register`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from pellucid.consent.decider import Decider
from pellucid.consent.effect import Effect
from pellucid.consent.facts import chunks
from pellucid.consent.sets import put_effects
from pellucid.consent.submission import Known, known_of
from pellucid.consent.whole import EVERYBODY
from pellucid.policy.model import Policy
from pellucid.records.tables import due_ages, due_changes, subjects
from pellucid.subjects.links import persons

Wanted = dict[str, dict[int, set[str]]]
"""By namespace and subject: the purposes that are decided anew."""

_NOTE_DUES = insert(due_changes)
_FORGET_DUES = delete(due_changes).where(
    due_changes.c.namespace == bindparam("namespace"),
    due_changes.c.purpose == bindparam("purpose"),
    due_changes.c.subject.in_(bindparam("subjects", expanding=True)),
)


def recompute(
    connection: Connection, policy: Policy, version: int, wanted: Wanted, now: int, known: Known | None = None
) -> int:
    """Decide anew about people, and all who are linked to them, by namespace, subject and purposes; return how many
    permissions differ. `known` is what was read of them already; of those who are linked it is read again.
    """
    changed = 0
    for namespace, people in _with_linked(connection, wanted, known).items():
        read = known if known is not None and people.keys() <= known.facts.get(namespace, {}).keys() else None
        if read is None or read.others.get(namespace):
            read = known_of(connection, namespace, people)
        changed += _recompute(connection, policy, version, namespace, people, read, now)
    return changed


def _with_linked(connection: Connection, wanted: Wanted, known: Known | None) -> Wanted:
    """Return those wanted with everybody who is linked to one of them; `known` tells who is linked to nobody."""
    found: Wanted = {namespace: dict(people) for namespace, people in wanted.items()}
    for namespace, people in wanted.items():
        if known is not None and not known.others.get(namespace, people).keys() & people.keys():
            continue
        for subject, person in persons(connection, namespace, people).items():
            for space, other in person.members:
                held = found.setdefault(space, {})
                held[other] = held.get(other, set()) | people[subject]
    return found


def _recompute(
    connection: Connection,
    policy: Policy,
    version: int,
    namespace: str,
    wanted: Mapping[int, Collection[str]],
    known: Known,
    now: int,
) -> int:
    """Decide anew about single subjects, store what differs and when time changes it next; return how many differ."""
    facts, said, others = known.facts[namespace], known.said[namespace], known.others.get(namespace, {})
    decider = Decider(policy, now)
    effects: dict[str, dict[int, Effect]] = {}
    dues: list[dict[str, object]] = []
    for subject in wanted.keys() & facts.keys():
        for purpose in wanted[subject]:
            outcome = decider.outcome(purpose, facts[subject], said.get(subject, ()), others.get(subject, ()))
            effects.setdefault(purpose, {})[subject] = outcome.effect
            if outcome.due is not None:
                dues.append({"namespace": namespace, "subject": subject, "purpose": purpose, "due": outcome.due})
    _put_dues(connection, namespace, {purpose: found.keys() for purpose, found in effects.items()}, dues)
    return sum(put_effects(connection, version, name, namespace, found) for name, found in effects.items())


def _put_dues(
    connection: Connection, namespace: str, decided: Mapping[str, Collection[int]], dues: Sequence[Mapping[str, object]]
) -> None:
    for purpose, ids in decided.items():
        for part in chunks(ids):
            connection.execute(_FORGET_DUES, {"namespace": namespace, "purpose": purpose, "subjects": part})
    if dues:
        connection.execute(_NOTE_DUES, list(dues))


def law_is_due(connection: Connection, now: int) -> bool:
    """Return whether a date in a law has come, which concerns everybody."""
    whole = (due_changes.c.subject == EVERYBODY, due_changes.c.due <= now)
    return connection.scalar(select(due_changes.c.due).where(*whole).limit(1)) is not None


def due(connection: Connection, now: int) -> Wanted:
    """Take out what is due: single subjects, and everybody born in a year that comes of age."""
    wanted: Wanted = {}
    single = select(due_changes.c.namespace, due_changes.c.subject, due_changes.c.purpose)
    for row in connection.execute(single.where(due_changes.c.due <= now)):
        wanted.setdefault(row.namespace, {}).setdefault(row.subject, set()).add(row.purpose)
    years = select(due_ages.c.namespace, due_ages.c.birth_year, due_ages.c.purpose)
    for row in connection.execute(years.where(due_ages.c.due <= now)).all():
        born = (subjects.c.namespace == row.namespace, subjects.c.birth_year == row.birth_year)
        for subject in connection.scalars(select(subjects.c.id).where(*born)):
            wanted.setdefault(row.namespace, {}).setdefault(subject, set()).add(row.purpose)
    for table in (due_changes, due_ages):
        connection.execute(delete(table).where(table.c.due <= now))
    return wanted
