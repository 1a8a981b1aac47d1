"""Each subject's own random key, under which their pseudonyms in the log are made. Destroying it unlinks them for good.

Keys are made when a subject is first named in the log and stored wrapped (AES-256-GCM, bound to the subject) under the
workspace's pseudonym key, a file outside the control database. Nothing here encrypts customer data.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, delete, insert, select

from pellucid.errors import NameUnknown, VerificationFailed, WorkspaceUnusable
from pellucid.records.tables import subject_keys, subjects

KEY_BYTES = 32
NONCE_BYTES = 12
LOOKUP = 5_000
NOBODY = -1
"""An id that no subject has."""
PSEUDONYM_CONTEXT = b"pellucid subject pseudonym v1\0"
COMMITMENT_CONTEXT = b"pellucid commitment v1\0"
WRAP_CONTEXT = b"pellucid subject key v1\0"

_HELD = select(subject_keys.c.id, subject_keys.c.wrapped).where(
    subject_keys.c.namespace == bindparam("namespace"), subject_keys.c.id.in_(bindparam("ids", expanding=True))
)
_PUT = insert(subject_keys)
# "natural_key IS NOT NULL" in the WHERE would make SQLite walk the whole namespace by the other index.
_PRESENT = select(subjects.c.id, subjects.c.natural_key.is_(None).label("erased")).where(
    subjects.c.namespace == bindparam("namespace"), subjects.c.id.in_(bindparam("ids", expanding=True))
)


def load_or_create_key(path: Path) -> bytes:
    """Return the 32-byte key in a file, made with mode 0600 if there is none; two makers at once get the same key.

    Raises WorkspaceUnusable for a file that others may read, a link, or one of another size.
    """
    if not path.exists() and not path.is_symlink():
        _create_key(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        raise _unusable(path, "cannot be opened as a plain file") from None
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise _unusable(path, "can be read by others", remedy=f"Run: chmod 600 {path}")
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise _unusable(path, f"does not hold exactly {KEY_BYTES} bytes")
    return key


def _create_key(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)  # fails where somebody was first, and never replaces their key
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink()


class SubjectKeys:
    """Makes, wraps and uses subjects' keys. Making one writes, so pseudonyms are asked for in a write transaction."""

    def __init__(self, wrap_key: bytes) -> None:
        self._wrap = AESGCM(wrap_key)
        self._nobodys = self._wrapped("", NOBODY, bytes(KEY_BYTES))

    def pseudonym(self, connection: Connection, namespace: str, subject: int) -> str:
        """Return the pseudonym (64 hex digits) of a subject in the log; raises NameUnknown for an id never given."""
        return self.pseudonyms(connection, namespace, [subject])[0]

    def pseudonyms(self, connection: Connection, namespace: str, ids: Sequence[int]) -> list[str]:
        """Return the pseudonyms of many subjects, in their order, making the keys that are missing."""
        keys = self._held(connection, namespace, ids)
        missing = sorted(set(ids) - keys.keys())
        if missing:
            keys |= self._make(connection, namespace, missing)
        return [_pseudonym(keys[subject], namespace, subject) for subject in ids]

    def known_pseudonym(self, connection: Connection, namespace: str, subject: int) -> str | None:
        """Return the pseudonym of a subject who was named in the log; None of who never was. Writes nothing."""
        key = self._held(connection, namespace, [subject]).get(subject)
        return None if key is None else _pseudonym(key, namespace, subject)

    def for_nobody(self, connection: Connection, namespace: str) -> None:
        """Do the work of `pseudonym` for nobody, so that the time it takes does not tell who is known."""
        self._held(connection, namespace, [NOBODY])
        _pseudonym(self._unwrap("", NOBODY, self._nobodys), namespace, NOBODY)

    def commitment(self, connection: Connection, namespace: str, subject: int, value: bytes) -> str:
        """Return a keyed hash (64 hex digits) of something about a subject: without their key it tells nothing of it.

        Raises NameUnknown for an id never given or erased.
        """
        self.pseudonym(connection, namespace, subject)  # makes the key if there is none
        key = self._held(connection, namespace, [subject])[subject]
        return hmac.digest(key, COMMITMENT_CONTEXT + value, "sha256").hex()

    def destroy(self, connection: Connection, namespace: str, subject: int) -> None:
        """Delete a subject's key: log entries about them can then no longer be tied to anybody."""
        connection.execute(
            delete(subject_keys).where(subject_keys.c.namespace == namespace, subject_keys.c.id == subject)
        )

    def seal(self, context: bytes, data: bytes) -> bytes:
        """Encrypt what has to be kept for a while and be no trace of anybody meanwhile; `context` binds it."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._wrap.encrypt(nonce, data, context)

    def open(self, context: bytes, sealed: bytes) -> bytes:
        """Return what `seal` was given; raises VerificationFailed for what was sealed otherwise."""
        try:
            return self._wrap.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise VerificationFailed(
                "What was sealed does not open under this workspace's pseudonym key.",
                remedy="Restore the keys folder and control.sqlite from the same backup.",
                code="seal-damaged",
            ) from None

    def _held(self, connection: Connection, namespace: str, ids: Sequence[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        wanted = sorted(set(ids))
        for offset in range(0, len(wanted), LOOKUP):
            named = {"namespace": namespace, "ids": wanted[offset : offset + LOOKUP]}
            for row in connection.execute(_HELD, named):
                found[row.id] = self._unwrap(namespace, row.id, bytes(row.wrapped))
        return found

    def _make(self, connection: Connection, namespace: str, ids: Sequence[int]) -> dict[int, bytes]:
        _demand_present(connection, namespace, ids)
        made = {subject: secrets.token_bytes(KEY_BYTES) for subject in ids}
        connection.execute(
            _PUT,
            [
                {"namespace": namespace, "id": subject, "wrapped": self._wrapped(namespace, subject, key)}
                for subject, key in made.items()
            ],
        )
        return made

    def _wrapped(self, namespace: str, subject: int, key: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._wrap.encrypt(nonce, key, WRAP_CONTEXT + _named(namespace, subject))

    def _unwrap(self, namespace: str, subject: int, wrapped: bytes) -> bytes:
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return self._wrap.decrypt(nonce, sealed, WRAP_CONTEXT + _named(namespace, subject))
        except (InvalidTag, ValueError):
            raise VerificationFailed(
                "A subject's key does not open under this workspace's pseudonym key.",
                remedy="Restore the keys folder and control.sqlite from the same backup.",
                code="subject-key-damaged",
            ) from None


def _demand_present(connection: Connection, namespace: str, ids: Sequence[int]) -> None:
    """Raise NameUnknown unless every id is a subject who is not erased: an erased one must not get a new key."""
    for offset in range(0, len(ids), LOOKUP):
        part = ids[offset : offset + LOOKUP]
        rows = connection.execute(_PRESENT, {"namespace": namespace, "ids": part})
        absent = set(part) - {row.id for row in rows if not row.erased}
        if absent:
            raise NameUnknown(f"subject in {namespace!r} with the id", str(min(absent)))


def _pseudonym(key: bytes, namespace: str, subject: int) -> str:
    return hmac.digest(key, PSEUDONYM_CONTEXT + _named(namespace, subject), "sha256").hex()


def _named(namespace: str, subject: int) -> bytes:
    return namespace.encode() + b"\0" + str(subject).encode()


def _unusable(path: Path, what: str, *, remedy: str = "Restore the keys folder from its backup.") -> WorkspaceUnusable:
    return WorkspaceUnusable(f"The key file {path.name} {what}.", remedy=remedy, code="key-file")
