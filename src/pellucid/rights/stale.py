"""Derived tables that are true no more, because rows that they were made of changed; building them anew is not here.

Nothing is marked: a derived table is stale as long as what it was made of has a newer generation.
"""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from pellucid.records.rights_tables import derived_builds


def made_of(connection: Connection, dataset: str) -> tuple[str, ...]:
    """Return the names of what was made of a dataset, and of what was made of that."""
    rows = connection.execute(select(derived_builds.c.dataset, derived_builds.c.stamp)).all()
    read = [(row.dataset, set(json.loads(row.stamp)["generations"])) for row in rows]
    found: set[str] = set()
    while more := {name for name, datasets in read if name not in found and datasets & {dataset, *found}}:
        found |= more
    return tuple(sorted(found))
