"""Whoever it is, whatever they said, whichever laws count: what should only take away never gives.

Purposes, people, words and laws are drawn; the laws are shipped packs and made-up ones with dates.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from pellucid.consent import register
from pellucid.consent.bulk_decide import NEVER
from pellucid.consent.bulk_read import People
from pellucid.consent.decider import Decider
from pellucid.consent.effect import Effect
from pellucid.consent.identities import join, part
from pellucid.consent.permitted import decide_subject, next_change
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import By, ConsentRecord, ConsentVerb, Covers, ScreenState
from pellucid.consent.rule import law_due
from pellucid.consent.sets import read_set
from pellucid.consent.voices import IDENTITY, Voice
from pellucid.consent.whole import everybody
from pellucid.errors import PellucidError
from pellucid.policy.model import LegalBasis, Policy
from pellucid.records.database import Database
from pellucid.records.tables import subjects
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Field, Law, Laws
from tests.records.sqlite import new_control
from tests.regulations.test_properties import laws as made_up_laws

from .cases.drawn import CROWD, FACTS, KNOWN, RECORDS, SAID, as_admitted, policies
from .cases.grocer import KEYS, row_of
from .conftest import CONSENT_EU, CONTRACT_EU, CUSTOMER, DAY, INTERESTS_EU, NOW, PIA, make_policy, make_purpose

MANY = settings(max_examples=200, deadline=None)


def effect(
    policy: Policy,
    facts: SubjectFacts,
    said: Sequence[ConsentRecord],
    others: Sequence[Voice] = (),
    now: int = NOW,
) -> Effect:
    return decide_subject(policy, policy.purposes["p"], facts, said, now, others).effect


def widens(after: Effect, before: Effect) -> bool:
    """Return whether any row may be read after that could not be read before."""
    return before.narrows(after)


NARROWING = st.sampled_from(sorted(verb for verb in ConsentVerb if verb.narrows))


@given(policies(), FACTS, SAID, RECORDS, NARROWING, st.data())
@MANY
def test_a_no_an_objection_a_limit_or_a_restriction_never_widens(
    policy: Policy,
    facts: SubjectFacts,
    said: list[ConsentRecord],
    record: ConsentRecord,
    verb: ConsentVerb,
    data: st.DataObject,
) -> None:
    no, place = as_admitted(replace(record, verb=verb)), data.draw(st.integers(0, len(said)))
    after = effect(policy, facts, [*said[:place], no, *said[place:]])
    assert not widens(after, effect(policy, facts, said))


@given(policies(), KNOWN, SAID, KNOWN, SAID, st.booleans())
@MANY
def test_linking_another_identity_of_whom_all_is_known_never_widens(
    policy: Policy,
    facts: SubjectFacts,
    said: list[ConsentRecord],
    other: SubjectFacts,
    also: list[ConsentRecord],
    certain: bool,
) -> None:
    joined = effect(policy, facts, said, [Voice(other, tuple(also), IDENTITY, NOW + 1, certain)])
    assert not widens(joined, effect(policy, facts, said))


@given(policies(), FACTS, SAID, FACTS, SAID)
@MANY
def test_a_likely_link_never_widens_whatever_the_other_knows(
    policy: Policy, facts: SubjectFacts, said: list[ConsentRecord], other: SubjectFacts, also: list[ConsentRecord]
) -> None:
    joined = effect(policy, facts, said, [Voice(other, tuple(also), IDENTITY, NOW + 1, certain=False)])
    assert not widens(joined, effect(policy, facts, said))


@pytest.mark.slow
@given(policies(), made_up_laws("another"), st.sampled_from(sorted(shipped())), st.booleans(), FACTS, SAID)
@MANY
def test_another_law_never_widens(
    policy: Policy, made_up: Law, name: str, ship: bool, facts: SubjectFacts, said: list[ConsentRecord]
) -> None:
    law = shipped()[name] if ship else made_up
    assume(law.id not in {each.id for each in policy.laws.packs})
    more = replace(policy, laws=Laws((*policy.laws.packs, law)))
    assert not widens(effect(more, facts, said), effect(policy, facts, said))


@pytest.mark.slow
@given(policies(), FACTS, SAID, st.data())
@MANY
def test_marking_a_figure_unverified_never_widens(
    policy: Policy, facts: SubjectFacts, said: list[ConsentRecord], data: st.DataObject
) -> None:
    assume(policy.laws.packs)
    doubted = data.draw(st.sampled_from(policy.laws.packs))
    assume(doubted.fields)
    named = data.draw(st.sampled_from([each for each in doubted.fields if _decides(each)] or doubted.fields))
    others = [each for each in policy.laws.packs if each is not doubted]
    less = replace(policy, laws=Laws((*others, _doubted(doubted, named))))
    assert not widens(effect(less, facts, said), effect(policy, facts, said))


def _decides(named: Field) -> bool:
    return named.name.partition(".")[0] in ("consent", "ages", "territory", "signals")


def _doubted(law: Law, named: Field) -> Law:
    figures = tuple(replace(each, verified=False) for each in named.figures)
    kept = tuple(Field(each.name, figures) if each is named else each for each in law.fields)
    return replace(law, fields=kept)


@pytest.mark.slow
@given(policies(), FACTS, SAID, st.sampled_from([ScreenState.DOUBTFUL, ScreenState.INVALIDATED]), st.data())
@MANY
def test_doubting_a_screen_never_widens(
    policy: Policy, facts: SubjectFacts, said: list[ConsentRecord], state: ScreenState, data: st.DataObject
) -> None:
    assume(said)
    place = data.draw(st.integers(0, len(said) - 1))
    doubted = [*said[:place], replace(said[place], screen_state=state), *said[place + 1 :]]
    fine = [*said[:place], replace(said[place], screen_state=ScreenState.FINE), *said[place + 1 :]]
    assert not widens(effect(policy, facts, doubted), effect(policy, facts, fine))


@given(policies(), FACTS, SAID, RECORDS, st.sampled_from(["screen", "notice"]), st.data())
@MANY
def test_a_yes_on_a_void_screen_or_to_another_notice_gives_nothing(
    policy: Policy, facts: SubjectFacts, said: list[ConsentRecord], record: ConsentRecord, why: str, data: st.DataObject
) -> None:
    wrong = {"screen_state": ScreenState.INVALIDATED} if why == "screen" else {"notice_version": "0"}
    void = replace(record, verb=ConsentVerb.GIVE, purpose="p", **wrong)  # type: ignore[arg-type]
    place = data.draw(st.integers(0, len(said)))
    after = effect(policy, facts, [*said[:place], void, *said[place:]])
    assert not widens(after, effect(policy, facts, said))


@given(policies(), KNOWN, SAID, st.booleans(), st.booleans(), st.booleans())
@MANY
def test_an_estimate_in_place_of_a_known_fact_never_widens(
    policy: Policy, facts: SubjectFacts, said: list[ConsentRecord], place: bool, age: bool, vulnerable: bool
) -> None:
    guessed = replace(facts, place_estimated=place, age_estimated=age, vulnerable_estimated=vulnerable)
    assert not widens(effect(policy, guessed, said), effect(policy, facts, said))


@given(policies(), FACTS, SAID)
@MANY
def test_a_guess_never_gives_more_than_not_knowing(
    policy: Policy, facts: SubjectFacts, said: list[ConsentRecord]
) -> None:
    unknown = replace(facts, jurisdiction=None, birth_year=None, vulnerable=None)
    guessed = replace(facts, place_estimated=True, age_estimated=True, vulnerable_estimated=True)
    assert not widens(effect(policy, guessed, said), effect(policy, unknown, said))


def test_a_guardians_yes_opens_nothing_for_whoever_is_a_minor_by_a_guess() -> None:
    """Drawn once in many runs: a guessed year of birth let a guardian's yes count, which an unknown one does not."""
    policy = make_policy(make_purpose("p", CONSENT_EU, guardian=True, minimum_age=18, unknown_place="gdpr"))
    yes = ConsentRecord(
        namespace="household",
        subject=0,
        purpose="p",
        verb=ConsentVerb.GIVE,
        covers=Covers.HELD_DATA,
        notice_version="1",
        at=NOW - DAY,
        by=By.GUARDIAN,
        proof="file 7",
    )
    known = SubjectFacts(birth_year=2015)
    assert effect(policy, known, [yes]).plain
    for facts in (replace(known, age_estimated=True), SubjectFacts()):
        decision = decide_subject(policy, policy.purposes["p"], facts, [yes], NOW)
        assert [each.code for each in decision.reasons] == ["unknown-age"]


