"""A small shop whose customers chose, whose log is signed and witnessed, and which gives receipts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from pellucid.audit.checkpoint import add_cosignature, sign_checkpoint
from pellucid.audit.keys import SigningKey
from pellucid.audit.note import COSIGNATURE, ED25519
from pellucid.audit.treehead import TrustKeys, open_checkpoint
from pellucid.consent import register
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.receipts.issue import receipt_for
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.policy.model import Policy, Recipient
from pellucid.records.database import Database
from pellucid.subjects.keys import SubjectKeys
from tests.consent.conftest import (
    ADULT_YEAR,
    ALICE,
    BOB,
    CONSENT_EU,
    CUSTOMER,
    INTERESTS_EU,
    NOW,
    PIA,
    add_subjects,
    make_policy,
    make_purpose,
)

LOG_KEY = SigningKey("grocer.example/log", ED25519, b"\1" * 32)
WITNESS = SigningKey("witness.example/w1", COSIGNATURE, b"\2" * 32)
TRUST = TrustKeys(LOG_KEY.verifier)
WITNESSED = TrustKeys(LOG_KEY.verifier, (WITNESS.verifier,))
MINUTE = 60_000_000


@dataclass
class Shop:
    """A control database, the subjects' keys, the policy in force with those before it, and the clock."""

    database: Database
    keys: SubjectKeys
    policy: Policy
    now: int = NOW
    before: list[tuple[int, Policy]] = field(default_factory=list)  # each with when it came into force

    def change(self, policy: Policy) -> None:
        """Let another policy come into force now."""
        self.before = [*(self.before or [(0, self.policy)]), (self.now, policy)]
        self.policy = policy

    def policy_at(self, at: int) -> Policy | None:
        return next((policy for since, policy in reversed(self.before) if since <= at), None)

    def say(self, subject: int, verb: ConsentVerb, purpose: str | None = "care", **said: object) -> ConsentReceipt:
        self.now += MINUTE
        record = ConsentRecord(CUSTOMER, subject, purpose, verb, at=self.now - 1, **said)  # type: ignore[arg-type]
        with self.database.write() as connection:
            (receipt,) = register.record(connection, self.keys, self.policy, [record], PIA, self.now)
        return receipt

    def checkpoint(self, *, witnessed: bool = True) -> None:
        with self.database.write() as connection:
            note = sign_checkpoint(connection, LOG_KEY, self.now)
        if witnessed:
            _, parsed = open_checkpoint(note, LOG_KEY.verifier)
            line = WITNESS.cosign(parsed.text, self.now // 1_000_000).line()
            with self.database.write() as connection:
                add_cosignature(connection, line, WITNESS.verifier)

    def receipt(self, subject: int, leaf: int, key: SigningKey = LOG_KEY, **asked: str) -> dict[str, object]:
        with self.database.read() as connection:
            keys, policy, now = self.keys, self.policy, self.now + MINUTE
            return receipt_for(connection, keys, policy, self.policy_at, key, CUSTOMER, subject, leaf, now, **asked)


def shop_policy() -> Policy:
    care = make_purpose(
        "care",
        CONSENT_EU,
        title="Better care",
        description="We find out which goods you need.",
        categories=("user.contact.email", "user.behavior.purchase_history", "user.contact.address.city"),
        recipients=("hosting",),
        consent_days=365,
        kinds=("marketing_email_sms", "profiling"),
    )
    loyalty = make_purpose("loyalty", INTERESTS_EU)
    made = make_policy(care, loyalty)
    datasets = {"baskets": replace(made.datasets["baskets"], retention_days=730)}
    hosting = Recipient("hosting", "Hosting Ltd", "DE", "processor")
    return replace(made, recipients={"hosting": hosting}, datasets=datasets)


@pytest.fixture
def shop(database: Database, keys: SubjectKeys) -> Shop:
    add_subjects(database, ("DE", ADULT_YEAR), ("FR", ADULT_YEAR))
    return Shop(database, keys, shop_policy())


GIVEN: dict[str, object] = {
    "explicit": True,
    "covers": Covers.HELD_DATA,
    "notice_version": "1",
    "channel": "web",
    "screen": "consent-3",
    "language": "de",
    "method": "Yes button",
}


@pytest.fixture
def alices_leaf(shop: Shop) -> int:
    """Alice gave, Bob refused, and the log is signed and witnessed; returns the leaf of Alice's yes."""
    given = shop.say(ALICE, ConsentVerb.GIVE, **GIVEN)
    shop.say(BOB, ConsentVerb.REFUSE)
    shop.checkpoint()
    return given.log.leaf
