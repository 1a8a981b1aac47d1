"""The stamp in the control database of a backup: what bears it is a copy, and may not serve before it was restored."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from pellucid.errors import WorkspaceUnusable
from pellucid.records.tables import settings_kept

BACKUP = "backup"
_NAME = "state"


def stamp(connection: Connection, state: str | None) -> None:
    """Stamp a control database, or take its stamp off (None), in the caller's write transaction."""
    connection.execute(delete(settings_kept).where(settings_kept.c.name == _NAME))
    if state is not None:
        connection.execute(insert(settings_kept).values(name=_NAME, value=state))


def demand_unstamped(connection: Connection) -> None:
    """Raise WorkspaceUnusable if this is the control database of a backup."""
    if connection.scalar(select(settings_kept.c.value).where(settings_kept.c.name == _NAME)) is not None:
        raise WorkspaceUnusable(
            "This is a backup: what people said since it was made is not in it, so it answers nothing.",
            remedy="Restore it: `pellucid restore BACKUP NEW_WORKSPACE --keys KEYS --since JOURNAL`.",
            code="restore-unreplayed",
        )
