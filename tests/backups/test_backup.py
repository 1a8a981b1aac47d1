"""A backup is one moment of the workspace, whole, without its keys, or it is none."""

from __future__ import annotations

import base64
import json
import multiprocessing
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from pellucid.audit.keys import load_signing_key
from pellucid.backups.manifest import read_manifest
from pellucid.errors import InputInvalid, NotPermitted, PellucidError, WorkspaceUnusable
from pellucid.records.database import Database
from pellucid.workspace import Workspace, restore
from tests.backups.conftest import ALICE, NOW, ROWS, Saved, rows, rows_of
from tests.insights.conftest import PURCHASES, Desk, opened_desk


def slow(*values: str) -> object:
    return pytest.param(*values, marks=pytest.mark.slow)


def test_a_backup_names_every_file_and_the_state_that_it_is_of(saved: Saved) -> None:
    manifest = read_manifest(saved.backup, load_signing_key(saved.keys / "log.key").verifier)

    assert sorted(manifest.files) == [
        "control.sqlite",
        "data/products.1.duckdb",
        "data/purchases.1.duckdb",
        "policy/policy.yaml",
    ]
    assert sorted(str(path.relative_to(saved.backup)) for path in saved.backup.rglob("*") if path.is_file()) == sorted(
        ["manifest", *manifest.files]
    )
    assert (manifest.origin, manifest.entries) == ("test/log", len(saved.log_of(saved.desk.workspace.folder)))


def test_the_keys_are_not_in_a_backup_and_the_journal_has_none(saved: Saved) -> None:
    saved.withdraw()  # somebody's own key is made, and carried over
    folder = saved.desk.workspace.folder
    signing = load_signing_key(folder / "keys" / "log.key").seed
    secrets = [signing, base64.b64encode(b"\x01" + signing), (folder / "keys" / "pseudonyms.key").read_bytes()]
    secrets += [secret for plain in secrets for secret in (plain.hex().encode(), base64.b64encode(plain))]

    def found(place: Path) -> list[int]:
        files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
        return [number for number, secret in enumerate(secrets) for path in files if secret in path.read_bytes()]

    assert found(saved.keys) == [1, 2]  # there is something to be found
    assert (found(saved.backup), found(saved.journal)) == ([], [])
    assert [path.stat().st_mode & 0o077 for path in (saved.keys, saved.keys / "log.key", saved.backup)] == [0, 0, 0]


def test_a_link_among_the_drafts_leads_nothing_into_a_backup(desk: Desk, tmp_path: Path) -> None:
    (desk.workspace.policy.folder / "notes.txt").symlink_to("../keys/log.key")
    (desk.workspace.policy.folder / "more").symlink_to("../keys")

    desk.workspace.backup(tmp_path / "backup", actor=desk.pia)

    assert [path.name for path in (tmp_path / "backup" / "policy").iterdir()] == ["policy.yaml"]


