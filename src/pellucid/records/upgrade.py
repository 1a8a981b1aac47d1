"""Bringing an older control database to the current schema, in one transaction: all steps or none.

New workspaces do not come through here: `Database.create` makes their tables at once. A test holds that both ways lead
to the same tables.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from pellucid.errors import WorkspaceUnusable
from pellucid.records.database import Database
from pellucid.records.schema import REVISIONS, current_revision, demand_current

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> tuple[str, ...]:
    """Run the steps that the database lacks; return their revisions, none if it is current.

    Raises WorkspaceUnusable if it is no control database or one of a newer version. Back up first.
    """
    with database.read() as connection:  # before `write`, which needs the log's table
        if current_revision(connection) not in REVISIONS:
            demand_current(connection)
            raise WorkspaceUnusable("The schema of the workspace is unknown.", code="schema-unknown")
    with database.write() as connection:
        found = current_revision(connection)  # again: somebody else may have upgraded it meanwhile
        run_steps(connection)
        return REVISIONS[REVISIONS.index(str(found)) + 1 :]


def run_steps(connection: Connection) -> None:
    """Run every Alembic script that this database has not seen yet, in the caller's transaction."""
    from alembic import command  # noqa: PLC0415  (0.4 s, and needed only here)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
