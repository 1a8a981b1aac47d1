"""Recording many rows at once, in one transaction and in time proportional to their number.

It comes to what `consent.register` makes of the same records one by one: the same rows, sets, dues and log entries,
under one register version. Whatever is wrong with a row concerns that row alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

import numpy as np
from sqlalchemy import Connection, select

from pellucid.consent import register
from pellucid.consent.bulk_admit import Door, Judged, Row
from pellucid.consent.bulk_decide import decide_heard
from pellucid.consent.bulk_heard import Heard, Ids, Kinds, Numbers
from pellucid.consent.bulk_insert import insert_rows
from pellucid.consent.bulk_read import heard_of
from pellucid.consent.bulk_rows import UNKNOWN_SUBJECT, Rejection, Rows
from pellucid.consent.bulk_sets import put_decided, put_dues
from pellucid.consent.decider import Decider
from pellucid.consent.entries import ManyRecords, log_many
from pellucid.consent.facts import as_row, facts_of, others_of
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord
from pellucid.consent.redecide import recompute
from pellucid.consent.screens import screens
from pellucid.consent.shown import published_notices
from pellucid.failpoints import reach
from pellucid.policy.model import Actor, Policy
from pellucid.records.tables import consent_records, subject_links
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import persons

_NAMES = tuple(column.name for column in consent_records.c if column.name != "sequence")
_SUBJECT, _AT = _NAMES.index("subject"), _NAMES.index("at")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of rows: how many are recorded and known already, why others (by place) are not, and the purposes
    of what narrows, which is still to be acknowledged; None among them stands for all.
    """

    recorded: int = 0
    known: int = 0
    rejected: Mapping[int, Rejection] = field(default_factory=dict)
    narrowed: frozenset[str | None] = frozenset()


