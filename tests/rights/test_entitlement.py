"""Which rights a person has: by law, by legal basis, and what the controller offers where no law decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pellucid.policy.model import Default, LegalBasis, Policy, RegimeBasis
from pellucid.rights.covering import Covering
from pellucid.rights.entitlement import Entitlement, entitlement
from pellucid.rights.request import Denial, Request, Right
from tests.consent.conftest import CONSENT_EU, CONTRACT_EU, INTERESTS_EU, make_policy, make_purpose
from tests.rights.conftest import shop_policy, signed

DAY = date(2026, 6, 1)
DUTY_EU = RegimeBasis("gdpr", LegalBasis.LEGAL_OBLIGATION, Default.NO_CHOICE)


def found(policy: Policy, right: Right, *laws: str, place: str | None = "DE", **asked: object) -> Entitlement:
    request = Request("r0", right, "household", 0, 0, "", asked=dict(asked))
    return entitlement(policy, Covering(tuple(signed(*laws)), place), request, DAY)


@pytest.mark.parametrize("right", [right for right in Right if right not in (Right.OPT_OUT, Right.LIMIT)])
def test_the_gdpr_gives_all_but_opt_out_and_limit_with_a_citation(right: Right) -> None:
    told = found(shop_policy(), right, "eu-gdpr")
    assert told.entitled
    assert bool(told.grounds) == (right is not Right.LIFT_RESTRICTION)
    assert {one.law for one in told.grounds} <= {"eu-gdpr"}
    assert all(one.cite for one in told.grounds)


@pytest.mark.parametrize(
    ("basis", "portable", "objectable"),
    [(CONSENT_EU, True, False), (CONTRACT_EU, True, False), (INTERESTS_EU, False, True), (DUTY_EU, False, False)],
)
def test_under_the_gdpr_portability_and_objection_hang_on_the_basis(
    basis: RegimeBasis, portable: bool, objectable: bool
) -> None:
    policy = make_policy(make_purpose("only", basis))
    expected = {Right.PORTABILITY: portable, Right.OBJECTION: objectable}
    for right, entitled in expected.items():
        told = found(policy, right, "eu-gdpr")
        assert (told.entitled, told.proposed) == (entitled, None if entitled else Denial.CLAIM_NOT_COVERED)


def test_an_objection_to_marketing_needs_no_basis() -> None:
    policy = make_policy(make_purpose("offers", CONSENT_EU, kinds=("marketing_email_sms",)))
    told = found(policy, Right.OBJECTION, "eu-gdpr")
    assert [(one.id, one.cite) for one in told.grounds] == [("object_direct_marketing", "Art. 21(2)-(3)")]


def test_an_objection_counts_for_the_purposes_that_it_names() -> None:
    assert found(shop_policy(), Right.OBJECTION, "eu-gdpr", purposes=["planning"]).entitled
    assert not found(shop_policy(), Right.OBJECTION, "eu-gdpr", purposes=["delivery"]).entitled


def test_an_erasure_spares_what_a_legal_duty_needs() -> None:
    policy = make_policy(make_purpose("tax", DUTY_EU), make_purpose("offers", CONSENT_EU))
    assert found(policy, Right.ERASURE, "eu-gdpr").spared == ("tax",)
    only_duty = found(make_policy(make_purpose("tax", DUTY_EU)), Right.ERASURE, "eu-gdpr")
    assert (only_duty.entitled, only_duty.proposed) == (False, Denial.CLAIM_NOT_COVERED)


def test_data_that_no_purpose_uses_are_shown_and_erased_all_the_same() -> None:
    policy = replace(make_policy(), purposes={})
    assert found(policy, Right.ERASURE, "eu-gdpr").entitled
    assert found(policy, Right.ACCESS, "eu-gdpr").entitled
    assert not found(policy, Right.PORTABILITY, "eu-gdpr").entitled


def test_a_right_that_the_law_does_not_give_is_proposed_for_denial_and_no_more() -> None:
    told = found(shop_policy(), Right.RESTRICTION, "us-ca-ccpa", place="US-CA")
    assert (told.entitled, told.grounds, told.proposed) == (False, (), Denial.CLAIM_NOT_COVERED)


@pytest.mark.parametrize("right", [Right.OPT_OUT, Right.LIMIT, Right.LIFT_RESTRICTION])
def test_what_protects_is_always_honoured(right: Right) -> None:
    for laws, place in (((), "US-NV"), (("sg-pdpa",), "SG"), (("eu-gdpr",), None)):
        told = found(shop_policy(), right, *laws, place=place)
        assert (told.entitled, told.proposed) == (True, None)


def test_without_a_law_all_rights_are_offered_but_those_whose_basis_nobody_relies_on() -> None:
    duty_only = make_policy(make_purpose("tax", DUTY_EU))
    denied = {right for right in Right if not found(duty_only, right, place="DE").entitled}
    assert denied == {Right.PORTABILITY, Right.OBJECTION}
    assert found(duty_only, Right.PORTABILITY).proposed is Denial.OUTSIDE_JURISDICTION
    assert all(found(shop_policy(), right, place="DE").entitled for right in Right)


def test_of_several_laws_one_is_enough() -> None:
    told = found(shop_policy(), Right.RESTRICTION, "us-ca-ccpa", "eu-gdpr", place=None)
    assert [one.law for one in told.grounds] == ["eu-gdpr"]
