"""Derived tables that are true no more, because rows that they were made of changed; building them anew is not here."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select, update

from pellucid.records.rights_tables import derived_builds


def mark_stale(connection: Connection, dataset: str, reason: str, now: int) -> tuple[str, ...]:
    """Mark what was made of a dataset, and what was made of that, in the caller's write transaction; return the names.

    What is stale already keeps its first reason.
    """
    columns = derived_builds.c
    rows = connection.execute(select(columns.dataset, columns.generation, columns.stamp, columns.stale_since)).all()
    read = {(row.dataset, row.generation): set(json.loads(row.stamp)["generations"]) for row in rows}
    changed, found = {dataset}, set[tuple[str, int]]()
    while True:
        more = {build for build, datasets in read.items() if build not in found and datasets & changed}
        if not more:
            break
        found |= more
        changed |= {name for name, _ in more}
    fresh = sorted({(row.dataset, row.generation) for row in rows if row.stale_since is None} & found)
    for name, generation in fresh:
        where = (columns.dataset == name, columns.generation == generation)
        connection.execute(update(derived_builds).where(*where).values(stale_since=now, stale_reason=reason))
    return tuple(sorted({name for name, _ in fresh}))
