"""Inclusion proofs of single entries as files, in the form of c2sp.org/tlog-proof@v1. Pure.

A proof says that the bytes of one entry stand at one place in a log that its key, and its witnesses, vouch for. The
entry itself is not in the proof: whoever checks it brings the bytes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.audit.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from pellucid.audit.note import VerifierKey, signed_by, strict_base64
from pellucid.audit.treehead import Checkpoint, TrustKeys, open_checkpoint
from pellucid.errors import VerificationFailed

HEADER = "c2sp.org/tlog-proof@v1"
LONGEST_PATH = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class LogProof:
    """A proof taken apart: leaf index, path from the leaf's sibling up, the checkpoint's note verbatim."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """What a proof established: where the entry stands, in which head, and when which witness saw that head."""

    index: int
    checkpoint: Checkpoint
    witnessed: tuple[tuple[str, int], ...]


def format_proof(proof: LogProof) -> bytes:
    """Return the bytes of a `.tlog-proof` file."""
    extra = [] if proof.extra is None else [f"extra {base64.b64encode(proof.extra).decode()}"]
    path = [base64.b64encode(sibling).decode() for sibling in proof.path]
    return "\n".join([HEADER, *extra, f"index {proof.index}", *path, "", ""]).encode() + proof.checkpoint


def parse_proof(data: bytes) -> LogProof:
    """Take a proof file apart, strictly; raises VerificationFailed."""
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise _malformed("it is not ASCII before its checkpoint") from None
    if not blank or lines[0] != HEADER:
        raise _malformed(f"it does not begin with {HEADER}")
    extra: bytes | None = None
    if len(lines) > 1 and lines[1].startswith("extra "):
        extra = strict_base64(lines.pop(1).removeprefix("extra "))
        if extra is None:
            raise _malformed("its extra line is not base64")
    index = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
    if index is None or int(index[1]) >= 1 << 63:
        raise _malformed("it has no index line")
    return LogProof(int(index[1]), _path(lines[2:]), checkpoint, extra)


def verify_proof(data: bytes, entry: bytes, trust: TrustKeys) -> ProvenEntry:
    """Check that the log vouches for the bytes of an entry; raises VerificationFailed.

    The steps are those of tlog-proof: hash the entry, signature of the log, cosignatures of the witnesses, path.
    """
    proof = parse_proof(data)
    checkpoint, _ = open_checkpoint(proof.checkpoint, trust.log)
    witnessed = cosignatures(proof.checkpoint, trust)
    verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root)
    return ProvenEntry(proof.index, checkpoint, tuple((key.name, seconds) for key, seconds in witnessed.items()))


def cosignatures(checkpoint_note: bytes, trust: TrustKeys) -> dict[VerifierKey, int]:
    """Return which trusted witnesses cosigned, with POSIX seconds; raises VerificationFailed below the quorum."""
    _, note = open_checkpoint(checkpoint_note, trust.log)
    found = signed_by(note, trust.witnesses)
    if len(found) < trust.needed:
        missing = ", ".join(key.name for key in trust.witnesses if key not in found)
        raise VerificationFailed(
            f"{len(found)} of the {trust.needed} witnesses needed cosigned the checkpoint; not: {missing}.",
            remedy="Have the witness cosign the newest checkpoint, or ask it what it saw last.",
            code="witness-missing",
        )
    return found


def _path(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > LONGEST_PATH:
        raise _malformed(f"its path has {len(lines)} hashes, more than {LONGEST_PATH}")
    path: list[bytes] = []
    for line in lines:
        decoded = strict_base64(line)
        if decoded is None or len(decoded) != HASH_BYTES:
            raise _malformed(f"its path holds something else than the base64 of {HASH_BYTES} bytes")
        path.append(decoded)
    return tuple(path)


def _malformed(why: str) -> VerificationFailed:
    return VerificationFailed(f"This is no proof: {why}.", code="proof-malformed")