class Trial(Protocol):
    """Where rows are kept that are only tried."""

    def heard(self, namespace: str, subjects: Sequence[int], table: Kinds) -> Heard:
        """Return what was tried of these subjects before."""

    def keep(self, names: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
        """Keep rows of these columns of `consent_records` that would have been recorded."""


@dataclass(frozen=True, slots=True)
class _People:
    """Some subjects, by their facts."""

    ids: Ids
    group: Numbers
    kinds: Sequence[SubjectFacts]

    @classmethod
    def of_facts(cls, facts: Mapping[int, SubjectFacts]) -> _People:
        kinds = {id(each): each for each in facts.values()}
        places = {name: place for place, name in enumerate(kinds)}
        subjects = sorted(facts)
        group = [places[id(facts[subject])] for subject in subjects]
        return cls(np.array(subjects, np.int64), np.array(group, np.int32), list(kinds.values()))

    def of(self, subjects: Ids) -> Numbers:
        return self.group[np.searchsorted(self.ids, subjects)]


@dataclass(frozen=True, slots=True)
class _Judged:
    """One namespace's rows at the door, with what was known of their subjects before."""

    namespace: str
    facts: Mapping[int, SubjectFacts]
    heard: Heard
    outcome: Judged


def find_subjects(connection: Connection, rows: Rows) -> Ids:
    """Return the ids of the rows' subjects, -1 for a row that is rejected or whose subject there is not."""
    found = np.full(len(rows.kinds), -1, np.int64)
    for namespace, places in _by_namespace(rows, rows.kinds).items():
        found[places] = ids.find_all(connection, namespace, rows.keys.take(places)).fill_null(-1).to_numpy()
    return found


def record_rows(
    connection: Connection, keys: SubjectKeys, policy: Policy, rows: Rows, subjects: Ids, actor: Actor, now: int
) -> Done:
    """Record rows of which `find_subjects` found the subjects, under one new register version.

    Make it the transaction's last call. Raises RecordingFailed if another policy came into force. What narrows is to be
    acknowledged through `consent.leases.await_leases`.
    """
    version = register.version_under(connection, policy) + 1
    judged = _judge(connection, policy, rows, subjects, now, None)
    recorded = [each for each in judged if each.outcome.places]
    if recorded:
        for each in recorded:
            insert_rows(connection, consent_records, _NAMES, _stored(each, rows.table, version, now))
        reach("bulk.said")
        for each in recorded:
            _put(connection, policy, each, rows.table, version, now)
        reach("bulk.sets-changed")
        register.commit_version(connection, version, now)
        for each in recorded:
            log_many(connection, keys, actor, _many(each, rows.table), version, now)
    return _done(rows, subjects, judged)


def try_rows(connection: Connection, policy: Policy, rows: Rows, subjects: Ids, now: int, trial: Trial) -> Done:
    """Return what `record_rows` would do, after what was tried before; changes nothing but the trial."""
    judged = _judge(connection, policy, rows, subjects, now, trial)
    for each in judged:
        if each.outcome.places:
            trial.keep(_NAMES, _stored(each, rows.table, 0, now))
    return _done(rows, subjects, judged)


def _by_namespace(rows: Rows, chosen: Numbers) -> dict[str, Ids]:
    """Return by namespace the places of rows whose kind is known."""
    spaces = sorted({kind.namespace for kind in rows.table.of})
    space = np.array([spaces.index(kind.namespace) for kind in rows.table.of] + [-1], np.int32)[chosen]
    return {name: places for name in spaces if len(places := np.flatnonzero(space == spaces.index(name)))}


def _judge(
    connection: Connection, policy: Policy, rows: Rows, subjects: Ids, now: int, trial: Trial | None
) -> list[_Judged]:
    found = []
    doubted, at = screens(connection), _dated(rows, now)
    published = cache(lambda: published_notices(connection))
    noes = np.zeros(len(rows.kinds), np.int64)
    noes[list(rows.noes)] = list(rows.noes.values())
    for namespace, places in _by_namespace(rows, np.where(subjects < 0, -1, rows.kinds)).items():
        people = np.unique(subjects[places]).tolist()
        facts = facts_of(connection, namespace, people)
        heard = heard_of(connection, namespace, people, rows.table)
        if trial is not None:
            tried = trial.heard(namespace, people, rows.table)
            heard = heard.and_then(tried.subjects, tried.kinds, tried.at)
        columns = (places, subjects[places], rows.kinds[places], at[places], rows.timed[places], noes[places])
        others = others_of(connection, namespace, _linked(connection, namespace, np.array(people, np.int64)).tolist())
        door = Door(policy, rows.table, facts, heard.told(), doubted, now, others, published)
        outcome = door.judge([Row(*each) for each in zip(*(column.tolist() for column in columns), strict=True)])
        found.append(_Judged(namespace, facts, heard, outcome))
    return found


def _dated(rows: Rows, now: int) -> Ids:
    """Return when each row was said: one without an instant now, a yes among them when the file began to be read.

    So a yes never counts as said after what the person said meanwhile, and a no never as said before it.
    """
    widens = np.array([not kind.verb.narrows for kind in rows.table.of] + [False], np.bool_)[rows.kinds]
    return np.where(rows.timed | widens, rows.at, now)


def _stored(judged: _Judged, table: Kinds, version: int, now: int) -> list[tuple[object, ...]]:
    """Return the rows of `consent_records` as they are stored, their columns those of `_NAMES`."""
    forms = {}
    for kind in set(judged.outcome.kinds):
        row = as_row(table.of[kind], version, now)
        values = tuple(row[name] for name in _NAMES)
        forms[kind] = values[:_SUBJECT], values[_SUBJECT + 1 : _AT], values[_AT + 1 :]
    found: list[tuple[object, ...]] = []
    for subject, kind, at in zip(judged.outcome.subjects, judged.outcome.kinds, judged.outcome.at, strict=True):
        head, middle, tail = forms[kind]
        found.append((*head, subject, *middle, at, *tail))
    return found


def _put(connection: Connection, policy: Policy, judged: _Judged, table: Kinds, version: int, now: int) -> None:
    """Decide anew about those who said something, and store what differs."""
    told = judged.outcome
    subjects, kinds, at = (np.array(column, np.int64) for column in (told.subjects, told.kinds, told.at))
    heard = judged.heard.and_then(subjects, kinds.astype(np.int32), at)
    people, decider = _People.of_facts(judged.facts), Decider(policy, now)
    linked = _linked(connection, judged.namespace, subjects)
    anew: dict[int, set[str]] = {}
    for purpose in policy.purposes:
        about = _concerned(table, subjects, kinds, purpose)
        for subject in about[np.isin(about, linked)].tolist():
            anew.setdefault(subject, set()).add(purpose)
        alone = about[~np.isin(about, linked)]
        decided = decide_heard(decider, purpose, heard, people, {}, alone)
        put_dues(connection, judged.namespace, purpose, decided)
        put_decided(connection, version, purpose, judged.namespace, decided)
    if anew:
        recompute(connection, policy, version, {judged.namespace: anew}, now)


def _concerned(table: Kinds, subjects: Ids, kinds: Ids, purpose: str) -> Ids:
    """Return who said something about a purpose, or has a member who spoke, each once."""
    concerns = np.array([kind.concerns(purpose) or bool(kind.member) for kind in table.of], np.bool_)
    return np.unique(subjects[concerns[kinds]])


def _linked(connection: Connection, namespace: str, subjects: Ids) -> Ids:
    """Return who of these has other identities."""
    if connection.execute(select(subject_links.c.sequence).limit(1)).first() is None:
        return np.empty(0, np.int64)
    return np.array(sorted(persons(connection, namespace, np.unique(subjects).tolist())), np.int64)


def _many(judged: _Judged, table: Kinds) -> ManyRecords:
    told = judged.outcome
    return ManyRecords(judged.namespace, table.of, told.subjects, told.kinds, told.at)


def _done(rows: Rows, subjects: Ids, judged: Sequence[_Judged]) -> Done:
    rejected = {place: UNKNOWN_SUBJECT for place in np.flatnonzero(subjects < 0).tolist()} | rows.rejected
    recorded: list[ConsentRecord] = []
    for each in judged:
        rejected |= each.outcome.rejected
        recorded += [rows.table.of[kind] for kind in set(each.outcome.kinds)]
    return Done(
        sum(len(each.outcome.places) for each in judged),
        sum(each.outcome.known for each in judged),
        rejected,
        frozenset(each.purpose for each in recorded if each.verb.narrows),
    )
