"""The decision about one subject, as sentences and as invariants."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.consent.effect import NOTHING, Effect
from pellucid.consent.permitted import SubjectDecision, decide_subject, next_change
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.policy.model import Default, LegalBasis, Purpose, RegimeBasis, RestrictedUse, SensitiveUse, Unknown

from .conftest import (
    ADULT_YEAR,
    ALICE,
    CONSENT_EU,
    CONTRACT_EU,
    CUSTOMER,
    DAY,
    INTERESTS_EU,
    NOW,
    OPT_OUT_US,
    make_policy,
    make_purpose,
)

POLICY = make_policy()
ADULT = SubjectFacts("DE", ADULT_YEAR)
OPT_IN = make_purpose("p", CONSENT_EU)
OPT_OUT = make_purpose("p", INTERESTS_EU)
CONTRACT = make_purpose("p", CONTRACT_EU)
CARE = make_purpose("p", CONSENT_EU, sensitive=SensitiveUse.EXPLICIT_CONSENT)


def say(verb: str, days_ago: int, purpose: str | None = "p", **more: object) -> ConsentRecord:
    fields = {"notice_version": "1", "at": NOW - days_ago * DAY} | more
    return ConsentRecord(CUSTOMER, ALICE, purpose, ConsentVerb(verb), **fields)  # type: ignore[arg-type]


def decide(purpose: Purpose, *records: ConsentRecord, facts: SubjectFacts = ADULT, now: int = NOW) -> SubjectDecision:
    return decide_subject(POLICY, purpose, facts, records, now)


def codes(decision: SubjectDecision) -> list[str]:
    return [each.code for each in decision.reasons]


HELD = {"covers": Covers.HELD_DATA}


def test_silence_denies_where_a_yes_is_needed() -> None:
    assert (decide(OPT_IN).effect, codes(decide(OPT_IN))) == (NOTHING, ["no-record"])


def test_silence_permits_where_a_no_is_needed_but_never_sensitive_rows() -> None:
    decision = decide(make_purpose("p", INTERESTS_EU, sensitive=SensitiveUse.EXPLICIT_CONSENT))
    assert decision.effect == Effect(plain=True)
    assert codes(decision) == ["permitted-legitimate_interests"]
    assert [each.code for each in decision.sensitive_reasons] == ["sensitive-without-explicit-consent"]


def test_a_contract_permits_without_a_record() -> None:
    assert codes(decide(CONTRACT)) == ["permitted-contract"]


@pytest.mark.parametrize(
    ("verb", "code"),
    [("refuse", "refused"), ("withdraw", "withdrawn"), ("object", "objected"), ("opt_out", "opted-out")],
)
@pytest.mark.parametrize("purpose", [OPT_IN, OPT_OUT, CONTRACT], ids=["opt-in", "opt-out", "no-choice"])
def test_every_no_closes_whatever_verb_it_uses(purpose: Purpose, verb: str, code: str) -> None:
    decision = decide(purpose, say("give", 9, **HELD), say(verb, 3))
    assert (decision.effect, codes(decision)) == (NOTHING, [code])


def test_a_no_to_all_purposes_closes_each_and_a_later_yes_opens_one() -> None:
    assert decide(OPT_IN, say("give", 9, **HELD), say("withdraw", 3, None)).effect == NOTHING
    assert decide(OPT_IN, say("withdraw", 9, None), say("give", 3, **HELD)).effect == Effect(plain=True)


def test_a_yes_covers_rows_from_then_on_unless_it_says_held_data() -> None:
    decision = decide(OPT_IN, say("give", 3))
    assert decision.effect == Effect(not_before=NOW - 3 * DAY)
    assert codes(decision) == ["permitted-consent", "outside-covers"]
    assert decide(OPT_IN, say("give", 3, **HELD)).effect == Effect(plain=True)


def test_a_yes_after_an_opt_out_counts_from_then_on() -> None:
    assert decide(OPT_OUT, say("opt_out", 9), say("give", 3)).effect == Effect(not_before=NOW - 3 * DAY)


def test_a_yes_to_another_purpose_is_left_aside() -> None:
    assert decide(OPT_IN, say("give", 3, "q", **HELD)).effect == NOTHING


def test_a_yes_that_arrives_late_does_not_overrule_a_later_no() -> None:
    assert decide(OPT_IN, say("withdraw", 3), say("give", 9, **HELD)).effect == NOTHING


def test_an_older_notice_does_not_count() -> None:
    decision = decide(OPT_IN, say("give", 3, notice_version="0", **HELD))
    assert (decision.effect, codes(decision)) == (NOTHING, ["notice-changed"])


def test_a_consent_expires_to_the_microsecond() -> None:
    purpose = replace(OPT_IN, consent_days=30)
    record = say("give", 3, **HELD)
    expiry = record.at + 30 * DAY
    assert decide(purpose, record).next_due == expiry
    assert decide(purpose, record, now=expiry - 1).effect == Effect(plain=True)
    assert codes(decide(purpose, record, now=expiry)) == ["consent-expired"]


def test_sensitive_rows_need_their_own_explicit_yes() -> None:
    plain, explicit = say("give", 9, **HELD), say("give", 3, explicit=True)
    assert decide(CARE, plain).effect == Effect(plain=True)
    assert decide(CARE, plain, explicit).effect == Effect(plain=True, sensitive_not_before=NOW - 3 * DAY)
    assert decide(OPT_IN, plain, explicit).effect == Effect(plain=True)
    assert decide(CARE, say("give", 3, explicit=True, **HELD)).effect == Effect(plain=True, sensitive=True)


def test_a_limit_takes_sensitive_rows_only_and_until_a_new_explicit_yes() -> None:
    explicit = say("give", 9, explicit=True, **HELD)
    limited = decide(CARE, explicit, say("limit", 6))
    assert limited.effect == Effect(plain=True)
    assert [each.code for each in limited.sensitive_reasons] == ["limited"]
    again = decide(CARE, explicit, say("limit", 6), say("give", 3, explicit=True, **HELD))
    assert again.effect == Effect(plain=True, sensitive=True)
    assert decide(CARE, explicit, say("limit", 6), say("give", 3, **HELD)).effect == Effect(plain=True)


def test_a_restriction_closes_a_contract_until_it_is_lifted() -> None:
    assert codes(decide(CONTRACT, say("restrict", 9, None))) == ["restricted"]
    assert decide(CONTRACT, say("restrict", 9, None), say("lift", 3, None)).effect == Effect(plain=True)


def test_a_yes_beside_a_restriction_takes_nothing_from_a_purpose_that_goes_on_all_the_same() -> None:
    """Or doubting the screen of that yes would open more than the yes did."""
    claims = replace(CONTRACT, while_restricted=RestrictedUse.LEGAL_CLAIMS)
    restricted, given = say("restrict", 9, None), say("give", 3)
    assert decide(claims, restricted).effect == Effect(plain=True)
    assert decide(claims, restricted, given).effect == Effect(plain=True)


def test_an_objection_where_no_choice_was_offered_is_kept_but_closes_nothing() -> None:
    objection = say("object", 3, without_choice=("p",))
    assert decide(CONTRACT, objection).effect == Effect(plain=True)
    assert decide(OPT_OUT, objection).effect == NOTHING  # now that there is a choice, it was made


def test_a_new_basis_does_not_undo_a_withdrawal() -> None:
    said = (say("give", 9, **HELD), say("withdraw", 3))
    assert [codes(decide(purpose, *said)) for purpose in (OPT_IN, OPT_OUT, CONTRACT)] == [["withdrawn"]] * 3
    assert decide(CONTRACT, *said, say("give", 1, **HELD)).effect == Effect(plain=True)


def test_the_erased_are_denied_everything() -> None:
    assert decide(CONTRACT, facts=SubjectFacts("DE", ADULT_YEAR, erased=True)).effect == NOTHING


@pytest.mark.parametrize(
    ("place", "unknown_place", "effect"),
    [
        (None, "refuse", NOTHING),
        ("BR", "refuse", NOTHING),
        (None, "gdpr", Effect(plain=True)),
        ("BR", "gdpr", Effect(plain=True)),
        ("DE-BY", "refuse", Effect(plain=True)),
        ("US", "gdpr", NOTHING),
    ],
)
def test_an_unknown_place_means_what_the_purpose_says(place: str | None, unknown_place: str, effect: Effect) -> None:
    purpose = replace(OPT_OUT, unknown_place=unknown_place)
    decision = decide(purpose, facts=SubjectFacts(place, ADULT_YEAR))
    assert decision.effect == effect
    assert (codes(decision) == ["unknown-place"]) == (effect == NOTHING)


def test_where_two_regimes_cover_a_place_the_stricter_one_holds() -> None:
    old = replace(POLICY.regimes["us"], name="old", jurisdictions=("DE",))
    policy = replace(POLICY, regimes={**POLICY.regimes, "old": old})
    both = make_purpose("p", CONSENT_EU, RegimeBasis("old", LegalBasis.LEGITIMATE_INTERESTS, Default.OPT_OUT))
    assert codes(decide_subject(policy, both, ADULT, (), NOW)) == ["no-record"]
    one = make_purpose("p", RegimeBasis("old", LegalBasis.LEGITIMATE_INTERESTS, Default.OPT_OUT))
    assert codes(decide_subject(policy, one, ADULT, (), NOW)) == ["unknown-place"]


@pytest.mark.parametrize(
    ("year", "unknown_age", "expected"),
    [
        (2007, Unknown.REFUSE, ["permitted-contract"]),
        (2008, Unknown.REFUSE, ["minor"]),
        (2015, Unknown.ADULT, ["minor"]),
        (None, Unknown.REFUSE, ["unknown-age"]),
        (None, Unknown.ADULT, ["permitted-contract"]),
    ],
)
def test_only_who_is_certainly_of_age_counts(year: int | None, unknown_age: Unknown, expected: list[str]) -> None:
    decision = decide(replace(CONTRACT, unknown_age=unknown_age), facts=SubjectFacts("DE", year))
    assert codes(decision) == expected


def test_every_ground_is_collected_in_order() -> None:
    facts = SubjectFacts(None, 2015, erased=True)
    decision = decide(OPT_IN, say("restrict", 5, None), say("withdraw", 3), facts=facts)
    assert codes(decision) == ["erased", "restricted", "unknown-place", "minor"]


# -- invariants ----------------------------------------------------------------------------------------------------

RECORDS = st.builds(
    ConsentRecord,
    namespace=st.just(CUSTOMER),
    subject=st.just(ALICE),
    purpose=st.sampled_from(["p", "q", None]),
    verb=st.sampled_from(ConsentVerb),
    explicit=st.booleans(),
    covers=st.sampled_from(Covers),
    notice_version=st.sampled_from(["0", "1", "1", "1"]),
    at=st.integers(0, 40).map(lambda days: NOW - days * DAY),
    without_choice=st.sampled_from([(), ("p",)]),
)
SAID = st.lists(RECORDS, max_size=6)
FACTS = st.builds(
    SubjectFacts,
    st.sampled_from([None, "DE", "US", "US-CA", "BR"]),
    st.sampled_from([None, 1950, 2007, 2008, 2009, 2024]),
    st.sampled_from([False, False, False, True]),
)
PURPOSES = st.builds(
    lambda bases, **changes: make_purpose("p", *bases, **changes),
    st.sampled_from([(CONSENT_EU,), (INTERESTS_EU, OPT_OUT_US), (CONTRACT_EU,), (CONSENT_EU, OPT_OUT_US)]),
    unknown_place=st.sampled_from(["refuse", "gdpr", "us"]),
    unknown_age=st.sampled_from(Unknown),
    minimum_age=st.sampled_from([0, 16, 18]),
    sensitive=st.sampled_from(SensitiveUse),
    consent_days=st.sampled_from([None, 20, 400]),
)
NARROWING = sorted(verb for verb in ConsentVerb if verb.narrows)


@given(PURPOSES, FACTS, SAID, st.data())
@settings(max_examples=300, deadline=None)
def test_a_record_that_narrows_never_widens(
    purpose: Purpose, facts: SubjectFacts, said: list[ConsentRecord], data: st.DataObject
) -> None:
    no = replace(data.draw(RECORDS), verb=data.draw(st.sampled_from(NARROWING)))
    place = data.draw(st.integers(0, len(said)))
    before = decide(purpose, *said, facts=facts)
    after = decide(purpose, *said[:place], no, *said[place:], facts=facts)
    assert not before.effect.narrows(after.effect)


@given(PURPOSES, FACTS, SAID)
@settings(max_examples=300, deadline=None)
def test_not_knowing_permits_no_more_than_knowing_unless_the_policy_says_so(
    purpose: Purpose, facts: SubjectFacts, said: list[ConsentRecord]
) -> None:
    strict = replace(purpose, unknown_age=Unknown.REFUSE, unknown_place="refuse", minimum_age=18)
    for unknown in (replace(facts, jurisdiction=None), replace(facts, birth_year=None)):
        assert decide(strict, *said, facts=unknown).effect == NOTHING


@given(PURPOSES, FACTS, SAID, st.integers(0, 5 * 366))
@settings(max_examples=300, deadline=None)
def test_a_decision_holds_until_it_is_due(
    purpose: Purpose, facts: SubjectFacts, said: list[ConsentRecord], days: int
) -> None:
    decision = decide(purpose, *said, facts=facts)
    end = NOW + days * DAY if decision.next_due is None else min(decision.next_due - 1, NOW + days * DAY)
    assert decide(purpose, *said, facts=facts, now=end) == decision
    due = next_change(POLICY, purpose, facts, said, decision)
    last = NOW + days * DAY if due is None else min(due - 1, NOW + days * DAY)
    assert decide(purpose, *said, facts=facts, now=last).effect == decision.effect
    if due is not None:
        assert decide(purpose, *said, facts=facts, now=due).effect != decision.effect


@given(PURPOSES, FACTS, SAID)
@settings(max_examples=200, deadline=None)
def test_sensitive_rows_are_never_permitted_where_plain_ones_are_not(
    purpose: Purpose, facts: SubjectFacts, said: list[ConsentRecord]
) -> None:
    effect = decide(purpose, *said, facts=facts).effect
    plain_rows = Effect(plain=effect.plain, not_before=effect.not_before)
    sensitive_rows = Effect(plain=effect.sensitive, not_before=effect.sensitive_not_before)
    assert not plain_rows.narrows(sensitive_rows)
    if purpose.sensitive is SensitiveUse.NEVER:
        assert (effect.sensitive, effect.sensitive_not_before) == (False, None)
    assert bool(decide(purpose, *said, facts=facts).reasons)
