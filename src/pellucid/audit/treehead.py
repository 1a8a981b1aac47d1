"""What a checkpoint says (c2sp.org/tlog-checkpoint) and whom one believes: pure, for logs, witnesses and verifiers.

A checkpoint is read only through `open_checkpoint`, which believes nothing that the log's key has not signed.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from pellucid.audit.merkle import EMPTY_ROOT, HASH_BYTES
from pellucid.audit.note import COSIGNATURE, ED25519, Note, VerifierKey, parse_note, signed_by, strict_base64
from pellucid.errors import InputInvalid, VerificationFailed

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log at one size: its origin, number of entries, root, and opaque extension lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> bytes:
        """Return the note text, newline included."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True, slots=True)
class TrustKeys:
    """Whom a verifier believes, given apart from what is verified: the log's key and those of witnesses.

    `quorum` is how many of the witnesses must have cosigned; None means all that are given.
    """

    log: VerifierKey
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int | None = None

    def __post_init__(self) -> None:
        if self.log.kind != ED25519:
            raise InputInvalid("The log's key must be of kind 0x01 (Ed25519).", code="key-invalid")
        if any(witness.kind != COSIGNATURE for witness in self.witnesses):
            raise InputInvalid("A witness's key must be of kind 0x04 (cosignature).", code="key-invalid")
        # A cosignature does not hold its cosigner's name, so one key under two names would count twice.
        if len({key.public for key in (self.log, *self.witnesses)}) != 1 + len(self.witnesses):
            raise InputInvalid("The log and its witnesses must each have a key of their own.", code="key-invalid")
        if self.quorum is not None and not 1 <= self.quorum <= len(self.witnesses):
            raise InputInvalid(
                f"A quorum of {self.quorum} cannot be met by {len(self.witnesses)} witnesses.", code="quorum-invalid"
            )

    @property
    def needed(self) -> int:
        """Return how many witnesses must have cosigned."""
        return len(self.witnesses) if self.quorum is None else self.quorum


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read the text of a checkpoint; raises VerificationFailed. The signatures have to be checked apart."""
    origin, size, root, *extensions = _lines(text)
    decoded = strict_base64(root)
    if not _DECIMAL.fullmatch(size) or int(size) >= 1 << 63:
        raise _malformed(f"its size is {size[:24]!r}, not a plain decimal number")
    if decoded is None or len(decoded) != HASH_BYTES:
        raise _malformed(f"its root is not the base64 of {HASH_BYTES} bytes")
    if int(size) == 0 and decoded != EMPTY_ROOT:
        raise _malformed("its size is 0 but its root is not that of the empty log")
    return Checkpoint(origin, int(size), decoded, tuple(extensions))


def open_checkpoint(data: bytes, key: VerifierKey) -> tuple[Checkpoint, Note]:
    """Return the checkpoint in a note, once `key` has signed it and the origin is that key's name.

    Raises VerificationFailed.
    """
    note = parse_note(data)
    if key not in signed_by(note, (key,)):
        raise VerificationFailed(
            f"The checkpoint is not signed by the key {key.name}+{key.key_id.hex()}.",
            remedy="Give the verifier key of this very log, from where it was published.",
            code="signature-missing",
        )
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != key.name:
        raise VerificationFailed(
            f"The checkpoint is of the log {checkpoint.origin!r}, the key of {key.name!r}.", code="origin-mismatch"
        )
    return checkpoint, note


def _lines(text: bytes) -> list[str]:
    lines = text.decode().split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise _malformed("it does not have three or more lines that are not empty")
    return lines[:-1]


def _malformed(why: str) -> VerificationFailed:
    return VerificationFailed(f"This is no checkpoint: {why}.", code="checkpoint-malformed")
