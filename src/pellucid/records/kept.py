"""Single values that a workspace keeps for itself, by name. Not for settings, which stand in the environment."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select, update

from pellucid.records.tables import settings_kept

_KEPT = select(settings_kept.c.value).where(settings_kept.c.name == bindparam("of_name"))


def kept(connection: Connection, name: str) -> str | None:
    """Return a kept value, or None if there is none."""
    found: str | None = connection.scalar(_KEPT, {"of_name": name})
    return found


def keep(connection: Connection, name: str, value: str) -> None:
    """Keep a value, in the caller's write transaction; one that was kept before is replaced."""
    changed = connection.execute(update(settings_kept).where(settings_kept.c.name == name).values(value=value))
    if changed.rowcount == 0:
        connection.execute(insert(settings_kept).values(name=name, value=value))
