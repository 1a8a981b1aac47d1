"""A control database with an empty log, keys, and entries as the use cases write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pellucid.audit.entry import AuditEntry
from pellucid.audit.keys import SigningKey, create_signing_key
from pellucid.audit.log import append_all
from pellucid.audit.treehead import TrustKeys
from pellucid.policy.model import Actor
from pellucid.records.database import Database

PIA = Actor(kind="staff", name="pia", roles=("privacy-officer",), authenticated="os-user:pia")
ORIGIN = "grocer.example/log"
MINUTE = 60_000_000
NOON = 1_767_268_800_000_000  # 2026-01-01 12:00 UTC

Filled = Callable[[int], None]


def entry(number: int) -> AuditEntry:
    return AuditEntry(
        action="consent.withdraw",
        actor=PIA,
        at=NOON + number * MINUTE,
        purpose="range-planning",
        body={"number": number},
        details={"words": f"What does household {number} buy?"} if number % 2 else {},
    )


@pytest.fixture
def database(control: Database) -> Database:
    return control


@pytest.fixture
def fill(database: Database) -> Filled:
    """Append that many more entries."""
    made = iter(range(1_000_000))

    def append_more(count: int) -> None:
        with database.write() as connection:
            append_all(connection, [entry(next(made)) for _ in range(count)])

    return append_more


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return create_signing_key(tmp_path / "keys" / "log.key", ORIGIN)


@pytest.fixture
def trust(key: SigningKey) -> TrustKeys:
    return TrustKeys(key.verifier)
