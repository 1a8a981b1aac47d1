"""Passwords of the staff: which are strong enough, and their Argon2id hashes. Nothing else imports argon2."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from pellucid.errors import InputInvalid, WorkspaceUnusable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 256
COMMON = frozenset(
    {
        "123456789012",
        "1q2w3e4r5t6y",
        "administrator",
        "changemechangeme",
        "correcthorsebatterystaple",
        "iloveyouiloveyou",
        "password12345",
        "qwertyuiop123",
        "qwertyuiopas",
        "welcome12345",
    }
)
DISTINCT = 6
WEAK = "This password is too weak: it takes 12 to 256 characters, is no common one, and is without the name."
STRONGER = "Take four words that have nothing to do with each other, or have a password manager make one."
AT_ONCE = threading.BoundedSemaphore(2)
"""Hashing takes 64 MiB and some 50 ms on purpose: who asks for many at once waits in line, and takes no memory."""


def demand_strong(password: str, name: str) -> None:
    """Raise InputInvalid for a password that is short, common, or holds the name; it is not quoted."""
    folded = password.casefold()
    weak = (
        not SHORTEST <= len(password) <= LONGEST
        or folded in COMMON
        or len(set(folded)) < DISTINCT
        or name.casefold() in folded
    )
    if weak:
        raise InputInvalid(
            WEAK,
            code="password-weak",
            remedy=STRONGER,
        )


def hashed(password: str) -> str:
    """Return the hash to keep, with its parameters."""
    with AT_ONCE:
        return _hasher().hash(password)


def is_right(kept: str | None, password: str) -> bool:
    """Return whether a password is the one that was hashed; takes the time it takes for no account too."""
    from argon2.exceptions import InvalidHashError, VerifyMismatchError  # noqa: PLC0415  -- optional

    with AT_ONCE:
        try:
            _hasher().verify(kept if kept is not None else _nobodys(), password[: LONGEST + 1])
        except (VerifyMismatchError, InvalidHashError):
            return False
    return kept is not None


@cache
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher  # noqa: PLC0415  -- optional, and only where people sign in
    except ModuleNotFoundError:
        raise WorkspaceUnusable(
            "What hashes passwords is not installed.",
            code="server-missing",
            remedy="Run: pip install 'pellucid[serve]'.",
        ) from None
    return PasswordHasher()  # Argon2id as RFC 9106 §4 recommends second: 64 MiB, 3 rounds, 4 lanes


@cache
def _nobodys() -> str:
    return _hasher().hash("the password of nobody")
