"""What one entry of the log says. `body` is public to every verifier: no personal data, no literals of a question.

`details` is erasable: the entry holds only the commitment H(nonce ‖ details).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pellucid.policy.model import Actor
from pellucid.policy.stamp import Stamp


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done or refused: dotted `action`, who, when (UTC µs), for what, about whom (a pseudonym)."""

    action: str
    actor: Actor
    at: int
    purpose: str | None = None
    subject: str | None = None
    stamp: Stamp | None = None
    body: Mapping[str, object] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogReceipt:
    """Where an entry stands in the log: its leaf index and RFC 9162 leaf hash (hex)."""

    leaf: int
    leaf_hash: str
