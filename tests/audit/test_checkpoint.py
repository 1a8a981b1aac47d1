from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import delete, func, select, update

from pellucid.audit import log, merkle
from pellucid.audit.checkpoint import add_cosignature, checkpoints, latest_checkpoint, sign_checkpoint
from pellucid.audit.keys import SigningKey, create_signing_key
from pellucid.audit.note import COSIGNATURE, Note
from pellucid.audit.treehead import Checkpoint, TrustKeys, open_checkpoint, parse_checkpoint
from pellucid.errors import InputInvalid, NameUnknown, VerificationFailed
from pellucid.records.database import Database
from pellucid.records.tables import log_checkpoints, log_entries, log_head
from tests.audit.conftest import NOON, ORIGIN, Filled

# The text of the example of c2sp.org/tlog-checkpoint.
EXAMPLE = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def sign(database: Database, key: SigningKey) -> bytes:
    with database.write() as connection:
        return sign_checkpoint(connection, key, NOON)


def test_the_example_of_the_specification_reads_and_writes() -> None:
    root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    checkpoint = parse_checkpoint(EXAMPLE)
    assert checkpoint == Checkpoint("example.com/behind-the-sofa", 20852163, root)
    assert checkpoint.text() == EXAMPLE
    assert parse_checkpoint(EXAMPLE + b"more\n").extensions == ("more",)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (EXAMPLE.replace(b"20852163", b"020852163"), "its size is"),
        (EXAMPLE.replace(b"20852163", b"+20852163"), "its size is"),
        (EXAMPLE.replace(b"20852163", "２０".encode()), "its size is"),
        (EXAMPLE.replace(b"20852163", b"9223372036854775808"), "its size is"),
        (EXAMPLE.replace(b"20852163", b"0"), "not that of the empty log"),
        (EXAMPLE.replace(b"q2I=", b"q2J="), "not the base64 of 32 bytes"),
        (EXAMPLE.replace(b"CsUY", b""), "not the base64 of 32 bytes"),
        (EXAMPLE.replace(b"example.com/behind-the-sofa", b""), "three or more lines"),
        (EXAMPLE + b"\n", "three or more lines"),
        (EXAMPLE[:-1], "three or more lines"),
        (b"a\n1\n", "three or more lines"),
    ],
)
def test_what_is_not_exactly_a_checkpoint_is_refused(text: bytes, match: str) -> None:
    with pytest.raises(VerificationFailed, match=match):
        parse_checkpoint(text)


@pytest.mark.parametrize("count", [0, 1, 6])
def test_a_checkpoint_is_made_of_these_bytes_and_verifies_by_hand(
    database: Database, fill: Filled, key: SigningKey, count: int
) -> None:
    fill(count)
    note = sign(database, key)
    with database.read() as connection:
        root = merkle.root_from_leaves([found.leaf_hash for found in log.entries(connection)])
    text = f"{ORIGIN}\n{count}\n{base64.b64encode(root).decode()}\n".encode()
    assert note.startswith(text + f"\n— {ORIGIN} ".encode())
    signature = base64.b64decode(note[len(text) + len(f"\n— {ORIGIN} ".encode()) : -1], validate=True)
    public = key.verifier.public
    assert signature[:4] == sha256(ORIGIN.encode() + b"\n\x01" + public).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], text)
    assert open_checkpoint(note, key.verifier)[0] == Checkpoint(ORIGIN, count, root)


def test_signing_logs_nothing_and_the_same_head_keeps_its_note(
    database: Database, fill: Filled, key: SigningKey
) -> None:
    fill(3)
    first = sign(database, key)
    assert sign(database, key) == first
    fill(2)
    second = sign(database, key)
    with database.read() as connection:
        assert (log.size(connection), list(checkpoints(connection))) == (5, [first, second])
        assert latest_checkpoint(connection) == second
        assert connection.scalar(select(func.max(log_checkpoints.c.at))) == NOON


