"""Several identifiers of one person, and several people of one household: the strictest counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert

from pellucid.audit.log import actions, entries
from pellucid.consent import register
from pellucid.consent.effect import Effect
from pellucid.consent.facts import records_of
from pellucid.consent.identities import Joined, join, part
from pellucid.consent.record import SPLIT_METHOD, ConsentRecord, ConsentVerb, Covers
from pellucid.consent.sets import read_set
from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.records.tables import subjects
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import all_persons, persons

from .conftest import ADULT_YEAR, ALICE, BOB, CUSTOMER, DAY, NOW, PIA, add_subjects, make_policy

BROWSER = "browser"
PURPOSE, OPEN = "range-planning", "loyalty"
MINUTE = 60_000_000


@pytest.fixture
def policy() -> Policy:
    policy = make_policy()
    unit = replace(policy.namespaces[CUSTOMER], name=BROWSER)
    return replace(policy, namespaces={**policy.namespaces, BROWSER: unit})


@pytest.fixture
def people(database: Database, policy: Policy) -> Database:
    """Give alice and bob, two adults in Germany, and a browser of which nothing is known."""
    add_subjects(database, ("DE", ADULT_YEAR), ("DE", ADULT_YEAR))
    with database.write() as connection:
        connection.execute(insert(subjects).values(namespace=BROWSER, id=0, natural_key="b-0"))
        register.subjects_added(connection, policy, CUSTOMER, 0, 2, (), NOW)
        register.subjects_added(connection, policy, BROWSER, 0, 1, (), NOW)
    return database


def say(database: Database, keys: SubjectKeys, policy: Policy, verb: str, subject: int = ALICE, **more: object) -> None:
    fields: dict[str, object] = {"channel": "web", "at": NOW, "covers": Covers.HELD_DATA} | more
    space, purpose = str(fields.pop("namespace", CUSTOMER)), str(fields.pop("purpose", PURPOSE))
    item = ConsentRecord(space, subject, purpose, ConsentVerb(verb), **fields)  # type: ignore[arg-type]
    with database.write() as connection:
        register.record(connection, keys, policy, [item], PIA, max(NOW, item.at))


def put_together(
    database: Database, keys: SubjectKeys, policy: Policy, other: tuple[str, int], confidence: str = "certain"
) -> Joined:
    with database.write() as connection:
        return join(connection, keys, policy, (CUSTOMER, ALICE), other, confidence, "signed in", PIA, NOW)


def split_again(
    database: Database, keys: SubjectKeys, policy: Policy, other: tuple[str, int], now: int = NOW
) -> Joined:
    with database.write() as connection:
        return part(connection, keys, policy, (CUSTOMER, ALICE), other, "a shared tablet", PIA, now)


def effect_of(database: Database, subject: int, purpose: str = PURPOSE, namespace: str = CUSTOMER) -> Effect:
    with database.read() as connection:
        return read_set(connection, purpose, namespace).effect(subject)


def test_a_no_of_one_identity_counts_for_all_from_the_link_on(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    say(people, keys, policy, "give", ALICE)
    say(people, keys, policy, "withdraw", BOB)
    assert effect_of(people, ALICE) == Effect(plain=True)
    put_together(people, keys, policy, (CUSTOMER, BOB))
    assert (effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(), Effect())


def test_a_yes_of_the_person_after_the_link_opens_what_an_older_no_closed(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    say(people, keys, policy, "withdraw", BOB, at=NOW - DAY)
    put_together(people, keys, policy, (CUSTOMER, BOB))
    say(people, keys, policy, "give", ALICE, at=NOW + 1)
    assert (effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(plain=True), Effect(plain=True))


def test_a_yes_over_a_likely_link_opens_nothing_and_a_no_closes(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    say(people, keys, policy, "withdraw", BOB, at=NOW - DAY)
    put_together(people, keys, policy, (CUSTOMER, BOB), "likely")
    say(people, keys, policy, "give", ALICE, at=NOW + 1)
    assert (effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(), Effect())
    say(people, keys, policy, "object", ALICE, at=NOW + 2, purpose=OPEN)
    assert effect_of(people, BOB, OPEN) == Effect()


def test_the_silence_of_a_browser_closes_nothing_and_a_yes_before_the_link_opens_nothing_there(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    say(people, keys, policy, "give", ALICE, at=NOW - DAY)
    put_together(people, keys, policy, (BROWSER, 0))
    assert effect_of(people, ALICE) == Effect(plain=True)
    assert effect_of(people, 0, namespace=BROWSER) == Effect()


def test_what_is_unknown_of_a_subject_stays_so_and_closes_nothing_for_the_others(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    put_together(people, keys, policy, (BROWSER, 0))
    say(people, keys, policy, "give", ALICE, at=NOW + 1)
    assert effect_of(people, ALICE) == Effect(plain=True)
    assert effect_of(people, 0, namespace=BROWSER) == Effect()  # of unknown age, and the purpose refuses that


def test_a_no_for_the_whole_household_is_not_opened_by_one_of_its_members(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    say(people, keys, policy, "refuse", ALICE)
    say(people, keys, policy, "give", ALICE, member="ann", at=NOW + 1)
    assert effect_of(people, ALICE) == Effect()
    say(people, keys, policy, "give", ALICE, at=NOW + 2)
    assert effect_of(people, ALICE) == Effect(plain=True)


def test_a_member_who_comes_to_be_known_has_to_agree_too(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    say(people, keys, policy, "give", ALICE, member="ann")
    say(people, keys, policy, "object", ALICE, member="bert", purpose=OPEN, at=NOW + 1)
    assert (effect_of(people, ALICE), effect_of(people, ALICE, OPEN)) == (Effect(), Effect())
    with people.write() as connection:
        register.rebuild(connection, policy, NOW + 1)
    assert (effect_of(people, ALICE), effect_of(people, ALICE, OPEN)) == (Effect(), Effect())


def test_a_no_holds_against_a_yes_of_another_identity_that_a_clock_dated_ahead(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    put_together(people, keys, policy, (CUSTOMER, BOB))
    say(people, keys, policy, "give", ALICE, at=NOW + 4 * MINUTE)
    with people.write() as connection:
        item = ConsentRecord(CUSTOMER, BOB, PURPOSE, ConsentVerb.WITHDRAW, channel="web", at=NOW + MINUTE)
        register.record(connection, keys, policy, [item], PIA, NOW + MINUTE)
    assert (effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(), Effect())


def test_an_opt_out_of_a_browser_reaches_the_person_only_once_it_is_linked(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    say(people, keys, policy, "opt_out", 0, namespace=BROWSER, purpose=OPEN)
    assert effect_of(people, ALICE, OPEN) == Effect(plain=True)
    put_together(people, keys, policy, (BROWSER, 0))
    assert effect_of(people, ALICE, OPEN) == Effect()


def test_a_split_gains_nothing_until_a_new_yes(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    say(people, keys, policy, "withdraw", BOB)
    say(people, keys, policy, "give", ALICE, at=NOW - DAY)
    put_together(people, keys, policy, (CUSTOMER, BOB))
    done = split_again(people, keys, policy, (CUSTOMER, BOB))
    assert done.closed == 1
    assert (effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(), Effect())
    assert effect_of(people, ALICE, OPEN) == Effect(plain=True)
    say(people, keys, policy, "give", ALICE, at=NOW + 1)
    assert (effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(plain=True), Effect())


def test_what_an_identity_said_yes_to_itself_since_anothers_no_goes_on_after_a_split(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    say(people, keys, policy, "withdraw", BOB, at=NOW - DAY)
    put_together(people, keys, policy, (CUSTOMER, BOB))
    say(people, keys, policy, "give", ALICE, at=NOW + 2)
    before = effect_of(people, ALICE)
    done = split_again(people, keys, policy, (CUSTOMER, BOB), NOW + 3)

    assert (before, effect_of(people, ALICE), done.closed) == (Effect(plain=True), Effect(plain=True), 0)
    assert effect_of(people, BOB) == Effect()  # whose no nobody took back: the yes was not theirs
    with people.write() as connection:
        register.rebuild(connection, policy, NOW + 3)
    assert (effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(plain=True), Effect())


def test_a_yes_does_not_go_on_after_a_split_against_a_no_that_came_later(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    put_together(people, keys, policy, (CUSTOMER, BOB))
    say(people, keys, policy, "give", ALICE, at=NOW + 1)
    say(people, keys, policy, "withdraw", BOB, at=NOW + 2)
    split_again(people, keys, policy, (CUSTOMER, BOB), NOW + 3)

    assert (effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(), Effect())


def test_a_yes_over_a_likely_link_does_not_go_on_after_a_split_either(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    say(people, keys, policy, "withdraw", BOB, at=NOW - DAY)
    put_together(people, keys, policy, (CUSTOMER, BOB), "likely")
    say(people, keys, policy, "give", ALICE, at=NOW + 1)
    split_again(people, keys, policy, (CUSTOMER, BOB), NOW + 3)

    assert effect_of(people, ALICE) == Effect()


def test_a_no_that_was_taken_back_by_whoever_said_it_closes_nothing_after_a_split(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    say(people, keys, policy, "withdraw", BOB, at=NOW - 2 * DAY)
    for subject in (ALICE, BOB):
        say(people, keys, policy, "give", subject, at=NOW - DAY)
    put_together(people, keys, policy, (CUSTOMER, BOB))
    before = effect_of(people, ALICE)
    done = split_again(people, keys, policy, (CUSTOMER, BOB))

    assert (before, effect_of(people, ALICE), effect_of(people, BOB)) == (Effect(plain=True),) * 3
    assert done.closed == 0


def test_a_record_that_a_split_makes_does_not_tell_when_the_other_said_no(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    put_together(people, keys, policy, (CUSTOMER, BOB))
    say(people, keys, policy, "withdraw", BOB, at=NOW + MINUTE)
    say(people, keys, policy, "give", ALICE, at=NOW + 2 * MINUTE)
    split_again(people, keys, policy, (CUSTOMER, BOB), NOW + 3 * MINUTE)
    with people.read() as connection:
        made = [each.at for each in records_of(connection, CUSTOMER, [ALICE])[ALICE] if each.method == SPLIT_METHOD]

    assert made == [NOW + 2 * MINUTE - 1]


def test_three_identities_are_one_person_and_splitting_the_middle_parts_them(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    put_together(people, keys, policy, (CUSTOMER, BOB))
    with people.write() as connection:
        join(connection, keys, policy, (CUSTOMER, BOB), (BROWSER, 0), "certain", "signed in", PIA, NOW)
        members = ((BROWSER, 0), (CUSTOMER, ALICE), (CUSTOMER, BOB))
        assert persons(connection, CUSTOMER, [ALICE])[ALICE].members == members
        assert {each.members for each in all_persons(connection, CUSTOMER).values()} == {members}
        part(connection, keys, policy, (CUSTOMER, ALICE), (CUSTOMER, BOB), "two people", PIA, NOW)
        assert persons(connection, CUSTOMER, [ALICE]) == {}
        assert persons(connection, CUSTOMER, [BOB])[BOB].members == ((BROWSER, 0), (CUSTOMER, BOB))


def test_sets_made_anew_equal_those_kept_step_by_step(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    say(people, keys, policy, "withdraw", BOB)
    put_together(people, keys, policy, (CUSTOMER, BOB))
    put_together(people, keys, policy, (BROWSER, 0))
    spaces = ((CUSTOMER, ALICE), (CUSTOMER, BOB), (BROWSER, 0))
    before = [effect_of(people, each, name, space) for space, each in spaces for name in policy.purposes]
    with people.write() as connection:
        register.rebuild(connection, policy, NOW)
    assert before == [effect_of(people, each, name, space) for space, each in spaces for name in policy.purposes]


@pytest.mark.parametrize(
    ("other", "confidence", "evidence", "code"),
    [
        ((CUSTOMER, BOB), "perhaps", "x", "link-confidence"),
        ((CUSTOMER, BOB), "certain", " ", "link-evidence"),
        ((CUSTOMER, ALICE), "certain", "x", "link-same"),
    ],
)
def test_a_link_without_sense_or_evidence_is_refused(
    people: Database,
    keys: SubjectKeys,
    policy: Policy,
    other: tuple[str, int],
    confidence: str,
    evidence: str,
    code: str,
) -> None:
    with pytest.raises(InputInvalid) as refused, people.write() as connection:
        join(connection, keys, policy, (CUSTOMER, ALICE), other, confidence, evidence, PIA, NOW)
    assert refused.value.code == code


def test_linking_twice_and_splitting_what_is_not_linked_are_refused(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    with pytest.raises(InputInvalid, match="not linked"):
        split_again(people, keys, policy, (CUSTOMER, BOB))
    put_together(people, keys, policy, (CUSTOMER, BOB))
    with pytest.raises(InputInvalid, match="linked already"):
        put_together(people, keys, policy, (CUSTOMER, BOB))


def test_the_log_tells_of_links_by_pseudonyms_and_keeps_the_evidence_erasable(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    put_together(people, keys, policy, (BROWSER, 0))
    split_again(people, keys, policy, (BROWSER, 0))
    with people.read() as connection:
        assert actions(connection)[-2:] == ("subject.linked", "subject.split")
        bodies = b"".join(entry.body for entry in entries(connection))
    assert b"signed in" not in bodies and b"b-0" not in bodies and b"key-0" not in bodies


def test_a_members_no_is_not_overruled_by_anothers_yes(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    say(people, keys, policy, "give", ALICE, member="ann")
    assert effect_of(people, ALICE) == Effect(plain=True)
    say(people, keys, policy, "refuse", ALICE, member="ben", at=NOW + 1)
    assert effect_of(people, ALICE) == Effect()
    say(people, keys, policy, "give", ALICE, member="ann", at=NOW + 2)
    assert effect_of(people, ALICE) == Effect()
    say(people, keys, policy, "give", ALICE, member="ben", at=NOW + 3)
    assert effect_of(people, ALICE) == Effect(plain=True)
