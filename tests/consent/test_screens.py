"""Screens that are doubted freeze what comes through them; two people void what came."""

from __future__ import annotations

import pytest

from pellucid.audit.four_eyes import staff_named
from pellucid.consent import register
from pellucid.consent.effect import Effect
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.screens import CLEARED, DOUBTFUL, INVALIDATED, PROPOSED, mark_screen, subjects_through
from pellucid.consent.sets import read_set
from pellucid.consent.show import why
from pellucid.errors import InputInvalid, NotPermitted
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.subjects.keys import SubjectKeys

from .conftest import ADULT_YEAR, ALICE, BOB, CUSTOMER, NOW, PIA, add_subjects

SCREEN, PURPOSE = "banner-7", "range-planning"


@pytest.fixture
def people(database: Database, policy: Policy) -> Database:
    add_subjects(database, ("DE", ADULT_YEAR), ("DE", ADULT_YEAR))
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, 2, (), NOW)
    return database


def agree(database: Database, keys: SubjectKeys, policy: Policy, subject: int, now: int, verb: str = "give") -> None:
    item = ConsentRecord(
        CUSTOMER, subject, PURPOSE, ConsentVerb(verb), covers=Covers.HELD_DATA, at=now, screen=SCREEN, channel="web"
    )
    with database.write() as connection:
        register.record(connection, keys, policy, [item], PIA, now)


def mark(database: Database, policy: Policy, state: str, now: int, who: str = "pia") -> None:
    with database.write() as connection:
        mark_screen(connection, SCREEN, state, "the no was hidden", staff_named(who), now)
        wanted = {
            space: {subject: {PURPOSE} for subject in found}
            for space, found in subjects_through(connection, SCREEN).items()
        }
        register.decide_anew(connection, policy, wanted, now)


def effect_of(database: Database, subject: int) -> Effect:
    with database.read() as connection:
        return read_set(connection, PURPOSE, CUSTOMER).effect(subject)


def reason_of(database: Database, policy: Policy, subject: int, now: int) -> list[str]:
    with database.read() as connection:
        return [each.code for each in why(connection, policy, CUSTOMER, subject, PURPOSE, now).reasons][:1]


def test_a_doubt_freezes_what_is_agreed_to_after_it_and_not_before(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    agree(people, keys, policy, ALICE, NOW)
    mark(people, policy, DOUBTFUL, NOW + 1)
    agree(people, keys, policy, BOB, NOW + 2)
    assert (effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(plain=True), Effect())
    assert reason_of(people, policy, BOB, NOW + 2) == ["consent-frozen"]


def test_a_doubt_that_is_cleared_lets_the_frozen_count(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    mark(people, policy, DOUBTFUL, NOW)
    agree(people, keys, policy, BOB, NOW + 1)
    mark(people, policy, CLEARED, NOW + 2)
    assert effect_of(people, BOB) == Effect(plain=True)


def test_an_invalidation_by_two_voids_all_that_came_through_it(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    agree(people, keys, policy, ALICE, NOW)
    mark(people, policy, PROPOSED, NOW + 1)
    assert effect_of(people, ALICE) == Effect(plain=True)
    with pytest.raises(NotPermitted, match="so somebody else does it"):
        mark(people, policy, INVALIDATED, NOW + 2)
    mark(people, policy, INVALIDATED, NOW + 2, who="omar")
    assert effect_of(people, ALICE) == Effect()
    assert reason_of(people, policy, ALICE, NOW + 2) == ["consent-invalidated"]
    agree(people, keys, policy, BOB, NOW + 3)
    assert effect_of(people, BOB) == Effect()


def test_a_no_counts_through_whatever_screen_it_came(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    agree(people, keys, policy, ALICE, NOW)
    mark(people, policy, DOUBTFUL, NOW + 1)
    agree(people, keys, policy, ALICE, NOW + 2, verb="withdraw")
    mark(people, policy, CLEARED, NOW + 3)
    assert effect_of(people, ALICE) == Effect()


def test_sets_made_anew_know_of_the_screens(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    agree(people, keys, policy, ALICE, NOW)
    mark(people, policy, PROPOSED, NOW + 1)
    mark(people, policy, INVALIDATED, NOW + 2, who="omar")
    with people.write() as connection:
        register.rebuild(connection, policy, NOW + 3)
    assert effect_of(people, ALICE) == Effect()


@pytest.mark.parametrize(
    ("before", "state", "code"),
    [
        ((), CLEARED, "screen-fine"),
        ((), INVALIDATED, "screen-not-proposed"),
        ((DOUBTFUL,), INVALIDATED, "screen-not-proposed"),
    ],
)
def test_a_mark_out_of_turn_is_refused(
    people: Database, policy: Policy, before: tuple[str, ...], state: str, code: str
) -> None:
    for each in before:
        mark(people, policy, each, NOW)
    with pytest.raises(InputInvalid) as refused:
        mark(people, policy, state, NOW + 1, who="omar")
    assert refused.value.code == code


def test_what_was_invalidated_stays_so(people: Database, policy: Policy) -> None:
    mark(people, policy, PROPOSED, NOW)
    mark(people, policy, INVALIDATED, NOW + 1, who="omar")
    with pytest.raises(InputInvalid, match="not undone"):
        mark(people, policy, CLEARED, NOW + 2)


def test_a_yes_after_a_doubt_waits_whatever_the_clock_says(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    mark(people, policy, DOUBTFUL, NOW + 240_000_000)  # by a clock that was ahead
    agree(people, keys, policy, BOB, NOW + 60_000_000)
    assert effect_of(people, BOB) == Effect()
    with people.write() as connection:
        register.rebuild(connection, policy, NOW + 60_000_000)
    assert effect_of(people, BOB) == Effect()
