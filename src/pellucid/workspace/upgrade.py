"""Bringing an older workspace's control database to the present schema."""

from __future__ import annotations

from pathlib import Path

from pellucid.records.upgrade import upgrade
from pellucid.workspace.control import open_control


def upgrade_workspace(folder: Path) -> tuple[str, ...]:
    """Run the steps that are missing and return their names; raises WorkspaceUnusable. Back up first."""
    database = open_control(folder)
    try:
        return upgrade(database)
    finally:
        database.close()
