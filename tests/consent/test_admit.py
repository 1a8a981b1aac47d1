"""What the register lets in: every no, and every yes that means something."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.consent.admit import EARLIEST, admit
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import SPLIT_METHOD, ConsentRecord, ConsentVerb, Covers
from pellucid.errors import InputInvalid, NameUnknown

from .conftest import ADULT_YEAR, ALICE, CUSTOMER, NOW, make_policy

POLICY = make_policy()
ADULT = SubjectFacts("DE", ADULT_YEAR)


def said(verb: ConsentVerb, purpose: str | None = "range-planning", **more: object) -> ConsentRecord:
    return ConsentRecord(CUSTOMER, ALICE, purpose, verb, at=NOW, **more)  # type: ignore[arg-type]


def enter(record: ConsentRecord, *earlier: ConsentRecord, facts: SubjectFacts | None = ADULT) -> ConsentRecord:
    return admit(POLICY, record, facts, earlier, NOW)


def test_a_yes_is_kept_under_the_current_notice() -> None:
    assert enter(said(ConsentVerb.GIVE)).notice_version == "1"
    assert enter(said(ConsentVerb.GIVE, notice_version="1")).notice_version == "1"
    with pytest.raises(InputInvalid, match="got version '0', allowed '1'"):
        enter(said(ConsentVerb.GIVE, notice_version="0"))


def test_a_no_may_answer_any_notice() -> None:
    assert enter(said(ConsentVerb.WITHDRAW, notice_version="long ago")).notice_version == "long ago"
    assert enter(said(ConsentVerb.WITHDRAW)).notice_version == "1"


def test_a_yes_needs_its_purpose() -> None:
    with pytest.raises(InputInvalid, match="consent is specific"):
        enter(said(ConsentVerb.GIVE, None))


def test_nobody_speaks_from_the_future() -> None:
    with pytest.raises(InputInvalid, match="got 2026-06-01 12:00:01 UTC, allowed until 2026-06-01 12:00:00 UTC"):
        enter(replace(said(ConsentVerb.WITHDRAW), at=NOW + 1_000_000))


def test_an_unknown_purpose_or_subject_is_named() -> None:
    with pytest.raises(NameUnknown, match=r"no purpose 'x'\. Known: care, delivery, loyalty, range-planning"):
        enter(said(ConsentVerb.WITHDRAW, "x"))
    with pytest.raises(NameUnknown, match="no subject '0'"):
        enter(said(ConsentVerb.WITHDRAW), facts=None)
    with pytest.raises(NameUnknown, match="no subject '0'"):
        enter(said(ConsentVerb.WITHDRAW), facts=replace(ADULT, erased=True))


def test_a_yes_to_a_contract_means_nothing_unless_it_undoes_a_no() -> None:
    with pytest.raises(InputInvalid, match="'delivery' rests on contract for this person"):
        enter(said(ConsentVerb.GIVE, "delivery"))
    withdrawn = said(ConsentVerb.WITHDRAW, "delivery")  # recorded when the purpose rested on consent
    assert enter(said(ConsentVerb.GIVE, "delivery"), withdrawn).verb is ConsentVerb.GIVE


def test_an_objection_without_a_choice_notes_so() -> None:
    assert enter(said(ConsentVerb.OBJECT, "delivery")).without_choice == ("delivery",)
    assert enter(said(ConsentVerb.OBJECT, None)).without_choice == ("delivery",)
    assert enter(said(ConsentVerb.OBJECT, "loyalty")).without_choice == ()
    closed = said(ConsentVerb.WITHDRAW, "delivery")
    assert enter(said(ConsentVerb.OBJECT, "delivery"), closed).without_choice == ()


def test_a_caller_cannot_declare_that_there_was_no_choice() -> None:
    assert enter(said(ConsentVerb.OBJECT, "loyalty", without_choice=("loyalty",))).without_choice == ()


def test_a_restriction_is_of_the_whole_person() -> None:
    restriction = enter(said(ConsentVerb.RESTRICT, "loyalty"))
    assert restriction.purpose is None
    with pytest.raises(InputInvalid, match="lifted for the whole person: got purpose 'loyalty'"):
        enter(said(ConsentVerb.LIFT, "loyalty"), restriction)
    assert enter(said(ConsentVerb.LIFT, None), restriction).verb is ConsentVerb.LIFT
    with pytest.raises(InputInvalid, match="no restriction to lift"):
        enter(said(ConsentVerb.LIFT, None))


@given(
    st.sampled_from(sorted(verb for verb in ConsentVerb if verb.narrows)),
    st.sampled_from([*POLICY.purposes, None]),
    st.booleans(),
    st.sampled_from(Covers),
    st.text(max_size=5),
    st.builds(SubjectFacts, st.sampled_from([None, "DE", "US", "XX"]), st.sampled_from([None, 1980, 2015])),
)
@settings(deadline=None)
def test_a_no_is_never_rejected(
    verb: ConsentVerb, purpose: str | None, explicit: bool, covers: Covers, notice: str, facts: SubjectFacts
) -> None:
    kept = enter(said(verb, purpose, explicit=explicit, covers=covers, notice_version=notice), facts=facts)
    assert kept.verb is verb


def test_a_no_from_before_anybody_lived_is_dated_to_the_floor_and_a_yes_is_refused() -> None:
    ancient = -62_135_596_800_000_000 - 50_400_000_000  # 0001-01-01T00:00:00+14:00
    assert enter(replace(said(ConsentVerb.WITHDRAW), at=ancient)).at == EARLIEST
    with pytest.raises(InputInvalid, match="allowed from 1900-01-01"):
        enter(replace(said(ConsentVerb.GIVE), at=ancient))


def test_what_keeps_a_part_of_a_person_closed_closes_a_contract_too() -> None:
    assert enter(said(ConsentVerb.REFUSE, "delivery")).without_choice == ("delivery",)
    assert enter(said(ConsentVerb.REFUSE, "delivery", method=SPLIT_METHOD)).without_choice == ()