@given(policies(), FACTS, SAID, st.integers(0, 1500))
@MANY
def test_a_decision_keeps_until_it_is_due_or_a_date_in_a_law(
    policy: Policy, facts: SubjectFacts, said: list[ConsentRecord], days: int
) -> None:
    purpose = policy.purposes["p"]
    decision = decide_subject(policy, purpose, facts, said, NOW)
    ends = [decision.next_due, law_due(policy, purpose, [facts.jurisdiction], NOW)]
    last = min([NOW + days * DAY, *(end - 1 for end in ends if end is not None)])
    assert decide_subject(policy, purpose, facts, said, last) == decision


@given(policies(), CROWD, st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()), max_size=2))
@MANY
def test_decisions_in_bulk_are_those_of_each_singly(
    policy: Policy,
    crowd: list[tuple[SubjectFacts, list[ConsentRecord]]],
    links: list[tuple[int, int, bool]],
) -> None:
    said = {number: [replace(each, subject=number) for each in heard] for number, (_, heard) in enumerate(crowd)}
    others = _linked([facts for facts, _ in crowd], said, links)
    people = People(0, np.arange(len(crowd), dtype=np.int32), [facts for facts, _ in crowd])
    heard = {number: records for number, records in said.items() if records}
    made, decided = everybody(Decider(policy, NOW), "p", CUSTOMER, people, heard, others)
    dues = dict(zip(decided.subjects.tolist(), decided.due.tolist(), strict=True))
    for number, (facts, _) in enumerate(crowd):
        known = facts, said[number]
        decision = decide_subject(policy, policy.purposes["p"], *known, NOW, others.get(number, ()))
        assert made.effect(number) == decision.effect
        if number in dues:
            due = next_change(policy, policy.purposes["p"], *known, decision, others.get(number, ()))
            assert dues[number] == (NEVER if due is None else due)


