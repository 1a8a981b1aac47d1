from __future__ import annotations

import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from pellucid.audit import log, merkle
from pellucid.audit.checkpoint import add_cosignature, latest_checkpoint, sign_checkpoint
from pellucid.audit.export import export_bundle, export_proof
from pellucid.audit.keys import SigningKey, create_signing_key
from pellucid.audit.note import COSIGNATURE
from pellucid.audit.proof import format_proof, parse_proof, verify_proof
from pellucid.audit.read import verify_database, verify_folder, verify_server
from pellucid.audit.treehead import TrustKeys, open_checkpoint
from pellucid.audit.verify import VerificationReport
from pellucid.errors import InputInvalid, NameUnknown, VerificationFailed
from pellucid.records.database import Database
from pellucid.records.tables import log_checkpoints, log_details, log_entries, log_head
from tests.audit.conftest import NOON, Filled, entry
from tests.conftest import MakeControl

WITNESS = SigningKey("witness.example/w1", COSIGNATURE, bytes(range(32)))


def sign(database: Database, key: SigningKey) -> bytes:
    with database.write() as connection:
        return sign_checkpoint(connection, key, NOON)


def cosign(database: Database, key: SigningKey) -> None:
    with database.write() as connection:
        kept = latest_checkpoint(connection)
        assert kept is not None
        _, note = open_checkpoint(kept, key.verifier)
        add_cosignature(connection, WITNESS.cosign(note.text, 1_767_268_801).line(), WITNESS.verifier)


def export(database: Database, folder: Path, *, with_details: bool = True) -> Path:
    with database.read() as connection:
        export_bundle(connection, folder, with_details=with_details)
    return folder


def verify_live(database: Database, trust: TrustKeys) -> VerificationReport:
    """Judge the log of a control database as it stands, on SQLite or PostgreSQL."""
    if not database.is_sqlite:
        return verify_server(database.url, trust)
    return verify_database(Path(database.url.removeprefix("sqlite:///")), trust)


def outcomes(report: VerificationReport) -> list[str]:
    return [step.outcome for step in report.steps]


def only_failure(report: VerificationReport) -> tuple[int, str]:
    assert not report.holds
    (failed,) = [step for step in report.steps if step.outcome == "failed"]
    return failed.number, failed.message


@pytest.fixture
def bundle(database: Database, fill: Filled, key: SigningKey, tmp_path: Path) -> Path:
    """An export of seven entries with details, one older checkpoint of four, cosigned by a witness."""
    fill(4)
    sign(database, key)
    fill(3)
    sign(database, key)
    cosign(database, key)
    return export(database, tmp_path / "bundle")


def test_an_export_verifies_step_by_step(bundle: Path, trust: TrustKeys) -> None:
    alone = verify_folder(bundle, trust)
    assert outcomes(alone) == ["held", "absent", "held", "held", "held", "held"]
    assert alone.steps[1].message.startswith("no witness key was given, so only the operator vouches")
    witnessed = verify_folder(bundle, replace(trust, witnesses=(WITNESS.verifier,)))
    assert [str(step) for step in witnessed.steps] == [
        "1. held    signature of the log: grocer.example/log signed a head of 7 entries.",
        "2. held    cosignatures of witnesses: cosigned by witness.example/w1 on 2026-01-01 12:00:01 UTC.",
        "3. held    entries and their root: 7 entries have the root that was signed.",
        "4. held    append-only since older checkpoints: continues 1 older checkpoints. None came from outside, so a "
        "log rolled back as a whole is not found by this step.",
        "5. held    details and their commitments: 3 match their commitments; 0 are erased or held back.",
        "6. held    form and order of entries: 7 entries, none missing, times within 3600 s.",
    ]
    witnessed.demand()


def test_an_export_holds_the_bytes_verbatim_and_says_what_it_is(bundle: Path, database: Database) -> None:
    with database.read() as connection:
        bodies = [found.body for found in log.entries(connection)]
    assert (bundle / "entries.jsonl").read_bytes() == b"".join(body + b"\n" for body in bodies)
    assert sorted(path.name for path in bundle.iterdir()) == [
        "README.md", "checkpoint", "checkpoints.txt", "details.txt", "entries.jsonl", "leaf_hashes.txt",
    ]  # fmt: skip
    assert (bundle / "README.md").read_text().startswith("# An exported log of pellucid\n")


