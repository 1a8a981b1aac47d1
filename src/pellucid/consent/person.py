"""What is known of a subject besides what they said, and since when one may be taken to be of an age. Values only.

A fact is known, estimated or unknown. An estimate may take permission away and never gives any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pellucid.records.columns import to_instant


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """What is known of a subject besides what they said; None means unknown, `_estimated` that it is only a guess."""

    jurisdiction: str | None = None
    birth_year: int | None = None
    erased: bool = False
    vulnerable: bool | None = None
    place_estimated: bool = False
    age_estimated: bool = False
    vulnerable_estimated: bool = False

    def reached(self, age: int, at: int) -> bool | None:
        """Return whether the subject had certainly reached an age in years at an instant; None where nobody knows."""
        if age <= 0:
            return True
        if self.birth_year is None:
            return None
        if at < of_age(self.birth_year, age):
            return False
        return None if self.age_estimated else True

    def with_missing(self, other: SubjectFacts, *, certain: bool) -> SubjectFacts:
        """Return these facts, with what is unknown taken from another identity of the same person.

        If it is not certain that it is the same person, what is taken is an estimate.
        """
        facts = self
        if facts.jurisdiction is None:
            guess = other.place_estimated or not certain
            facts = replace(facts, jurisdiction=other.jurisdiction, place_estimated=guess)
        if facts.birth_year is None:
            facts = replace(facts, birth_year=other.birth_year, age_estimated=other.age_estimated or not certain)
        if facts.vulnerable is None:
            guess = other.vulnerable_estimated or not certain
            facts = replace(facts, vulnerable=other.vulnerable, vulnerable_estimated=guess)
        return facts


def of_age(birth_year: int, age: int) -> int:
    """Return when everybody born in a year has certainly reached an age: the year after the one of that birthday."""
    year = birth_year + age + 1
    return to_instant(datetime(min(max(year, 1), 9999), 1, 1, tzinfo=UTC))
