from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pellucid.audit import log
from pellucid.audit.checkpoint import sign_checkpoint
from pellucid.audit.keys import SigningKey, create_signing_key
from pellucid.audit.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, root_from_leaves
from pellucid.audit.note import Note, parse_note, parse_signature_line, signed_by
from pellucid.audit.treehead import Checkpoint, TrustKeys
from pellucid.audit.witness import Witness
from pellucid.errors import InputInvalid, VerificationFailed, WorkspaceUnusable
from pellucid.records.database import Database
from tests.audit.conftest import NOON, ORIGIN, Filled

SECONDS = NOON // 1_000_000


@pytest.fixture
def witness(tmp_path: Path, trust: TrustKeys) -> Witness:
    witness = Witness.create(tmp_path / "witness", "witness.example/w1")
    witness.trust(trust.log)
    return witness


def head_of(key: SigningKey, leaves: list[bytes]) -> bytes:
    text = Checkpoint(key.name, len(leaves), root_from_leaves(leaves)).text()
    return Note(text, (key.sign(text),)).as_bytes()


def leaves_of(count: int, word: str = "leaf") -> list[bytes]:
    return [leaf_hash(f"{word} {number}".encode()) for number in range(count)]


def test_the_line_is_a_cosignature_that_verifies_by_hand(witness: Witness, key: SigningKey) -> None:
    note = head_of(key, leaves_of(3))
    signature = parse_signature_line(witness.cosign(note, (), NOON))
    text = parse_note(note).text
    assert (signature.name, signature.key_id) == ("witness.example/w1", witness.verifier.key_id)
    assert signature.blob[:8] == SECONDS.to_bytes(8, "big")
    message = f"cosignature/v1\ntime {SECONDS}\n".encode() + text
    Ed25519PublicKey.from_public_bytes(witness.verifier.public).verify(signature.blob[8:], message)
    whole = parse_note(note).with_signature(signature)
    assert signed_by(whole, (key.verifier, witness.verifier)) == {key.verifier: 0, witness.verifier: SECONDS}
    assert witness.seen(ORIGIN).note == whole.as_bytes()


def test_a_log_that_grows_is_cosigned_again_and_again(
    witness: Witness, database: Database, fill: Filled, key: SigningKey, tmp_path: Path
) -> None:
    for count in (0, 1, 4, 0, 9):
        fill(count)
        with database.write() as connection:
            note = sign_checkpoint(connection, key, NOON)
            size = log.size(connection)
            proof = log.consistency_proof(connection, witness.seen(ORIGIN).size, size)
        witness.cosign(note, proof, NOON)
        assert Witness.open(tmp_path / "witness").seen(ORIGIN) == witness.seen(ORIGIN)
        assert witness.seen(ORIGIN).size == size


def test_a_rollback_of_the_whole_workspace_is_found(witness: Witness, key: SigningKey) -> None:
    leaves = leaves_of(5)
    witness.cosign(head_of(key, leaves), (), NOON)
    for rolled_back in (leaves[:4], []):
        with pytest.raises(VerificationFailed, match="this witness saw 5: entries were taken back") as caught:
            witness.cosign(head_of(key, rolled_back), (), NOON)
        assert caught.value.code == "log-shrank"
    assert witness.seen(ORIGIN).size == 5


@pytest.mark.parametrize("size", [5, 8])
def test_a_fork_is_found_whatever_the_proof(witness: Witness, key: SigningKey, size: int) -> None:
    leaves, forked = leaves_of(8), [*leaves_of(4), *leaves_of(4, "other")]
    witness.cosign(head_of(key, leaves[:5]), (), NOON)
    for proof in ((), consistency_proof(leaves, 5, size), consistency_proof(forked, 5, size)):
        with pytest.raises(VerificationFailed, match="does not hold the log of 5 entries unchanged") as caught:
            witness.cosign(head_of(key, forked[:size]), proof, NOON)
        assert caught.value.code == "log-inconsistent"
    assert witness.seen(ORIGIN).root == root_from_leaves(leaves[:5])


