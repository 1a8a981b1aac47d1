"""The audit desk of a workspace: reading the log, signing its head, having it witnessed, handing it on, verifying."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from pellucid.audit import browse, log
from pellucid.audit.checkpoint import add_cosignature, latest_checkpoint, sign_checkpoint, signed_heads
from pellucid.audit.entry import AuditEntry
from pellucid.audit.export import export_bundle, export_proof
from pellucid.audit.keys import load_verifier_key, public_path
from pellucid.audit.note import VerifierKey
from pellucid.audit.places import KEYS, LOG_KEY
from pellucid.audit.read import verify_place
from pellucid.audit.treehead import Checkpoint, open_checkpoint
from pellucid.audit.verification import ACTION, LONGEST, Verification, as_body, of_entry, with_end
from pellucid.audit.witness import Witness
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.failpoints import reach
from pellucid.policy.model import Actor
from pellucid.workspace.room import Room

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Head:
    """How long the log is and its root; size, instant (UTC µs) and note of the newest head that was signed.

    `fingerprint` is the name of the log's key with its id, `key` the public key as it is published.
    """

    size: int
    root: bytes
    signed: int
    signed_at: int | None
    note: bytes | None
    fingerprint: str
    key: str


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

    def page(
        self, wanted: browse.Wanted, *, actor: Actor, before: int | None = None, limit: int = 50
    ) -> browse.LogPage:
        """Return the newest entries wanted below `before`, without whom they are about; see `audit.browse`."""
        self.room.demand(actor, "audit-read")
        with self.room.database.read() as connection:
            return browse.newest(connection, wanted, before, limit)

    def entry(self, leaf: int, *, actor: Actor) -> tuple[browse.Line, bytes]:
        """Return one entry and the bytes that were hashed; raises NameUnknown."""
        self.room.demand(actor, "audit-read")
        with self.room.database.read() as connection:
            return browse.one(connection, leaf)

    def head(self, *, actor: Actor) -> Head:
        """Return how long the log is, its root, and the newest head that was signed."""
        self.room.demand(actor, "audit-read")
        with self.room.database.read() as connection:
            size, root = log.head(connection)
            heads, note = signed_heads(connection), latest_checkpoint(connection)
        signed, at = heads[-1] if heads else (0, None)
        key = self.verifier
        return Head(size, root, signed, at, note, f"{key.name}+{key.key_id.hex()}", str(key))

    def verify(self, *, actor: Actor) -> int:
        """Verify the log by its own key, note in it what was found, and return the place of that entry.

        Of a log that is longer than LONGEST only the entries below an older signed head are judged, and the finding
        says so; that its end is there is judged all the same. One at a time: another takes a processor too. Raises
        InputInvalid where nothing was signed that it could be held against, and while another is under way.
        """
        self.room.demand(actor, "audit-read")
        if not _ONE_AT_A_TIME.acquire(blocking=False):
            raise _under_way()
        try:
            return self._verify(actor)
        finally:
            _ONE_AT_A_TIME.release()

    def _verify(self, actor: Actor) -> int:
        with self.room.database.read() as connection:
            size, there = log.size(connection), log.reach_of(connection)
            heads = [signed for signed, _ in signed_heads(connection)]
        fitting = [signed for signed in heads if signed <= LONGEST]
        if not fitting:
            raise _nothing_to_hold_against(bool(heads))
        first = None if size <= LONGEST else fitting[-1]
        key, began = self.verifier, time.perf_counter()
        report = verify_place(self.room.folder, log_key=str(key), first=first)
        if first is not None:
            report = with_end(report, there, max(size, heads[-1]))
        milliseconds = round(1000 * (time.perf_counter() - began))
        body = as_body(report, size if first is None else first, f"{key.name}+{key.key_id.hex()}", milliseconds)
        with self.room.database.write() as connection:
            return log.append(connection, AuditEntry(ACTION, actor, self.room.clock(), body=body)).leaf

    def verification(self, leaf: int, *, actor: Actor) -> Verification:
        """Return what a verification found, by the place of its entry; raises NameUnknown."""
        self.room.demand(actor, "audit-read")
        with self.room.database.read() as connection:
            return of_entry(leaf, browse.one(connection, leaf, ACTION)[1])

    def last_verification(self, *, actor: Actor) -> Verification | None:
        """Return the newest verification among the newest entries (see `audit.browse`), if there is one."""
        found = self.page(browse.Wanted(family=ACTION), actor=actor, limit=1).lines
        return self.verification(found[0].leaf, actor=actor) if found else None

    def checkpoint(self, *, actor: Actor) -> bytes:
        """Sign the present head and return the note (C2SP tlog-checkpoint)."""
        self.room.demand(actor, "audit-checkpoint")
        with self.room.database.write() as connection:
            note = sign_checkpoint(connection, self.room.log_key, self.room.clock())
            reach("checkpoint.before-commit")
        reach("checkpoint.after-commit")
        return note

    def export(
        self, folder: Path, *, actor: Actor, with_details: bool = False, longest: int | None = None
    ) -> Checkpoint:
        """Log the export, sign the head and write everything below it into an empty folder.

        Raises InputInvalid where the log has more than `longest` entries already: then nothing is logged or signed.
        """
        self.room.demand(actor, "audit-export")
        with self.room.database.write() as connection:
            if longest is not None and log.size(connection) > longest:
                raise _too_long_at_once(longest)
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


def _under_way() -> InputInvalid:
    return InputInvalid(
        "The log is being verified already.", remedy="Wait for what is found, then look here.", code="log-under-way"
    )


def _too_long_at_once(longest: int) -> InputInvalid:
    return InputInvalid(
        f"The log has more than {longest:,} entries, too many to hand over at once.",
        remedy="Export it at the command line: `pellucid audit export FOLDER`.",
        code="log-too-long",
    )


def _nothing_to_hold_against(signed: bool) -> InputInvalid:
    if signed:
        return InputInvalid(
            f"No head of the first {LONGEST:,} entries was signed, and more cannot be verified here.",
            remedy="Verify it at the command line: `pellucid audit verify --key KEY`.",
            code="log-too-long",
        )
    return InputInvalid(
        "No head of the log was signed yet, so that there is nothing to hold it against.",
        remedy="Sign the present head first.",
        code="log-unsigned",
    )
