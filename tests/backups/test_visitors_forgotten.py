"""A restored workspace knows no visitor: somebody may have taken their yes back since the backup."""

from __future__ import annotations

from pathlib import Path

from tests.backups.conftest import Desk, Saved, rows

KEPT = "SELECT id FROM visitors"


def test_no_choice_of_a_visitor_comes_back(desk: Desk, tmp_path: Path) -> None:
    secret = desk.workspace.visitors.choose("", {}, screen="page").secret
    saved = Saved(desk, tmp_path)
    desk.workspace.backup(saved.backup, actor=desk.pia, keys=saved.keys, journal=saved.journal)
    assert len(rows(desk.workspace.folder, KEPT)) == 1

    with saved.restored(saved.journal) as restored:
        assert rows(saved.new, KEPT) == []
        assert restored.workspace.visitors.see(secret).until is None
