"""Signed notes and verifier keys, byte for byte as in C2SP signed-note (c2sp.org/signed-note), for Ed25519.

Pure: it parses, formats and verifies; where keys lie is in `audit.keys`, what a note says in `audit.treehead`.
Two kinds of key are known: 0x01 (Ed25519 over the text) and 0x04 (timestamped cosignature, c2sp.org/tlog-cosignature).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pellucid.errors import InputInvalid, VerificationFailed

ED25519 = 0x01
COSIGNATURE = 0x04
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
TIMESTAMP_BYTES = 8
LARGEST_NOTE = 1_000_000
MOST_SIGNATURES = 100
DASH = "\N{EM DASH} "

_PRIME = 2**255 - 19
_SMALL_ORDER = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "ec" + "ff" * 30 + "7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
)
"""Points of small order, sign bit cleared (RFC 8032 §5.1; the list is libsodium's): anybody can sign under them."""


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: key name, 32-bit key id, and what follows the id."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """Return the line as it stands in a note, with its newline."""
        return f"{DASH}{self.name} {base64.b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart; nothing in it may be believed before `signed_by` has passed."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def as_bytes(self) -> bytes:
        """Return the note as it is stored and sent."""
        return self.text + b"\n" + "".join(signature.line() for signature in self.signatures).encode()

    def with_signature(self, signature: NoteSignature) -> Note:
        """Return the note with one more signature; an earlier one by the same key makes room."""
        kept = (known for known in self.signatures if (known.name, known.key_id) != (signature.name, signature.key_id))
        return Note(self.text, (*kept, signature))


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key that somebody trusts: its name, kind (ED25519 or COSIGNATURE) and 32 bytes."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in (ED25519, COSIGNATURE) or len(self.public) != PUBLIC_KEY_BYTES:
            raise _bad_key(f"a key of kind {self.kind:#04x} with {len(self.public)} bytes")
        point = self.public[:31] + bytes([self.public[31] & 0x7F])
        if point in _SMALL_ORDER or int.from_bytes(point, "little") >= _PRIME:
            raise _bad_key("a point under which anybody can sign")

    @property
    def key_id(self) -> bytes:
        """Return the first four bytes of SHA-256(name ‖ 0x0A ‖ kind ‖ public key)."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `<name>+<key id in hex>+<base64>`; raises InputInvalid where the id does not belong to the key."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise _bad_key("no text of three parts parted by +")
        name, key_id, encoded = parts
        material = strict_base64(encoded)
        if not material:
            raise _bad_key("key material that is not base64")
        key = cls(name, material[0], material[1:])
        if key.key_id.hex() != key_id:
            raise _bad_key(f"the key id {key_id[:16]!r}, which belongs to another key")
        return key

    def verify(self, text: bytes, signature: NoteSignature) -> int:
        """Check one signature over a note's text; return its POSIX seconds (0 for a kind without a time).

        Raises VerificationFailed.
        """
        blob, seconds, message = signature.blob, 0, text
        if self.kind == COSIGNATURE:
            seconds = int.from_bytes(blob[:TIMESTAMP_BYTES])
            blob, message = blob[TIMESTAMP_BYTES:], cosigned_message(text, seconds)
        if len(blob) != SIGNATURE_BYTES or seconds >= 1 << 63 or (self.kind == COSIGNATURE and seconds == 0):
            raise _bad_signature(self.name)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message)
        except InvalidSignature:
            raise _bad_signature(self.name) from None
        return seconds


def cosigned_message(text: bytes, seconds: int) -> bytes:
    """Return what a cosignature/v1 signs: header line, time line, the whole text of the checkpoint."""
    return f"cosignature/v1\ntime {seconds}\n".encode() + text


def parse_note(data: bytes) -> Note:
    """Take a note apart; raises VerificationFailed for anything that is not exactly a signed note."""
    if len(data) > LARGEST_NOTE:
        raise _bad_note(f"it has {len(data)} bytes, more than {LARGEST_NOTE}")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise _bad_note("it is not UTF-8") from None
    if any(character < " " and character != "\n" for character in whole):
        raise _bad_note("it holds a control character")
    text, blank, signatures = whole.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise _bad_note("it has no blank line followed by signature lines")
    lines = signatures[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise _bad_note(f"it has {len(lines)} signatures, more than {MOST_SIGNATURES}")
    return Note(f"{text}\n".encode(), tuple(parse_signature_line(line) for line in lines))


def parse_signature_line(line: str) -> NoteSignature:
    """Read one signature line, with or without its newline; raises VerificationFailed."""
    name, space, encoded = line.removesuffix("\n").removeprefix(DASH).partition(" ")
    blob = strict_base64(encoded)
    if not line.startswith(DASH) or not space or not _is_name(name) or blob is None or len(blob) < 5:
        raise _bad_note("a signature line is not an em dash, a key name and base64")
    return NoteSignature(name, blob[:4], blob[4:])


def signed_by(note: Note, keys: Iterable[VerifierKey]) -> dict[VerifierKey, int]:
    """Return which of these keys signed the note, each with its POSIX seconds (0 without a time).

    Signatures by unknown keys are passed over. A signature that names a known key and does not verify rejects the
    whole note (VerificationFailed), as signed-note asks.
    """
    known = {(key.name, key.key_id): key for key in keys}
    signed: dict[VerifierKey, int] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            signed[key] = max(key.verify(note.text, signature), signed.get(key, 0))
    return signed


def strict_base64(text: str) -> bytes | None:
    """Decode RFC 4648 §4 base64; None for anything but the one canonical spelling."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def check_name(name: str) -> None:
    """Raise InputInvalid unless `name` may be a key name or an origin of ours."""
    if not _is_name(name):
        raise InputInvalid(
            f"{name!r} cannot name a key: it must be non-empty, without spaces, plus signs and control characters.",
            remedy="Use a name like a URL without its scheme: `example.com/log`.",
            code="key-name-invalid",
        )


def _is_name(name: str) -> bool:
    return bool(name) and not any(
        character.isspace() or character == "+" or character < " " or "\ud800" <= character <= "\udfff"
        for character in name
    )


def _bad_key(got: str) -> InputInvalid:
    return InputInvalid(
        f"This is no verifier key: it has {got}.",
        remedy="A verifier key is one line, `name+0123abcd+base64`; copy it whole from `keys/log.key.pub`.",
        code="key-invalid",
    )


def _bad_note(why: str) -> VerificationFailed:
    return VerificationFailed(f"This is no signed note: {why}.", code="note-malformed")


def _bad_signature(name: str) -> VerificationFailed:
    return VerificationFailed(f"The signature by {name} does not verify.", code="signature-invalid")
