"""A control database in which uses, choices and look-ups are made one by one, as the product's own parts write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.register import record
from pellucid.consent.replica import current
from pellucid.holdings.publish import Generation, SubjectBits, generations_published, next_generation, publish
from pellucid.policy.model import Actor, Column, ColumnType, Dataset, Policy, Recipient, SubjectPath
from pellucid.policy.stamp import Stamp
from pellucid.records.database import Database
from pellucid.records.tables import generation_subjects, subjects
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import certain_identities, link
from pellucid.transparency.told_uses import UsesPage, page
from pellucid.transparency.use_index import UseIndex
from pellucid.transparency.uses import Uses
from tests.consent.conftest import ANA, CUSTOMER, DAY, NOW, PIA, add_subjects, make_policy

FEED_READER = Actor("program", "shop-till", ("consents:read",), "token:1")
COLUMNS = {"baskets": ("baskets.household", "baskets.amount"), "letters": ("letters.household", "letters.opened")}


def make_dataset(name: str, value: str) -> Dataset:
    columns = {
        "household": Column("household", ColumnType.TEXT, "user.unique_id", nullable=False),
        value: Column(value, ColumnType.INTEGER, "user.behavior", title=f"The {value}"),
    }
    return Dataset(name, name.capitalize(), columns, (SubjectPath(CUSTOMER, "household"),))


def shop_policy(version: str = "a" * 64) -> Policy:
    """Return the policy of consent's tests with two datasets about people, one about none, and a recipient."""
    made = make_policy(version=version)
    stores = Dataset("stores", "Stores", {"city": Column("city", ColumnType.TEXT, "public")})
    datasets = {"baskets": make_dataset("baskets", "amount"), "letters": make_dataset("letters", "opened")}
    purposes = dict(made.purposes) | {"loyalty": replace(made.purposes["loyalty"], recipients=("partner",))}
    partner = Recipient("partner", "A partner", "FR", "third_party")
    return replace(made, datasets=datasets | {"stores": stores}, purposes=purposes, recipients={"partner": partner})


@dataclass
class MadeLog:
    """Writes into the log; `now` moves on by a minute with each entry."""

    database: Database
    people: int = 3
    policy: Policy = field(default_factory=shop_policy)
    keys: SubjectKeys = field(default_factory=lambda: SubjectKeys(b"k" * 32))
    now: int = NOW

    def __post_init__(self) -> None:
        add_subjects(self.database, *[("DE", 1980)] * self.people)

    def tick(self, days: float = 0) -> int:
        self.now += 60_000_000 + int(days * DAY)
        return self.now

    def publish(self, dataset: str, people: Iterable[int]) -> None:
        """Publish a generation in which these people have rows, in place of the one before."""
        with self.database.write() as connection:
            before = {each.dataset: each.generation for each in generations_published(connection)}.get(dataset)
            number = next_generation(connection, dataset)
            held = {CUSTOMER: SubjectBits.of(np.array(sorted(people), np.int64), self.people)}
            made = Generation(dataset, number, f"data/{dataset}.{number}", 1, "", self.tick())
            publish(connection, made, held, replaces=before)

    def forget(self, dataset: str) -> None:
        """Forget who had rows in generations that were replaced, as when their files are unlinked."""
        with self.database.write() as connection:
            kept = {each.dataset: each.generation for each in generations_published(connection)}.get(dataset, 0)
            columns = generation_subjects.c
            connection.execute(delete(generation_subjects).where(columns.dataset == dataset, columns.generation < kept))

    def use(self, action: str, purpose: str, *datasets: str, stamped: bool = True, **body: Any) -> int:
        """Log a use of datasets and return its leaf."""
        with self.database.write() as connection:
            stamp = self.stamp(connection, datasets) if stamped else None
            columns = sorted(column for name in datasets for column in COLUMNS.get(name, (f"{name}.city",)))
            told = {"datasets": list(datasets), "columns": columns, "outcome": "released"} | body
            return append(connection, AuditEntry(action, ANA, self.tick(), purpose, stamp=stamp, body=told)).leaf

    def stamp(self, connection: Connection, datasets: Iterable[str]) -> Stamp:
        held = {each.dataset: each.generation for each in generations_published(connection)}
        read = {name: held[name] for name in datasets if name in held}
        return Stamp(current(connection)[0], self.policy.version, "none", read, self.now)

    def log(self, action: str, actor: Actor = PIA, subject: int | None = None, **body: Any) -> int:
        """Log something else, about a person or nobody, and return its leaf."""
        with self.database.write() as connection:
            about = None if subject is None else self.keys.pseudonym(connection, CUSTOMER, subject)
            return append(connection, AuditEntry(action, actor, self.tick(), subject=about, body=body)).leaf

    def say(self, subject: int, verb: str, purpose: str | None = None, language: str = "") -> None:
        """Record what somebody says."""
        said = ConsentRecord(
            CUSTOMER,
            subject,
            purpose,
            ConsentVerb(verb),
            covers=Covers.HELD_DATA,
            at=self.tick(),
            language=language,
        )
        with self.database.write() as connection:
            record(connection, self.keys, self.policy, [said], PIA, self.now)

    def link(self, one: int, other: int) -> None:
        """Link two people's identities for certain."""
        with self.database.write() as connection:
            link(connection, (CUSTOMER, one), (CUSTOMER, other), "certain", "signed in", "pia", self.tick())

    def erase(self, subject: int) -> None:
        """Erase what tells who somebody was."""
        with self.database.write() as connection:
            here = (subjects.c.namespace == CUSTOMER, subjects.c.id == subject)
            connection.execute(update(subjects).where(*here).values(natural_key=None))
            self.keys.destroy(connection, CUSTOMER, subject)

    def pseudonyms(self, subject: int) -> Mapping[tuple[str, int], str]:
        with self.database.write() as connection:
            everyone = certain_identities(connection, (CUSTOMER, subject))
            return {each: self.keys.pseudonym(connection, *each) for each in everyone}

    def page_of(
        self,
        subject: int,
        since: int = 0,
        cursor: str | None = None,
        limit: int = 50,
        purpose: str | None = None,
    ) -> UsesPage:
        """Return a page of what one person is told."""
        pseudonyms = self.pseudonyms(subject)
        with self.database.read() as connection:
            return page(Uses(UseIndex.at(connection), self.policy, pseudonyms, since, purpose=purpose), cursor, limit)