def _linked(
    facts: Sequence[SubjectFacts],
    said: dict[int, list[ConsentRecord]],
    links: Sequence[tuple[int, int, bool]],
) -> dict[int, tuple[Voice, ...]]:
    """Return for pairs of the crowd, each person in one at most, the voice of the other."""
    found: dict[int, tuple[Voice, ...]] = {}
    for one, other, certain in links:
        if max(one, other) < len(facts) and one != other and not {one, other} & found.keys():
            for here, there in ((one, other), (other, one)):
                found[here] = (Voice(facts[there], tuple(said[there]), IDENTITY, NOW - 400 * DAY, certain),)
    return found


# -- a split, which happens in the control database --------------------------------------------------------------------

WORDS = st.lists(RECORDS, max_size=3).map(lambda said: [replace(each, without_choice=()) for each in said])


@contextmanager
def grocer(policy: Policy, facts: Sequence[SubjectFacts], said: Sequence[list[ConsentRecord]]) -> Iterator[Database]:
    """Give a database with two people who said this, and are linked for certain."""
    with tempfile.TemporaryDirectory() as folder:
        database = new_control(Path(folder) / "control.sqlite")
        with database.write() as connection:
            connection.execute(insert(subjects), [row_of(each, number) for number, each in enumerate(facts)])
            register.rebuild(connection, policy, NOW)
        for number, each in enumerate(said):
            for word in each:
                _tell(database, policy, replace(word, subject=number))
        with database.write() as connection:
            join(connection, KEYS, policy, (CUSTOMER, 0), (CUSTOMER, 1), "certain", "signed in", PIA, NOW)
        yield database
        database.close()


