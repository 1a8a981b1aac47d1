"""A small policy with a purpose for each kind of legal ground, and a control database with a few customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from pellucid.policy.model import (
    Actor,
    Allowance,
    Bound,
    Column,
    ColumnType,
    Controller,
    Dataset,
    Default,
    LegalBasis,
    Notice,
    Period,
    Person,
    Policy,
    PrivacyUnit,
    Purpose,
    Regime,
    RegimeBasis,
    ReleaseRule,
    Role,
    SensitiveUse,
    SubjectPath,
    Unknown,
)
from pellucid.records.columns import to_instant
from pellucid.records.database import Database
from pellucid.records.tables import subjects
from pellucid.subjects.keys import SubjectKeys

CUSTOMER = "household"
DAY = 86_400_000_000
NOW = to_instant(datetime(2026, 6, 1, 12, tzinfo=UTC))
ALICE, BOB = 0, 1
ADULT_YEAR, CHILD_YEAR = 1980, 2012

PIA = Actor("staff", "pia", ("officer",), "os-user:test")
ANA = Actor("staff", "ana", ("analyst",), "os-user:test")

CONSENT_EU = RegimeBasis("gdpr", LegalBasis.CONSENT, Default.OPT_IN)
OPT_OUT_US = RegimeBasis("us", LegalBasis.LEGITIMATE_INTERESTS, Default.OPT_OUT)
INTERESTS_EU = RegimeBasis("gdpr", LegalBasis.LEGITIMATE_INTERESTS, Default.OPT_OUT)
CONTRACT_EU = RegimeBasis("gdpr", LegalBasis.CONTRACT, Default.NO_CHOICE)
CONTRACT_US = RegimeBasis("us", LegalBasis.CONTRACT, Default.NO_CHOICE)


def make_purpose(name: str, *bases: RegimeBasis, **changes: object) -> Purpose:
    """Return a purpose that refuses unknown places and ages unless `changes` say otherwise."""
    rule = ReleaseRule(0.5, 1.0, Allowance(2.0, 1e-6, Period.MONTH), 5, Bound(per_group="10"))
    made = Purpose(
        name=name,
        title=name.capitalize(),
        description="",
        notice=Notice("1", "We use your purchases."),
        bases={rule.regime: rule for rule in bases},
        categories=("user",),
        roles=("analyst",),
        release=rule,
        unknown_place="refuse",
        unknown_age=Unknown.REFUSE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def make_policy(*purposes: Purpose, version: str = "a" * 64) -> Policy:
    """Return a policy of two regimes with these purposes, or with one of each kind."""
    declared = purposes or (
        make_purpose("range-planning", CONSENT_EU, OPT_OUT_US),
        make_purpose("loyalty", INTERESTS_EU, OPT_OUT_US, unknown_place="us", unknown_age=Unknown.ADULT),
        make_purpose("delivery", CONTRACT_EU, CONTRACT_US, minimum_age=0),
        make_purpose(
            "care", CONSENT_EU, OPT_OUT_US, sensitive=SensitiveUse.EXPLICIT_CONSENT, consent_days=365, minimum_age=16
        ),
    )
    baskets = Dataset(
        "baskets",
        "Baskets",
        {"household": Column("household", ColumnType.TEXT, "user.unique_id", nullable=False)},
        (SubjectPath(CUSTOMER, "household"),),
    )
    return Policy(
        controller=Controller("Grocer", "DE", "privacy@grocer.example"),
        regimes={"gdpr": Regime("gdpr", "GDPR", ("DE", "FR")), "us": Regime("us", "US", ("US", "US-CA"))},
        namespaces={CUSTOMER: PrivacyUnit(CUSTOMER, "Household", Allowance(20.0, 1e-5, Period.YEAR))},
        purposes={purpose.name: purpose for purpose in declared},
        datasets={"baskets": baskets},
        recipients={},
        roles={
            "officer": Role("officer", "Privacy officer", ("consent-coverage-exact", "consent-why", "policy-activate")),
            "analyst": Role("analyst", "Analyst", ("query",)),
        },
        people={"pia": Person("pia", "Pia", ("officer",)), "ana": Person("ana", "Ana", ("analyst",))},
        version=version,
    )


def add_subjects(database: Database, *facts: tuple[str | None, int | None], first: int = 0) -> None:
    """Add subjects with these (jurisdiction, birth year) from id `first` on, without telling the register."""
    rows = [
        {"namespace": CUSTOMER, "id": number, "natural_key": f"key-{number}", "jurisdiction": place, "birth_year": year}
        for number, (place, year) in enumerate(facts, start=first)
    ]
    with database.write() as connection:
        connection.execute(insert(subjects), rows)


@pytest.fixture
def policy() -> Policy:
    """Give a policy with one purpose of each kind."""
    return make_policy()


@pytest.fixture
def keys() -> SubjectKeys:
    """Give the subjects' keys under a fixed wrapping key."""
    return SubjectKeys(b"k" * 32)


@pytest.fixture
def database(control: Database) -> Database:
    """Give an empty control database, on SQLite and PostgreSQL."""
    return control
