"""The manifest of a package for a customer, and checking a package offline: it needs the folder and the log's key.

What the files say is the controller's to answer for; this shows that they are the files that it signed, all of them.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pellucid.audit.canonical import canonical_bytes
from pellucid.audit.note import VerifierKey, parse_signature_line
from pellucid.errors import InputInvalid, RecordingFailed, VerificationFailed

FORMAT = "pellucid package v1"
MANIFEST = "manifest.json"
SIGNATURE = "signature"
LARGEST = 10_000_000
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class VerifiedPackage:
    """A package that holds: its manifest, and the steps in words."""

    manifest: Mapping[str, Any]
    steps: tuple[str, ...]


def verify_package(folder: Path, key: VerifierKey) -> VerifiedPackage:
    """Verify an unpacked package; raises VerificationFailed at the first wrong step.

    1. Form: a manifest that lists files by plain names below the folder.
    2. Signature: the log's key signed the manifest.
    3. Files: each that is listed is there, with its size and SHA-256.
    4. Nothing else: no file is there that is not listed.
    """
    # 1.
    manifest = _manifest(folder)
    files = {name: each for name, each in _files(manifest)}
    # 2.
    _verify_signature(manifest, key)
    # 3.
    for name, each in files.items():
        _verify_file(folder, name, each)
    # 4.
    for name in _found(folder):
        if name != MANIFEST and name not in files:
            raise _wrong(f"it holds a file that is not listed, {name!r}")
    signed_by = f"{key.name}+{key.key_id.hex()}"
    steps = (
        f"1 held: a manifest of {len(files)} files.",
        f"2 held: signed by {signed_by}.",
        "3 held: every file has the size and the hash that were signed for.",
        "4 held: no other file is there.",
    )
    return VerifiedPackage(manifest, steps)


def signed_content(manifest: Mapping[str, Any]) -> bytes:
    """Return the bytes that a manifest's signature is over; raises VerificationFailed for what cannot be signed."""
    said = {name: value for name, value in manifest.items() if name != SIGNATURE}
    try:
        return f"{FORMAT}\n".encode() + canonical_bytes(said) + b"\n"
    except (RecordingFailed, RecursionError):
        raise _malformed("it holds something that has no exact spelling") from None


def digest_of(path: Path) -> tuple[int, str]:
    """Return the size and the SHA-256 (hex) of a plain file, read in blocks; raises OSError for anything else."""
    digest, size = sha256(), 0
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("not a plain file")
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise InputInvalid(
            "There is no such folder.", remedy="Unpack the package, and name the folder.", code="file-unreadable"
        )
    try:
        with (folder / MANIFEST).open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise _malformed("it is too long")
        found = json.loads(data.decode(), object_pairs_hook=_distinct)
    except (OSError, ValueError, RecursionError):
        raise _malformed("it cannot be read as JSON in which every name stands once") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get(SIGNATURE), str):
        raise _malformed(f"it is no signed {FORMAT}")
    return found


def _files(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    files = manifest.get("files")
    if not isinstance(files, list):
        raise _malformed("it lists no files")
    seen: set[str] = set()
    for each in files:
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise _malformed("it lists a file without a name")
        name = each["name"]
        if name in seen or not name or any(part in ("", ".", "..") for part in name.split("/")) or "\0" in name:
            raise _malformed(f"it lists the name {name!r}")
        seen.add(name)
        yield name, each


def _verify_signature(manifest: Mapping[str, Any], key: VerifierKey) -> None:
    signature = parse_signature_line(manifest[SIGNATURE])
    if (signature.name, signature.key_id) != (key.name, key.key_id):
        raise VerificationFailed(
            f"The package is not signed by the key {key.name}+{key.key_id.hex()}.",
            remedy="Give the verifier key of the controller's log, from where it was published.",
            code="signature-missing",
        )
    key.verify(signed_content(manifest), signature)


def _verify_file(folder: Path, name: str, listed: Mapping[str, Any]) -> None:
    try:
        size, digest = digest_of(folder / name)
    except OSError:
        raise _wrong(f"the file {name!r} is missing, or is no plain file") from None
    if (size, digest) != (listed.get("bytes"), listed.get("sha256")):
        raise _wrong(f"the file {name!r} is another than the one that was signed for")


def _found(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        for name in (*names, *(each for each in folders if (here / each).is_symlink())):
            yield (here / name).relative_to(folder).as_posix()


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Of two values under one name, two readers could each believe another one.
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields


def _malformed(why: str) -> VerificationFailed:
    return VerificationFailed(f"The manifest of the package cannot be used: {why}.", code="package-malformed")


def _wrong(why: str) -> VerificationFailed:
    return VerificationFailed(
        f"The package does not hold: {why}.",
        remedy="Ask the controller for the package again, and keep this one: it shows that something was altered.",
        code="package-altered",
    )
