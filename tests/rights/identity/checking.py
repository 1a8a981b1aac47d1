"""Identity checks over one database, as tests use them: with a clock to turn, a mailbox, and held contacts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from pellucid.delivery.mail import Mail
from pellucid.errors import DeliveryFailed, NotPermitted, PellucidError
from pellucid.policy.model import Actor, Policy
from pellucid.records import jobs
from pellucid.records.database import Database
from pellucid.records.jobs import Claim
from pellucid.records.tables import log_entries
from pellucid.rights import challenges
from pellucid.rights.challenge_mail import ChallengeSender
from pellucid.rights.challenges import Contact
from pellucid.rights.identity import IdentityChecks
from pellucid.rights.request import Verification
from tests.rights.requests import NOW, Book, stored

KEY = challenges.challenge_key(b"k" * 32)
ALICE, BOB = 7, 8
HOME = Contact("email", "alice@home.example", "members.mail")
OFFICE = Contact("email", "alice@office.example", "cards.mail")
CUSTOMER = Actor("customer", "r1", (), "none")
STAFF = Actor("staff", "pia", (), "os-user:pia")
WORKER = Actor("system", "worker", (), "system")
WRONG = "This is not what we sent, or it holds no longer."


@dataclass
class Desk:
    """Checks over one database, with a clock that tests turn, a mailbox, and the contacts that are held."""

    database: Database
    policy: Policy
    now: int = NOW
    mails: list[Mail] = field(default_factory=list)
    held: dict[int, Sequence[Contact]] = field(default_factory=lambda: {ALICE: [HOME]})
    refuses: bool = False
    asked_about: list[int] = field(default_factory=list)
    per_hour: int = 600

    @property
    def checks(self) -> IdentityChecks:
        return IdentityChecks(self.database, KEY, Book, lambda: self.now, self.per_hour, links=True)

    def ask(self, request: str = "r1", kind: str = "code") -> str:
        return self.checks.ask(request, actor=CUSTOMER, kind=kind)

    def answer(self, given: str, request: str = "r1") -> None:
        self.checks.answer(request, given, actor=CUSTOMER)

    def work(self) -> None:
        """Do what is due, as a worker does."""
        sender = ChallengeSender(
            KEY,
            self.contacts,
            self.post,
            lambda: self.policy,
            WORKER,
            self.per_hour,
            lambda connection, person: "",
            "https://shop.example/privacy/",
        )
        while True:
            with self.database.write() as connection:
                job = jobs.claim(connection, [challenges.JOB], "w", self.now, 300)
            if job is None:
                return
            claim = Claim(self.database, job, lambda: self.now, 300)
            try:
                sender(claim)
            except PellucidError as error:
                with self.database.write() as connection:
                    jobs.fail(connection, job, error.code, self.now)

    def contacts(self, namespace: str, subject: int) -> Sequence[Contact]:
        self.asked_about.append(subject)
        return self.held.get(subject, [])

    def post(self, mail: Mail) -> None:
        if self.refuses:
            raise DeliveryFailed("no", code="mail-unreachable")
        self.mails.append(mail)

    def sent_code(self, kind: str = "code", request: str = "r1") -> str:
        """Ask for a code, have it sent, and read it in the mail."""
        self.ask(request, kind)
        self.work()
        return code_in(self.mails[-1])

    def actions(self) -> list[str]:
        with self.database.read() as connection:
            bodies = connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
            return [re.findall(rb'"action":"([^"]*)"', bytes(body))[0].decode() for body in bodies]


def code_in(mail: Mail) -> str:
    found = re.findall(r"code: (\d{4} \d{4})\n", mail.text) or re.findall(r"#(\S+)\n", mail.text)
    return str(found[0])


def refused(desk: Desk, given: str, request: str = "r1") -> None:
    with pytest.raises(NotPermitted, match=WRONG) as error:
        desk.answer(given, request)
    assert error.value.code == "identity-not-shown"


def verified(desk: Desk, request: str = "r1") -> tuple[Verification, int]:
    found = stored(desk.database, request)
    return found.verification, found.verified_strength
