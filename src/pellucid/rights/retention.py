"""Retention: rows, and values of columns, whose time is over, taken out by the spine of erasure on a schedule.

The gate does not read such rows anyway; here they go. Never what is held, nor anything of people whose data are
restricted: they asked that it stay (GDPR Art. 18(1)). Rows that a law had kept after an erasure go when they are old
enough, and so does what was kept as evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from pellucid.engines.duckdb_erasing import Cut, Erase
from pellucid.holdings.ground import survey
from pellucid.holdings.publish import generations_published
from pellucid.policy.model import Actor, Dataset
from pellucid.records.tables import consent_records
from pellucid.rights import evidence
from pellucid.rights.holds import Hold, held_people, held_whole, reaching
from pellucid.rights.means import Means
from pellucid.rights.people import Ids
from pellucid.rights.sweep import DAY, rewrite, sweep, to_sweep
from pellucid.subjects.links import persons
from pellucid.subjects.tombstones import expire


@dataclass(frozen=True, slots=True)
class Retired:
    """What goes of a dataset: rows that are too old, values that are emptied, rows of people who were erased."""

    dataset: str
    rows: int
    values: int
    erased: int = 0


def preview(means: Means, now: int) -> list[Retired]:
    """Return what would go now; changes nothing."""
    found = []
    for dataset, path, cut in _due(means, now):
        with Erase(dataset, path, means.place.limits, cut) as engine:
            counted = engine.count()
        if counted.outdated + counted.emptied:
            found.append(Retired(dataset.name, counted.outdated, counted.emptied))
    return found


def run(means: Means, actor: Actor, now: int) -> list[Retired]:
    """Let go of what is due and return what went. Raises DataRefused, with what went before staying gone."""
    place = means.place
    swept = sweep(place, means.policy, actor=actor, now=now) if to_sweep(place, means.policy, now) else []
    erased = {each.dataset: each.counted.erased for each in swept}
    found = {name: Retired(name, 0, 0, rows) for name, rows in erased.items()}
    with place.locked():
        for dataset, _path, cut in _due(means, now):
            done = rewrite(survey(place, dataset), cut, "data.retired", actor, now)
            if done is not None:
                counted = done.counted
                found[dataset.name] = Retired(
                    dataset.name, counted.outdated, counted.emptied, erased.get(dataset.name, 0)
                )
    with place.database.write() as connection:
        notes, records = evidence.forget(connection, now)
        body = {
            "datasets": {each.dataset: {"rows": each.rows, "values": each.values} for each in found.values()},
            "tombstones": expire(connection, now),
            "evidence": notes,
            "records": records,
        }
        append(connection, AuditEntry("retention.run", actor, now, body=body))
    return list(found.values())


def _due(means: Means, now: int) -> list[tuple[Dataset, Path, Cut]]:
    with means.place.database.read() as connection:
        standing = reaching(connection, now)
        restricted = _restricted(connection, means)
        found = []
        for record in generations_published(connection):
            dataset = means.policy.datasets.get(record.dataset)
            if dataset is not None and dataset.time is not None and not dataset.is_public:
                cut = _cut(dataset, standing, restricted, now)
                if cut is not None:
                    found.append((dataset, means.place.folder / record.path, cut))
    return found


def _cut(dataset: Dataset, standing: list[Hold], restricted: Mapping[str, Ids], now: int) -> Cut | None:
    if held_whole(standing, dataset.name) is not None:
        return None
    emptied = {
        name: now - column.retention_days * DAY
        for name, column in dataset.columns.items()
        if column.retention_days is not None
    }
    since = None if dataset.retention_days is None else now - dataset.retention_days * DAY
    if since is None and not emptied:
        return None
    held = held_people(standing, dataset.name)
    none = np.zeros(0, np.int64)
    exempt = {
        path.namespace: np.union1d(held.get(path.namespace, none), restricted.get(path.namespace, none))
        for path in dataset.subjects
    }
    return Cut(kept_since=since, emptied=emptied, exempt=exempt)


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
