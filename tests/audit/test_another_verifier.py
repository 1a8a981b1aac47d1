"""Checkpoints, cosignatures and proofs judged by a verifier that others wrote (PyPI `proofbundle`), and the reverse."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from proofbundle.checkpoint import (
    cosign_checkpoint,
    cosign_vkey,
    sign_checkpoint,
    verify_checkpoint,
    verify_cosignature,
    verify_witnessed_checkpoint,
    vkey,
)
from proofbundle.errors import BundleFormatError
from proofbundle.merkle import (
    consistency_proof,
    inclusion_proof,
    merkle_tree_hash,
    verify_consistency,
    verify_inclusion,
)
from proofbundle.tlogproof import verify_tlog_proof

from pellucid.audit import checkpoint, log, merkle
from pellucid.audit.export import export_proof
from pellucid.audit.keys import SigningKey
from pellucid.audit.note import COSIGNATURE, VerifierKey
from pellucid.audit.proof import cosignatures
from pellucid.audit.treehead import TrustKeys, open_checkpoint
from pellucid.errors import VerificationFailed
from pellucid.records.database import Database
from tests.audit.conftest import NOON, ORIGIN, Filled
from tests.conftest import Tried

WITNESSES = tuple(SigningKey(f"witness.example/w{n}", COSIGNATURE, bytes([n]) * 32) for n in (1, 2))
SECONDS = NOON // 1_000_000
SIZE = 13


@pytest.fixture
def dialect() -> str:
    """Proofs are of bytes; that both databases hold the same ones is tested with the log."""
    return "sqlite"


@pytest.fixture
def note(database: Database, fill: Filled, key: SigningKey) -> str:
    """The checkpoint of thirteen entries, cosigned by two witnesses."""
    fill(SIZE)
    with database.write() as connection:
        signed = checkpoint.sign_checkpoint(connection, key, NOON)
        _, parsed = open_checkpoint(signed, key.verifier)
        for witness in WITNESSES:
            line = witness.cosign(parsed.text, SECONDS).line()
            signed = checkpoint.add_cosignature(connection, line, witness.verifier)
    return signed.decode()


def accepts_checkpoint(note: str, key: VerifierKey) -> bool:
    """Return whether the other verifier believes the note with both cosignatures (it refuses by value or by error)."""
    keys = [str(witness.verifier) for witness in WITNESSES]
    try:
        found = verify_witnessed_checkpoint(note, str(key), keys, threshold=2, expected_origin=ORIGIN)
    except BundleFormatError:
        return False
    return bool(found["ok"])


def flipped(whole: bytes) -> list[bytes]:
    """Return every text with one bit flipped, but for those whose base64 still says the same bytes.

    The bits that base64 leaves over are zero in ours, and checked; the other verifier does not look at them.
    """
    changed = [whole[:at] + bytes([byte ^ 1]) + whole[at + 1 :] for at, byte in enumerate(whole)]
    kept = [each for each in changed if meant(each) != meant(whole)]
    assert len(whole) - len(kept) <= 12  # lines
    return kept


def meant(text: bytes) -> list[bytes]:
    return [decoded(word) for line in text.split(b"\n") for word in line.split(b" ")]


def decoded(word: bytes) -> bytes:
    try:
        return b64decode(word, validate=True)
    except ValueError:
        return word


@pytest.mark.promise("log", "proofs and checkpoints shown to a verifier that others wrote")
def test_a_cosigned_checkpoint_is_accepted_and_says_the_same_head(
    note: str, key: SigningKey, database: Database
) -> None:
    found = verify_checkpoint(note, str(key.verifier))
    with database.read() as connection:
        head = log.head(connection)
    assert (found["ok"], found["origin"], found["tree_size"], found["root"]) == (True, ORIGIN, *head)
    for witness in WITNESSES:
        cosigned = verify_cosignature(note, str(witness.verifier))
        assert (cosigned["ok"], cosigned["timestamp"]) == (True, SECONDS)
    assert accepts_checkpoint(note, key.verifier)


@pytest.mark.promise("log", "proofs and checkpoints shown to a verifier that others wrote")
def test_any_altered_byte_of_a_cosigned_checkpoint_is_refused_by_both(note: str, key: SigningKey, tried: Tried) -> None:
    trust = TrustKeys(key.verifier, tuple(witness.verifier for witness in WITNESSES))
    assert len(cosignatures(note.encode(), trust)) == 2
    for changed in flipped(note.encode()):
        with pytest.raises(VerificationFailed, match=r"\w"):
            cosignatures(changed, trust)
        assert not accepts_checkpoint(changed.decode(errors="surrogateescape"), key.verifier), changed
    tried(len(flipped(note.encode())), "true ones accepted, altered ones refused")


@pytest.mark.promise("log", "proofs and checkpoints shown to a verifier that others wrote")
def test_a_checkpoint_of_another_key_or_origin_is_refused(note: str, key: SigningKey) -> None:
    other = SigningKey(ORIGIN, key.kind, b"m" * 32)
    assert not accepts_checkpoint(note, other.verifier)
    elsewhere = verify_witnessed_checkpoint(
        note, str(key.verifier), [str(WITNESSES[0].verifier)], expected_origin="elsewhere.example/log"
    )
    assert (elsewhere["ok"], elsewhere["witnesses_ok"]) == (False, True)


@pytest.mark.promise("log", "proofs and checkpoints shown to a verifier that others wrote")
def test_every_inclusion_and_consistency_proof_is_accepted_and_an_altered_one_refused(
    note: str, database: Database
) -> None:
    with database.read() as connection:
        stored = list(log.entries(connection))
        roots = [merkle.root_from_leaves([entry.leaf_hash for entry in stored[:size]]) for size in range(SIZE + 1)]
        for size in range(1, SIZE + 1):
            assert roots[size] == merkle_tree_hash([entry.body for entry in stored[:size]])
            proof = list(log.consistency_proof(connection, size, SIZE))
            assert verify_consistency(size, SIZE, proof, roots[size], roots[SIZE])
            assert not verify_consistency(size, SIZE, proof, roots[size - 1], roots[SIZE])
            assert not verify_consistency(size, SIZE, [*proof, bytes(32)], roots[size], roots[SIZE])
            for leaf in range(size):
                path = list(log.inclusion_proof(connection, leaf, size))
                assert verify_inclusion(stored[leaf].body, leaf, size, path, roots[size])
                assert not verify_inclusion(stored[leaf].body + b" ", leaf, size, path, roots[size])
                assert path == inclusion_proof([entry.body for entry in stored[:size]], leaf)


@pytest.mark.promise("log", "proofs and checkpoints shown to a verifier that others wrote")
def test_their_consistency_proofs_convince_ours(note: str, database: Database) -> None:
    with database.read() as connection:
        bodies = [entry.body for entry in log.entries(connection)]
    for old in range(1, SIZE):
        roots = merkle_tree_hash(bodies[:old]), merkle_tree_hash(bodies)
        merkle.verify_consistency(old, roots[0], SIZE, roots[1], consistency_proof(bodies, old))
        with pytest.raises(VerificationFailed, match="does not hold the log of"):
            merkle.verify_consistency(old, roots[1], SIZE, roots[1], consistency_proof(bodies, old))


@pytest.mark.promise("log", "proofs and checkpoints shown to a verifier that others wrote")
def test_the_proof_file_of_one_entry_is_accepted_and_any_altered_byte_refused(
    note: str, database: Database, key: SigningKey, tried: Tried
) -> None:
    keys = [str(witness.verifier) for witness in WITNESSES]
    with database.read() as connection:
        body, proof = export_proof(connection, 6)

    def accepts(data: bytes, entry: bytes = body) -> bool:
        text = data.decode(errors="surrogateescape")
        return bool(verify_tlog_proof(text, entry, str(key.verifier), keys, threshold=2, expected_origin=ORIGIN)["ok"])

    assert accepts(proof)
    assert not accepts(proof, body.replace(b"6", b"7"))
    for changed in flipped(proof):
        assert not accepts(changed), changed
    tried(len(flipped(proof)), "true ones accepted, altered ones refused")


@pytest.mark.promise("log", "proofs and checkpoints shown to a verifier that others wrote")
def test_a_checkpoint_signed_and_cosigned_by_their_code_is_believed_by_ours() -> None:
    signer, witness = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (7, 8))
    publics = [each.public_key().public_bytes_raw() for each in (signer, witness)]
    root = merkle.leaf_hash(b"x")
    theirs = cosign_checkpoint(sign_checkpoint("a.example/log", 1, root, signer, "a.example/log"), witness, "w", 5)
    trust = TrustKeys(
        VerifierKey.parse(vkey("a.example/log", publics[0])), (VerifierKey.parse(cosign_vkey("w", publics[1])),)
    )
    found, _ = open_checkpoint(theirs.encode(), trust.log)
    assert (found.origin, found.size, found.root) == ("a.example/log", 1, root)
    assert list(cosignatures(theirs.encode(), trust).values()) == [5]
    stranger = replace(trust, witnesses=(WITNESSES[0].verifier,))
    with pytest.raises(VerificationFailed, match="0 of the 1 witnesses"):
        cosignatures(theirs.encode(), stranger)
