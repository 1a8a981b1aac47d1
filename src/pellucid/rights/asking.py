"""What somebody hands in when they exercise a right, and whether it may be filed as it is. Pure.

Nothing is refused here because of who asks or what the law says: that is found out once it is filed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pellucid.consent.admit import EARLIEST
from pellucid.consent.record import By
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Dataset, Policy, Purpose
from pellucid.records.columns import from_instant
from pellucid.rights.request import SENSITIVE_STRENGTH, STRENGTHS, Request, Right
from pellucid.rights.sensitive import is_sensitive

PURPOSES = "purposes"
"""In `asked`: the purposes that an objection, an opt-out or a review is about; without it, all."""
CHANGES = "changes"
"""In `asked`: what is to be corrected, a list of {dataset, column, value}; see `rights.corrections`."""
DECISION, STATEMENT = "decision", "statement"
"""In `asked` of a review: which decision is meant, and what the person says to it, in their words."""
MEMBER = "member"
"""In `asked`: which member of a household asks."""
WITHOUT_SENSITIVE = "without_sensitive"
"""In `asked`: that sensitive data are left out of what is shown, so that a weaker proof does."""
NAMED = "named"
"""In `asked`: under which key the person was named whom nobody knows."""
LONGEST = 65_536
"""Bytes of what is asked in detail."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A right that somebody exercises: about whom (None: nobody we know), who speaks, and what in detail.

    `received_at` (UTC µs) is when it came in, from which the clocks run.
    """

    right: Right
    namespace: str
    subject: int | None
    received_at: int
    by: By = By.SELF
    proof: str = field(default="", repr=False)
    channel: str = "staff"
    asked: Mapping[str, Any] = field(default_factory=dict, repr=False)
    agent: str | None = None
    agent_request: str | None = None
    status_callback: str | None = field(default=None, repr=False)


def demand_fileable(policy: Policy, asking: Asking, now: int) -> None:
    """Raise InputInvalid for a missing proof, an instant that cannot be, or content that says nothing or too much."""
    needs_proof = asking.by is not By.SELF and STRENGTHS[asking.right] > 0
    if needs_proof and not asking.proof.strip():
        raise InputInvalid(
            f"A request by the {asking.by.value} needs a proof that they may speak for the person; got none.",
            remedy="Say where the proof lies, e.g. the number of the file.",
            code="proof-missing",
        )
    if not EARLIEST <= asking.received_at <= now:
        raise InputInvalid(
            f"A request cannot have come in then: got {from_instant(asking.received_at):%Y-%m-%d %H:%M:%S} UTC, "
            f"allowed from 1900-01-01 until {from_instant(now):%Y-%m-%d %H:%M:%S} UTC.",
            remedy="Check the instant and its time zone.",
            code="request-received",
        )
    if asking.right is Right.RECTIFICATION and not asking.asked.get(CHANGES):
        raise InputInvalid(
            "A rectification needs what is to be corrected.", remedy="Say it, e.g. --set.", code="request-empty"
        )
    # Whom nobody knows is named in it besides: counted together, the refusal would tell who is known.
    named, rest = asking.asked.get(NAMED, ""), {name: said for name, said in asking.asked.items() if name != NAMED}
    if max(len(as_bytes(rest)), len(named)) > LONGEST:
        raise InputInvalid(
            f"What is asked has more than {LONGEST:,} bytes.", remedy="Ask for less at once.", code="request-too-long"
        )
    unknown = [name for name in asking.asked.get(PURPOSES, ()) if name not in policy.purposes]
    if unknown:
        raise NameUnknown("purpose", str(unknown[0]), tuple(policy.purposes))


def purposes_of(policy: Policy, asked: Mapping[str, Any]) -> list[Purpose]:
    """Return the purposes that a request names, or all of the policy; those that are gone since are left out."""
    named = asked.get(PURPOSES) or policy.purposes
    return [policy.purposes[name] for name in named if name in policy.purposes]


def as_request(policy: Policy, asking: Asking) -> Request:
    """Return the request that is filed, under a new id that nobody can guess, not yet with a day."""
    return Request(
        id=f"r{secrets.token_hex(6)}",
        right=asking.right,
        namespace=asking.namespace,
        subject=asking.subject,
        received_at=asking.received_at,
        due="",
        by_whom=asking.by.value,
        proof=asking.proof.strip() or None,
        channel=asking.channel,
        asked=dict(asking.asked),
        strength=demanded_strength(policy, asking),
        agent=asking.agent,
        agent_request=asking.agent_request,
        status_callback=asking.status_callback,
    )


def demanded_strength(policy: Policy, asking: Asking) -> int:
    """Return how well the person has to be known: better where what is shown may be sensitive (Art. 9)."""
    strength = STRENGTHS[asking.right]
    if asking.right not in (Right.ACCESS, Right.PORTABILITY) or asking.asked.get(WITHOUT_SENSITIVE):
        return strength
    held = (each for each in policy.datasets.values() if _is_about(each, asking.namespace))
    return SENSITIVE_STRENGTH if any(map(is_sensitive, held)) else strength


def as_bytes(asked: Mapping[str, Any]) -> bytes:
    """Return what is asked as it is stored and compared."""
    return json.dumps(asked, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _is_about(dataset: Dataset, namespace: str) -> bool:
    return any(path.namespace == namespace for path in dataset.subjects)
