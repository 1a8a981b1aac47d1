"""Links in messages, by which a person sees and chooses what they are sent, without signing in and for nothing else.

A link holds a random number, when it ends, and an HMAC of both under a key of the workspace: it tells nobody who it is
for, cannot be made up, and opens nothing but messages' preferences.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, select

from pellucid.errors import NotPermitted
from pellucid.records.transparency_tables import messages_sent
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import Identity

CONTEXT = b"pellucid message preferences v1\0"
SEALED = b"pellucid message v1"
DAYS = 30
DAY = 86_400_000_000
LONGEST = 160


@dataclass(frozen=True, slots=True)
class Opened:
    """Whom a link is for: their identity, and their pseudonym."""

    identity: Identity
    pseudonym: str


def new_number() -> str:
    """Return the random number of a new link."""
    return secrets.token_hex(16)


def token_of(key: bytes, number: str, made_at: int) -> str:
    """Return what stands in the link of a message that was made then."""
    until = made_at // DAY + DAYS
    return f"{number}.{until}.{_signed(key, number, until)}"


def seal(keys: SubjectKeys, identity: Identity) -> bytes:
    """Return who somebody is, readable with the workspace's key only."""
    return keys.seal(SEALED, f"{identity[0]}\0{identity[1]}".encode())


def unseal(keys: SubjectKeys, who: bytes) -> Identity:
    """Return who was sealed; raises VerificationFailed for what is not of this workspace."""
    space, _, subject = keys.open(SEALED, who).decode().rpartition("\0")
    return space, int(subject)


def opened(connection: Connection, keys: SubjectKeys, key: bytes, token: str, now: int) -> Opened:
    """Return whom a link is for; raises NotPermitted, the same for one that is made up, altered or over."""
    number, _, rest = token.partition(".")
    until, _, signed = rest.partition(".")
    fine = len(token) <= LONGEST and token.isascii() and until.isdecimal() and number.isalnum()
    if not fine or not hmac.compare_digest(signed, _signed(key, number, int(until))) or now // DAY > int(until):
        raise refused()
    row = connection.execute(select(messages_sent).where(messages_sent.c.link == number)).one_or_none()
    if row is None or not row.who:
        raise refused()
    return Opened(unseal(keys, bytes(row.who)), row.person)


def refused() -> NotPermitted:
    """Return the one answer to every link that opens nothing."""
    return NotPermitted(
        "This link opens nothing.", remedy="It may be too old: use the link of a newer message.", code="link-invalid"
    )


def _signed(key: bytes, number: str, until: int) -> str:
    return hmac.digest(key, CONTEXT + f"{number}.{until}".encode(), "sha256").hex()
