"""Being handed over by the company's own site, where somebody is signed in already: a signed token, short-lived, once.

A JWT (RFC 7519) signed with EdDSA or RS256 by a key whose public half is configured: `sub` is who they are, `aud` this
workspace, `exp` at most a minute after `iat`, `jti` an id that is taken once. Anything else lets nobody in, and is told
in the same words.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any, TypeGuard

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import Connection, delete, insert, select

from pellucid.errors import WorkspaceUnusable
from pellucid.records.jobs import SECOND
from pellucid.records.web_tables import sign_in_marks

EDDSA, RS256 = ("EdDSA", "Ed25519"), ("RS256",)
LONGEST = 60
"""Seconds that a token may hold."""
SKEW = 5
"""Seconds by which clocks may differ."""
LONGEST_TOKEN = 4_096
SMALLEST_RSA = 2_048


_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")

PublicKey = Ed25519PublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Whom the company's site says somebody is, and the id of what it said."""

    subject: str
    namespace: str | None
    id: str
    expires_at: int


def load_key(pem: str) -> PublicKey:
    """Return the public key that tokens are checked with; raises WorkspaceUnusable for what is none, or is weak."""
    try:
        found = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if isinstance(found, Ed25519PublicKey) or (isinstance(found, RSAPublicKey) and found.key_size >= SMALLEST_RSA):
        return found
    raise WorkspaceUnusable(
        "The key of hand-overs is no public key that can be used.",
        remedy=f"Give an Ed25519 key, or RSA of at least {SMALLEST_RSA} bits, as PEM; the public half only.",
        code="handover-key",
    )


def read(token: str, key: PublicKey, audience: str, now: int) -> HandedOver | None:
    """Return what a token says, if it was signed by the key for us and holds now; else None."""
    parts = token.split(".") if len(token) <= LONGEST_TOKEN else []
    try:
        head, claims, signature = (_bytes(each) for each in parts)
        if not _is_signed(json.loads(head), f"{parts[0]}.{parts[1]}".encode("ascii"), signature, key):
            return None
        said = json.loads(claims)
    except (ValueError, RecursionError):
        return None
    return _told(said, audience, now // SECOND) if isinstance(said, dict) else None


def _bytes(part: str) -> bytes:
    """Return what a part of a token holds (RFC 7515 §2); raises ValueError for another alphabet, or padding."""
    if not _ALPHABET.fullmatch(part):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _is_signed(head: object, signed: bytes, signature: bytes, key: PublicKey) -> bool:
    """Return whether the key signed it, by the one algorithm that belongs to the key, whatever the token asks for."""
    wanted = EDDSA if isinstance(key, Ed25519PublicKey) else RS256
    if not isinstance(head, dict) or head.get("alg") not in wanted or "crit" in head:
        return False
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def take_once(connection: Connection, digest: bytes, expires_at: int) -> bool:
    """Return whether a token had not been taken yet, and note that it has, in the caller's write transaction."""
    if was_taken(connection, digest):
        return False
    connection.execute(insert(sign_in_marks).values(digest=digest, until=expires_at + 2 * LONGEST * SECOND))
    return True


def was_taken(connection: Connection, digest: bytes) -> bool:
    """Return whether a token was taken already."""
    return connection.scalar(select(sign_in_marks.c.until).where(sign_in_marks.c.digest == digest)) is not None


def forget(connection: Connection, now: int) -> None:
    """Delete the marks of tokens that hold no longer."""
    connection.execute(delete(sign_in_marks).where(sign_in_marks.c.until <= now))


def _told(claims: dict[str, Any], audience: str, seconds: int) -> HandedOver | None:
    subject, id, audiences = claims.get("sub"), claims.get("jti"), claims.get("aud")
    issued, expires, namespace = claims.get("iat"), claims.get("exp"), claims.get("namespace")
    if not (_is_text(subject) and _is_text(id) and (namespace is None or _is_text(namespace))):
        return None
    if not (type(issued) is int and type(expires) is int):
        return None
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        return None
    if not (issued - SKEW <= seconds < expires and 0 < expires - issued <= LONGEST):
        return None
    return HandedOver(subject, namespace, id, expires * SECOND)


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""
