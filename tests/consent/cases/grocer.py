"""The grocer's control database, where cases happen: each identity is a subject, and words go by the register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert, update

from pellucid.audit.four_eyes import staff_named
from pellucid.consent import register
from pellucid.consent.effect import Effect
from pellucid.consent.identities import join, part
from pellucid.consent.person import SubjectFacts
from pellucid.consent.screens import mark_screen
from pellucid.consent.sets import read_set
from pellucid.errors import PellucidError
from pellucid.governance import laws as signed
from pellucid.records.database import Database
from pellucid.records.tables import subjects
from pellucid.subjects.keys import SubjectKeys
from tests.consent.conftest import CUSTOMER, PIA

from .case import Case, Saying
from .play import play

KEYS = SubjectKeys(b"k" * 32)
TWO = (PIA, replace(PIA, name="otto"))


class Grocer:
    """A control database with the people of cases that are alike in laws and policy."""

    def __init__(self, database: Database, alike: Sequence[Case]) -> None:
        self.database, self.alike = database, alike
        self.first: dict[str, int] = {}
        people: list[dict[str, object]] = []
        for case in alike:
            self.first[case.id] = len(people)
            people += [row_of(each.facts, len(people) + number) for number, each in enumerate(case.identities)]
        with database.write() as connection:
            connection.execute(insert(subjects), people)

    def answers(self) -> Iterator[tuple[Case, Effect]]:
        """Sign off the laws, let the cases happen, and yield what is stored of each on its day of asking."""
        self._sign_off()
        for case in self.alike:
            play(case, Desk(self, case))
        for day in sorted({case.asked for case in self.alike}):
            asked = [case for case in self.alike if case.asked == day]
            with self.database.write() as connection:
                register.rebuild(connection, asked[0].policy(), day)
                stored = {case.purpose: read_set(connection, case.purpose, CUSTOMER) for case in asked}
            yield from ((case, stored[case.purpose].effect(self.first[case.id])) for case in asked)

    def _sign_off(self) -> None:
        laws, policy, now = self.alike[0].laws, self.alike[0].policy(), min(case.asked for case in self.alike)
        for law in laws.packs:
            signed.sign_off(self.database, law, policy, PIA, "counsel read it", now)
        for said in laws.overrides:
            signed.override(self.database, said, policy, PIA, now)


@dataclass
class Desk:
    """Where the word of one case's identities is taken."""

    grocer: Grocer
    case: Case

    def say(self, identity: int, saying: Saying) -> str:
        record = replace(saying.record, subject=self.subject(identity))
        try:
            with self.grocer.database.write() as connection:
                policy = self.case.policy(saying.under)
                register.record(connection, KEYS, policy, [record], PIA, saying.entered)
        except PellucidError as error:
            return error.code
        return ""

    def link(self, identity: int, certain: bool, at: int) -> None:
        confidence = "certain" if certain else "likely"
        with self.grocer.database.write() as connection:
            join(connection, KEYS, self.case.policy(), self.name(0), self.name(identity), confidence, "seen", PIA, at)

    def split(self, identity: int, at: int) -> None:
        with self.grocer.database.write() as connection:
            part(connection, KEYS, self.case.policy(), self.name(0), self.name(identity), "a mistake", PIA, at)

    def erase(self, identity: int, at: int) -> None:
        where = (subjects.c.namespace == CUSTOMER, subjects.c.id == self.subject(identity))
        with self.grocer.database.write() as connection:
            connection.execute(update(subjects).where(*where).values(natural_key=None))

    def mark(self, screen: str, state: str, at: int) -> None:
        who = TWO[state == "invalidated"].name
        with self.grocer.database.write() as connection:
            mark_screen(connection, screen, state, "found", staff_named(who), at)

    def subject(self, identity: int) -> int:
        return self.grocer.first[self.case.id] + identity

    def name(self, identity: int) -> tuple[str, int]:
        return CUSTOMER, self.subject(identity)


def row_of(facts: SubjectFacts, number: int) -> dict[str, object]:
    """Return the row of a subject of these facts."""
    estimated = facts.place_estimated + 2 * facts.age_estimated + 4 * facts.vulnerable_estimated
    return {
        "namespace": CUSTOMER,
        "id": number,
        "natural_key": f"key-{number}",
        "jurisdiction": facts.jurisdiction,
        "birth_year": facts.birth_year,
        "vulnerable": facts.vulnerable,
        "estimated": estimated,
    }
