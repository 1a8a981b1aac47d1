"""Whatever anybody was told of is in the journal, whole and in order, whoever wrote it and whatever broke."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.backups.changes import Change
from pellucid.backups.journal import read_journal
from pellucid.errors import NotJournaled, PellucidError, RecordingFailed, VerificationFailed, WorkspaceUnusable
from pellucid.policy.model import Actor
from pellucid.records.database import Database
from pellucid.workspace import Workspace
from tests.backups.conftest import ALICE, NOW, Saved
from tests.insights.conftest import POLICY, opened_desk

MALLORY = Actor("staff", "mallory", (), "os-user:test")


def journaled(saved: Saved, path: Path | None = None) -> list[bytes]:
    """Return the log's entries that the journal holds, once all of it has proved right."""
    key = (saved.keys / "pseudonyms.key").read_bytes()
    segments = list(read_journal(path or saved.journal, key, "test/log"))
    return [body for segment in segments for body in bodies(segment.changes)]


def bodies(changes: Sequence[Change]) -> list[bytes]:
    return [change.values["body"] for change in changes if change.table == "log_entries"]  # type: ignore[misc]


def since_the_backup(saved: Saved) -> list[bytes]:
    """Return what the log has and the backup's has not, with the entry of the backup itself."""
    return saved.log_of(saved.desk.workspace.folder)[len(saved.log_of(saved.backup)) - 1 :]


def test_a_withdrawal_is_in_the_journal_when_its_receipt_is_given(saved: Saved) -> None:
    receipt = saved.desk.workspace.consent.record("object", "h7", purpose="planning", actor=saved.desk.pia)

    assert receipt.acknowledged_at == saved.desk.time[0]
    assert journaled(saved) == since_the_backup(saved)
    assert len(journaled(saved)) == 2


def test_an_answer_leaves_when_its_loss_is_in_the_journal(saved: Saved) -> None:
    release = saved.desk.ask()

    key = (saved.keys / "pseudonyms.key").read_bytes()
    changes = [change for found in read_journal(saved.journal, key, "test/log") for change in found.changes]
    spent = [change.values for change in changes if change.table == "charges"]
    assert [(charge["id"], charge["state"]) for charge in spent] == [(release.receipt.charge, "charged")]


def test_a_loss_that_was_carried_over_before_datasets_were_recorded_is_of_unknown_data(saved: Saved) -> None:
    saved.desk.ask()
    key = (saved.keys / "pseudonyms.key").read_bytes()
    changes = [change for found in read_journal(saved.journal, key, "test/log") for change in found.changes]
    (written,) = [change.as_json() for change in changes if change.table == "charges"]
    row = dict(written["row"])  # type: ignore[call-overload]
    assert row.pop("datasets") == " purchases "
    assert Change.from_json({"table": "charges", "row": row}).values == {**row, "datasets": None}
    with pytest.raises(ValueError, match="not the columns"):
        Change.from_json({"table": "charges", "row": {name: row[name] for name in row if name != "rho"}})


def test_what_a_process_committed_and_could_not_carry_over_is_carried_by_the_next(saved: Saved) -> None:
    killed = Database.at(saved.desk.workspace.folder / "control.sqlite")  # it died between the two
    with killed.write() as connection:
        append(connection, AuditEntry("access.refused", MALLORY, NOW))
    killed.close()
    assert len(journaled(saved)) == len(since_the_backup(saved)) - 1

    saved.withdraw()

    assert journaled(saved) == since_the_backup(saved)


def test_a_journal_cut_at_any_byte_is_mended_by_the_next_write(saved: Saved) -> None:
    start = saved.journal.stat().st_size
    saved.withdraw()
    whole = saved.journal.read_bytes()
    for end in range(start, len(whole), 97):
        saved.journal.write_bytes(whole[:end])
        assert journaled(saved) == since_the_backup(saved)[:1]

        saved.desk.workspace.room.database.after_commit()  # type: ignore[misc]

        assert journaled(saved) == since_the_backup(saved)


@pytest.mark.promise("whole", "flip every other byte of a journal")
def test_a_flipped_bit_anywhere_in_a_journal_is_found(saved: Saved) -> None:
    saved.withdraw()
    whole = saved.journal.read_bytes()
    survived = []
    for at in range(0, len(whole), 2):
        saved.journal.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            journaled(saved)
            survived.append(at)
        except VerificationFailed:
            pass
    assert survived == []


def test_lines_taken_out_or_put_in_another_order_are_found(saved: Saved) -> None:
    for household in (ALICE, ALICE + 1):
        saved.withdraw(household)
    lines = saved.journal.read_bytes().splitlines(keepends=True)
    survived = []
    for place in range(len(lines) - 1):
        before, (one, other), after = lines[:place], lines[place : place + 2], lines[place + 2 :]
        for altered in ([*before, other, *after], [*before, other, one, *after]):
            saved.journal.write_bytes(b"".join(altered))
            try:
                journaled(saved)
                survived.append(place)
            except VerificationFailed:
                pass
    assert survived == []