def _tell(database: Database, policy: Policy, record: ConsentRecord) -> None:
    """Record a word as if it were said and entered at its instant; what means nothing is turned away."""
    known = record.purpose in (None, *policy.purposes)
    proven = replace(record, proof="file 1", notice_version="", screen_state=ScreenState.FINE)
    try:
        with database.write() as connection:
            if known:
                register.record(connection, KEYS, policy, [proven], PIA, record.at)
    except PellucidError:
        assert not record.verb.narrows


def split(database: Database, policy: Policy, now: int = NOW) -> None:
    with database.write() as connection:
        part(connection, KEYS, policy, (CUSTOMER, 0), (CUSTOMER, 1), "a mistake", PIA, now)


def stored(database: Database, policy: Policy, now: int = NOW) -> Mapping[int, Effect]:
    with database.write() as connection:
        register.rebuild(connection, policy, now)
        made = read_set(connection, "p", CUSTOMER)
    return {number: made.effect(number) for number in (0, 1)}


def with_choice(policy: Policy) -> bool:
    return all(basis.basis is not LegalBasis.CONTRACT for basis in policy.purposes["p"].bases.values())


@given(policies().filter(with_choice), st.tuples(FACTS, FACTS), st.tuples(WORDS, WORDS))
@settings(max_examples=30, deadline=None)
def test_a_split_never_gives_more_than_there_was_before_it(
    policy: Policy,
    facts: tuple[SubjectFacts, SubjectFacts],
    said: tuple[list[ConsentRecord], list[ConsentRecord]],
) -> None:
    with grocer(policy, facts, said) as database:
        before = stored(database, policy)
        split(database, policy)
        after = stored(database, policy)
    assert [number for number in before if widens(after[number], before[number])] == []


@pytest.mark.slow
@given(policies().filter(with_choice), st.tuples(FACTS, FACTS), st.tuples(WORDS, WORDS), st.tuples(WORDS, WORDS))
@settings(max_examples=60, deadline=None)
def test_a_split_gives_no_more_than_before_it_whatever_was_said_since_the_link(
    policy: Policy,
    facts: tuple[SubjectFacts, SubjectFacts],
    said: tuple[list[ConsentRecord], list[ConsentRecord]],
    since: tuple[list[ConsentRecord], list[ConsentRecord]],
) -> None:
    later = NOW + 10 * 366 * DAY
    with grocer(policy, facts, said) as database:
        for number, each in enumerate(since):
            for word in each:
                _tell(database, policy, replace(word, subject=number, at=word.at + later - NOW))
        before = stored(database, policy, later)
        split(database, policy, later)
        with database.read() as connection:
            step_by_step = {number: read_set(connection, "p", CUSTOMER).effect(number) for number in (0, 1)}
        after = stored(database, policy, later)
    assert [number for number in before if widens(after[number], before[number])] == []
    assert step_by_step == after


ADULT = SubjectFacts("DE", 1980, vulnerable=False)


def test_a_split_does_not_open_a_contract_that_another_identity_had_restricted() -> None:
    policy = make_policy(make_purpose("p", CONTRACT_EU, minimum_age=0))
    restricted = ConsentRecord(CUSTOMER, 1, None, ConsentVerb.RESTRICT, at=NOW - DAY)
    with grocer(policy, (ADULT, ADULT), ([], [restricted])) as database:
        before = stored(database, policy)
        split(database, policy)
        assert not widens(stored(database, policy)[0], before[0])


def test_a_split_gives_no_more_later_than_there_would_have_been() -> None:
    policy = make_policy(make_purpose("p", INTERESTS_EU, minimum_age=16))
    opted_out = ConsentRecord(CUSTOMER, 1, "p", ConsentVerb.OPT_OUT, at=NOW - DAY)
    grown = NOW + 366 * DAY
    with grocer(policy, (replace(ADULT, birth_year=2010), ADULT), ([], [opted_out])) as database:
        before = stored(database, policy, grown)
        stored(database, policy)
        split(database, policy)
        assert not widens(stored(database, policy, grown)[0], before[0])
