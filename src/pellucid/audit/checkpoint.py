"""Signing the log's head and keeping the signed checkpoints and the witnesses' cosignatures in the control database.

The form of a checkpoint is in `audit.treehead`, the keys in `audit.keys`. Nothing here appends to the log.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, insert, select, update

from pellucid.audit import log, merkle
from pellucid.audit.keys import SigningKey
from pellucid.audit.note import Note, VerifierKey, parse_note, parse_signature_line
from pellucid.audit.treehead import Checkpoint, open_checkpoint, parse_checkpoint
from pellucid.errors import NameUnknown, VerificationFailed
from pellucid.failpoints import reach
from pellucid.records.tables import log_checkpoints

__all__ = [
    "Checkpoint",
    "add_cosignature",
    "checkpoints",
    "latest_checkpoint",
    "open_checkpoint",
    "sign_checkpoint",
    "signed_heads",
]


def sign_checkpoint(connection: Connection, key: SigningKey, now: int) -> bytes:
    """Sign the present head, keep the note and return it; in the caller's write transaction, which logs nothing.

    `now` is in UTC microseconds. A head that was signed before comes back as it is kept, cosignatures included. The
    head is recomputed from all leaf hashes first (about two seconds a million entries), since a log must never sign
    what does not follow from what it signed before: raises VerificationFailed then.
    """
    size, root = log.head(connection)
    _demand_consistent(connection, key.verifier, size, root)
    checkpoint = Checkpoint(key.name, size, root)
    kept = connection.scalar(select(log_checkpoints.c.note).where(log_checkpoints.c.size == size))
    if kept is not None:
        return bytes(kept)
    text = checkpoint.text()
    note = Note(text, (key.sign(text),)).as_bytes()
    reach("checkpoint.signed")
    connection.execute(insert(log_checkpoints).values(size=size, note=note, at=now))
    return note


def add_cosignature(connection: Connection, line: str, witness: VerifierKey, size: int | None = None) -> bytes:
    """Verify a witness's cosignature line, add it to the kept checkpoint of `size` (None: the latest), return the note.

    Raises VerificationFailed if the line is not by `witness` over that checkpoint, NameUnknown if there is none.
    """
    kept = latest_checkpoint(connection) if size is None else _checkpoint_at(connection, size)
    if kept is None:
        raise NameUnknown("checkpoint", "latest" if size is None else str(size), remedy="Sign one first.")
    note, signature = parse_note(kept), parse_signature_line(line)
    if (signature.name, signature.key_id) != (witness.name, witness.key_id):
        raise VerificationFailed(f"The cosignature is not by the witness {witness.name}.", code="signature-missing")
    witness.verify(note.text, signature)
    signed = note.with_signature(signature).as_bytes()
    size = parse_checkpoint(note.text).size
    connection.execute(update(log_checkpoints).where(log_checkpoints.c.size == size).values(note=signed))
    reach("cosignature.kept")
    return signed


def latest_checkpoint(connection: Connection) -> bytes | None:
    """Return the signed note of the largest size, or None if none was ever signed."""
    found = connection.scalar(select(log_checkpoints.c.note).order_by(log_checkpoints.c.size.desc()).limit(1))
    return None if found is None else bytes(found)


def checkpoints(connection: Connection) -> Iterator[bytes]:
    """Yield every signed note, the smallest size first."""
    for found in connection.scalars(select(log_checkpoints.c.note).order_by(log_checkpoints.c.size)):
        yield bytes(found)


def signed_heads(connection: Connection) -> list[tuple[int, int]]:
    """Return of each signed head its size and when it was signed (UTC µs), the smallest first."""
    columns = log_checkpoints.c
    return [(row.size, row.at) for row in connection.execute(select(columns.size, columns.at).order_by(columns.size))]


def _checkpoint_at(connection: Connection, size: int) -> bytes | None:
    found = connection.scalar(select(log_checkpoints.c.note).where(log_checkpoints.c.size == size))
    return None if found is None else bytes(found)


def _demand_consistent(connection: Connection, key: VerifierKey, size: int, root: bytes) -> None:
    leaves = log.leaf_hashes(connection, size)
    if len(leaves) != size or merkle.root_from_leaves(leaves) != root:
        raise _will_not_sign("its head does not follow from its entries")
    latest = latest_checkpoint(connection)
    if latest is None:
        return
    old, _ = open_checkpoint(latest, key)
    if old.size > size or merkle.root_from_leaves(leaves[: old.size]) != old.root:
        raise _will_not_sign(f"it does not continue the checkpoint of {old.size} entries")


def _will_not_sign(why: str) -> VerificationFailed:
    return VerificationFailed(
        f"The log was altered: {why}; no checkpoint was signed.",
        remedy="Run `pellucid audit verify`, and restore the control database from a backup.",
        code="log-inconsistent",
    )
