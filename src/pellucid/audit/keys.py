"""Signing keys of logs and witnesses: made once, kept in files that only their owner may read (0600 in a 0700 folder).

The file holds one line in the form of golang.org/x/mod/sumdb/note, `PRIVATE+KEY+name+id+base64(kind ‖ seed)`; beside
it `<file>.pub` holds the verifier key to publish. Nothing here knows of checkpoints.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pellucid.audit.note import COSIGNATURE, ED25519, NoteSignature, VerifierKey, cosigned_message, strict_base64
from pellucid.errors import InputInvalid, WorkspaceUnusable

_PREFIX = "PRIVATE+KEY+"
_SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A named Ed25519 key of one kind (note.ED25519 or note.COSIGNATURE). Its seed is in no repr."""

    name: str
    kind: int
    seed: bytes = field(repr=False)

    @property
    def verifier(self) -> VerifierKey:
        """Return the public half, to hand to those who verify."""
        return VerifierKey(self.name, self.kind, self._private().public_key().public_bytes_raw())

    def sign(self, text: bytes) -> NoteSignature:
        """Sign the text of a note (kind ED25519)."""
        self._demand(ED25519)
        return NoteSignature(self.name, self.verifier.key_id, self._private().sign(text))

    def cosign(self, text: bytes, seconds: int) -> NoteSignature:
        """Cosign the text of a checkpoint as of `seconds` since 1970 (kind COSIGNATURE)."""
        self._demand(COSIGNATURE)
        if not 0 < seconds < 1 << 63:
            raise InputInvalid(f"A cosignature's time must lie after 1970, got {seconds}.", code="time-invalid")
        signature = self._private().sign(cosigned_message(text, seconds))
        return NoteSignature(self.name, self.verifier.key_id, seconds.to_bytes(8) + signature)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def _demand(self, kind: int) -> None:
        if self.kind != kind:
            raise InputInvalid(f"The key {self.name} is of kind {self.kind:#04x}, not {kind:#04x}.", code="key-invalid")


def create_signing_key(path: Path, name: str, kind: int = ED25519) -> SigningKey:
    """Make a key, write it to `path` (0600; its folder, if missing, 0700) and its verifier key to `path` + `.pub`.

    Raises InputInvalid if the name cannot be a key name or the file is there already: a key is never overwritten.
    """
    key = SigningKey(name, kind, Ed25519PrivateKey.generate().private_bytes_raw())
    verifier = key.verifier
    make_private_folder(path.parent)
    secret = base64.b64encode(bytes([kind]) + key.seed).decode()
    try:
        _write_new(path, f"{_PREFIX}{name}+{verifier.key_id.hex()}+{secret}\n", 0o600)
    except FileExistsError:
        raise InputInvalid(
            f"There is a key at {path.name} already; keys are never overwritten.",
            remedy="Choose another folder, or move the old key away.",
            code="key-exists",
        ) from None
    _write_new(public_path(path), f"{verifier}\n", 0o644)
    return key


def load_signing_key(path: Path) -> SigningKey:
    """Read a key; raises WorkspaceUnusable if it is missing, damaged, or readable by others."""
    try:
        exposed = path.stat().st_mode & 0o077
        text = path.read_text(encoding="ascii").removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        raise _unusable(path, "is missing or cannot be read", "Restore it from the backup of the keys.") from None
    if exposed:
        raise _unusable(path, "may be read by other users of this machine", f"Run `chmod 600 {path.name}`.")
    parts = text.removeprefix(_PREFIX).split("+", 2)
    material = strict_base64(parts[2]) if text.startswith(_PREFIX) and len(parts) == 3 else None
    if material is None or len(material) != 1 + _SEED_BYTES or material[0] not in (ED25519, COSIGNATURE):
        raise _unusable(path, "is damaged", "Restore it from the backup of the keys.")
    key = SigningKey(parts[0], material[0], material[1:])
    if key.verifier.key_id.hex() != parts[1]:
        raise _unusable(path, "is damaged", "Restore it from the backup of the keys.")
    return key


def public_path(path: Path) -> Path:
    """Return where the verifier key of the key at `path` lies."""
    return path.with_name(f"{path.name}.pub")


def load_verifier_key(text_or_path: str) -> VerifierKey:
    """Read a verifier key given as its text or as the path of a file that holds it; raises InputInvalid."""
    path = Path(text_or_path)
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else text_or_path
    except (OSError, UnicodeDecodeError):
        raise InputInvalid("The file of the verifier key cannot be read.", code="key-invalid") from None
    return VerifierKey.parse(text)


def make_private_folder(folder: Path) -> None:
    """Create a folder that only its owner may enter, or tighten the one that is there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def _write_new(path: Path, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _unusable(path: Path, what: str, remedy: str) -> WorkspaceUnusable:
    return WorkspaceUnusable(f"The key {path.name} {what}.", remedy=remedy, code="key-unusable")
