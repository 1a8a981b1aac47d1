"""Passes: what whoever runs a workspace makes to let a person in on this machine, once and within the hour.

A pass is sealed under the workspace's key: it tells nobody whom it is for, cannot be made up or altered, and is taken
once. There is nothing of it in the control database until it is.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pellucid.errors import NotPermitted, VerificationFailed
from pellucid.governance.sessions import CENTRE, CONSOLE, Door
from pellucid.records.jobs import SECOND

CONTEXT = b"pellucid pass v1"
MINUTES = 60
LONGEST = 1_024
_DOORS: Mapping[str, Door] = {each.name: each for each in (CENTRE, CONSOLE)}


@dataclass(frozen=True, slots=True)
class Pass:
    """Whom a pass lets in at which door: `who` is as the door's sessions say it; `until` when it ends."""

    door: Door
    who: Mapping[str, Any]
    until: int
    id: str


def new_pass(door: Door, who: Mapping[str, Any], now: int) -> Pass:
    """Return a pass that nobody was given yet."""
    return Pass(door, who, now + MINUTES * 60 * SECOND, secrets.token_urlsafe(12))


def token_of(made: Pass, seal: Callable[[bytes, bytes], bytes]) -> str:
    """Return what stands in the link of a pass."""
    told = json.dumps([made.door.name, dict(made.who), made.until, made.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(seal(CONTEXT, told.encode())).decode().rstrip("=")


def read(token: str, door: Door, opener: Callable[[bytes, bytes], bytes], now: int) -> Pass:
    """Return the pass of a link; raises NotPermitted, the same for one made up, of another door, or over."""
    try:
        if len(token) > LONGEST:
            raise refused()
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        name, who, until, id = json.loads(opener(CONTEXT, sealed))
    except (ValueError, binascii.Error, VerificationFailed):
        raise refused() from None
    found = Pass(_DOORS[name], who, until, id)
    if found.door is not door or now >= found.until:
        raise refused()
    return found


def refused() -> NotPermitted:
    """Return the one answer to every pass that lets nobody in."""
    return NotPermitted(
        "This link lets nobody in.",
        remedy=f"Each holds once, for {MINUTES} minutes: have another made, or sign in.",
        code="pass-refused",
    )
