"""What a replica of the permitted sets reads: the whole state, or what changed since its version.

Reads only, in the caller's transaction; applying it is an engine's work.
"""

from __future__ import annotations

from sqlalchemy import Connection, Row, func, select

from pellucid.consent.bits import whole_bitmaps
from pellucid.consent.sets import WHOLE
from pellucid.engines.base import PermittedChange, PermittedSet
from pellucid.records.tables import permitted_changes, permitted_partial, register

MOST_CHANGES = 50_000
"""Beyond so many changes a replica is loaded anew: that is quicker than applying them."""


def current(connection: Connection) -> tuple[int, int | None]:
    """Return the register's version and the instant at which time alone changes it next; (0, None) at the beginning."""
    row = connection.execute(select(register.c.version, register.c.next_due)).one_or_none()
    return (0, None) if row is None else (row.version, row.next_due)


def snapshot(connection: Connection) -> tuple[int, int | None, list[PermittedSet]]:
    """Return version, next due instant and every permitted set."""
    version, next_due = current(connection)
    partial: dict[tuple[str, str], list[Row[tuple[object, ...]]]] = {}
    for row in connection.execute(select(permitted_partial).order_by(permitted_partial.c.subject)):
        partial.setdefault((row.purpose, row.namespace), []).append(row)
    sets = []
    for place, bits in whole_bitmaps(connection).items():
        people = tuple(_partial(each, bits.plain, bits.sensitive) for each in partial.get(place, ()))
        sets.append(PermittedSet(*place, bits.size, bits.plain, bits.sensitive, people))
    return version, next_due, sets


def changes_since(connection: Connection, version: int) -> tuple[int, int | None, list[PermittedChange] | None]:
    """Return version, next due instant and the changes after `version` in order; None instead: load the whole anew.

    The whole is needed when a set was made anew, when the changes are very many, or when `version` is one that this
    register never had, as after restoring a backup.
    """
    latest, next_due = current(connection)
    if version == latest:
        return latest, next_due, []
    since = permitted_changes.c.version > version
    counted = select(func.count(), func.min(permitted_changes.c.subject)).where(since)
    number, lowest = connection.execute(counted).one()
    if not 0 <= version < latest or number > MOST_CHANGES or lowest == WHOLE:
        return latest, next_due, None
    rows = connection.execute(select(permitted_changes).where(since).order_by(permitted_changes.c.sequence))
    return latest, next_due, [_change(row) for row in rows]


def narrowed_since(connection: Connection, purpose: str, version: int) -> bool:
    """Return whether anybody's permission for the purpose got smaller or later after `version`."""
    columns = permitted_changes.c
    where = (columns.version > version, columns.purpose == purpose, columns.narrowing)
    return connection.execute(select(columns.sequence).where(*where).limit(1)).first() is not None


def _change(row: Row[tuple[object, ...]]) -> PermittedChange:
    return PermittedChange(
        purpose=row.purpose,
        subject=row.subject,
        plain=bool(row.plain),
        sensitive=bool(row.sensitive),
        not_before=row.not_before,
        sensitive_not_before=row.sensitive_not_before,
        namespace=row.namespace,
    )


def _partial(row: Row[tuple[object, ...]], plain: bytes, sensitive: bytes) -> PermittedChange:
    return PermittedChange(
        purpose=row.purpose,
        subject=row.subject,
        plain=_bit(plain, row.subject),
        sensitive=_bit(sensitive, row.subject),
        not_before=row.not_before,
        sensitive_not_before=row.sensitive_not_before,
        namespace=row.namespace,
    )


def _bit(bits: bytes, place: int) -> bool:
    return bool(bits[place // 8] >> place % 8 & 1)
