"""The audit desk of a workspace: reading the log, signing its head, having it witnessed, handing it on, verifying."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pellucid.audit import log
from pellucid.audit.checkpoint import add_cosignature, latest_checkpoint, sign_checkpoint
from pellucid.audit.entry import AuditEntry
from pellucid.audit.export import export_bundle, export_proof
from pellucid.audit.keys import load_verifier_key, public_path
from pellucid.audit.note import VerifierKey
from pellucid.audit.places import KEYS, LOG_KEY
from pellucid.audit.treehead import Checkpoint, open_checkpoint
from pellucid.audit.witness import Witness
from pellucid.errors import NameUnknown
from pellucid.failpoints import reach
from pellucid.policy.model import Actor
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class AuditDesk:
    """`workspace.audit`."""

    room: Room

    def entries(self, *, actor: Actor, last: int | None = None) -> list[log.StoredEntry]:
        """Return the entries of the log, or the `last` ones, the oldest first."""
        self.room.demand(actor, "audit-read")
        with self.room.database.read() as connection:
            start = 0 if last is None else max(0, log.size(connection) - last)
            return list(log.entries(connection, start))

    def checkpoint(self, *, actor: Actor) -> bytes:
        """Sign the present head and return the note (C2SP tlog-checkpoint)."""
        self.room.demand(actor, "audit-checkpoint")
        with self.room.database.write() as connection:
            note = sign_checkpoint(connection, self.room.log_key, self.room.clock())
            reach("checkpoint.before-commit")
        reach("checkpoint.after-commit")
        return note

    def export(self, folder: Path, *, actor: Actor, with_details: bool = False) -> Checkpoint:
        """Log the export, sign the head and write everything below it into an empty folder."""
        self.room.demand(actor, "audit-export")
        with self.room.database.write() as connection:
            body = {"details": with_details}
            log.append(connection, AuditEntry("audit.exported", actor, self.room.clock(), body=body))
            sign_checkpoint(connection, self.room.log_key, self.room.clock())
        with self.room.database.read() as connection:
            return export_bundle(connection, folder, with_details=with_details)

    def proof(self, leaf: int, *, actor: Actor) -> tuple[bytes, bytes]:
        """Return one entry's bytes and its inclusion proof (c2sp.org/tlog-proof@v1)."""
        self.room.demand(actor, "audit-export")
        with self.room.database.read() as connection:
            return export_proof(connection, leaf)

    def witness(self, folder: Path, *, actor: Actor) -> Checkpoint:
        """Sign the head, have the witness in another folder cosign it, and keep the cosignature."""
        self.room.demand(actor, "witness")
        witness = Witness.open(folder)
        with self.room.database.write() as connection:
            note = sign_checkpoint(connection, self.room.log_key, self.room.clock())
        checkpoint, _ = open_checkpoint(note, self.verifier)
        seen = witness.seen(checkpoint.origin)
        with self.room.database.read() as connection:
            proof = (
                log.consistency_proof(connection, seen.size, checkpoint.size) if _grows(seen.size, checkpoint) else ()
            )
        line = witness.cosign(note, proof, self.room.clock())
        with self.room.database.write() as connection:
            add_cosignature(connection, line, witness.verifier, checkpoint.size)
        return checkpoint

    @property
    def verifier(self) -> VerifierKey:
        """The log's public key, as it is published."""
        return load_verifier_key(str(public_path(self.room.folder / KEYS / LOG_KEY)))

    def latest_checkpoint(self) -> bytes:
        """Return the newest signed note; raises NameUnknown before the first."""
        with self.room.database.read() as connection:
            found = latest_checkpoint(connection)
        if found is None:
            raise NameUnknown("checkpoint", "latest", remedy="Sign one first: `pellucid audit checkpoint`.")
        return found


def create_witness(folder: Path, name: str, *, log_key: str) -> VerifierKey:
    """Make a witness in a folder of its own that takes on the log with this key; returns the witness's public key."""
    key = load_verifier_key(log_key)  # first: a key that is none leaves no folder behind
    witness = Witness.create(folder, name)
    witness.trust(key)
    return witness.verifier


def seen_by_witness(folder: Path, origin: str | None = None) -> bytes:
    """Return the note that the witness in a folder cosigned last, of the log `origin` (None: of its only one).

    It is what somebody verifies a log against to find a rollback. Raises NameUnknown if there is none.
    """
    witness = Witness.open(folder)
    known = witness.origins()
    if origin is None and len(known) == 1:
        (origin,) = known
    if origin not in known:
        raise NameUnknown("log of this witness", origin or "", known, remedy="Name one of its logs with --log.")
    note = witness.seen(origin).note
    if not note:
        raise NameUnknown("cosigned checkpoint of", origin, remedy="The witness has not cosigned this log yet.")
    return note


def _grows(size: int, checkpoint: Checkpoint) -> bool:
    return 0 < size <= checkpoint.size
