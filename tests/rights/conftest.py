"""A shop with a purpose for each legal ground, signed-off laws, and a few customers whose requests are filed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from pellucid.policy.model import Actor, Policy
from pellucid.records.columns import to_instant
from pellucid.records.database import Database
from pellucid.records.tables import log_entries
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Laws
from pellucid.rights.asking import Asking
from pellucid.rights.book import Book
from pellucid.rights.clock import Terms
from pellucid.rights.request import Request, Right
from pellucid.subjects.keys import SubjectKeys
from tests.consent.conftest import (
    CONSENT_EU,
    CONTRACT_EU,
    CONTRACT_US,
    CUSTOMER,
    DAY,
    INTERESTS_EU,
    OPT_OUT_US,
    add_subjects,
    make_policy,
    make_purpose,
)

NOW = to_instant(datetime(2026, 6, 1, 12, tzinfo=UTC))
ALICE, BOB, CLEO, NOWHERE = 0, 1, 2, 3
"""In Germany, in California, in Brazil, and nobody knows where."""
PIA = Actor("staff", "pia", ("officer",), "os-user:test")
OMAR = Actor("staff", "omar", ("officer",), "os-user:test")


def signed(*names: str) -> Laws:
    """Return shipped packs as laws that were signed off."""
    return Laws(tuple(shipped()[name] for name in names))


def shop_policy(*laws: str) -> Policy:
    """Return a policy whose purposes rest on contract, consent, legitimate interests; with these laws."""
    made = make_policy(
        make_purpose("delivery", CONTRACT_EU, CONTRACT_US),
        make_purpose("offers", CONSENT_EU, OPT_OUT_US, kinds=("marketing_email_sms",)),
        make_purpose("planning", INTERESTS_EU, OPT_OUT_US, kinds=("own_analytics",)),
    )
    return replace(made, laws=signed(*laws))


@dataclass
class Shop:
    """A control database and a clock; `book` opens a write transaction on the requests."""

    database: Database
    policy: Policy
    time: list[int] = field(default_factory=lambda: [NOW])
    terms: Terms = field(default_factory=Terms)
    keys: SubjectKeys = field(default_factory=lambda: SubjectKeys(b"k" * 32))

    @contextmanager
    def book(self, actor: Actor = PIA) -> Iterator[Book]:
        with self.database.write() as connection:
            yield Book(connection, self.keys, self.policy, self.terms, actor, self.time[0])

    def ask(self, right: Right, subject: int | None = ALICE, actor: Actor = PIA, **more: object) -> Request:
        given = {"received_at": self.time[0]} | more
        with self.book(actor) as book:
            return book.file(Asking(right, CUSTOMER, subject, **given))  # type: ignore[arg-type]

    def wait(self, days: float) -> None:
        self.time[0] += int(days * DAY)

    def log(self) -> list[str]:
        with self.database.read() as connection:
            return [
                bytes(body).decode()
                for body in connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
            ]


def make_shop(database: Database, *laws: str) -> Shop:
    add_subjects(database, ("DE", 1980), ("US-CA", 1980), ("BR", 1980), (None, None))
    return Shop(database, shop_policy(*(laws or ("eu-gdpr", "uk-gdpr", "us-ca-ccpa"))))


@pytest.fixture
def shop(control: Database) -> Shop:
    """A shop under the GDPR, the UK GDPR and the CCPA, on both databases."""
    return make_shop(control)
