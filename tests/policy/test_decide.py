"""Who may do what, and which uses run: deny overrides, every reason is told, what is not declared is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

import pytest

from pellucid.policy.decide import (
    ACTIONS,
    Use,
    decide,
    effective_roles,
    may,
    permitted_columns,
    subject_key_columns,
)
from pellucid.policy.model import Actor, Policy, Standing

ANA = Actor("staff", "ana", ("analyst",), "os-user:ana")
MALLORY = Actor("staff", "mallory", ("marketer",), "os-user:mallory")
PIA = Actor("staff", "pia", ("privacy-officer",), "os-user:pia")


def use(actor: Actor = ANA, purpose: str = "range-planning", action: str = "query", **rest) -> Use:
    return Use(actor, purpose, action, **{name: frozenset(value) for name, value in rest.items()})


def codes(policy: Policy, asked: Use, standing: Standing | None = None) -> list[str]:
    return [reason.code for reason in decide(policy, asked, standing or Standing()).reasons]


def test_a_role_permits_its_actions_and_no_others(sound: Policy) -> None:
    permitted = {
        (actor.name, action) for actor in (ANA, MALLORY, PIA) for action in ACTIONS if may(sound, actor, action) is None
    }

    assert permitted == {
        ("ana", "query"),
        ("ana", "preview"),
        ("mallory", "query"),
        ("pia", "policy-activate"),
        ("pia", "consent-coverage-exact"),
    }


def test_a_refused_action_says_which_roles_may(sound: Policy) -> None:
    refused = may(sound, ANA, "policy-activate")

    assert refused is not None
    assert refused.code == "action-not-permitted"
    assert refused.message == "`ana` may not do `policy-activate`: they hold analyst."
    assert refused.remedy == "It takes one of the roles: privacy-officer."


def test_a_refused_action_that_no_role_may_do_says_so(sound: Policy) -> None:
    permitted = set().union(*(role.may for role in sound.roles.values()))
    refused = may(sound, ANA, min(set(ACTIONS) - permitted))

    assert refused is not None
    assert refused.remedy == "It takes one of the roles: none may, until the policy lets one."


@pytest.mark.parametrize(
    ("actor", "action", "code"),
    [
        (ANA, "shutdown", "action-unknown"),
        (replace(ANA, name="nobody"), "query", "person-unknown"),
        (replace(ANA, kind="customer"), "query", "actor-kind"),
        (replace(ANA, kind="alien"), "query", "actor-kind"),
        (replace(ANA, roles=()), "query", "action-not-permitted"),
        (replace(ANA, roles=("privacy-officer",)), "policy-activate", "action-not-permitted"),
        (Actor("system", "worker", ("no-such-role",), "product"), "query", "action-not-permitted"),
    ],
)
@pytest.mark.promise("purpose", "undeclared people, claimed roles, unknown purposes, missing bases")
def test_whoever_is_not_declared_may_nothing(sound: Policy, actor: Actor, action: str, code: str) -> None:
    refused = may(sound, actor, action)

    assert refused is not None
    assert refused.code == code


@pytest.mark.promise("purpose", "undeclared people, claimed roles, unknown purposes, missing bases")
def test_claimed_roles_count_only_if_the_policy_gives_them(sound: Policy) -> None:
    assert effective_roles(sound, replace(ANA, roles=("privacy-officer", "analyst"))) == ("analyst",)
    assert effective_roles(sound, Actor("system", "worker", ("analyst", "x"), "product")) == ("analyst",)
    assert effective_roles(sound, replace(ANA, kind="customer")) == ()


def test_a_permitted_use_comes_with_its_obligations_and_bases(sound: Policy) -> None:
    asked = use(
        columns={("transactions", "bought"), ("products", "product_category")}, datasets={"transactions", "products"}
    )

    decision = decide(sound, asked, Standing())

    assert decision.permitted
    assert decision.reasons == ()
    assert decision.obligations == (
        "release-private",
        "log",
        "permit-rows:transactions",
        "retain-rows:transactions",
        "drop-sensitive-rows:transactions",
        "mask:transactions.bought",
    )
    assert [basis.regime for basis in decision.bases] == ["eu", "us-ca"]


def test_sensitive_rows_need_explicit_consent_where_the_purpose_may_touch_them(sound: Policy) -> None:
    decision = decide(sound, use(MALLORY, "loyalty-offers", datasets={"transactions"}), Standing())

    assert decision.obligations[2:] == (
        "permit-rows:transactions",
        "retain-rows:transactions",
        "explicit-consent-for-sensitive-rows:transactions",
    )


def test_a_column_that_is_not_permitted_is_refused_with_where_it_may_be_read(sound: Policy) -> None:
    both = replace(sound, people={**sound.people, "ana": replace(sound.people["ana"], roles=("analyst", "marketer"))})
    asked = use(replace(ANA, roles=("analyst", "marketer")), columns={("members", "income")}, datasets={"transactions"})

    [dataset, column] = decide(both, asked, Standing()).reasons

    assert dataset.code == "dataset-not-permitted"
    assert column.code == "column-not-permitted"
    assert column.message == (
        "`income` is user.demographic.income; the purpose `range-planning` may read "
        "user.behavior.purchase_history, user.financial."
    )
    assert column.remedy == "Drop the column or ask under a purpose that may read it (loyalty-offers)."


def test_a_purpose_closed_to_the_actor_is_not_recommended(sound: Policy) -> None:
    [_, column] = decide(sound, use(columns={("members", "income")}), Standing()).reasons

    assert column.remedy == "Drop the column; no purpose open to you may read it."


def test_every_reason_is_collected(sound: Policy) -> None:
    asked = use(
        PIA,
        datasets={"nowhere"},
        columns={("members", "income"), ("members", "shoe_size"), ("transactions", "quantity")},
        keys={("transactions", "quantity"), ("transactions", "nothing")},
    )

    assert codes(sound, asked, Standing({"suspended": "on leave"})) == [
        "action-not-permitted",
        "actor-suspended",
        "purpose-not-permitted",
        "dataset-not-permitted",
        "dataset-unknown",
        "column-not-permitted",
        "column-unknown",
        "column-unknown",
        "key-not-joinable",
    ]


@pytest.mark.promise("purpose", "undeclared people, claimed roles, unknown purposes, missing bases")
def test_an_unknown_purpose_is_refused(sound: Policy) -> None:
    decision = decide(sound, use(purpose="curiosity"), Standing())

    assert not decision.permitted
    assert [reason.code for reason in decision.reasons] == ["purpose-unknown"]
    assert decision.bases == ()


@pytest.mark.promise("purpose", "undeclared people, claimed roles, unknown purposes, missing bases")
def test_a_purpose_without_a_basis_is_refused(sound: Policy) -> None:
    bare = replace(sound.purposes["range-planning"], bases={})

    assert codes(replace(sound, purposes={"range-planning": bare}), use()) == ["purpose-without-basis"]


def test_a_subject_key_may_be_counted_and_joined_on_but_not_read(sound: Policy) -> None:
    assert codes(sound, use(datasets={"baskets"}, keys={("baskets", "household_id")})) == []
    assert codes(sound, use(columns={("baskets", "household_id")})) == ["column-not-permitted"]


def test_public_columns_are_always_permitted(sound: Policy) -> None:
    assert [column.name for column in permitted_columns(sound, "range-planning", "products")] == [
        "product_id",
        "product_category",
    ]
    with pytest.raises(KeyError, match="nowhere"):
        permitted_columns(sound, "range-planning", "nowhere")
    with pytest.raises(KeyError, match="curiosity"):
        permitted_columns(sound, "curiosity", "products")


def test_subject_keys_are_where_the_paths_begin(sound: Policy) -> None:
    keys = {name: subject_key_columns(dataset) for name, dataset in sound.datasets.items()}

    assert keys == {
        "baskets": ("household_id",),
        "habits": ("household_id",),
        "members": ("household_id",),
        "products": (),
        "transactions": ("basket_id",),
    }


def test_two_policies_with_one_version_are_not_mixed_up(sound: Policy) -> None:
    narrow = replace(sound.purposes["range-planning"], categories=("user.financial",))
    other = replace(sound, purposes={**sound.purposes, "range-planning": narrow})
    asked = use(columns={("transactions", "quantity")})

    assert codes(sound, asked) == []
    assert codes(other, asked) == ["column-not-permitted"]
    assert codes(sound, asked) == []


@pytest.mark.promise("purpose", "undeclared people, claimed roles, unknown purposes, missing bases")
def test_more_columns_never_turn_a_refusal_into_a_permission(sound: Policy) -> None:
    columns = [(dataset.name, column) for dataset in sound.datasets.values() for column in dataset.columns]
    alone = {column: decide(sound, use(columns={column}), Standing()).permitted for column in columns}
    some = chain.from_iterable(combinations(columns, size) for size in (2, 3))

    for together in some:
        asked = use(columns=set(together))
        assert decide(sound, asked, Standing()).permitted == all(alone[column] for column in together)
    assert sorted(set(alone.values())) == [False, True]
