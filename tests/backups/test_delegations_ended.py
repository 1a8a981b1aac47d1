"""In a restored workspace nobody acts for somebody else, and no invitation holds, until the staff say so anew."""

from __future__ import annotations

from pathlib import Path

from pellucid.governance import delegations, invitations
from tests.backups.conftest import Desk, Saved, rows

LIVE = "SELECT id FROM delegations WHERE ended_at IS NULL"
HELD = "SELECT id FROM staff_invitations WHERE ended_at IS NULL"


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


def test_no_invitation_comes_back(desk: Desk, tmp_path: Path) -> None:
    workspace = desk.workspace
    with workspace.room.database.write() as connection:
        invitations.invite(connection, b"k", "ana", "pia", workspace.room.clock())
    saved = Saved(desk, tmp_path)
    workspace.backup(saved.backup, actor=desk.pia, keys=saved.keys, journal=saved.journal)
    assert len(rows(workspace.folder, HELD)) == 1

    with saved.restored(saved.journal):
        assert rows(saved.new, HELD) == []