def test_an_altered_entry_is_named(bundle: Path, trust: TrustKeys) -> None:
    path = bundle / "entries.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"number":5}', b'{"number":6}'))
    number, message = only_failure(verify_folder(bundle, trust))
    assert number == 3
    assert message.startswith("leaf 5 does not have the hash that is stated for it: it was altered.")
    with pytest.raises(VerificationFailed, match=r"^3\. failed  entries and their root: leaf 5 does not"):
        verify_folder(bundle, trust).demand()


def test_an_entry_altered_with_its_hash_is_found_and_placed_by_the_older_checkpoints(
    bundle: Path, trust: TrustKeys
) -> None:
    bodies = (bundle / "entries.jsonl").read_bytes().replace(b'{"number":5}', b'{"number":6}')
    (bundle / "entries.jsonl").write_bytes(bodies)
    hashes = [merkle.leaf_hash(body).hex() for body in bodies.splitlines()]
    (bundle / "leaf_hashes.txt").write_text("".join(f"{hashed}\n" for hashed in hashes))
    report = verify_folder(bundle, trust)
    assert only_failure(report) == (3, "the first 7 entries do not have the root that was signed.")
    assert report.steps[3].outcome == "held"  # so the change lies after leaf 3


def rewrite_lines(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def test_entries_cut_added_or_exchanged_are_found(bundle: Path, trust: TrustKeys, tmp_path: Path) -> None:
    changes: dict[str, Callable[[list[bytes]], list[bytes]]] = {
        "only 6 of the 7 entries that were signed are there.": lambda lines: lines[:-1],
        "1 entries follow that nobody signed, from leaf 7 on.": lambda lines: [*lines, lines[-1]],
        "the first 7 entries do not have the root that was signed.": lambda lines: [*lines[:5], lines[6], lines[5]],
    }
    for expected, change in changes.items():
        copy = tmp_path / "copy"
        shutil.copytree(bundle, copy)
        rewrite_lines(copy / "entries.jsonl", change)
        rewrite_lines(copy / "leaf_hashes.txt", change)
        (copy / "details.txt").unlink()
        report = verify_folder(copy, trust)
        assert report.steps[2].message == expected
        shutil.rmtree(copy)


def test_details_may_be_missing_but_not_wrong(bundle: Path, trust: TrustKeys) -> None:
    path = bundle / "details.txt"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[1:]))
    assert verify_folder(bundle, trust).steps[4].message == ("2 match their commitments; 1 are erased or held back.")
    path.unlink()
    without = verify_folder(bundle, trust)
    assert (without.holds, without.steps[4].message) == (True, "no details were handed over; 3 entries commit to some.")

    def wrong(lines: list[bytes]) -> str:
        path.write_bytes(b"".join(lines))
        number, message = only_failure(verify_folder(bundle, trust))
        assert number == 5
        return message

    leaf, nonce, details = lines[0].split()
    forged = b"%s %s %s\n" % (leaf, nonce, b64encode(b64decode(details).replace(b"buy", b"owe")))
    assert wrong([forged]) == "the details of leaf 1 are not those that it commits to."
    assert wrong([b"0 %s %s\n" % (nonce, details)]) == "the details of leaf 0 are not those that it commits to."
    assert wrong([lines[0], lines[0]]) == "the details of leaf 1 are there twice or out of order."
    assert wrong([lines[1], lines[0]]) == "the details of leaf 1 are there twice or out of order."
    assert wrong([b"9 %s %s\n" % (nonce, details)]) == "there are details for leaf 9, which is not in the log."


def test_a_witness_that_did_not_cosign_is_told_and_a_quorum_is_enough(
    bundle: Path, trust: TrustKeys, tmp_path: Path
) -> None:
    other = create_signing_key(tmp_path / "other.key", "witness.example/w2", COSIGNATURE).verifier
    both = replace(trust, witnesses=(WITNESS.verifier, other))
    assert only_failure(verify_folder(bundle, both)) == (
        2,
        "1 of the 2 witnesses needed cosigned the checkpoint; not: witness.example/w2.",
    )
    assert verify_folder(bundle, replace(both, quorum=1)).holds


