"""Bands that do not move with one person, and exact counts for an officer only."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pellucid.audit import log
from pellucid.consent import register
from pellucid.consent.coverage import HOUR, Bands, Coverage, band, band_of, bands, exact, people_band_of
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.holdings.publish import Generation, SubjectBits, publish
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.subjects.keys import SubjectKeys

from .conftest import ADULT_YEAR, ANA, CUSTOMER, NOW, PIA, add_subjects

PEOPLE = 40
PRESENT = 32


def give(subject: int, **more: object) -> ConsentRecord:
    return ConsentRecord(CUSTOMER, subject, "care", ConsentVerb.GIVE, at=NOW, **more)  # type: ignore[arg-type]


@pytest.fixture
def shop(database: Database, policy: Policy, keys: SubjectKeys) -> Database:
    """Give 32 people with rows and 8 without; 16 of the 32 agreed to care, one of them from now on only."""
    add_subjects(database, *[("DE", ADULT_YEAR)] * PEOPLE)
    agreed = [give(subject, covers=Covers.HELD_DATA, explicit=subject < 4) for subject in range(15)]
    late = [give(15), give(PRESENT + 1, covers=Covers.HELD_DATA)]
    with database.write() as connection:
        made = Generation("baskets", 1, "data/baskets.1.duckdb", 99, "hash", NOW)
        bits = SubjectBits.of(np.arange(PRESENT), PRESENT)
        publish(connection, made, {CUSTOMER: bits}, replaces=None)
        register.subjects_added(connection, policy, CUSTOMER, 0, PEOPLE, (), NOW)
        register.record(connection, keys, policy, agreed + late, PIA, NOW)
    return database


def withdraw(database: Database, policy: Policy, keys: SubjectKeys, subject: int) -> None:
    said = ConsentRecord(CUSTOMER, subject, "care", ConsentVerb.WITHDRAW, at=NOW)
    with database.write() as connection:
        register.record(connection, keys, policy, [said], PIA, NOW)


def band_at(database: Database, policy: Policy, now: int, hours: float = 24.0) -> str:
    with database.write() as connection:
        return band(connection, policy, "baskets", "care", now, hours)


def test_the_band_stands_still_for_a_day(shop: Database, policy: Policy, keys: SubjectKeys) -> None:
    assert band_at(shop, policy, NOW) == "50-75 %"
    withdraw(shop, policy, keys, 0)
    assert band_at(shop, policy, NOW + 24 * HOUR - 1) == "50-75 %"
    assert band_at(shop, policy, NOW + 24 * HOUR) == "25-50 %"


def test_nobody_can_ask_for_a_fresher_band(shop: Database, policy: Policy, keys: SubjectKeys) -> None:
    band_at(shop, policy, NOW)
    withdraw(shop, policy, keys, 0)
    assert band_at(shop, policy, NOW + HOUR, hours=0) == "50-75 %"


@pytest.mark.parametrize(
    ("covered", "total", "expected"),
    [
        (19, 19, "fewer than 20 people"),
        (0, 0, "fewer than 20 people"),
        (0, 20, "none"),
        (1, 1000, "under 10 %"),
        (100, 1000, "10-25 %"),
        (250, 1000, "25-50 %"),
        (500, 1000, "50-75 %"),
        (750, 1000, "75-90 %"),
        (900, 1000, "90-95 %"),
        (949, 1000, "90-95 %"),
        (950, 1000, "over 95 %"),
        (1000, 1000, "over 95 %"),
    ],
)
def test_bands_meet_without_a_gap(covered: int, total: int, expected: str) -> None:
    assert band_of(Coverage(total, covered, 0, 0)) == expected


def test_the_band_of_people_stands_still_for_a_day_too(shop: Database, policy: Policy, keys: SubjectKeys) -> None:
    found = []
    for at in (NOW, NOW + HOUR, NOW + 24 * HOUR):
        with shop.write() as connection:
            found.append(bands(connection, policy, "baskets", "care", at))
        withdraw(shop, policy, keys, len(found) - 1)
    few = "fewer than 20 people"
    assert found == [Bands("50-75 %", few), Bands("50-75 %", few), Bands("25-50 %", few)]


def test_bands_of_people_meet_without_a_gap_and_hold_whom_they_count() -> None:
    told = [people_band_of(Coverage(100_000, covered - 1, 0, 1)) for covered in range(1, 12_000)]
    assert list(dict.fromkeys(told)) == [
        "fewer than 20 people",
        *(f"between {low:,} and {high:,}" for low, high in pairwise((20, 30, 50, 100, 200, 300, 500, 1000))),
        *(f"between {low:,} and {high:,}" for low, high in pairwise((1000, 2000, 3000, 5000, 10_000, 20_000))),
    ]
    assert [told[covered - 1].split()[1] for covered in (20, 29, 30, 2000, 2999)] == [
        "20",
        "20",
        "30",
        "2,000",
        "2,000",
    ]


def test_an_officer_gets_exact_counts_and_the_log_says_so(shop: Database, policy: Policy, keys: SubjectKeys) -> None:
    with shop.write() as connection:
        assert exact(connection, policy, PIA, "baskets", "care", NOW) == Coverage(32, 15, 4, 1)
    withdraw(shop, policy, keys, 0)
    with shop.write() as connection:
        start = log.size(connection)
        assert exact(connection, policy, PIA, "baskets", "care", NOW) == Coverage(32, 14, 3, 1)
        (entry,) = log.entries(connection, start)
        (details,) = log.details(connection, start)
    assert entry.fields()["action"] == "consent.coverage-exact"
    assert entry.fields()["body"] == {"dataset": "baskets", "policy": policy.version, "register_version": 3}
    assert details.fields() == {"partial": 1, "permitted": 14, "permitted_sensitive": 3, "total": 32}


def test_an_analyst_gets_no_exact_counts(shop: Database, policy: Policy) -> None:
    with pytest.raises(NotPermitted, match="consent-coverage-exact"), shop.write() as connection:
        exact(connection, policy, ANA, "baskets", "care", NOW)


def test_a_dataset_without_rows_has_no_band(database: Database, policy: Policy) -> None:
    assert band_at(database, policy, NOW) == "fewer than 20 people"


def test_undeclared_names_are_said_so(database: Database, policy: Policy) -> None:
    with pytest.raises(NameUnknown, match="no dataset 'x'"), database.write() as connection:
        band(connection, policy, "x", "care", NOW)
    with pytest.raises(NameUnknown, match="no purpose 'x'"), database.write() as connection:
        band(connection, policy, "baskets", "x", NOW)
