"""A request that was filed after the backup has its day by law: a restore loses neither it nor where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.workspace import Workspace
from tests.backups.conftest import Saved, rows

TABLES = {
    "rights_requests": "SELECT * FROM rights_requests ORDER BY id",
    "rights_events": "SELECT * FROM rights_events ORDER BY sequence",
    "statements": "SELECT * FROM statements ORDER BY request, part",
}


def ask(workspace: Workspace, actor: str = "pia") -> tuple[str, str]:
    """File an erasure that is approved by nobody yet, and have a statement kept; return both requests' ids."""
    pia = workspace.actor(actor)
    erasure = workspace.requests.file("erasure", "h8", actor=pia, channel="till").request
    workspace.requests.verify(erasure.id, evidence="passport seen", actor=pia)
    stated = workspace.requests.file(
        "rectification", "h7", actor=pia, channel="till", changes=[{"statement": "No."}]
    ).request
    workspace.requests.verify(stated.id, evidence="passport seen", actor=pia)
    workspace.requests.approve(stated.id, actor=pia)
    workspace.requests.carry_out(stated.id, actor=pia)
    return erasure.id, stated.id


def since(saved: Saved, survivor: str) -> Path:
    return saved.journal if survivor == "journal" else saved.desk.workspace.folder


@pytest.mark.parametrize("survivor", ["journal", "workspace"])
def test_a_request_filed_since_is_there_with_all_that_happened(saved: Saved, survivor: str) -> None:
    erasure, stated = ask(saved.desk.workspace)
    saved.desk.workspace.requests.file("access", "nobody-known", actor=saved.desk.pia)
    before = {name: rows(saved.desk.workspace.folder, sql) for name, sql in TABLES.items()}
    assert {name: len(found) for name, found in before.items()} | {"rights_events": 0} == {
        "rights_requests": 3,
        "rights_events": 0,
        "statements": 1,
    }

    with saved.restored(since(saved, survivor)) as desk:
        assert {name: rows(saved.new, sql) for name, sql in TABLES.items()} == before
        found = {
            each.request.id: each.request.state.value
            for each in desk.workspace.requests.list(actor=desk.pia, closed=True)
        }
        assert (found[erasure], found[stated], len(found)) == ("in_progress", "fulfilled", 3)


def test_what_happened_since_to_a_request_that_the_backup_has_is_brought_in(saved: Saved) -> None:
    desk, folder = saved.desk, saved.folder
    filed = desk.workspace.requests.file("erasure", "h8", actor=desk.pia).request
    desk.workspace.backup(
        folder / "later", actor=desk.pia, keys=folder / "later-keys", journal=folder / "later-journal"
    )
    desk.workspace.requests.verify(filed.id, evidence="passport seen", actor=desk.pia)
    before = {name: rows(desk.workspace.folder, sql) for name, sql in TABLES.items()}
    saved.backup.rename(folder / "first")
    (folder / "later").rename(saved.backup)

    with saved.restored(folder / "later-journal"):
        assert {name: rows(saved.new, sql) for name, sql in TABLES.items()} == before


@pytest.mark.parametrize("survivor", ["journal", "workspace"])
def test_what_was_asked_by_somebody_erased_since_does_not_come_back(saved: Saved, survivor: str) -> None:
    workspace = saved.desk.workspace
    ask(workspace)
    other = workspace.requests.file("access", "h7", actor=saved.desk.pia, proof="a letter of h7").request
    workspace.erasures.run([("", "h7")], actor=saved.desk.pia)

    with saved.restored(since(saved, survivor)):
        assert rows(saved.new, TABLES["statements"]) == []
        kept = rows(saved.new, f"SELECT asked, proof FROM rights_requests WHERE id = '{other.id}'")
        assert kept == [(None, None)]