def test_entries_logged_since_the_witness_came_are_told_apart(
    bundle: Path, database: Database, fill: Filled, key: SigningKey, trust: TrustKeys, tmp_path: Path
) -> None:
    fill(2)
    sign(database, key)
    trust = replace(trust, witnesses=(WITNESS.verifier,))
    newer = export(database, tmp_path / "newer")
    for report in (verify_folder(newer, trust), verify_live(database, trust)):
        assert (report.holds, report.steps[1].message) == (
            True,
            "the first 7 entries were cosigned by witness.example/w1 on 2026-01-01 12:00:01 UTC; the last 2 NOT YET.",
        )
    with database.read() as connection:
        body, proof = export_proof(connection, 6)
        assert verify_proof(proof, body, trust).checkpoint.size == 7
        body, proof = export_proof(connection, 7)
    assert verify_proof(proof, body, replace(trust, witnesses=())).checkpoint.size == 9
    with pytest.raises(VerificationFailed, match="0 of the 1 witnesses needed cosigned"):
        verify_proof(proof, body, trust)
    forged = (newer / "checkpoint").read_bytes() + WITNESS.cosign(b"other\n", 5).line().encode()
    (newer / "checkpoint").write_bytes(forged)
    assert only_failure(verify_folder(newer, trust))[0] == 2


def test_nothing_is_believed_without_the_logs_signature(bundle: Path, tmp_path: Path) -> None:
    mallory = TrustKeys(create_signing_key(tmp_path / "mallory.key", "grocer.example/log").verifier)
    report = verify_folder(bundle, mallory)
    assert outcomes(report) == ["failed", "skipped", "skipped", "skipped", "skipped", "skipped"]
    assert (report.holds, report.checkpoint) == (False, None)
    (bundle / "checkpoint").unlink()
    assert only_failure(verify_folder(bundle, mallory)) == (1, "there is no signed checkpoint.")


def test_a_bundle_or_checkpoint_from_earlier_finds_a_rollback_and_a_fork(
    bundle: Path,
    database: Database,
    fill: Filled,
    key: SigningKey,
    trust: TrustKeys,
    tmp_path: Path,
    make_control: MakeControl,
) -> None:
    fill(2)
    sign(database, key)
    newer = export(database, tmp_path / "newer")
    assert verify_folder(newer, trust, bundle).steps[3].message == "continues 3 older checkpoints."
    assert verify_folder(newer, trust, bundle / "checkpoint").holds
    assert only_failure(verify_folder(bundle, trust, newer)) == (
        4,
        "the log shrank: it had 9 entries once, now 7.",
    )
    other = make_control()
    with other.write() as connection:
        log.append_all(connection, [entry(number + 1) for number in range(9)])
    sign(other, key)
    forked = export(other, tmp_path / "forked")
    assert verify_folder(forked, trust).holds
    assert only_failure(verify_folder(forked, trust, bundle)) == (
        4,
        "the checkpoint of 7 entries is of another log: something before leaf 7 was altered.",
    )


def test_times_that_run_backwards_and_entries_of_no_known_form_are_found(
    database: Database, key: SigningKey, trust: TrustKeys, tmp_path: Path
) -> None:
    with database.write() as connection:
        log.append_all(connection, [entry(0), replace(entry(0), at=NOON - 30 * 60_000_000), entry(1)])
        log.append(connection, replace(entry(0), at=NOON - 2 * 3600 * 1_000_000))
    sign(database, key)
    folder = export(database, tmp_path / "bundle")
    assert only_failure(verify_folder(folder, trust)) == (6, "leaf 3 is dated 7260 s back.")
    assert verify_folder(folder, trust, slack=7_260_000_000).holds
    for number, body in enumerate((b"[]", b"x", b'{"v":2}', b'{"v":1}'), start=4):
        with database.write() as connection:
            connection.execute(insert(log_entries).values(leaf=number, body=body, leaf_hash=merkle.leaf_hash(body)))
    report = verify_live(database, trust)
    assert report.steps[5].message.count("is not an entry of version 1") == 4