def test_a_generation_given_up_after_the_snapshot_means_another_snapshot(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, imports = Database.copy_to, [PURCHASES[:10]]

    def copy_then_import(self: Database, path: Path) -> None:
        copy(self, path)
        if imports:
            desk.add_purchases(imports.pop(), replace=True)

    monkeypatch.setattr(Database, "copy_to", copy_then_import)
    desk.workspace.backup(tmp_path / "backup", actor=desk.pia, keys=tmp_path / "keys")

    held = [path.name for path in (desk.workspace.folder / "data").glob("purchases.*.duckdb")]
    assert held == ["purchases.2.duckdb"]  # the one that the first snapshot named is gone
    copied = sorted(path.name for path in (tmp_path / "backup" / "data").iterdir())
    assert copied == ["products.1.duckdb", "purchases.2.duckdb"]
    assert rows(desk.workspace.folder, "SELECT count(*) FROM generation_leases") == [(0,)]


def test_a_generation_is_not_unlinked_while_it_is_copied(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pellucid.backups import backup

    copy = backup.copy_hashed

    def import_then_copy(source: Path, target: Path) -> str:
        if source.name == "products.1.duckdb":
            desk.add_purchases(PURCHASES[:10], replace=True)
        return copy(source, target)

    monkeypatch.setattr(backup, "copy_hashed", import_then_copy)
    desk.workspace.backup(tmp_path / "backup", actor=desk.pia)

    assert (tmp_path / "backup" / "data" / "purchases.1.duckdb").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "function"),
    [
        slow("pellucid.backups.backup", "sign_checkpoint"),
        slow("pellucid.backups.backup", "copy_hashed"),
        slow("pellucid.backups.backup", "hash_file"),
        ("pellucid.backups.backup", "write_manifest"),
    ],
)
def test_a_backup_that_was_killed_is_none_and_the_next_one_is(saved: Saved, module: str, function: str) -> None:
    kill(saved, "backup", module, function)

    with pytest.raises(InputInvalid, match="one that was never finished") as error:
        restore(saved.folder / "killed", saved.new, keys=saved.keys, since=[saved.journal], actor_name="pia")
    assert error.value.code == "backup-incomplete"
    shutil.rmtree(saved.backup)
    saved.desk.workspace.backup(saved.backup, actor=saved.desk.pia)
    saved.withdraw()
    assert saved.restore(saved.journal).choices == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "function"),
    [
        slow("pellucid.backups.restore", "copy_files"),
        ("pellucid.workspace.backup", "replay"),
        slow("pellucid.workspace.backup", "rebuild"),
        slow("pellucid.workspace.backup", "sign_checkpoint"),
        ("pellucid.workspace.backup", "_become"),
    ],
)
def test_a_restore_that_was_killed_leaves_nothing_that_forgot(saved: Saved, module: str, function: str) -> None:
    saved.withdraw()
    kill(saved, "restore", module, function)

    assert not saved.new.exists()
    (draft,) = saved.folder.glob(".new.restoring-*")
    try:
        with opened_desk(draft, NOW + 3) as desk:
            desk.ask()
            assert desk.exact("m0") == ROWS - rows_of(ALICE)  # killed on its last step
            assert function == "_become"
    except WorkspaceUnusable as error:
        assert error.code in ("restore-unreplayed", "workspace-missing")
    assert saved.restore(saved.journal).choices == 1


def kill(saved: Saved, what: str, module: str, function: str) -> None:
    words = [sys.executable, "-m", "tests.backups.killed", what, str(saved.folder), module, function]
    done = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, check=False, timeout=300)
    assert done.returncode == -9, done.stderr.decode()


def test_a_backup_that_cannot_be_written_leaves_nothing(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.backups import backup

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "write_manifest", full)
    with pytest.raises(WorkspaceUnusable, match="could not be written"):
        saved.desk.workspace.backup(saved.folder / "second", actor=saved.desk.pia)
    assert not (saved.folder / "second").exists()


def test_who_may_not_back_up_does_not(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match="`ana` may not do `backup`"):
        desk.workspace.backup(tmp_path / "backup", actor=desk.ana, keys=tmp_path / "keys")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["workspace"]


@pytest.mark.parametrize(
    ("places", "where"),
    [
        ({"folder": "workspace/backup"}, "inside the workspace"),
        ({"folder": "backup", "keys": "workspace/keys2"}, "inside the workspace"),
        ({"folder": "backup", "journal": "workspace/journal"}, "inside the workspace"),
        ({"folder": "backup", "keys": "backup/keys"}, "inside the backup"),
    ],
)
def test_what_shall_outlive_a_loss_lies_apart(desk: Desk, tmp_path: Path, places: dict[str, str], where: str) -> None:
    with pytest.raises(InputInvalid, match=f"may not lie {where}") as error:
        desk.workspace.backup(actor=desk.pia, **{name: tmp_path / place for name, place in places.items()})
    assert error.value.code == "backup-inside"