def test_while_the_journal_is_out_of_reach_nothing_is_recorded_or_spent(saved: Saved) -> None:
    before = saved.log_of(saved.desk.workspace.folder)
    saved.journal.rename(saved.folder / "unmounted")

    with pytest.raises(RecordingFailed, match="The journal of this workspace is out of reach or damaged") as error:
        saved.withdraw()
    assert error.value.code == "journal-unreachable"
    with pytest.raises(RecordingFailed, match="out of reach"):
        saved.desk.ask()
    assert (saved.log_of(saved.desk.workspace.folder), saved.desk.charged()) == (before, [])

    (saved.folder / "unmounted").rename(saved.journal)
    saved.withdraw()
    assert journaled(saved) == since_the_backup(saved)


def test_another_journal_is_begun_without_the_one_that_is_out_of_reach(saved: Saved) -> None:
    saved.journal.unlink()
    second = saved.folder / "second"
    saved.desk.workspace.backup(saved.folder / "backup2", actor=saved.desk.pia, journal=second)
    saved.withdraw()

    assert journaled(saved, second)[-2:] == since_the_backup(saved)[-2:]


def test_an_activation_that_the_journal_missed_is_in_force_and_not_told_as_refused(saved: Saved) -> None:
    stricter = saved.folder / "stricter"
    stricter.mkdir()
    (stricter / "policy.yaml").write_text(POLICY.replace("max: 3", "max: 2"))
    saved.journal.write_bytes(b"something else\n")

    with pytest.raises(NotJournaled, match="The change was made, but the journal could not be written"):
        saved.desk.workspace.policy.activate(actor=saved.desk.pia, folder=stricter)
    with pytest.raises(RecordingFailed, match="out of reach or damaged"):
        saved.desk.ask()
    assert saved.desk.charged() == []
    assert [entry["action"] for entry in saved.desk.log()][-2:] == ["workspace.backup", "policy.activated"]


@pytest.mark.promise("log", "put the whole workspace back to an older copy")
def test_a_workspace_that_was_put_back_to_an_older_state_does_not_open(saved: Saved) -> None:
    older = saved.folder / "older"
    shutil.copytree(saved.desk.workspace.folder, older)
    saved.withdraw()

    with pytest.raises(WorkspaceUnusable, match="was put back to an older state") as error:
        Workspace(older)
    assert error.value.code == "journal-ahead"


def test_an_older_backup_needs_every_journal_since(saved: Saved) -> None:
    saved.withdraw(ALICE)
    second = saved.folder / "second"
    saved.desk.workspace.backup(saved.folder / "backup2", actor=saved.desk.pia, journal=second)
    saved.withdraw(ALICE + 1)

    refused = []
    for since in ((saved.journal,), (second,), (second, saved.journal)):
        with pytest.raises(PellucidError) as error:
            saved.restore(*since)
        refused.append(error.value.code)
    assert refused == ["journal-ended", "journal-gap", "journal-gap"]
    assert saved.restore(saved.journal, second).choices == 2


def test_a_journal_that_was_ended_does_not_pass_for_the_whole(saved: Saved) -> None:
    saved.desk.workspace.backup(saved.folder / "backup2", actor=saved.desk.pia, no_journal=True)
    saved.withdraw()

    assert saved.desk.workspace.journal is None
    with pytest.raises(VerificationFailed, match="stands in another one"):
        saved.restore(saved.journal)


def test_a_journal_serves_a_backup_that_was_made_after_it_began(saved: Saved) -> None:
    saved.withdraw(ALICE)
    shutil.rmtree(saved.backup)
    saved.desk.workspace.backup(saved.backup, actor=saved.desk.pia)
    saved.withdraw(ALICE + 1)

    done = saved.restore(saved.journal)

    assert (done.replayed, done.choices) == (1, 1)


def record_many(folder: str, first: int) -> None:
    with opened_desk(Path(folder)) as desk:
        for household in range(first, first + 8):
            desk.workspace.consent.record("object", f"h{household}", purpose="planning", actor=desk.pia)


@pytest.mark.slow
def test_processes_side_by_side_fill_one_journal_without_a_gap(saved: Saved) -> None:
    spawn = multiprocessing.get_context("spawn")
    folder = str(saved.desk.workspace.folder)
    running = [spawn.Process(target=record_many, args=(folder, first)) for first in (0, 10, 20)]
    for process in running:
        process.start()
    for process in running:
        process.join(timeout=300)

    assert [process.exitcode for process in running] == [0, 0, 0]
    assert journaled(saved) == since_the_backup(saved)
    assert saved.restore(saved.journal).choices == 24
