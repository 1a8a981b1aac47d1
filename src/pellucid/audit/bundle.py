"""The form of an exported log, a folder of six files, line by line: pure, shared by `audit.export` and `audit.verify`.

Reading is strict, one spelling for one meaning, and goes only through the opener that is handed in.
"""

from __future__ import annotations

import base64
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import IO

from pellucid.audit.chunk import CHUNK, Chunk, InOrder, SealedChunk, StatedDetails
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
    file = open_file(OLDER_CHECKPOINTS)
    if file is None:
        raise _malformed(f"{OLDER_CHECKPOINTS} is missing.")
    notes: list[bytes] = []
    with file:
        for line in file:
            note = strict_base64(line[:-1].decode("latin-1")) if line.endswith(b"\n") else None
            if note is None:
                raise _malformed(f"{OLDER_CHECKPOINTS} holds a line that is not base64.")
            notes.append(note)
    return tuple(notes)


def has_details(open_file: BundleOpener) -> bool:
    """Return whether details were exported."""
    file = open_file(DETAILS)
    if file is None:
        return False
    file.close()
    return True


def read_chunks(open_file: BundleOpener) -> Iterator[SealedChunk]:
    """Yield the entries in order with their stated hashes and their details, as they lie in the files."""
    entries, hashes = _lines(open_file, ENTRIES), _lines(open_file, LEAF_HASHES)
    details = InOrder(_lines(open_file, DETAILS), _leaf_of)
    first = 0
    while bodies := list(islice(entries, CHUNK)):
        stated = list(islice(hashes, len(bodies)))
        yield partial(open_lines, first, bodies, stated, details.below(first + len(bodies)))
        first += len(bodies)
    yield partial(open_lines, first, [], list(islice(hashes, 1)), details.rest())


def open_lines(first: int, bodies: Sequence[bytes], hashes: Sequence[bytes], details: Sequence[bytes]) -> Chunk:
    """Read the lines of a chunk apart, newlines and all."""
    broken: str | None = None
    stated, bad = _hashes_of(hashes)
    if bad is not None or len(stated) < len(bodies):
        broken = f"{LEAF_HASHES} has no hash for leaf {first + len(stated)}."
    elif len(stated) > len(bodies):
        broken = f"{LEAF_HASHES} has more lines than {ENTRIES}: entries were taken away."
    elif bodies and not bodies[-1].endswith(b"\n"):
        broken = f"{ENTRIES} does not end with a newline: it was cut."
        stated.pop()
    whole = min(len(stated), len(bodies))
    found = [_details_of(line) for line in details]
    return Chunk(
        first,
        [body[:-1] for body in bodies[:whole]],
        stated[:whole],
        [each for each in found if each is not None],
        [f"{DETAILS} holds a line that is no details."] * found.count(None),
        None if broken is None else (3, broken),
    )


_HASH_LINES = re.compile(rb"(?:[0-9a-f]{64}\n)*")
_DETAILS_LINE = re.compile(rb"(0|[1-9][0-9]{0,18}) ([A-Za-z0-9+/]+={0,2}) ([A-Za-z0-9+/]+={0,2})\n")


def _hashes_of(lines: Sequence[bytes]) -> tuple[list[bytes], int | None]:
    """Return the hashes of all lines before the first that is none, and that line's place."""
    joined = b"".join(lines)
    good = _HASH_LINES.match(joined)
    length = 0 if good is None else good.end()
    raw = bytes.fromhex(joined[:length].decode("ascii"))
    found = [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
    return found, None if length == len(joined) else len(found)


def _leaf_of(line: bytes) -> int | None:
    digits = line[: line.find(b" ", 0, 20)]
    return int(digits) if digits.isdigit() else None


def _details_of(line: bytes) -> StatedDetails | None:
    found = _DETAILS_LINE.fullmatch(line)
    if found is None:
        return None
    leaf, nonce, details = found.groups()
    try:
        stated = StatedDetails(int(leaf), a2b_base64(nonce), a2b_base64(details))
    except ValueError:
        return None
    # One spelling for one meaning: base64 leaves bits over that nobody would look at.
    exact = b2a_base64(stated.nonce, newline=False) == nonce and b2a_base64(stated.details, newline=False) == details
    return stated if exact else None


def _lines(open_file: BundleOpener, name: str) -> Iterator[bytes]:
    file = open_file(name)
    if file is not None:
        with file:
            yield from file


def _malformed(message: str) -> VerificationFailed:
    return VerificationFailed(message, code="bundle-malformed")
