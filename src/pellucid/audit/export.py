"""Writing the log out for others to verify: a whole bundle (see `audit.bundle`), or the proof of a single entry.

An export changes nothing and logs nothing by itself. Details hold what entries keep back, the words of a question for
one: only an officer's use exports them.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from pellucid.audit import bundle, log
from pellucid.audit.checkpoint import checkpoints, latest_checkpoint
from pellucid.audit.note import parse_note
from pellucid.audit.proof import LogProof, format_proof
from pellucid.audit.treehead import Checkpoint, parse_checkpoint
from pellucid.errors import InputInvalid, NameUnknown, VerificationFailed


def export_bundle(connection: Connection, folder: Path, *, with_details: bool = False) -> Checkpoint:
    """Write the log up to its latest signed checkpoint into an empty or new folder; return that checkpoint.

    Raises InputInvalid if the folder holds something or cannot be written, NameUnknown if no checkpoint was signed yet,
    VerificationFailed if the log visibly is not what was signed.
    """
    note, checkpoint = _latest(connection)
    _demand_empty(folder)
    try:
        _write_bundle(connection, folder, note, checkpoint, with_details=with_details)
    except OSError:
        raise InputInvalid(
            "The log could not be written into that folder; what lies there is no whole export.",
            remedy="Name a folder that you may write to, on a disk that has room.",
            code="folder-unwritable",
        ) from None
    return checkpoint


def _write_bundle(
    connection: Connection, folder: Path, note: bytes, checkpoint: Checkpoint, *, with_details: bool
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / bundle.ENTRIES).open("wb") as bodies, (folder / bundle.LEAF_HASHES).open("wb") as hashes:
        for entry in log.entries(connection, 0, checkpoint.size):
            bodies.write(bundle.entry_line(entry.leaf, entry.body))
            hashes.write(f"{entry.leaf_hash.hex()}\n".encode())
    if with_details:
        with (folder / bundle.DETAILS).open("wb") as file:
            for held in log.details(connection, 0, checkpoint.size):
                file.write(bundle.details_line(held.leaf, held.nonce, held.details))
    with (folder / bundle.OLDER_CHECKPOINTS).open("wb") as file:
        file.writelines(bundle.older_checkpoint_line(older) for older in checkpoints(connection) if older != note)
    (folder / bundle.README).write_text(bundle.FORMAT, encoding="utf-8")
    # The checkpoint comes last: a folder without it is an export that was cut short.
    (folder / bundle.CHECKPOINT).write_bytes(note)


def export_proof(connection: Connection, leaf: int) -> tuple[bytes, bytes]:
    """Return the bytes of one entry and its proof (c2sp.org/tlog-proof@v1).

    The proof stands under the newest checkpoint that a witness cosigned, if one reaches that far, else under the
    newest. Raises NameUnknown if there is no such entry below a signed checkpoint.
    """
    _, latest = _latest(connection)
    if not 0 <= leaf < latest.size:
        raise NameUnknown(
            "log entry below the latest checkpoint",
            str(leaf),
            remedy=f"The latest checkpoint is of {latest.size} entries; sign a new one to prove later entries.",
        )
    covering = [
        (len(note.signatures) > 1, size, note)
        for note in map(parse_note, checkpoints(connection))
        if leaf < (size := parse_checkpoint(note.text).size)
    ]
    _, size, note = max(covering, key=lambda found: found[:2])
    path = log.inclusion_proof(connection, leaf, size)
    return log.entry_at(connection, leaf).body, format_proof(LogProof(leaf, path, note.as_bytes()))


def _latest(connection: Connection) -> tuple[bytes, Checkpoint]:
    note = latest_checkpoint(connection)
    if note is None:
        raise NameUnknown("checkpoint", "latest", remedy="Sign one with `pellucid audit checkpoint`.")
    checkpoint = parse_checkpoint(parse_note(note).text)
    if checkpoint.size > log.size(connection):
        raise VerificationFailed(
            f"The log has fewer entries than the {checkpoint.size} that were signed.", code="log-shrank"
        )
    return note, checkpoint


def _demand_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputInvalid(
            "The folder to export into holds something already.",
            remedy="Name an empty or new folder.",
            code="folder-in-use",
        )
