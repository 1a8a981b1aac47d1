"""A witness: somebody outside the workspace who remembers the last head seen of each log and cosigns what continues it.

It lives in a folder of its own, best on another machine and under another person: a workspace that is rolled back as a
whole looks sound from inside, and only a memory elsewhere finds it. The rules are those of c2sp.org/tlog-witness
(add-checkpoint), the line it returns is a cosignature/v1 of c2sp.org/tlog-cosignature. It never sees entries.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pellucid.audit.keys import SigningKey, create_signing_key, load_signing_key, make_private_folder
from pellucid.audit.merkle import EMPTY_ROOT, verify_consistency
from pellucid.audit.note import COSIGNATURE, ED25519, VerifierKey, parse_note, strict_base64
from pellucid.audit.treehead import Checkpoint, open_checkpoint, parse_checkpoint
from pellucid.errors import InputInvalid, PellucidError, VerificationFailed, WorkspaceUnusable
from pellucid.failpoints import reach

LONGEST_PROOF = 63
"""Most hashes that a consistency proof may have (tlog-witness)."""

_KEY_FILE = "witness.key"
_STATE_FILE = "state.json"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the witness remembers of one log: its key, and the last head cosigned with the note that showed it."""

    key: VerifierKey
    size: int = 0
    root: bytes = EMPTY_ROOT
    note: bytes = b""


class Witness:
    """A witness in its folder. Safe with several processes: checking and remembering happen under one file lock."""

    def __init__(self, folder: Path, key: SigningKey) -> None:
        self._folder = folder
        self._key = key

    @classmethod
    def create(cls, folder: Path, name: str) -> Witness:
        """Make a witness in an empty or new folder; raises InputInvalid where something lies there already."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputInvalid(
                "A witness needs a folder of its own, and this one holds something.",
                remedy="Name an empty or new folder, best on another machine than the workspace.",
                code="witness-exists",
            )
        make_private_folder(folder)
        key = create_signing_key(folder / _KEY_FILE, name, COSIGNATURE)
        witness = cls(folder, key)
        witness._write({})
        return witness

    @classmethod
    def open(cls, folder: Path) -> Witness:
        """Open the witness in a folder; raises WorkspaceUnusable if its key or its memory is missing or damaged."""
        witness = cls(folder, load_signing_key(folder / _KEY_FILE))
        witness._read()
        return witness

    @property
    def verifier(self) -> VerifierKey:
        """Return the key by which others check this witness's cosignatures."""
        return self._key.verifier

    def trust(self, log: VerifierKey) -> None:
        """Take a log on, by its key; the key of a log once trusted is never replaced (VerificationFailed)."""
        if log.kind != ED25519:
            raise InputInvalid("A log's key must be of kind 0x01 (Ed25519).", code="key-invalid")
        with self._locked():
            seen = self._read()
            if seen.setdefault(log.name, Seen(log)).key != log:
                raise VerificationFailed(
                    f"The log {log.name} is known to this witness under another key.", code="witness-key-changed"
                )
            self._write(seen)

    def seen(self, origin: str) -> Seen:
        """Return what is remembered of a log; raises VerificationFailed for one that was never taken on."""
        return self._known(self._read(), origin)

    def origins(self) -> tuple[str, ...]:
        """Return the logs that were taken on, by name."""
        return tuple(sorted(self._read()))

    def cosign(self, checkpoint_note: bytes, proof: Sequence[bytes], now: int) -> str:
        """Cosign a checkpoint that continues the last one seen of its log; returns the signature line.

        `proof` is the consistency proof from the size last seen (`seen(origin).size`), empty from 0; `now` in UTC
        microseconds. What was seen is on the disk before the line exists. Raises VerificationFailed for an unknown
        log or a wrong key, a rollback (code `log-shrank`), and a fork (`log-inconsistent`).
        """
        with self._locked():
            seen = self._read()
            known = self._known(seen, parse_checkpoint(parse_note(checkpoint_note).text).origin)
            checkpoint, note = open_checkpoint(checkpoint_note, known.key)
            _demand_continuation(known, checkpoint, proof)
            signature = self._key.cosign(note.text, now // 1_000_000)
            shown = note.with_signature(signature).as_bytes()
            self._write({**seen, checkpoint.origin: Seen(known.key, checkpoint.size, checkpoint.root, shown)})
            reach("witness.remembered")
            return signature.line()

    def _known(self, seen: dict[str, Seen], origin: str) -> Seen:
        if origin not in seen:
            raise VerificationFailed(
                f"This witness was never told of a log {origin!r}.",
                remedy="Let it trust the log's verifier key first, taken from where the log publishes it.",
                code="witness-log-unknown",
            )
        return seen[origin]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> dict[str, Seen]:
        try:
            state = json.loads((self._folder / _STATE_FILE).read_bytes())
            return {origin: _seen_from_json(fields) for origin, fields in state["logs"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, PellucidError):
            # A witness that lost its memory would cosign a rollback, so it does nothing at all.
            raise WorkspaceUnusable(
                "The witness's memory is missing or damaged, so it cosigns nothing.",
                remedy="Restore state.json from the witness's own backup; never start it anew for the same logs.",
                code="witness-unusable",
            ) from None

    def _write(self, seen: dict[str, Seen]) -> None:
        logs = {origin: _seen_as_json(known) for origin, known in sorted(seen.items())}
        data = json.dumps({"v": 1, "logs": logs}, indent=1).encode()
        write_durably(self._folder / _STATE_FILE, data)


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file (0600) so that after a crash either the old or the new bytes are there, whole."""
    temporary = path.with_name(f"{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    reach("witness.written")
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _demand_continuation(known: Seen, checkpoint: Checkpoint, proof: Sequence[bytes]) -> None:
    if checkpoint.size < known.size:
        raise VerificationFailed(
            f"The log {checkpoint.origin} now has {checkpoint.size} entries, but this witness saw {known.size}: "
            "entries were taken back.",
            remedy="Restore the newest backup of the workspace, and find out who rolled it back.",
            code="log-shrank",
        )
    if len(proof) > LONGEST_PROOF:
        raise VerificationFailed(f"The proof has {len(proof)} hashes, more than {LONGEST_PROOF}.", code="proof-invalid")
    verify_consistency(known.size, known.root, checkpoint.size, checkpoint.root, proof)


def _seen_as_json(seen: Seen) -> dict[str, object]:
    return {
        "key": str(seen.key),
        "size": seen.size,
        "root": base64.b64encode(seen.root).decode(),
        "note": seen.note.decode(),
    }


def _seen_from_json(fields: dict[str, str | int]) -> Seen:
    key, size, root = VerifierKey.parse(str(fields["key"])), fields["size"], strict_base64(str(fields["root"]))
    if type(size) is not int or size < 0 or root is None or len(root) != len(EMPTY_ROOT):
        raise ValueError("not a head")
    return Seen(key, size, root, str(fields["note"]).encode())