@pytest.mark.parametrize("taken", ["folder", "keys", "journal"])
def test_a_backup_is_written_over_nothing(desk: Desk, tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("Something.")
    places = {name: tmp_path / name for name in ("folder", "keys", "journal")}

    with pytest.raises(InputInvalid, match="There is something already|cannot be begun there"):  # noqa: RUF043
        desk.workspace.backup(actor=desk.pia, **places)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([taken, "workspace"])


def test_a_control_database_in_postgresql_is_left_to_pg_dump(tmp_path: Path) -> None:
    database = Database("postgresql+psycopg://nobody@nowhere.invalid/none")
    with pytest.raises(WorkspaceUnusable, match="in PostgreSQL cannot be copied from here") as error:
        database.copy_to(tmp_path / "copy")
    database.close()
    assert "pg_dump" in error.value.remedy


def keep_writing(folder: str, number: int, stop: Event) -> None:
    with opened_desk(Path(folder), NOW + 2) as desk:
        turn = 0
        while not stop.is_set():
            turn += 1
            household = f"h{number + turn % 13}"
            verb = "object" if turn % 2 else "give"
            desk.workspace.consent.record(verb, household, purpose="planning", actor=desk.pia, covers="held_data")


def keep_importing(folder: str, _: int, stop: Event) -> None:
    with opened_desk(Path(folder), NOW + 2) as desk:
        turn = 0
        while not stop.is_set():
            turn += 1
            desk.add_purchases(PURCHASES[: 20 + turn % 40], replace=True)


@pytest.mark.promise("whole", "back up while three processes record and import")
@pytest.mark.slow
def test_backups_under_concurrent_writers_are_each_of_one_moment(saved: Saved) -> None:
    spawn = multiprocessing.get_context("spawn")
    stop, folder = spawn.Event(), str(saved.desk.workspace.folder)
    work = [(keep_writing, 0), (keep_writing, 20), (keep_importing, 0)]
    running = [spawn.Process(target=each, args=(folder, number, stop)) for each, number in work]
    for process in running:
        process.start()
    backups = [saved.folder / f"backup{number}" for number in range(12)]
    try:
        for number, backup in enumerate(backups, start=1):
            before = len(saved.log_of(saved.desk.workspace.folder))
            saved.desk.workspace.backup(backup, actor=saved.desk.pia)
            wait_for(lambda enough=before + 8, times=2 + number // 2: written(saved, enough, times))
    finally:
        stop.set()
        for process in running:
            process.join(timeout=300)
    assert [process.exitcode for process in running] == [0, 0, 0]

    final = saved.log_of(saved.desk.workspace.folder)
    for backup in backups:
        demand_one_moment(saved, backup, final)


def written(saved: Saved, entries: int, published: int) -> bool:
    """Return whether others did write meanwhile: whether there are more entries, and as many publications."""
    found = saved.log_of(saved.desk.workspace.folder)
    return len(found) > entries and sum(b'"data.published"' in entry for entry in found) >= published


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


def demand_one_moment(saved: Saved, backup: Path, final: list[bytes]) -> None:
    entries = saved.log_of(backup)
    assert entries == final[: len(entries)]
    told = [json.loads(body) for body in entries]
    said = sum(entry["action"].startswith("consent.") for entry in told)
    published = [entry["body"] for entry in told if entry["action"] == "data.published"]
    last = {body["dataset"]: (body["generation"], body["rows"]) for body in published}
    assert rows(backup, "SELECT count(*) FROM consent_records") == [(said,)]
    held = rows(backup, "SELECT dataset, generation, rows FROM generations WHERE retired_at IS NULL")
    assert {dataset: (generation, count) for dataset, generation, count in held} == last
    files = sorted(path.name for path in (backup / "data").iterdir())
    assert files == sorted(f"{dataset}.{generation}.duckdb" for dataset, (generation, _) in last.items())

    target = saved.folder / f"{backup.name}-restored"
    done = restore(backup, target, keys=saved.keys, since=[saved.journal], actor_name="pia", clock=lambda: NOW + 3)
    assert done.entries + done.replayed == len(final)
    assert saved.log_of(target)[: len(final)] == final
    live = "SELECT purpose, namespace, chunk, plain, sensitive FROM permitted_chunks ORDER BY 1, 2, 3"
    assert rows(target, live) == rows(saved.desk.workspace.folder, live)


def test_a_workspace_opens_and_backs_up_the_same_after_a_restore(saved: Saved) -> None:
    saved.restore(saved.journal)

    with Workspace(saved.new, clock=lambda: NOW + 5) as found:
        again = found.backup(saved.folder / "again", actor="pia", journal=saved.folder / "journal2")
        with pytest.raises(PellucidError, match="no subject"):
            found.consent.record("object", "nobody", purpose="planning", actor=found.actor("pia"))
    assert again.entries == len(saved.log_of(saved.new))
