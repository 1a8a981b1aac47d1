"""Messages that agents sign (Data Rights Protocol 1.0 §2.01, §3.07): base64 of an Ed25519 signature and then JSON.

Checked in the protocol's order, and nothing of a message is looked at before its signature is. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pellucid.audit.note import strict_base64
from pellucid.errors import InputInvalid, NotPermitted
from pellucid.rights.request import Right

VERSION = "1.0"
SIGNATURE_BYTES = 64
RIGHTS: Mapping[str, Right] = {
    "access": Right.ACCESS,
    "access:categories": Right.ACCESS,
    "access:specific": Right.ACCESS,
    "deletion": Right.ERASURE,
    "sale:opt-out": Right.OPT_OUT,
}
"""What is supported of §3.01. Not `sale:opt-in`: a yes is the person's own to give."""
REGIMES = (None, "ccpa")
LONGEST_ID = 200
LONGEST_KEY = 500
LONGEST_NAME = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """A message whose signature is right: what it says, the hash of that, and until when (UTC µs) it holds."""

    said: Mapping[str, Any] = field(repr=False)
    digest: bytes
    until: int


class AgentRefused(NotPermitted):
    """An agent that is not let in. The words are the same whatever is wrong; `why` is for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "This is not for you, or not sent as agreed.",
            code="agent-refused",
            remedy="Sign it anew with the key that is registered, or ask the technical contact.",
        )
        self.why = why


def signed_by(key: bytes, body: bytes) -> tuple[Mapping[str, Any], bytes]:
    """Return what a key's holder said, and its hash; raises AgentRefused."""
    try:
        opened = strict_base64(body.decode("ascii").strip())
    except UnicodeDecodeError:
        opened = None
    if opened is None or len(opened) <= SIGNATURE_BYTES:
        raise AgentRefused("message-unreadable")
    signature, text = opened[:SIGNATURE_BYTES], opened[SIGNATURE_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature:
        raise AgentRefused("signature-wrong") from None
    try:
        said = json.loads(text.decode("utf-8"), object_pairs_hook=_unrepeated, parse_constant=_refuse)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise AgentRefused("message-unreadable")
    return said, sha256(text).digest()


def read_message(key: bytes, agent: str, business: str, body: bytes, now: int) -> AgentMessage:
    """Return a message of an agent to this business that holds now; raises AgentRefused."""
    said, digest = signed_by(key, body)
    if said.get("agent-id") != agent:
        raise AgentRefused("agent-other")
    if said.get("business-id") != business:
        raise AgentRefused("business-other")
    if not _instant(said.get("issued-at")) <= now:
        raise AgentRefused("message-early")
    until = _instant(said.get("expires-at"))
    if now >= until:
        raise AgentRefused("message-expired")
    return AgentMessage(said, digest, until)


def right_of(message: AgentMessage) -> Right:
    """Return the right that is exercised; raises InputInvalid for what is not supported."""
    if message.said.get("drp.version") != VERSION:
        raise _unsupported("This version of the protocol is not supported.", f"Send {VERSION}.")
    exercise = message.said.get("exercise")
    found = RIGHTS.get(exercise) if isinstance(exercise, str) else None
    if found is None:
        raise _unsupported("Unsupported rights actions submitted.", f"Supported are: {', '.join(RIGHTS)}.")
    if message.said.get("regime") not in REGIMES:
        raise _unsupported("Unsupported regime submitted.", "Send ccpa or none.")
    return found


def request_id_of(message: AgentMessage) -> str | None:
    """Return what the agent calls the request; raises InputInvalid if that is no short text."""
    found = message.said.get("agent-request-id")
    if found is not None and not (isinstance(found, str) and len(found) <= LONGEST_ID and found.isprintable()):
        raise _unsupported("The agent-request-id is no short text.", f"Send at most {LONGEST_ID} characters.")
    return found


def identifiers_of(message: AgentMessage) -> tuple[str, ...]:
    """Return what may be the person's key here: an identifier, and a mail address or number said to be verified."""
    said = message.said
    verified = [said.get(name) for name in ("email", "phone_number") if said.get(f"{name}_verified") is True]
    texts = (each for each in (said.get("identifier"), *verified) if isinstance(each, str))
    return tuple(each for each in texts if 0 < len(each) <= LONGEST_KEY and each.isprintable())


def named_as(message: AgentMessage) -> str:
    """Return how the agent names the person, for the staff to look for them; personal data."""
    said = (message.said.get(name) for name in ("identifier", "name", "email", "phone_number", "address"))
    named = "; ".join(each if isinstance(each, str) else json.dumps(each) for each in said if each)
    return named[:LONGEST_NAME].encode("utf-8", "replace").decode()


def _instant(value: object) -> int:
    """Return UTC µs of an ISO 8601 instant with its offset; raises AgentRefused."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        pass
    raise AgentRefused("message-undated")


def _unsupported(what: str, remedy: str) -> InputInvalid:
    return InputInvalid(what, code="agent-unsupported", remedy=remedy)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse()
    return found


def _refuse(_constant: str = "") -> NoReturn:
    raise ValueError
