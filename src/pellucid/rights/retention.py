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
from pellucid.consent.facts import facts_of
from pellucid.consent.record import ConsentVerb
from pellucid.engines.duckdb_erasing import Cut, Erase
from pellucid.holdings.ground import survey
from pellucid.holdings.publish import generations_published
from pellucid.policy.model import Actor, Dataset
from pellucid.records.tables import consent_records
from pellucid.rights import evidence
from pellucid.rights.holds import Hold, held_people, held_whole, holds
from pellucid.rights.means import Means
from pellucid.rights.people import Ids
from pellucid.rights.sweep import DAY, rewrite, sweep, to_sweep
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
        standing = holds(connection, now)
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
    """Return everybody whose data are restricted now, by namespace: whoever said so last and did not lift it."""
    verbs = (ConsentVerb.RESTRICT.value, ConsentVerb.LIFT.value)
    statement = select(consent_records).where(consent_records.c.verb.in_(verbs))
    last: dict[tuple[str, int], str] = {}
    for row in connection.execute(statement.order_by(consent_records.c.at, consent_records.c.sequence)):
        last[row.namespace, row.subject] = row.verb
    found: dict[str, list[int]] = {}
    for (namespace, subject), verb in last.items():
        if verb == ConsentVerb.RESTRICT.value:
            found.setdefault(namespace, []).append(subject)
    present = {namespace: facts_of(connection, namespace, people) for namespace, people in found.items()}
    return {
        namespace: np.array(sorted(each for each, facts in known.items() if not facts.erased), np.int64)
        for namespace, known in present.items()
        if namespace in means.policy.namespaces
    }
