"""Bringing an older workspace's control database to the present schema."""

from __future__ import annotations

from pathlib import Path

from pellucid.audit.places import CONTROL
from pellucid.errors import WorkspaceUnusable
from pellucid.records.database import Database
from pellucid.records.upgrade import upgrade


def upgrade_workspace(folder: Path) -> tuple[str, ...]:
    """Run the steps that are missing and return their names; raises WorkspaceUnusable. Back up first."""
    if not (folder / CONTROL).is_file():
        raise WorkspaceUnusable(
            f"There is no workspace in {folder}.",
            code="workspace-missing",
            remedy="Name the right folder with --workspace or PELLUCID_WORKSPACE.",
        )
    database = Database.at(folder / CONTROL)
    try:
        return upgrade(database)
    finally:
        database.close()
