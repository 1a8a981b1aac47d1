"""What an erasure works with: the workspace's parts, the clock, and what other stories do for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from pellucid.audit.keys import SigningKey
from pellucid.holdings.place import ImportPlace
from pellucid.policy.model import Policy
from pellucid.subjects.keys import SubjectKeys

Tell = Callable[[Connection, str, str, Mapping[str, object]], str]
"""Hands word to a recipient over, in a write transaction and once only: recipient, what it is about, what to tell.
Returns `due`, `sent`, `answered` or `given-up`.
"""


def nobody_tells(_connection: Connection, _recipient: str, _about: str, _what: Mapping[str, object]) -> str:
    """Tell nobody: no way to reach recipients was given."""
    return "pending"


@dataclass(frozen=True, slots=True)
class Means:
    """The parts. `tombstone_key` is asked for when it is needed first; `journal` is where changes are carried to, if
    they are.
    """

    place: ImportPlace
    policy: Policy
    keys: SubjectKeys
    log_key: SigningKey
    tombstone_key: Callable[[], bytes]
    clock: Callable[[], int]
    sleep: Callable[[float], None] = time.sleep
    tell: Tell = nobody_tells
    journal: Path | None = None
