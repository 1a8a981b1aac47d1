"""The form of an exported log, a folder of six files, line by line: pure, shared by `audit.export` and `audit.verify`.

Reading is strict, one spelling for one meaning, and goes only through the opener that is handed in.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from pellucid.audit.merkle import HASH_BYTES
from pellucid.audit.note import strict_base64
from pellucid.errors import VerificationFailed

CHECKPOINT = "checkpoint"
ENTRIES = "entries.jsonl"
LEAF_HASHES = "leaf_hashes.txt"
DETAILS = "details.txt"
OLDER_CHECKPOINTS = "checkpoints.txt"
README = "README.md"

FORMAT = """# An exported log of pellucid

Whoever holds the log's verifier key can check this folder without pellucid. Take that key, and the keys of the
witnesses, from elsewhere than this folder.

- `checkpoint`: the signed head of the log: a signed note (c2sp.org/signed-note) with a checkpoint
  (c2sp.org/tlog-checkpoint), signed with Ed25519 (kind 0x01), perhaps cosigned by witnesses
  (c2sp.org/tlog-cosignature, kind 0x04).
- `entries.jsonl`: the entries. Line N, counted from 0, holds the bytes of leaf N exactly as they were hashed, then one
  newline, which was not hashed. The bytes are JSON on one line: `v` (1), `action`, `actor`, `at` (UTC microseconds
  since 1970), `purpose`, `subject` (a pseudonym), `stamp`, `body`, `commitment`.
- `leaf_hashes.txt`: line N is the hash of leaf N, SHA-256(0x00 || bytes), in lowercase hex. They prove nothing by
  themselves; if an entry was altered, they name it.
- `details.txt`, only if details were exported: lines of leaf index, nonce and details, the last two in base64, parted
  by one space. `commitment` of that entry is the hex of SHA-256(nonce || details). Details may be erased: then the
  line is missing, and the log still verifies.
- `checkpoints.txt`: the earlier signed checkpoints, one a line, the whole note in base64.

To verify: check the signature of `checkpoint`; build the Merkle tree of RFC 9162, section 2.1 (SHA-256) over the lines
of `entries.jsonl`; its root and size must be those of the checkpoint; the tree over the first n lines must have the
root of each older checkpoint of size n. `pellucid audit verify` does this and more, and tells each step.
"""

BundleOpener = Callable[[str], "IO[bytes] | None"]
"""Opens a file of a bundle by its name for reading bytes; None where there is no such file."""


@dataclass(frozen=True, slots=True)
class StatedEntry:
    """One entry as handed over: its leaf index, its bytes, and the leaf hash stated beside it."""

    leaf: int
    body: bytes
    stated_hash: bytes


@dataclass(frozen=True, slots=True)
class StatedDetails:
    """Details as handed over: leaf index, nonce, bytes."""

    leaf: int
    nonce: bytes
    details: bytes


def entry_line(leaf: int, body: bytes) -> bytes:
    """Return the line of an entry; raises VerificationFailed for bytes that pellucid never wrote."""
    if b"\n" in body:
        raise VerificationFailed(
            f"Leaf {leaf} holds a newline, which no entry does: it was altered.", code="log-altered"
        )
    return body + b"\n"


def details_line(leaf: int, nonce: bytes, details: bytes) -> bytes:
    """Return the line of one entry's details."""
    return b"%d %s %s\n" % (leaf, base64.b64encode(nonce), base64.b64encode(details))


def older_checkpoint_line(note: bytes) -> bytes:
    """Return the line of an older checkpoint."""
    return base64.b64encode(note) + b"\n"


def read_checkpoint(open_file: BundleOpener) -> bytes | None:
    """Return the signed head, or None if the bundle has none."""
    file = open_file(CHECKPOINT)
    if file is None:
        return None
    with file:
        return file.read()


def read_older_checkpoints(open_file: BundleOpener) -> tuple[bytes, ...]:
    """Return the notes of earlier checkpoints; raises VerificationFailed."""
    notes: list[bytes] = []
    for line in _lines(open_file, OLDER_CHECKPOINTS):
        note = _decoded(line)
        if note is None:
            raise _malformed(f"{OLDER_CHECKPOINTS} holds a line that is not base64.")
        notes.append(note)
    return tuple(notes)


def read_entries(open_file: BundleOpener) -> Iterator[StatedEntry]:
    """Yield the entries in order; raises VerificationFailed while yielding."""
    hashes = _lines(open_file, LEAF_HASHES)
    for leaf, body in enumerate(_lines(open_file, ENTRIES)):
        yield StatedEntry(leaf, body, _hash_of(next(hashes, b""), leaf))
    if next(hashes, None) is not None:
        raise _malformed(f"{LEAF_HASHES} has more lines than {ENTRIES}: entries were taken away.")


def read_details(open_file: BundleOpener) -> Iterator[StatedDetails] | None:
    """Return the details in order, raising VerificationFailed while yielding; None if the bundle has no such file."""
    file = open_file(DETAILS)
    if file is None:
        return None
    file.close()
    return (_details_of(line) for line in _lines(open_file, DETAILS))


def _hash_of(line: bytes, leaf: int) -> bytes:
    try:
        hashed = bytes.fromhex(line.decode("ascii"))
    except ValueError:
        hashed = b""
    if hashed.hex().encode() != line or len(hashed) != HASH_BYTES:
        raise _malformed(f"{LEAF_HASHES} has no hash for leaf {leaf}.")
    return hashed


def _details_of(line: bytes) -> StatedDetails:
    parts = line.split(b" ")
    nonce, details = (_decoded(parts[1]), _decoded(parts[2])) if len(parts) == 3 else (None, None)
    if nonce is None or details is None or not parts[0].isdigit() or b"%d" % int(parts[0][:19]) != parts[0]:
        raise _malformed(f"{DETAILS} holds a line that is no details.")
    return StatedDetails(int(parts[0]), nonce, details)


def _decoded(encoded: bytes) -> bytes | None:
    return strict_base64(encoded.decode("latin-1"))


def _lines(open_file: BundleOpener, name: str) -> Iterator[bytes]:
    file = open_file(name)
    if file is None:
        return
    with file:
        for line in file:
            if not line.endswith(b"\n"):
                raise _malformed(f"{name} does not end with a newline: it was cut.")
            yield line[:-1]


def _malformed(message: str) -> VerificationFailed:
    return VerificationFailed(message, code="bundle-malformed")
