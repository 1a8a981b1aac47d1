"""What follows from an opt-out signal: what it closes, what it never touches, what is asked first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pellucid.consent import register
from pellucid.consent.honour import LEAVE, STAY, Honoured, answer, note, open_questions, records_of_signal, seen, weigh
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.show import why
from pellucid.consent.signals import GPC_KINDS, SENSITIVE_DATA, SignalReading
from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Laws
from pellucid.subjects.keys import SubjectKeys

from .conftest import (
    ADULT_YEAR,
    ALICE,
    CUSTOMER,
    INTERESTS_EU,
    NOW,
    OPT_OUT_US,
    PIA,
    add_subjects,
    make_policy,
    make_purpose,
)

GPC = SignalReading("gpc", GPC_KINDS)
LIMIT = SignalReading("gpp:usca", frozenset({SENSITIVE_DATA}))


@pytest.fixture
def policy() -> Policy:
    bases = (INTERESTS_EU, OPT_OUT_US)
    return make_policy(
        make_purpose("statistics", *bases, kinds=("own_analytics",)),
        make_purpose("partners", *bases, kinds=("share",)),
        make_purpose("club", *bases, kinds=("sale",), loyalty=True),
        make_purpose("delivery", *bases),
    )


@pytest.fixture
def people(database: Database, policy: Policy) -> Database:
    add_subjects(database, ("US-CA", ADULT_YEAR))
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, 1, (), NOW)
    return database


def honour(database: Database, keys: SubjectKeys, policy: Policy, reading: SignalReading = GPC) -> Honoured:
    with database.write() as connection:
        found = weigh(connection, policy, CUSTOMER, ALICE, reading, NOW)
        said = records_of_signal(found, CUSTOMER, ALICE, NOW)
        note(connection, found, CUSTOMER, ALICE, NOW)
        if said:
            register.record(connection, keys, policy, said, PIA, NOW)
    return found


def codes(database: Database, policy: Policy, purpose: str) -> str:
    with database.read() as connection:
        return why(connection, policy, CUSTOMER, ALICE, purpose, NOW).reasons[0].code


def join_the_club(database: Database, keys: SubjectKeys, policy: Policy) -> None:
    item = ConsentRecord(CUSTOMER, ALICE, "club", ConsentVerb.GIVE, covers=Covers.HELD_DATA, at=NOW, channel="web")
    with database.write() as connection:
        register.record(connection, keys, policy, [item], PIA, NOW)


def test_gpc_closes_sale_and_sharing_and_nothing_else(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    assert honour(people, keys, policy) == Honoured("gpc", closes=("partners", "club"))
    assert codes(people, policy, "partners") == "signal"
    assert codes(people, policy, "statistics") == "permitted-legitimate_interests"
    assert codes(people, policy, "delivery") == "permitted-legitimate_interests"


def test_the_signal_again_records_nothing_more_and_its_absence_gives_nothing(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    honour(people, keys, policy)
    assert honour(people, keys, policy) == Honoured("gpc", closed=("partners", "club"))
    assert honour(people, keys, policy, SignalReading("gpc")) == Honoured("gpc")
    assert codes(people, policy, "partners") == "signal"
    with people.read() as connection:
        assert seen(connection, CUSTOMER, ALICE) == (("gpc", NOW),)


def test_a_member_of_a_programme_is_asked_and_not_overruled(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    join_the_club(people, keys, policy)
    assert honour(people, keys, policy) == Honoured("gpc", closes=("partners",), asks=("club",))
    assert codes(people, policy, "club") == "permitted-legitimate_interests"
    with people.write() as connection:
        assert open_questions(connection, CUSTOMER, ALICE) == ("club",)
        answer(connection, CUSTOMER, ALICE, "club", STAY, NOW)
        assert open_questions(connection, CUSTOMER, ALICE) == ()
    assert honour(people, keys, policy) == Honoured("gpc", closed=("partners",))


@pytest.mark.parametrize(
    ("purpose", "said", "code"), [("club", "maybe", "signal-answer"), ("club", LEAVE, "signal-question")]
)
def test_an_answer_to_no_question_is_refused(people: Database, purpose: str, said: str, code: str) -> None:
    with pytest.raises(InputInvalid) as refused, people.write() as connection:
        answer(connection, CUSTOMER, ALICE, purpose, said, NOW)
    assert refused.value.code == code


def test_a_law_may_let_a_signal_close_more(people: Database, policy: Policy) -> None:
    profiling = make_purpose("profiles", INTERESTS_EU, OPT_OUT_US, kinds=("profiling",))
    policy = replace(policy, purposes={**policy.purposes, "profiles": profiling})
    with people.read() as connection:
        assert "profiles" not in weigh(connection, policy, CUSTOMER, ALICE, GPC, NOW).closes
        deciding = replace(policy, laws=Laws((shipped()["us-ca-ccpa"],)))
        found = weigh(connection, deciding, CUSTOMER, ALICE, GPC, NOW).closes
    assert ("profiles" in found) == ("gpc" in _signals(deciding))


def _signals(policy: Policy) -> tuple[str, ...]:
    from pellucid.consent.person import SubjectFacts
    from pellucid.consent.rule import rule_for

    rule = rule_for(policy, policy.purposes["profiles"], SubjectFacts("US-CA", ADULT_YEAR), NOW)
    return rule.signals if rule is not None else ()


def test_a_signal_about_sensitive_data_limits_where_they_may_be_used(
    people: Database, keys: SubjectKeys, policy: Policy
) -> None:
    from pellucid.policy.model import SensitiveUse

    care = make_purpose("care", INTERESTS_EU, OPT_OUT_US, sensitive=SensitiveUse.EXPLICIT_CONSENT)
    policy = replace(policy, purposes={**policy.purposes, "care": care})
    assert honour(people, keys, policy, LIMIT) == Honoured("gpp:usca", limits=("care",))
    assert honour(people, keys, policy, LIMIT) == Honoured("gpp:usca")


def test_who_left_and_came_back_is_asked_again(people: Database, keys: SubjectKeys, policy: Policy) -> None:
    join_the_club(people, keys, policy)
    honour(people, keys, policy)
    with people.write() as connection:
        answer(connection, CUSTOMER, ALICE, "club", LEAVE, NOW)
    assert honour(people, keys, policy).asks == ("club",)
    with people.read() as connection:
        assert open_questions(connection, CUSTOMER, ALICE) == ("club",)
