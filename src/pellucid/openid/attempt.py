"""One attempt to sign in by a provider: what is sent along, and recognised when the browser comes back.

Nothing is kept meanwhile. The state is drawn, and sealed under a key of the workspace for one door, one provider and
the cookie of one browser; nonce and PKCE verifier are derived from it, so that only we can tell them. It holds for ten
minutes; that it is taken once is the caller's to note.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field

LASTS = 600
"""Seconds for which an attempt holds."""
CONTEXT = b"pellucid openid attempt v1\0"
_STATE = re.compile(r"([0-9a-f]{1,12})\.[A-Za-z0-9_-]{32}\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt: its state goes through the browser, the nonce too, the verifier from us to the provider alone."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    ends_at: int
    """UTC seconds."""


def begin(key: bytes, door: str, issuer: str, cookie: str, seconds: int) -> Attempt:
    """Return a new attempt of a browser, which holds from now (UTC seconds)."""
    said = f"{seconds:x}.{secrets.token_urlsafe(24)}"
    return _attempt(key, door, issuer, cookie, said, seconds)


def recognise(key: bytes, door: str, issuer: str, cookie: str, state: str, seconds: int) -> Attempt | None:
    """Return the attempt that a state is of; None if this browser did not begin it here, or it is over."""
    found = _STATE.fullmatch(state)
    if found is None or not cookie:
        return None
    made = int(found.group(1), 16)
    attempt = _attempt(key, door, issuer, cookie, state.rpartition(".")[0], made)
    same = hmac.compare_digest(attempt.state.encode(), state.encode())
    return attempt if same and made <= seconds < attempt.ends_at else None


def _attempt(key: bytes, door: str, issuer: str, cookie: str, said: str, made: int) -> Attempt:
    def sealed(what: str) -> str:
        text = "\0".join((what, door, issuer, cookie, said)).encode("utf-8", "surrogatepass")
        return base64.urlsafe_b64encode(hmac.digest(key, CONTEXT + text, "sha256")).decode().rstrip("=")

    return Attempt(f"{said}.{sealed('state')}", sealed("nonce"), sealed("verifier"), made + LASTS)
