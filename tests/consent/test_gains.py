"""How many people gain or lose a use: what activating would come to, worked out without changing anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from pellucid.audit import log
from pellucid.consent import register
from pellucid.consent.gains import UseGains, gains, gains_logged
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.sets import read_set
from pellucid.policy.canonical import with_version
from pellucid.policy.model import Policy, Unknown
from pellucid.records.database import Database
from pellucid.records.tables import metadata
from pellucid.subjects.keys import SubjectKeys

from .conftest import (
    ADULT_YEAR,
    CHILD_YEAR,
    CUSTOMER,
    INTERESTS_EU,
    NOW,
    OPT_OUT_US,
    PIA,
    add_subjects,
    make_purpose,
)


def said(subject: int, purpose: str, verb: ConsentVerb, **more: object) -> ConsentRecord:
    return ConsentRecord(CUSTOMER, subject, purpose, verb, at=NOW, **more)  # type: ignore[arg-type]


@pytest.fixture
def shop(database: Database, policy: Policy, keys: SubjectKeys) -> Database:
    """Ten grown-ups in DE, two children, one of unknown place; some said something."""
    add_subjects(database, *[("DE", ADULT_YEAR)] * 10, ("DE", CHILD_YEAR), ("DE", CHILD_YEAR), (None, ADULT_YEAR))
    records = [
        said(0, "care", ConsentVerb.GIVE, covers=Covers.HELD_DATA, explicit=True),
        said(1, "care", ConsentVerb.GIVE),
        said(2, "care", ConsentVerb.REFUSE),
        said(3, "loyalty", ConsentVerb.OBJECT),
    ]
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, 13, (), NOW)
        register.record(connection, keys, policy, records, PIA, NOW)
    return database


def changed(policy: Policy, **purposes: object) -> Policy:
    return with_version(replace(policy, purposes=dict(policy.purposes) | purposes))  # type: ignore[arg-type]


def opened(policy: Policy) -> Policy:
    """Care on legitimate interests, sensitive rows never; loyalty also for children; nothing else."""
    care = make_purpose("care", INTERESTS_EU, OPT_OUT_US, minimum_age=16)
    loyalty = replace(policy.purposes["loyalty"], minimum_age=0, unknown_age=Unknown.ADULT)
    return changed(policy, care=care, loyalty=loyalty)


def counted(database: Database, old: Policy, new: Policy) -> dict[str, UseGains]:
    with database.read() as connection:
        return {each.purpose: each for each in gains(connection, old, new, NOW)}


def test_a_basis_that_no_longer_asks_gains_those_who_said_nothing_and_none_who_said_no(
    shop: Database, policy: Policy
) -> None:
    found = counted(shop, policy, opened(policy))

    # Before: 0 wholly, 1 from now on. After: the ten grown-ups but 2, who refused; 1 gains the rows from before.
    assert found["care"] == UseGains("care", CUSTOMER, 2, 9, gain=8, lose=0, sensitive_gain=0, sensitive_lose=1)
    assert found["loyalty"] == UseGains("loyalty", CUSTOMER, 10, 12, 2, 0, 0, 0)
    assert found["delivery"] == UseGains("delivery", CUSTOMER, 12, 12, 0, 0, 0, 0)


def test_the_other_way_round_gains_are_losses(shop: Database, policy: Policy) -> None:
    there, back = counted(shop, policy, opened(policy)), counted(shop, opened(policy), policy)

    assert there["care"].gain > 0
    for purpose, found in there.items():
        other = back[purpose]
        assert (found.gain, found.lose, found.before, found.after) == (
            other.lose,
            other.gain,
            other.after,
            other.before,
        )
        assert (found.sensitive_gain, found.sensitive_lose) == (other.sensitive_lose, other.sensitive_gain)


def test_a_purpose_that_one_policy_does_not_declare_is_permitted_to_nobody_there(
    shop: Database, policy: Policy
) -> None:
    more = changed(policy, planning=make_purpose("planning", INTERESTS_EU, minimum_age=0))

    assert counted(shop, policy, more)["planning"] == UseGains("planning", CUSTOMER, 0, 12, 12, 0, 0, 0)
    assert counted(shop, more, policy)["planning"] == UseGains("planning", CUSTOMER, 12, 0, 0, 12, 0, 0)


def test_a_refusal_does_not_carry_over_to_a_renamed_purpose(shop: Database, policy: Policy) -> None:
    renamed = changed(policy, loyal=replace(policy.purposes["loyalty"], name="loyal"))

    found = counted(shop, policy, renamed)

    assert (found["loyalty"].after, found["loyal"].after) == (10, 11)


def test_what_is_counted_is_what_activating_would_make(shop: Database, policy: Policy) -> None:
    found = counted(shop, policy, opened(policy))

    with shop.write() as connection:
        register.rebuild(connection, opened(policy), NOW)
        sets = {purpose: read_set(connection, purpose, CUSTOMER) for purpose in opened(policy).purposes}

    for purpose, made in sets.items():
        partial = [each for each in made.partial.values() if each.not_before is not None]
        assert found[purpose].after == int(made.plain.sum()) + len(partial), purpose


def test_counting_changes_nothing_but_the_log(shop: Database, policy: Policy) -> None:
    def kept() -> dict[str, list[tuple[object, ...]]]:
        with shop.read() as connection:
            tables = [table for table in metadata.sorted_tables if not table.name.startswith("log_")]
            return {table.name: [tuple(row) for row in connection.execute(select(table))] for table in tables}

    before = kept()
    with shop.write() as connection:
        gains_logged(connection, policy, opened(policy), PIA, NOW)

    assert kept() == before
    with shop.read() as connection:
        entry = list(log.entries(connection))[-1].fields()
    assert entry["action"] == "policy.compared-exact"
    assert entry["body"] == {"old": policy.version, "new": opened(policy).version, "register_version": 2}
