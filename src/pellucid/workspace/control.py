"""Which control database a workspace has: a SQLite file in its folder, or one on a PostgreSQL server.

A workspace on a server says so in `control.url` in its folder (0600, since the address may hold a password); there is
no other place for it, so that a folder's keys and data never meet another workspace's records by a wrong variable.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from pellucid.audit.places import CONTROL, CONTROL_URL
from pellucid.errors import InputInvalid, WorkspaceUnusable
from pellucid.records import schema
from pellucid.records.database import Database

DRIVER = "postgresql+psycopg"


def open_control(folder: Path) -> Database:
    """Open the control database of a workspace; raises WorkspaceUnusable where there is none, or two."""
    embedded, elsewhere = folder / CONTROL, folder / CONTROL_URL
    if embedded.is_file() and elsewhere.is_file():
        raise WorkspaceUnusable(
            f"The workspace has both {CONTROL} and {CONTROL_URL}.",
            code="workspace-ambiguous",
            remedy="Move away the one that is not its control database.",
        )
    if elsewhere.is_file():
        return _on_server(_written(elsewhere))
    if embedded.is_file():
        return Database.at(embedded)
    raise WorkspaceUnusable(
        f"There is no workspace in {folder}.",
        code="workspace-missing",
        remedy="Run `pellucid init FOLDER`, or name the right folder with --workspace or PELLUCID_WORKSPACE.",
    )


def create_control(folder: Path, database_url: str | None) -> None:
    """Make the control database of a new workspace: in its folder, or in an empty database on a server.

    Raises InputInvalid if the address is none or the database holds a workspace already, WorkspaceUnusable if it
    cannot be reached.
    """
    if database_url is None:
        database = Database.at(folder / CONTROL)
    else:
        database = _on_server(database_url)
        with database.read() as connection:
            taken = schema.current_revision(connection) is not None
        if taken:
            raise InputInvalid(
                "That database holds the records of a workspace already.",
                code="workspace-exists",
                remedy="Name an empty database.",
            )
    database.create()
    database.close()
    if database_url is not None:
        descriptor = os.open(folder / CONTROL_URL, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{database_url}\n")


def _on_server(text: str) -> Database:
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None or url.drivername not in ("postgresql", DRIVER):
        raise InputInvalid(
            "The address of the control database is none of a PostgreSQL database.",
            code="database-url-invalid",
            remedy="Write it as postgresql://USER@HOST/DATABASE; the password may stand in ~/.pgpass.",
        )
    try:
        return Database(url.set(drivername=DRIVER).render_as_string(hide_password=False))
    except ModuleNotFoundError:
        raise WorkspaceUnusable(
            "The driver for PostgreSQL is not installed.",
            code="driver-missing",
            remedy="Install it: pip install 'pellucid[postgresql]'.",
        ) from None


def _written(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise WorkspaceUnusable(
            f"The file {CONTROL_URL} of the workspace cannot be read.",
            code="workspace-unreadable",
            remedy="Restore it: one line with the address of the control database, readable by its owner only.",
        ) from None