def test_of_many_forks_shown_at_once_only_one_is_cosigned(witness: Witness, key: SigningKey, tmp_path: Path) -> None:
    forks = [head_of(key, leaves_of(3, f"fork {number}")) for number in range(8)]

    def show(note: bytes) -> bool:
        try:
            Witness.open(tmp_path / "witness").cosign(note, (), NOON)
        except VerificationFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        cosigned = list(threads.map(show, forks))
    assert cosigned.count(True) == 1
    seen = witness.seen(ORIGIN)
    assert seen.note.startswith(forks[cosigned.index(True)])


def test_another_key_or_an_unknown_log_is_refused(witness: Witness, key: SigningKey, tmp_path: Path) -> None:
    leaves = leaves_of(2)
    mallory = create_signing_key(tmp_path / "mallory.key", ORIGIN)
    with pytest.raises(VerificationFailed, match="is not signed by the key"):
        witness.cosign(head_of(mallory, leaves), (), NOON)
    other = create_signing_key(tmp_path / "other.key", "other.example/log")
    with pytest.raises(VerificationFailed, match=r"never told of a log 'other\.example/log'"):
        witness.cosign(head_of(other, leaves), (), NOON)
    with pytest.raises(VerificationFailed, match="known to this witness under another key"):
        witness.trust(mallory.verifier)
    with pytest.raises(InputInvalid, match="must be of kind 0x01"):
        witness.trust(witness.verifier)
    assert (witness.seen(ORIGIN).size, witness.seen(ORIGIN).root) == (0, EMPTY_ROOT)


def test_a_log_is_trusted_twice_without_harm(witness: Witness, key: SigningKey) -> None:
    witness.cosign(head_of(key, leaves_of(2)), (), NOON)
    witness.trust(key.verifier)
    assert witness.seen(ORIGIN).size == 2


def test_proofs_that_are_too_long_or_not_empty_at_first_are_refused(witness: Witness, key: SigningKey) -> None:
    leaves = leaves_of(2)
    with pytest.raises(VerificationFailed, match="does not hold the log of 0 entries"):
        witness.cosign(head_of(key, leaves), (leaves[0],), NOON)
    with pytest.raises(VerificationFailed, match="has 64 hashes, more than 63"):
        witness.cosign(head_of(key, leaves), (leaves[0],) * 64, NOON)


def lose(folder: Path) -> None:
    (folder / "state.json").unlink()


def empty(folder: Path) -> None:
    (folder / "state.json").write_bytes(b"")


def forget_the_size(folder: Path) -> None:
    path = folder / "state.json"
    path.write_text(path.read_text().replace('"size": 2', '"size": null'))


@pytest.mark.parametrize("damage", [lose, empty, forget_the_size])
def test_a_witness_without_its_memory_does_nothing(
    witness: Witness, key: SigningKey, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    witness.cosign(head_of(key, leaves_of(2)), (), NOON)
    damage(tmp_path / "witness")
    with pytest.raises(WorkspaceUnusable, match="memory is missing or damaged"):
        Witness.open(tmp_path / "witness")
    with pytest.raises(WorkspaceUnusable, match="memory is missing or damaged"):
        witness.cosign(head_of(key, leaves_of(1)), (), NOON)
    with pytest.raises(WorkspaceUnusable, match="memory is missing or damaged"):
        witness.trust(key.verifier)


def test_a_witness_is_made_in_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "control.sqlite").touch()
    with pytest.raises(InputInvalid, match="needs a folder of its own"):
        Witness.create(tmp_path / "full", "w")
    Witness.create(tmp_path / "new", "w")
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()} == {
        "witness.key": 0o600,
        "witness.key.pub": 0o644,
        "state.json": 0o600,
    }
    shutil.rmtree(tmp_path / "new")
    with pytest.raises(WorkspaceUnusable, match=r"witness\.key is missing"):
        Witness.open(tmp_path / "new")