def test_nothing_that_contradicts_an_earlier_checkpoint_is_signed(
    database: Database, fill: Filled, key: SigningKey
) -> None:
    fill(3)
    sign(database, key)
    with database.write() as connection:
        other = [merkle.leaf_hash(b"other"), *(found.leaf_hash for found in log.entries(connection, 1))]
        connection.execute(update(log_entries).where(log_entries.c.leaf == 0).values(body=b"x", leaf_hash=other[0]))
    fill(1)
    with pytest.raises(VerificationFailed, match="its head does not follow from its entries"):
        sign(database, key)
    frontier = [merkle.root_from_leaves(other[:2]), other[2]]
    with database.write() as connection:
        connection.execute(delete(log_entries).where(log_entries.c.leaf == 3))
        connection.execute(update(log_head).values(size=3, frontier=b"".join(frontier)))
    with pytest.raises(VerificationFailed, match="does not continue the checkpoint of 3 entries"):
        sign(database, key)
    with database.write() as connection:
        connection.execute(delete(log_entries))
        connection.execute(update(log_head).values(size=0, frontier=b""))
    with pytest.raises(VerificationFailed, match="does not continue the checkpoint of 3 entries") as caught:
        sign(database, key)
    assert caught.value.code == "log-inconsistent"


def test_a_checkpoint_of_another_key_or_origin_is_not_believed(
    database: Database, fill: Filled, key: SigningKey, tmp_path: Path
) -> None:
    fill(2)
    note = sign(database, key)
    mallory = create_signing_key(tmp_path / "mallory.key", ORIGIN)
    with pytest.raises(VerificationFailed, match=r"is not signed by the key grocer\.example/log") as caught:
        open_checkpoint(note, mallory.verifier)
    assert caught.value.code == "signature-missing"
    elsewhere = EXAMPLE
    signed = Note(elsewhere, (key.sign(elsewhere),)).as_bytes()
    with pytest.raises(VerificationFailed, match=r"is of the log 'example\.com/behind-the-sofa'"):
        open_checkpoint(signed, key.verifier)


def test_a_cosignature_is_kept_once_it_verifies(database: Database, fill: Filled, key: SigningKey) -> None:
    witness = SigningKey("witness.example/w1", COSIGNATURE, bytes(range(32)))
    with pytest.raises(NameUnknown, match="no checkpoint 'latest'"), database.write() as connection:
        add_cosignature(connection, witness.cosign(b"x\n", 5).line(), witness.verifier)
    fill(2)
    _, note = open_checkpoint(sign(database, key), key.verifier)
    with database.write() as connection:
        add_cosignature(connection, witness.cosign(note.text, 5).line(), witness.verifier)
        kept = add_cosignature(connection, witness.cosign(note.text, 7).line(), witness.verifier, 2)
    assert sign(database, key) == kept
    assert kept == note.as_bytes() + witness.cosign(note.text, 7).line().encode()
    with database.write() as connection:
        with pytest.raises(VerificationFailed, match="does not verify"):
            add_cosignature(connection, witness.cosign(b"x\n", 5).line(), witness.verifier)
        with pytest.raises(VerificationFailed, match="is not by the witness"):
            add_cosignature(connection, key.sign(note.text).line(), witness.verifier)


def test_trust_that_cannot_be_met_is_refused(key: SigningKey) -> None:
    witness = SigningKey("w", COSIGNATURE, bytes(32)).verifier
    with pytest.raises(InputInvalid, match="A quorum of 2 cannot be met by 1 witnesses"):
        TrustKeys(key.verifier, (witness,), 2)
    with pytest.raises(InputInvalid, match="must be of kind 0x01"):
        TrustKeys(witness)
    with pytest.raises(InputInvalid, match="must be of kind 0x04"):
        TrustKeys(key.verifier, (key.verifier,))
    twice = SigningKey("other-name", COSIGNATURE, bytes(32))
    with pytest.raises(InputInvalid, match="must each have a key of their own"):
        TrustKeys(key.verifier, (witness, twice.verifier))
