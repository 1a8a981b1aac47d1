"""In a restored workspace nobody acts for somebody else until the staff say so anew: it may have ended since."""

from __future__ import annotations

from pathlib import Path

from pellucid.governance import delegations
from tests.backups.conftest import Desk, Saved, rows

LIVE = "SELECT id FROM delegations WHERE ended_at IS NULL"


def test_no_delegation_comes_back(desk: Desk, tmp_path: Path) -> None:
    workspace = desk.workspace
    with workspace.room.database.write() as connection:
        now = workspace.room.clock()
        people = ("household", 1), ("household", 2)
        delegations.appoint(connection, delegations.AGENT, *people, "file 12", None, "pia", now)
    saved = Saved(desk, tmp_path)
    workspace.backup(saved.backup, actor=desk.pia, keys=saved.keys, journal=saved.journal)
    assert len(rows(workspace.folder, LIVE)) == 1

    with saved.restored(saved.journal):
        assert rows(saved.new, LIVE) == []
