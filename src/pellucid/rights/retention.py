"""Retention: rows, and values of columns, whose time is over, taken out by the spine of erasure on a schedule.

The gate does not read such rows anyway; here they go. Never what is held, nor anything of people whose data are
restricted: they asked that it stay (GDPR Art. 18(1)). Rows that a law had kept after an erasure go when they are old
enough, and so does what was kept as evidence. What goes when, and because of what, is `policy.retention`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent.facts import facts_of, others_of, records_of
from pellucid.consent.record import ConsentVerb
from pellucid.consent.said import is_restricted
from pellucid.consent.voices import voices
from pellucid.engines.duckdb_erasing import Counted, Cut, Erase
from pellucid.errors import DataRefused
from pellucid.holdings.ground import survey
from pellucid.holdings.leases import unlink_unleased
from pellucid.holdings.publish import generations_published
from pellucid.policy.model import Actor, Dataset
from pellucid.policy.retention import RetentionRule, retention_rules, rules_version
from pellucid.records.jobs import Claim
from pellucid.records.tables import consent_records
from pellucid.rights import evidence
from pellucid.rights.holds import Hold, held_people, held_whole, reaching
from pellucid.rights.means import Means
from pellucid.rights.people import Ids
from pellucid.rights.sweep import DAY, Swept, rewrite, sweep, to_sweep
from pellucid.subjects.links import persons
from pellucid.subjects.tombstones import expire


@dataclass(frozen=True, slots=True)
class Due:
    """What one rule lets go of: so many rows, or so many values of its column."""

    rule: RetentionRule
    count: int


@dataclass(frozen=True, slots=True)
class Retired:
    """What goes of a dataset: rows that are too old, values that are emptied, rows of people who were erased; and
    which rule lets go of how much.
    """

    dataset: str
    rows: int
    values: int
    erased: int = 0
    due: tuple[Due, ...] = ()


def preview(means: Means, now: int) -> list[Retired]:
    """Return what would go now; changes nothing."""
    found = []
    with means.place.database.read() as connection:
        wanted = list(_due(connection, means, now))
    for dataset, path, cut in wanted:
        with Erase(dataset, path, means.place.limits, cut) as engine:
            counted = engine.count()
        if counted.outdated + counted.emptied:
            found.append(_retired(means, dataset.name, counted))
    return found


def run(means: Means, actor: Actor, now: int, *, claim: Claim | None = None) -> list[Retired]:
    """Let go of what is due and return what went. Raises DataRefused, with what went before staying gone.

    For a job, its `claim` is held as long as this takes, and settled with the entry that tells what went.
    """
    place = means.place
    swept = sweep(place, means.policy, actor=actor, now=now) if to_sweep(place, means.policy, now) else []
    found = {each.dataset: Retired(each.dataset, 0, 0, each.counted.erased) for each in swept}
    with place.locked():
        with place.database.read() as connection:
            names = [dataset.name for dataset, _path, _cut in _due(connection, means, now)]
        for name in names:
            if claim is not None:
                claim.renew()
            done = _let_go(means, name, actor, now)
            if done is not None:
                erased = found[name].erased if name in found else 0
                found[name] = _retired(means, name, done.counted, erased)
    unlink_unleased(place.database, place.folder, now=now)  # also what somebody left who died over this
    with place.database.write() as connection:
        if claim is not None:
            claim.done(connection)
        notes, records = evidence.forget(connection, now)
        body = {
            "datasets": {each.dataset: {"rows": each.rows, "values": each.values} for each in found.values()},
            "rules": rules_version(means.policy),
            "tombstones": expire(connection, now),
            "evidence": notes,
            "records": records,
        }
        append(connection, AuditEntry("retention.run", actor, now, body=body))
    return list(found.values())


def _let_go(means: Means, name: str, actor: Actor, now: int) -> Swept | None:
    """Write a dataset anew without what is due, unless more has come to stay before it is published."""
    with means.place.database.read() as connection:
        cut = _cut_of(connection, means, name, now)
    if cut is None:
        return None

    def confirm(connection: Connection) -> None:
        if not _stay_the_same(cut, _cut_of(connection, means, name, now)):
            raise DataRefused(
                f"Somebody's data in {name!r} were held or restricted meanwhile, so nothing of it went.",
                remedy="Run the command again; the worker does so by itself.",
                code="retention-overtaken",
            )

    return rewrite(survey(means.place, means.policy.datasets[name]), cut, "data.retired", actor, now, confirm)


def _retired(means: Means, dataset: str, counted: Counted, erased: int = 0) -> Retired:
    rules = [rule for rule in retention_rules(means.policy) if rule.dataset == dataset]
    due = [Due(rule, _count(counted, rule)) for rule in rules]
    return Retired(dataset, counted.outdated, counted.emptied, erased, tuple(each for each in due if each.count))


def _count(counted: Counted, rule: RetentionRule) -> int:
    return counted.outdated if rule.column is None else counted.by_column.get(rule.column, 0)


def _due(connection: Connection, means: Means, now: int) -> Iterator[tuple[Dataset, Path, Cut]]:
    rules = retention_rules(means.policy)
    standing, restricted = reaching(connection, now), _restricted(connection, means)
    for record in generations_published(connection):
        theirs = [rule for rule in rules if rule.dataset == record.dataset]
        if theirs:
            dataset = means.policy.datasets[record.dataset]
            cut = _cut(dataset, theirs, standing, restricted, now)
            if cut is not None:
                yield dataset, means.place.folder / record.path, cut


def _cut_of(connection: Connection, means: Means, name: str, now: int) -> Cut | None:
    return next((cut for dataset, _path, cut in _due(connection, means, now) if dataset.name == name), None)


def _cut(
    dataset: Dataset, rules: Sequence[RetentionRule], standing: list[Hold], restricted: Mapping[str, Ids], now: int
) -> Cut | None:
    if held_whole(standing, dataset.name) is not None:
        return None
    since = next((now - rule.days * DAY for rule in rules if rule.column is None), None)
    emptied = {rule.column: now - rule.days * DAY for rule in rules if rule.column is not None}
    held = held_people(standing, dataset.name)
    none = np.zeros(0, np.int64)
    exempt = {
        path.namespace: np.union1d(held.get(path.namespace, none), restricted.get(path.namespace, none))
        for path in dataset.subjects
    }
    return Cut(kept_since=since, emptied=emptied, exempt=exempt)


def _stay_the_same(before: Cut, after: Cut | None) -> bool:
    """Return whether nobody else's rows have come to stay."""
    return after is not None and all(
        not len(np.setdiff1d(ids, before.exempt[namespace])) for namespace, ids in after.exempt.items()
    )


def _restricted(connection: Connection, means: Means) -> dict[str, Ids]:
    """Return everybody whose data are restricted now, by namespace: they themselves, another identity of theirs, or
    somebody of their household said so last.
    """
    said = select(consent_records.c.namespace, consent_records.c.subject).distinct()
    touched: dict[str, set[int]] = {}
    for row in connection.execute(said.where(consent_records.c.verb == ConsentVerb.RESTRICT.value)):
        person = persons(connection, row.namespace, [row.subject]).get(row.subject)
        for name, subject in ((row.namespace, row.subject),) if person is None else person.members:
            touched.setdefault(name, set()).add(subject)
    found = ((name, _of_these(connection, name, ids)) for name, ids in touched.items())
    return {name: np.array(sorted(ids), np.int64) for name, ids in found if name in means.policy.namespaces}


def _of_these(connection: Connection, namespace: str, ids: set[int]) -> list[int]:
    facts, said = facts_of(connection, namespace, ids), records_of(connection, namespace, ids)
    others = others_of(connection, namespace, ids)
    return [
        each
        for each, known in facts.items()
        if not known.erased
        and any(is_restricted(voice.records) for voice in voices("", known, said.get(each, ()), others.get(each, ())))
    ]
