"""One-time passwords by time (RFC 6238: HMAC-SHA-1, 6 digits, 30 s), as authenticator programs make them. Pure."""

from __future__ import annotations

import base64
import hmac
from urllib.parse import parse_qs, quote, urlsplit

DIGITS = 6
STEP = 30_000_000
SECRET_BYTES = 20
DRIFT = 1
"""How many steps before and after the present one count: clocks differ."""


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a step (RFC 4226 §5.3)."""
    drawn = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = drawn[-1] & 0xF
    return f"{(int.from_bytes(drawn[offset : offset + 4]) & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, given: str, last: int, now: int) -> int | None:
    """Return the step whose code was given, if it is about now and after the last that was taken."""
    present, found = now // STEP, None
    for step in range(present - DRIFT, present + DRIFT + 1):
        same = hmac.compare_digest(code_at(secret, step).encode(), given.encode("utf-8", "surrogatepass"))
        found = step if same and step > last else found
    return found


def address_of(secret: bytes, name: str, issuer: str) -> str:
    """Return the `otpauth:` address by which an authenticator program takes the secret in."""
    written = base64.b32encode(secret).decode()
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?secret={written}&issuer={quote(issuer)}"


def secret_of(address: str) -> bytes:
    """Return the secret that an `otpauth:` address of ours takes in."""
    return base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0])
