"""A no that was said after the backup holds after a restore, or there is nothing that could be asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete

from pellucid.audit.keys import create_signing_key, load_signing_key
from pellucid.audit.read import verify_place
from pellucid.consent.record import ConsentVerb
from pellucid.errors import (
    BudgetExhausted,
    InputInvalid,
    NotPermitted,
    PellucidError,
    QueryFailed,
    VerificationFailed,
    WorkspaceUnusable,
)
from pellucid.records.tables import log_checkpoints
from pellucid.release.accountant import reserve
from pellucid.workspace import Workspace, restore
from pellucid.workspace.audit import create_witness
from tests.backups.conftest import ALICE, LATER, NOW, ROWS, Saved, rows, rows_of
from tests.insights.conftest import POLICY, PURCHASES, Desk, opened_desk

CLOCK_SET_BACK = [6]
"""What verifying finds in these logs before a backup too: the first entry is of today, the others of NOW."""


def failed_steps(folder: Path, key: str) -> list[int]:
    return [step.number for step in verify_place(folder, log_key=key).steps if step.outcome == "failed"]


def asked(desk: Desk) -> int:
    """Return how many rows the engine itself counted for planning."""
    desk.ask()
    return desk.exact("m0")


@pytest.mark.promise("withdrawal", "restore a backup that is older than the withdrawal")
def test_who_withdrew_after_the_backup_is_in_no_answer_after_the_restore(saved: Saved) -> None:
    assert asked(saved.desk) == ROWS  # there is somebody who could come back
    saved.withdraw()

    with saved.restored(saved.journal) as desk:
        assert asked(desk) == ROWS - rows_of(ALICE)


def test_the_control_database_of_a_broken_workspace_will_do_as_well(saved: Saved) -> None:
    saved.withdraw()
    for file in (saved.desk.workspace.folder / "data").glob("*.duckdb"):
        file.unlink()

    with saved.restored(saved.desk.workspace.folder) as desk:
        assert asked(desk) == ROWS - rows_of(ALICE)


def test_a_no_and_a_later_yes_are_both_replayed(saved: Saved) -> None:
    saved.withdraw(ALICE)
    saved.withdraw(ALICE + 1)
    saved.desk.time[0] += 1  # of the same instant, the no would count
    saved.desk.say(ConsentVerb.GIVE, ALICE)

    with saved.restored(saved.journal) as desk:
        assert asked(desk) == ROWS - rows_of(ALICE + 1)


@pytest.mark.promise("closed", "restore without what happened since the backup")
def test_without_what_happened_since_there_is_no_workspace_at_all(saved: Saved) -> None:
    saved.withdraw()

    with pytest.raises(WorkspaceUnusable, match="was not handed over") as error:
        saved.restore()
    assert error.value.code == "restore-unreplayed"
    assert sorted(path.name for path in saved.folder.iterdir()) == ["backup", "journal", "keys", "workspace"]


@pytest.mark.promise("closed", "put a backup's files where a workspace belongs")
def test_a_backup_put_in_place_by_hand_does_not_open(saved: Saved) -> None:
    shutil.copytree(saved.backup, saved.new)
    shutil.copytree(saved.keys, saved.new / "keys")

    with pytest.raises(WorkspaceUnusable, match="This is a backup") as error:
        Workspace(saved.new)
    assert error.value.code == "restore-unreplayed"


def test_the_log_goes_on_with_the_very_entries_that_it_had(saved: Saved) -> None:
    saved.withdraw()
    before = saved.log_of(saved.desk.workspace.folder)

    done = saved.restore(saved.journal)

    after = saved.log_of(saved.new)
    assert (after[:-1], done.entries, done.replayed) == (before, len(before) - 1, 1)
    assert failed_steps(saved.new, str(saved.keys / "log.key.pub")) == CLOCK_SET_BACK


@pytest.mark.promise("log", "restore an older state, and go on with the log from there")
def test_a_witness_goes_on_after_a_restore_and_finds_one_that_forgot(saved: Saved) -> None:
    witness = saved.folder / "witness"
    create_witness(witness, "witness.example/w", log_key=str(saved.desk.workspace.audit.verifier))
    cut = saved.journal.read_bytes()
    saved.withdraw()
    saved.desk.workspace.audit.witness(witness, actor=saved.desk.pia)
    whole = saved.journal.read_bytes()

    saved.journal.write_bytes(cut)  # whole to look at: it ends with a seal
    with pytest.raises(VerificationFailed, match="1 of which are neither in the backup") as error:
        saved.restore(saved.journal, latest=(witness,))
    assert error.value.code == "restore-behind"
    with (
        saved.restored(saved.journal) as forgetful,
        pytest.raises(VerificationFailed, match=r"does not hold the log of \d+ entries unchanged"),
    ):
        forgetful.workspace.audit.witness(witness, actor=forgetful.pia)
    shutil.rmtree(saved.new)

    saved.journal.write_bytes(whole)
    with saved.restored(saved.journal, latest=(witness,)) as desk:
        seen = desk.workspace.audit.witness(witness, actor=desk.pia)
    assert seen.size == len(saved.log_of(saved.new))


def test_a_checkpoint_of_another_history_stops_a_restore(saved: Saved) -> None:
    other = saved.folder / "other"
    shutil.copytree(saved.desk.workspace.folder, other)
    with Workspace(other, clock=lambda: NOW + 2) as forked:
        forked.room.database.after_commit = None  # its operator forges; it does not keep the journal
        forked.query("SELECT COUNT(*) AS n FROM purchases", purpose="planning", actor="ana", epsilon=0.1)
        note = saved.folder / "note"
        note.write_bytes(forked.audit.checkpoint(actor=forked.actor("pia")))
    saved.withdraw()
    saved.withdraw(ALICE + 1)
    saved.withdraw(ALICE + 2)

    with pytest.raises(VerificationFailed, match="are not those of this backup") as error:
        saved.restore(saved.journal, latest=(note,))
    assert error.value.code == "log-inconsistent"


@pytest.mark.promise("hidden", "restore a backup to have the budget back")
def test_what_was_spent_stays_spent_to_the_last_unit(saved: Saved) -> None:
    desk = saved.desk
    desk.ask(epsilon=0.5)
    desk.watch.before = [fail]
    with pytest.raises(QueryFailed):
        desk.ask(epsilon=0.25)
    policy = desk.workspace.room.policy()
    with desk.workspace.room.database.write() as connection:  # somebody's process was killed while it asked
        reserve(connection, policy, "planning", ["household"], rho=10**9, delta=3, actor="ana", now=NOW)
    before = desk.workspace.budget(actor="ana")
    assert before[0].spent.rho > 10**9

    with saved.restored(saved.journal) as restored:
        assert [row.spent for row in restored.workspace.budget(actor="ana")] == [row.spent for row in before]


def fail() -> None:
    raise QueryFailed("The engine stopped.", code="query-failed")


def test_ids_and_generations_are_never_given_again(saved: Saved) -> None:
    saved.desk.add_purchases([("late", "p0", 1, "5.00", "c", "2026-05-20T10:00:00Z")])
    folder = saved.desk.workspace.folder
    assert rows(folder, "SELECT max(id) FROM subjects") == [(40,)]

    with saved.restored(saved.journal) as desk:
        desk.add_purchases([("later", "p0", 1, "5.00", "c", "2026-05-20T10:00:00Z")])
    assert rows(saved.new, "SELECT id FROM subjects WHERE natural_key = 'later'") == [(41,)]
    assert rows(saved.new, "SELECT max(generation) FROM generations WHERE dataset = 'purchases'") == [(3,)]


def test_who_came_after_the_backup_and_said_no_is_known_when_their_rows_return(saved: Saved) -> None:
    late = [("h40", "p0", 1, "5.00", "c", "2026-05-20T10:00:00Z")]
    saved.desk.add_purchases(late)
    assert asked(saved.desk) == ROWS + 1
    saved.withdraw(40)

    with saved.restored(saved.journal) as desk:
        desk.add_purchases(late)
        assert asked(desk) == ROWS
    assert rows(saved.new, "SELECT id FROM subjects WHERE natural_key = 'h40'") == [(40,)]


def test_rows_that_were_replaced_since_are_not_served_again(saved: Saved) -> None:
    saved.desk.add_purchases(PURCHASES[:10], replace=True)

    done = saved.restore(saved.journal)

    assert (done.import_again, done.withheld) == (("purchases",), ("purchases",))
    assert sorted(path.name for path in (saved.new / "data").glob("*.duckdb")) == ["products.1.duckdb"]


def test_rows_that_were_added_since_are_asked_for_and_the_older_ones_served(saved: Saved) -> None:
    saved.desk.add_purchases([("h0", "p0", 1, "5.00", "c", "2026-05-20T10:00:00Z")])

    with saved.restored(saved.journal) as desk:
        assert asked(desk) == ROWS
    assert rows(saved.new, "SELECT generation, retired_at IS NULL FROM generations WHERE dataset = 'purchases'") == [
        (1, 1),
        (2, 0),
    ]


def test_rows_that_were_only_sorted_since_are_served_and_nothing_is_asked_for(saved: Saved) -> None:
    saved.desk.workspace.data.sort("purchases", actor=saved.desk.pia)
    done = saved.restore(saved.journal)
    assert (done.import_again, done.withheld) == ((), ())
    with opened_desk(saved.new, LATER + 1) as desk:
        desk.ask()
        assert desk.exact() == ROWS
        (report,) = desk.workspace.data.sort("purchases", actor=desk.pia)
        assert report.generation == 3  # the number of the lost file is not given again


def test_the_policy_that_was_last_in_force_is_in_force(saved: Saved) -> None:
    folder = saved.folder / "stricter"
    folder.mkdir()
    (folder / "policy.yaml").write_text(POLICY.replace("max: 3", "max: 2"))
    activated = saved.desk.workspace.policy.activate(actor=saved.desk.pia, folder=folder)

    with saved.restored(saved.journal) as desk:
        assert desk.workspace.policy.active().version == activated.version


def test_every_answer_after_a_restore_has_a_higher_stamp(saved: Saved) -> None:
    saved.withdraw()
    before = saved.desk.ask().stamp.register

    with saved.restored(saved.journal) as desk:
        assert desk.ask().stamp.register == before + 1


def test_a_backup_and_a_restore_are_told_in_the_log_by_whom(saved: Saved) -> None:
    with saved.restored(saved.journal) as desk:
        last = desk.log()[-2:]
    assert [(entry["action"], entry["actor"]["name"]) for entry in last] == [
        ("workspace.backup", "pia"),
        ("workspace.restored", "pia"),
    ]
    assert last[1]["body"] == {
        "backup": last[0]["body"]["backup"],
        "complete": True,
        "entries": len(saved.log_of(saved.backup)),
        "known": None,
        "accounts_ended": 0,
        "delegations_ended": 0,
        "invitations_ended": 0,
        "replayed": 0,
    }


# -- loss --------------------------------------------------------------------------------------------------------------


def test_after_an_accepted_loss_nobody_is_used_before_they_are_lifted(saved: Saved) -> None:
    year = 400 * 86_400_000_000  # until the budgets renew
    done = saved.restore(loss="The house burnt down.")
    assert done.restricted == 40
    with Workspace(saved.new, clock=lambda: LATER) as found, pytest.raises(BudgetExhausted, match="left ε 0"):
        found.query("SELECT COUNT(*) AS n FROM purchases", purpose="planning", actor="ana", epsilon=0.1)

    with opened_desk(saved.new, LATER + year) as desk:
        assert asked(desk) == 0
        desk.workspace.consent.record("lift", f"h{ALICE}", purpose=None, actor=desk.pia, at=LATER + year)
        assert asked(desk) == rows_of(ALICE)


def test_after_an_accepted_loss_another_log_begins_that_names_the_old_one(saved: Saved) -> None:
    old = saved.log_of(saved.backup)
    saved.withdraw()  # what is lost

    with saved.restored(loss="The house burnt down.") as desk:
        entries = desk.log()
        key = str(desk.workspace.audit.verifier)
    assert saved.log_of(saved.new)[: len(old)] == old
    assert (entries[len(old)]["action"], entries[len(old)]["body"]["complete"]) == ("workspace.restored", False)
    continues = entries[len(old)]["body"]["continues"]
    assert (continues["origin"], continues["size"]) == ("test/log", len(old))
    assert key.startswith("test/log/restored-20260601T130000Z+")
    assert failed_steps(saved.new, key) == CLOCK_SET_BACK
    assert failed_steps(saved.new, str(saved.keys / "log.key.pub")) == [1]
    assert "burnt" not in str(entries)  # why is a detail: it can be erased


def test_the_witness_of_the_old_log_cosigns_nothing_that_forgot(saved: Saved) -> None:
    witness = saved.folder / "witness"
    create_witness(witness, "witness.example/w", log_key=str(saved.desk.workspace.audit.verifier))
    saved.withdraw()
    saved.desk.workspace.audit.witness(witness, actor=saved.desk.pia)

    with saved.restored(loss="The house burnt down.", latest=(witness,)) as desk:
        with pytest.raises(VerificationFailed, match="was never told of a log 'test/log/restored-"):
            desk.workspace.audit.witness(witness, actor=desk.pia)
        known = [entry["body"].get("known") for entry in desk.log() if entry["action"] == "workspace.restored"]
    assert known == [len(saved.log_of(saved.desk.workspace.folder))]

    shutil.copy(saved.keys / "log.key", saved.new / "keys")  # mallory puts the old key back
    shutil.copy(saved.keys / "log.key.pub", saved.new / "keys")
    with Workspace(saved.new, clock=lambda: LATER) as forged:
        with pytest.raises(VerificationFailed, match="is not signed by the key"):
            forged.audit.witness(witness, actor=forged.actor("pia"))
        with forged.room.database.write() as connection:
            connection.execute(delete(log_checkpoints))  # and takes away what gives that away
        with pytest.raises(VerificationFailed, match=r"does not hold the log of \d+ entries unchanged"):
            forged.audit.witness(witness, actor=forged.actor("pia"))


def test_after_an_accepted_loss_ids_leave_a_gap(saved: Saved) -> None:
    saved.restore(loss="The house burnt down.")

    assert rows(saved.new, "SELECT max(id) FROM subjects") == [(100_039,)]


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.promise("whole", "flip single bits of manifest, control database and data in a backup")
def test_a_flipped_bit_anywhere_in_a_backup_is_found(saved: Saved) -> None:
    files = [saved.backup / "manifest", saved.backup / "control.sqlite", *sorted((saved.backup / "data").iterdir())]
    survived = []
    for file in files:
        content = file.read_bytes()
        file.chmod(0o600)
        for share in (0.0, 0.3, 0.6, 0.9999):
            at = int(share * len(content))
            file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            survived += [(file.name, at)] if code_of(saved) in ("", "backup-incomplete") else []
        file.write_bytes(content)
    assert survived == []
    assert code_of(saved) == ""  # and whole again, it is restored


def code_of(saved: Saved) -> str:
    try:
        saved.restore(saved.journal)
    except PellucidError as error:
        assert not saved.new.exists()
        return error.code
    return ""


def test_a_missing_file_is_found(saved: Saved) -> None:
    (saved.backup / "data" / "purchases.1.duckdb").unlink()

    with pytest.raises(VerificationFailed, match="the file data/purchases\\.1\\.duckdb is missing"):
        saved.restore(saved.journal)


def test_other_keys_restore_nothing(saved: Saved) -> None:
    key = load_signing_key(saved.keys / "log.key")
    (saved.keys / "pseudonyms.key").write_bytes(b"x" * 32)
    with pytest.raises(VerificationFailed, match="The pseudonym key is not the one"):
        saved.restore(saved.journal)

    for old in saved.keys.glob("log.key*"):
        old.unlink()
    create_signing_key(saved.keys / "log.key", key.name)
    with pytest.raises(VerificationFailed, match="not signed by the key of the log"):
        saved.restore(saved.journal)


def test_nothing_is_restored_over_anything(saved: Saved) -> None:
    saved.new.mkdir()

    with pytest.raises(InputInvalid, match="There is something already where the workspace shall be") as error:
        saved.restore(saved.journal)
    assert error.value.code == "folder-in-use"


@pytest.mark.parametrize(("name", "loss"), [("ana", None), ("ana", "gone"), ("mallory", None)])
def test_who_may_not_restore_leaves_nothing(saved: Saved, name: str, loss: str | None) -> None:
    with pytest.raises(NotPermitted, match=f"`{name}` may not do `restore"):
        restore(saved.backup, saved.new, keys=saved.keys, since=[saved.journal], accept_loss=loss, actor_name=name)
    assert sorted(path.name for path in saved.folder.iterdir()) == ["backup", "journal", "keys", "workspace"]


def test_a_loss_needs_its_reason(saved: Saved) -> None:
    with pytest.raises(InputInvalid, match="for a reason"):
        saved.restore(loss=" ")


def test_a_journal_that_is_none_is_told_apart(saved: Saved, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Nothing happened.\n")

    with pytest.raises(VerificationFailed, match="does not hold from its line 1 on"):
        saved.restore(tmp_path / "text")
    with pytest.raises(InputInvalid, match="The journal cannot be read"):
        saved.restore(tmp_path / "nowhere")


def shown(desk: Desk, secret: str) -> str:
    """Return the name of the token that is let in, or why it is not."""
    try:
        return desk.workspace.tokens.let_in(secret).name
    except NotPermitted as error:
        return error.code


@pytest.mark.parametrize("by_journal", [True, False])
def test_a_token_that_was_revoked_after_the_backup_stays_so(desk: Desk, tmp_path: Path, by_journal: bool) -> None:
    saved, tokens = Saved(desk, tmp_path), desk.workspace.tokens
    kept, gone = (tokens.create(name, ["consent:write"], actor=desk.pia) for name in ("till", "shop"))
    desk.workspace.backup(saved.backup, actor=desk.pia, keys=saved.keys, journal=saved.journal)
    tokens.revoke(gone.token.id, actor=desk.pia)
    late = tokens.create("late", ["consent:write"], actor=desk.pia)

    with saved.restored(saved.journal if by_journal else desk.workspace.folder) as again:
        told = [shown(again, new.secret) for new in (kept, gone, late)]
    assert told == ["till", "token-revoked", "token-unknown"]


@pytest.mark.parametrize("by_journal", [True, False])
def test_an_agent_that_was_revoked_after_the_backup_stays_so(desk: Desk, tmp_path: Path, by_journal: bool) -> None:
    saved, agents = Saved(desk, tmp_path), desk.workspace.agents
    for name in ("kept", "gone"):
        agents.add(name, f"The agent {name}", b"k" * 32, actor=desk.pia)
    desk.workspace.backup(saved.backup, actor=desk.pia, keys=saved.keys, journal=saved.journal)
    agents.revoke("gone", actor=desk.pia)

    with saved.restored(saved.journal if by_journal else desk.workspace.folder) as again:
        left = {each.id: each.revoked_at is None for each in again.workspace.agents.list(actor=again.pia)}
    assert left == {"kept": True, "gone": False}


@pytest.mark.parametrize("by_journal", [True, False])
def test_an_agent_whose_callback_host_changed_after_the_backup_is_told_nowhere_else(
    desk: Desk, tmp_path: Path, by_journal: bool
) -> None:
    saved, agents = Saved(desk, tmp_path), desk.workspace.agents
    for name in ("moved", "ended"):
        agents.add(name, name, b"k" * 32, actor=desk.pia, callback_host="old.example")
    desk.workspace.backup(saved.backup, actor=desk.pia, keys=saved.keys, journal=saved.journal)
    agents.set_callback_host("moved", "new.example", actor=desk.pia)
    agents.set_callback_host("ended", None, actor=desk.pia)

    with saved.restored(saved.journal if by_journal else desk.workspace.folder) as again:
        kept = {each.id: each.callback_host for each in again.workspace.agents.list(actor=again.pia)}
    assert kept == {"moved": "new.example", "ended": None}


def test_a_restored_workspace_lets_nothing_go_by_itself(desk: Desk, tmp_path: Path) -> None:
    saved, retention = Saved(desk, tmp_path), desk.workspace.retention
    retention.turn_on(retention.preview(actor=desk.pia).rules, actor=desk.pia)
    desk.workspace.backup(saved.backup, actor=desk.pia, keys=saved.keys, journal=saved.journal)
    assert retention.scheduled(actor=desk.pia)[1] is True

    with saved.restored(saved.journal) as again:
        assert again.workspace.retention.scheduled(actor=again.pia) == (None, False)


def test_after_an_accepted_loss_no_token_lets_anybody_in(desk: Desk, tmp_path: Path) -> None:
    saved = Saved(desk, tmp_path)
    new = desk.workspace.tokens.create("till", ["consent:write"], actor=desk.pia)
    desk.workspace.agents.add("agent", "An agent", b"k" * 32, actor=desk.pia)
    desk.workspace.backup(saved.backup, actor=desk.pia, keys=saved.keys, no_journal=True)

    with saved.restored(loss="The disk burnt.") as again:
        assert shown(again, new.secret) == "token-revoked"
        assert [each.revoked_at is None for each in again.workspace.agents.list(actor=again.pia)] == [False]
        (told,) = [entry["body"] for entry in again.log() if entry["action"] == "workspace.restored"]
        assert told["tokens_revoked"] == 1


def test_keys_that_were_put_away_before_the_first_token_fit_it_too(saved: Saved) -> None:
    desk, later = saved.desk, saved.folder / "later"
    new = desk.workspace.tokens.create("till", ["consent:write"], actor=desk.pia)
    desk.workspace.backup(later, actor=desk.pia)
    restore(later, saved.new, keys=saved.keys, since=[saved.journal], actor_name="pia", clock=lambda: LATER)

    with opened_desk(saved.new, LATER + 1) as again:
        assert shown(again, new.secret) == "till"


def test_keys_without_one_for_tokens_restore_all_the_same(saved: Saved) -> None:
    (saved.keys / "tokens.key").unlink()
    with saved.restored(saved.journal) as again:
        assert asked(again) == ROWS
