"""The journal: a file outside the workspace that every committed change reaches before anybody is told of it.

It is lines of JSON. A seal ends each stretch of changes and says how far the workspace had come; its MAC runs over the
stretch and the seal before it, under a key that comes from the pseudonym key, which is backed up apart. What follows
the last seal was cut off while it was written, so nobody was told of it. The end alone is not protected: a journal that
was cut at a seal looks whole, and only a checkpoint from elsewhere finds that.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from pellucid.backups.changes import Change, Place, as_line
from pellucid.errors import InputInvalid, VerificationFailed

KEY_CONTEXT = b"pellucid journal v1\0"
TAIL = 1 << 16
"""Bytes in which the last seal is looked for first."""

_SEAL = b'{"seal":'


@dataclass(frozen=True, slots=True)
class Seal:
    """The end of a stretch: how far the workspace had come, whether the journal ends here for good, and its MAC."""

    place: Place
    closed: bool
    mac: str

    @classmethod
    def over(cls, key: bytes, before: str, stretch: bytes, place: Place, *, closed: bool = False) -> Seal:
        """Seal the hash of a stretch of lines."""
        said = as_line({"place": place.as_json(), "closed": closed})
        return cls(place, closed, hmac.new(key, bytes.fromhex(before) + stretch + said, sha256).hexdigest())

    def line(self) -> bytes:
        """Return the seal as it stands in the file."""
        return as_line({"seal": {"place": self.place.as_json(), "closed": self.closed, "mac": self.mac}})

    @classmethod
    def parse(cls, line: bytes) -> Seal:
        """Read a seal; raises ValueError or TypeError for a line that is none."""
        found = json.loads(line)["seal"]
        if found.keys() != {"place", "closed", "mac"}:
            raise ValueError("not a seal")
        return cls(Place.from_json(found["place"]), bool(found["closed"]), str(found["mac"]))


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of changes and how far the workspace had come with them; `closed` says that the journal ends here."""

    changes: list[Change]
    place: Place
    closed: bool = False


def journal_key(pseudonym_key: bytes) -> bytes:
    """Return the key that seals the journals of the workspace with this pseudonym key."""
    return hmac.new(pseudonym_key, KEY_CONTEXT, sha256).digest()


def create_journal(path: Path, key: bytes, origin: str, place: Place) -> None:
    """Make a journal (0600) of a log that begins at a place; raises InputInvalid where something lies already."""
    head = as_line({"journal": 1, "origin": origin})
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(head + Seal.over(key, "", sha256(head).digest(), place).line())
            sync(file)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError:
        raise InputInvalid(
            "The journal cannot be begun there.",
            remedy="Name a new file in a folder that exists, best on another machine's disk.",
            code="journal-place",
        ) from None


def read_journal(path: Path, pseudonym_key: bytes, origin: str) -> Iterator[Segment]:
    """Yield the stretches of a journal, each once its seal has proved right; raises VerificationFailed."""
    key, before, hashed = journal_key(pseudonym_key), "", sha256()
    changes: list[Change] = []
    for number, line in enumerate(_whole_lines(path)):
        try:
            if number == 0:
                _demand_head(line, origin)
            elif line.startswith(_SEAL):
                seal = Seal.parse(line)
                right = Seal.over(key, before, hashed.digest(), seal.place, closed=seal.closed)
                if not hmac.compare_digest(right.mac, seal.mac) or seal.line() != line:
                    raise ValueError("another MAC")
                yield Segment(changes, seal.place, seal.closed)
                before, hashed, changes = seal.mac, sha256(), []
                continue
            else:
                changes.append(Change.from_json(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise _damaged(number) from None
        hashed.update(line)
    if not before:
        raise _damaged(0)


def _demand_head(line: bytes, origin: str) -> None:
    if json.loads(line) != {"journal": 1, "origin": origin}:
        raise ValueError("the journal of another log")


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines; a last one that was cut while it was written is left out, one that only looks so is not."""
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n") or not _is_cut(line):
                    yield line
    except OSError:
        raise InputInvalid("The journal cannot be read.", remedy="Name its file.", code="journal-missing") from None


def _is_cut(line: bytes) -> bool:
    text = line.decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return True
    return end == len(text)  # else something else stands where the newline was


def last_seal(file: IO[bytes]) -> tuple[int, Seal]:
    """Return the last seal and where it ends; raises ValueError if there is none."""
    size = file.seek(0, os.SEEK_END)
    for window in (TAIL, size):
        start = max(0, size - window)
        file.seek(start)
        found = file.read()
        at = found.rfind(b"\n" + _SEAL)
        while at >= 0:
            end = found.find(b"\n", at + 1)
            if end >= 0:
                return start + end + 1, Seal.parse(found[at + 1 : end + 1])
            at = found.rfind(b"\n" + _SEAL, 0, at)
    raise ValueError("no seal")


def sync(file: IO[bytes]) -> None:
    """See to it that what was written is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def _damaged(number: int) -> VerificationFailed:
    return VerificationFailed(
        f"The journal does not hold from its line {number + 1} on: it was altered, or belongs to other keys.",
        remedy="Use the journal as it was written, with the keys of its workspace.",
        code="journal-altered",
    )
