"""What makes a folder a backup: a manifest with the checksum of every file, signed by the log's key, written last.

It is a note (c2sp.org/signed-note) whose first line no checkpoint can have, for a log's name holds no spaces.
"""

from __future__ import annotations

import hmac
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from pellucid.audit.canonical import canonical_bytes
from pellucid.audit.keys import SigningKey, load_signing_key, make_private_folder, public_path
from pellucid.audit.note import Note, VerifierKey, parse_note, signed_by
from pellucid.audit.witness import write_durably
from pellucid.errors import InputInvalid, VerificationFailed, WorkspaceUnusable
from pellucid.subjects.keys import load_or_create_key

MANIFEST = "manifest"
HEADER = b"pellucid backup v1\n"
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself: whose it is, when (UTC µs) and of what state, and the SHA-256 of each file.

    `pseudonyms` tells the pseudonym key that fits from any other, without giving it away.
    """

    identity: str
    origin: str
    at: int
    entries: int
    root: str
    pseudonyms: str
    files: Mapping[str, str]

    def signed(self, key: SigningKey) -> bytes:
        """Return the manifest as it stands in its file."""
        text = HEADER + canonical_bytes(asdict(self)) + b"\n"
        return Note(text, (key.sign(text),)).as_bytes()


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a workspace, which are backed up apart."""

    log: SigningKey
    pseudonyms: bytes

    @classmethod
    def load(cls, log: Path, pseudonyms: Path) -> Keys:
        """Read both; raises WorkspaceUnusable if one is missing, damaged or readable by others."""
        if not pseudonyms.is_file():
            raise WorkspaceUnusable(
                f"The key {pseudonyms.name} is missing.",
                remedy="Name the folder in which the keys were backed up, apart from the data.",
                code="key-unusable",
            )
        return cls(load_signing_key(log), load_or_create_key(pseudonyms))

    def mark(self) -> str:
        """Return what stands in a manifest for the pseudonym key."""
        return hmac.new(self.pseudonyms, b"pellucid backup v1\0", sha256).hexdigest()


def read_manifest(backup: Path, key: VerifierKey) -> Manifest:
    """Return the manifest of a backup, once its signature has proved right; raises InputInvalid, VerificationFailed."""
    try:
        data = (backup / MANIFEST).read_bytes()
    except OSError:
        raise InputInvalid(
            "There is no backup in that folder, or one that was never finished.",
            remedy="Name the folder of a backup that `pellucid backup` said was done.",
            code="backup-incomplete",
        ) from None
    note = parse_note(data)
    if key not in signed_by(note, (key,)) or not note.text.startswith(HEADER):
        raise _altered("its manifest is not signed by the key of the log that was given")
    found = json.loads(note.text.removeprefix(HEADER))
    manifest = Manifest(**found)
    if manifest.origin != key.name:
        raise _altered("it is of another log")
    return manifest


def copy_files(backup: Path, manifest: Manifest, target: Path) -> None:
    """Copy what the manifest names, and nothing else, into a folder; raises VerificationFailed for any other byte."""
    for name, expected in sorted(manifest.files.items()):
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts:
            raise _altered(f"it names a file outside itself, {name!r}")
        copied = target / name
        make_private_folder(copied.parent)
        try:
            hashed = copy_hashed(backup / name, copied)
        except FileNotFoundError:
            raise _altered(f"the file {name} is missing") from None
        if hashed != expected:
            raise _altered(f"the file {name} does not have its checksum")


def copy_hashed(source: Path, target: Path) -> str:
    """Copy a file with its mode, durably, into a new one and return the SHA-256 of what was copied."""
    hashed = sha256()
    with source.open("rb") as read:
        mode = os.fstat(read.fileno()).st_mode & 0o777
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as written:
            while chunk := read.read(CHUNK):
                hashed.update(chunk)
                written.write(chunk)
            written.flush()
            os.fsync(written.fileno())
    target.chmod(mode)
    return hashed.hexdigest()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, once it is on the disk."""
    hashed = sha256()
    with path.open("rb") as file:
        os.fsync(file.fileno())
        while chunk := file.read(CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


def write_manifest(backup: Path, manifest: Manifest, key: SigningKey) -> None:
    """Make the folder a backup."""
    write_durably(backup / MANIFEST, manifest.signed(key))


def copy_keys(keys: Path, log_key: str, pseudonym_key: str, others: tuple[str, ...], target: Path) -> None:
    """Copy the keys of a workspace into a new folder of their own (0700); the `others` where they are there."""
    make_private_folder(target)
    for name in (log_key, public_path(Path(log_key)).name, pseudonym_key):
        copy_hashed(keys / name, target / name)
    for name in others:
        if (keys / name).is_file():
            load_or_create_key(keys / name)  # a link, or one that others may read, is not carried on
            copy_hashed(keys / name, target / name)


def demand_new(folder: Path, what: str) -> None:
    """Raise InputInvalid unless there is nothing at a path."""
    if folder.exists() or folder.is_symlink():
        raise InputInvalid(
            f"There is something already where {what} shall be.", remedy="Name a new folder.", code="folder-in-use"
        )


def remove(folder: Path) -> None:
    """Take away a folder that was not finished."""
    shutil.rmtree(folder, ignore_errors=True)


def _altered(why: str) -> VerificationFailed:
    return VerificationFailed(
        f"The backup does not hold: {why}.",
        remedy="Use another backup, and keep this one as evidence.",
        code="backup-altered",
    )
