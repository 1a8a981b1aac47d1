"""The example's policy is sound, and says what the story needs of it."""

from __future__ import annotations

from collections import Counter

from pellucid.demo.data import POLICY
from pellucid.policy.decide import permitted_columns
from pellucid.policy.load import load_folder, load_policy
from pellucid.policy.model import Default, LegalBasis, SensitiveUse


def test_the_policy_has_no_finding_at_all() -> None:
    assert [str(finding) for finding in load_folder(POLICY).findings] == []


def test_only_pharmacy_care_may_touch_rows_that_reveal_health_and_asks_everywhere_first() -> None:
    policy = load_policy(POLICY)
    touching = [purpose for purpose in policy.purposes.values() if purpose.sensitive is SensitiveUse.EXPLICIT_CONSENT]

    assert [purpose.name for purpose in touching] == ["pharmacy-care"]
    assert {basis.default for basis in touching[0].bases.values()} == {Default.OPT_IN}
    assert {basis.basis for basis in touching[0].bases.values()} == {LegalBasis.CONSENT}


def test_range_planning_sees_purchases_and_no_demographics() -> None:
    policy = load_policy(POLICY)

    assert permitted_columns(policy, "range-planning", "demographics") == ()
    assert {column.name for column in permitted_columns(policy, "range-planning", "transactions")} == {
        *policy.datasets["transactions"].columns
    } - {"household_id", "coupon_match_disc"}


def test_no_purpose_reads_where_households_live_or_when_people_were_born() -> None:
    policy = load_policy(POLICY)

    assert [name for name in policy.purposes if permitted_columns(policy, name, "households")] == []


def test_every_basis_in_the_example_is_one_that_its_purposes_were_chosen_to_show() -> None:
    policy = load_policy(POLICY)
    shown = Counter(
        (basis.basis.value, basis.default.value) for p in policy.purposes.values() for basis in p.bases.values()
    )

    assert shown == {
        ("legitimate_interests", "opt_out"): 16,
        ("contract", "no_choice"): 3,
        ("consent", "opt_in"): 5,
    }


def test_nobody_both_asks_questions_and_watches_over_them() -> None:
    policy = load_policy(POLICY)
    watching = {"policy-activate", "audit-read", "consent-coverage-exact"}

    for person in policy.people.values():
        may = {action for role in person.roles for action in policy.roles[role].may}
        assert "query" not in may or may & watching == set(), person.name
