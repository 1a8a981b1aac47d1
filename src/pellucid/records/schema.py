"""Which schema a control database has: stamped when made, checked cheaply at every open, changed only by an upgrade.

The steps themselves are Alembic scripts in `records.migrations`; Alembic (0.4 s to import) is loaded only to upgrade.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select

from pellucid.errors import WorkspaceUnusable
from pellucid.records import (  # noqa: F401  -- their tables belong to the schema
    rights_tables,
    transparency_tables,
    web_tables,
)
from pellucid.records.tables import log_head, metadata

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")
"""Every schema there has been, the oldest first; the last is the one that this version works with."""

VERSION_TABLE = "schema_version"

# Alembic keeps this table itself, in this form, and leaves it out of comparisons: it is not among `tables.metadata`.
schema_version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


def create(connection: Connection) -> None:
    """Create what is missing of the current schema, stamp it, and start the log with no entries."""
    metadata.create_all(connection)
    schema_version.create(connection, checkfirst=True)
    if connection.scalar(select(schema_version.c.version_num)) is None:
        connection.execute(insert(schema_version).values(version_num=REVISIONS[-1]))
    if connection.scalar(select(log_head.c.id)) is None:
        connection.execute(insert(log_head).values(id=1, size=0, frontier=b""))


def current_revision(connection: Connection) -> str | None:
    """Return the schema that the database is stamped with; None if it has no single stamp."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.scalars(select(schema_version.c.version_num)).all()
    return found[0] if len(found) == 1 else None


def demand_current(connection: Connection) -> None:
    """Raise WorkspaceUnusable unless the database has the current schema."""
    found = current_revision(connection)
    if found == REVISIONS[-1]:
        return
    if found is None:
        raise WorkspaceUnusable(
            "This is not a control database of pellucid.",
            remedy="Run `pellucid init` in an empty folder, or name the right workspace.",
            code="schema-missing",
        )
    if found in REVISIONS:
        raise WorkspaceUnusable(
            f"The workspace has schema {found}; this version needs {REVISIONS[-1]}.",
            remedy="Back up the workspace, then run `pellucid upgrade`.",
            code="schema-old",
        )
    raise WorkspaceUnusable(
        f"The workspace has schema {found!r}; this version knows {', '.join(REVISIONS)}.",
        remedy="Install the newer version of pellucid that last opened this workspace.",
        code="schema-unknown",
    )
