"""Uses that were refused, as an officer sees them: in which role somebody asked, for which purpose, and why not.

From the index of the log (`use_index`), which the caller brings up to the log first. Neither a question's words nor
anybody's name is in it; no data about people were read for a use that was refused. Reads only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from pellucid.records.transparency_tables import use_entries, use_kinds, use_pairs
from pellucid.transparency.use_entry import REFUSED

_MARK = f'"action":"{REFUSED}"'


@dataclass(frozen=True, slots=True)
class Refused:
    """A kind of refused use: the kind of who asked and their roles, the purpose (None: not a declared one), codes."""

    kind: str
    roles: tuple[str, ...]
    purpose: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedGroup:
    """How often a kind of use was refused, and when first and last (UTC µs)."""

    what: Refused
    times: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class RefusedUse:
    """One refused use: the place of its entry in the log, and when (UTC µs)."""

    leaf: int
    at: int
    what: Refused


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """Refused uses, the newest first; `before` is where to go on, None where none is older."""

    uses: tuple[RefusedUse, ...]
    before: int | None


def refused_groups(connection: Connection, since: int = 0) -> list[RefusedGroup]:
    """Return the kinds of uses that were refused from an instant on, the most frequent first."""
    kinds = _kinds(connection)
    columns = use_entries.c
    counted = (
        select(use_pairs.c.kind, func.count(), func.min(columns.at), func.max(columns.at))
        .join(use_entries, columns.pair == use_pairs.c.id)
        .where(use_pairs.c.kind.in_(kinds), columns.at >= since)
        .group_by(use_pairs.c.kind)
    )
    found: dict[Refused, RefusedGroup] = {}
    for kind, times, first, last in connection.execute(counted):
        what = kinds[kind]
        old = found.get(what, RefusedGroup(what, 0, first, last))
        found[what] = RefusedGroup(what, old.times + times, min(old.first, first), max(old.last, last))
    return sorted(found.values(), key=lambda group: (-group.times, -group.last))


def refused_uses(connection: Connection, before: int | None, limit: int) -> RefusedPage:
    """Return the newest refused uses whose entries are below `before` (None: of all), at most `limit`."""
    kinds, columns = _kinds(connection), use_entries.c
    wanted = (
        select(columns.leaf, columns.at, use_pairs.c.kind)
        .join(use_pairs, columns.pair == use_pairs.c.id)
        .where(use_pairs.c.kind.in_(kinds))
        .order_by(columns.leaf.desc())
        .limit(limit + 1)
    )
    if before is not None:
        wanted = wanted.where(columns.leaf < before)
    found = [RefusedUse(leaf, at, kinds[kind]) for leaf, at, kind in connection.execute(wanted)]
    return RefusedPage(tuple(found[:limit]), found[limit - 1].leaf if len(found) > limit else None)


def _kinds(connection: Connection) -> dict[int, Refused]:
    marked = select(use_kinds).where(use_kinds.c.told.contains(_MARK, autoescape=True))
    kinds = {row.id: json.loads(row.told) for row in connection.execute(marked)}
    return {id: _refused(told) for id, told in kinds.items() if told["action"] == REFUSED}


def _refused(told: Mapping[str, Any]) -> Refused:
    return Refused(told["actor"], tuple(told["roles"]), told["purpose"], tuple(told.get("reasons", ())))