def test_a_live_workspace_is_judged_as_it_stands(
    database: Database, fill: Filled, key: SigningKey, trust: TrustKeys, tmp_path: Path
) -> None:
    assert only_failure(verify_live(database, trust)) == (1, "there is no signed checkpoint.")
    fill(4)
    sign(database, key)
    fill(3)
    report = verify_live(database, trust)
    assert outcomes(report) == ["held", "absent", "held", "absent", "held", "held"]
    assert report.steps[2].message == ("4 entries have the root that was signed. 3 later entries are not signed yet.")
    with database.write() as connection:
        connection.execute(delete(log_details).where(log_details.c.leaf == 1))
    assert verify_live(database, trust).steps[4].message == "2 match their commitments; 1 are erased or held back."


TAMPERINGS: dict[str, tuple[Any, int, str]] = {
    "a body": (
        update(log_entries).where(log_entries.c.leaf == 2).values(body=b"{}"), 3, "leaf 2 does not have the hash"
    ),
    "an entry not signed yet": (
        update(log_entries).where(log_entries.c.leaf == 5).values(body=b"{}"), 3, "leaf 5 does not have the hash"
    ),
    "a leaf hash": (
        update(log_entries).where(log_entries.c.leaf == 2).values(leaf_hash=bytes(32)), 3, "leaf 2 does not have"
    ),
    "a missing entry": (delete(log_entries).where(log_entries.c.leaf == 2), 6, "leaf 2 is missing: leaf 3 follows."),
    "the last entry": (
        delete(log_entries).where(log_entries.c.leaf == 6), 3, "the head kept in the database is not that of its"
    ),
    "the head": (update(log_head).values(size=6), 3, "the head kept in the database is not that of its entries."),
    "no head": (delete(log_head), 3, "the head kept in the database is not that of its entries."),
    "a nonce": (update(log_details).where(log_details.c.leaf == 1).values(nonce=bytes(32)), 5, "the details of leaf 1"),
    "an old checkpoint": (
        update(log_checkpoints).where(log_checkpoints.c.size == 2).values(note=b"x"), 4, "an older checkpoint cannot be"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_with_a_live_workspace_is_found(
    database: Database, fill: Filled, key: SigningKey, trust: TrustKeys, tmp_path: Path, what: str
) -> None:
    for count in (2, 2):
        fill(count)
        sign(database, key)
    fill(3)
    statement, number, message = TAMPERINGS[what]
    assert verify_live(database, trust).holds
    with database.write() as connection:
        connection.execute(statement)
    report = verify_live(database, trust)
    assert not report.holds
    step = report.steps[number - 1]
    assert (step.outcome, step.message[: len(message)]) == ("failed", message)


def test_what_is_no_log_is_refused(tmp_path: Path, trust: TrustKeys) -> None:
    with pytest.raises(InputInvalid, match="no control database there"):
        verify_database(tmp_path / "none.sqlite", trust)
    (tmp_path / "text").write_text("not a database at all, but long enough to be read as the header of one" * 20)
    with pytest.raises(VerificationFailed, match="log tables of the control database cannot be read"):
        verify_database(tmp_path / "text", trust)
    with pytest.raises(InputInvalid, match="no exported log in that folder"):
        verify_folder(tmp_path / "none", trust)
    with pytest.raises(InputInvalid, match="no older checkpoint there"):
        verify_folder(tmp_path, trust, tmp_path / "none")
    assert not verify_folder(tmp_path, trust).holds


def test_an_export_needs_a_checkpoint_and_an_empty_folder(
    database: Database, fill: Filled, key: SigningKey, tmp_path: Path
) -> None:
    fill(1)
    with pytest.raises(NameUnknown, match="no checkpoint 'latest'"):
        export(database, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    sign(database, key)
    with pytest.raises(InputInvalid, match="holds something already"):
        export(database, tmp_path)


def test_an_export_of_a_log_that_lost_entries_is_refused(
    database: Database, fill: Filled, key: SigningKey, tmp_path: Path
) -> None:
    fill(2)
    sign(database, key)
    with database.write() as connection:
        connection.execute(update(log_entries).where(log_entries.c.leaf == 1).values(body=b"{\n}"))
    with pytest.raises(VerificationFailed, match="Leaf 1 holds a newline, which no entry does"):
        export(database, tmp_path / "one")
    with database.write() as connection:
        connection.execute(update(log_head).values(size=0, frontier=b""))
    with pytest.raises(VerificationFailed, match="fewer entries than the 2 that were signed"):
        export(database, tmp_path / "two")


def test_a_single_entry_is_proven(database: Database, fill: Filled, key: SigningKey, trust: TrustKeys) -> None:
    fill(7)
    sign(database, key)
    cosign(database, key)
    trust = replace(trust, witnesses=(WITNESS.verifier,))
    for leaf in range(7):
        with database.read() as connection:
            body, proof = export_proof(connection, leaf)
        assert proof.startswith(f"c2sp.org/tlog-proof@v1\nindex {leaf}\n".encode())
        proven = verify_proof(proof, body, trust)
        assert (proven.index, proven.checkpoint.size) == (leaf, 7)
        assert proven.witnessed == (("witness.example/w1", 1_767_268_801),)
        with pytest.raises(VerificationFailed, match="does not lead to the head"):
            verify_proof(proof, body + b" ", trust)
    for at in range(len(proof)):
        changed = proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :]
        with pytest.raises(VerificationFailed, match=r"\w"):
            verify_proof(changed, body, trust)


def test_entries_that_no_checkpoint_covers_cannot_be_proven(database: Database, fill: Filled, key: SigningKey) -> None:
    fill(2)
    sign(database, key)
    fill(1)
    with database.read() as connection, pytest.raises(NameUnknown, match="below the latest checkpoint '2'"):
        export_proof(connection, 2)


def test_a_proof_reads_back_with_its_extra_line_and_nothing_looser_is_read(
    database: Database, fill: Filled, key: SigningKey
) -> None:
    fill(3)
    sign(database, key)
    with database.read() as connection:
        _, data = export_proof(connection, 1)
    proof = parse_proof(data)
    assert format_proof(proof) == data
    extra = replace(proof, extra=b"more")
    assert format_proof(extra).startswith(b"c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 1\n")
    assert parse_proof(format_proof(extra)) == extra
    for wrong, match in (
        (data.replace(b"proof@v1", b"proof@v2"), "does not begin with"),
        (data.replace(b"index 1", b"index 01"), "no index line"),
        (data.replace(b"index 1\n", b""), "no index line"),
        (data.replace(b"index 1", b"extra !\nindex 1"), "extra line is not base64"),
        (data.replace(b"=\n", b"\n", 1), "something else than the base64 of 32 bytes"),
        (data.replace(b"index 1", b"\xff"), "not ASCII"),
        (data[: data.index(b"\n\n")], "does not begin with"),
        (format_proof(replace(proof, path=(bytes(32),) * 64)), "more than 63"),
    ):
        with pytest.raises(VerificationFailed, match=match):
            parse_proof(wrong)


def test_verifying_needs_neither_the_database_nor_the_product() -> None:
    program = (
        "import sys, pellucid.audit.read;"
        "parts = ('sqlalchemy', 'duckdb', 'pellucid.audit.', 'pellucid.records', 'pellucid.workspace');"
        "print(*sorted(name for name in sys.modules if name.startswith(parts)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    allowed = ("bundle", "chunk", "keys", "merkle", "note", "places", "proof", "read", "spread", "treehead", "verify")
    assert found.stdout.split() == [f"pellucid.audit.{name}" for name in allowed]


def test_the_stored_checkpoint_is_the_exported_one(bundle: Path, database: Database) -> None:
    with database.read() as connection:
        note = connection.scalar(select(log_checkpoints.c.note).where(log_checkpoints.c.size == 7))
    assert (bundle / "checkpoint").read_bytes() == note
