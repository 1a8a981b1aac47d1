"""Deciding about many at once comes to exactly what deciding about each comes to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.consent.bulk_decide import NEVER, decide_heard
from pellucid.consent.bulk_heard import Heard
from pellucid.consent.bulk_read import People
from pellucid.consent.decider import Decider
from pellucid.consent.person import SubjectFacts, of_age
from pellucid.consent.record import By, ConsentRecord, ConsentVerb, Covers, ScreenState
from pellucid.consent.voices import IDENTITY, Voice
from pellucid.policy.model import Notice, RestrictedUse, SensitiveUse, Unknown, VulnerableUse

from .conftest import (
    CONSENT_EU,
    CONTRACT_EU,
    CONTRACT_US,
    CUSTOMER,
    DAY,
    INTERESTS_EU,
    NOW,
    OPT_OUT_US,
    make_policy,
    make_purpose,
)

POLICY = make_policy(
    make_purpose("range-planning", CONSENT_EU, OPT_OUT_US, notice=Notice("2", "Words.", ("1",))),
    make_purpose("loyalty", INTERESTS_EU, OPT_OUT_US, unknown_place="us", unknown_age=Unknown.ADULT),
    make_purpose("delivery", CONTRACT_EU, CONTRACT_US, minimum_age=0),
    make_purpose(
        "care",
        CONSENT_EU,
        OPT_OUT_US,
        sensitive=SensitiveUse.EXPLICIT_CONSENT,
        consent_days=365,
        minimum_age=16,
        guardian=True,
        vulnerable=VulnerableUse.NOT_IF_KNOWN,
    ),
    make_purpose("claims", CONSENT_EU, OPT_OUT_US, while_restricted=RestrictedUse.LEGAL_CLAIMS, consent_days=30),
)
NAMES = list(POLICY.purposes)
BORN = [None, 1950, 1999, 2007, 2008, 2009, 2010, 2020]
EDGES = [
    NOW - 365 * DAY,
    NOW - 30 * DAY,
    NOW,
    *(of_age(born, 16) for born in BORN if born),
    of_age(2009, 16) - 365 * DAY,
]
AT = st.one_of(
    st.integers(0, 500).map(lambda days: NOW - days * DAY),
    st.sampled_from([edge + more for edge in EDGES for more in (-1, 0, 1) if edge + more <= NOW + DAY]),
)
FACTS = st.builds(
    SubjectFacts,
    jurisdiction=st.sampled_from(["DE", "US", "US-CA", "CH", None]),
    birth_year=st.sampled_from(BORN),
    erased=st.sampled_from([False, False, False, True]),
    vulnerable=st.sampled_from([None, False, True]),
    place_estimated=st.booleans(),
    age_estimated=st.booleans(),
)
KINDS = st.builds(
    ConsentRecord,
    namespace=st.just(CUSTOMER),
    subject=st.just(0),
    purpose=st.sampled_from([*NAMES, None]),
    verb=st.sampled_from(ConsentVerb),
    explicit=st.booleans(),
    covers=st.sampled_from(Covers),
    notice_version=st.sampled_from(["1", "2", "0"]),
    channel=st.sampled_from(["web", "till"]),
    without_choice=st.sampled_from([(), ("delivery",), ("delivery", "loyalty")]),
    by=st.sampled_from(By),
    proof=st.sampled_from(["", "file 1"]),
    member=st.sampled_from(["", "", "", "", "", "anna", "ben"]),
    method=st.sampled_from(["", "signal:gpc"]),
    while_restricted=st.booleans(),
    screen_state=st.sampled_from([ScreenState.FINE, ScreenState.FINE, *ScreenState]),
)
SAID = st.lists(st.builds(lambda kind, at: replace(kind, at=at), KINDS, AT), max_size=3)


@given(st.lists(st.tuples(FACTS, SAID), min_size=1, max_size=30), st.sets(st.integers(0, 29)))
@settings(max_examples=150, deadline=None)
def test_deciding_together_equals_deciding_about_each(
    crowd: list[tuple[SubjectFacts, list[ConsentRecord]]], linked: set[int]
) -> None:
    people = People(0, np.arange(len(crowd), dtype=np.int32), [facts for facts, _ in crowd])
    said = {number: [replace(each, subject=number) for each in told] for number, (_, told) in enumerate(crowd) if told}
    heard = Heard.of(said)
    others = {
        number: (Voice(crowd[number][0], tuple(crowd[0][1]), IDENTITY, NOW - 90 * DAY),)
        for number in linked
        if number < len(crowd) and number % 5 == 0
    }
    decider = Decider(POLICY, NOW)
    for purpose in NAMES:
        decided = decide_heard(decider, purpose, heard, people, others)
        told = {number for number, records in said.items() if any(each.concerns(purpose) for each in records)}
        assert decided.subjects.tolist() == sorted(told | others.keys())
        for place, number in enumerate(decided.subjects.tolist()):
            single = decider.outcome(purpose, crowd[number][0], said.get(number, ()), others.get(number, ()))
            due = int(decided.due[place])
            told_of = (purpose, crowd[number], others.get(number))
            assert (decided.effect(place), None if due == NEVER else due) == (single.effect, single.due), told_of


def test_what_was_heard_is_by_subject_what_was_said() -> None:
    yes = ConsentRecord(CUSTOMER, 3, "care", ConsentVerb.GIVE, at=NOW)
    no = ConsentRecord(CUSTOMER, 1, None, ConsentVerb.OBJECT, at=NOW - 1)
    heard = Heard.of({3: [yes, replace(yes, at=NOW + 1)], 1: [no]})
    assert dict(heard) == {1: [no], 3: [yes, replace(yes, at=NOW + 1)]}
    assert (2 in heard, 7 in heard, len(heard)) == (False, False, 2)
