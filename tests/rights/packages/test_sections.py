"""Which columns of a row may tell of somebody else, by what the policy says of its paths, facts and categories."""

from __future__ import annotations

import pytest

from pellucid.policy.model import Column, ColumnType, Dataset, Hop, SensitiveWhen, SubjectPath
from pellucid.rights.request import STRENGTHS, Right
from pellucid.rights.sections import inferred_columns, needs_of, section, strength_of
from pellucid.rights.sensitive import is_sensitive
from tests.consent.conftest import make_policy

CATEGORIES = {
    "basket": "user.behavior.purchase_history",
    "cashier": "user.workplace",
    "member": "user.unique_id",
    "email": "user.contact.email",
    "place": "user.contact.address.state",
    "score": "user.inferred",
    "amount": "user.financial.purchase",
}
COLUMNS = {name: Column(name, ColumnType.TEXT, category) for name, category in CATEGORIES.items()}
BY_BASKET = SubjectPath("customer", "who", (Hop("basket", "baskets", "id"),))
BY_CASHIER, BY_MEMBER = SubjectPath("staff", "cashier"), SubjectPath("customer", "member")
SALES = Dataset("sales", "Sales", COLUMNS, subjects=(BY_BASKET, BY_CASHIER, BY_MEMBER), jurisdiction_column="place")
EVERY = ((0,), (1,), (2,))


def test_a_column_with_which_a_path_begins_is_shown_to_whom_it_leads_and_others_as_the_rule_says() -> None:
    assert needs_of(SALES) == {
        "basket": ((0,),),
        "cashier": ((1,),),
        "member": ((2,),),
        "email": EVERY,
        "place": ((1,), (2,), (0,)),
    }


def test_a_column_of_two_paths_is_shown_to_either() -> None:
    both = Dataset("x", "X", COLUMNS, subjects=(BY_CASHIER, BY_BASKET, SubjectPath("customer", "cashier")))
    assert needs_of(both)["cashier"] == ((0, 2),)


def test_what_determines_a_subject_is_shown_to_nobody_beside_others() -> None:
    found = needs_of(Dataset("x", "X", COLUMNS, subjects=(BY_CASHIER, BY_MEMBER), determines_subject=("amount",)))
    assert found["amount"] == ((0,), (1,))


def test_conclusions_are_columns_declared_so_estimates_and_all_that_was_computed_but_keys() -> None:
    assert inferred_columns(SALES, derived=False) == ("score",)
    guessed = Dataset(
        "x", "X", COLUMNS, subjects=(BY_MEMBER,), jurisdiction_column="place", estimated_facts=("jurisdiction",)
    )
    assert inferred_columns(guessed, derived=False) == ("place", "score")
    keyed = Dataset("x", "X", COLUMNS, subjects=(BY_MEMBER,), key=("basket",))
    assert inferred_columns(keyed, derived=True) == ("cashier", "email", "place", "score", "amount")


@pytest.mark.parametrize(
    "category", ["user.health_and_medical", "user.biometric", "user.government_id", "user.credentials"]
)
def test_sensitive_datasets_demand_the_stronger_proof_for_what_shows_rows(category: str) -> None:
    told = Dataset("x", "X", {"a": Column("a", ColumnType.TEXT, category)}, subjects=(BY_MEMBER,))
    plain = Dataset("y", "Y", {"a": Column("a", ColumnType.TEXT, "user.behavior")}, subjects=(BY_MEMBER,))
    assert (is_sensitive(told), is_sensitive(plain)) == (True, False)
    assert strength_of(Right.ACCESS, [plain, told]) == strength_of(Right.PORTABILITY, [told]) == 2
    assert strength_of(Right.ACCESS, [plain]) == STRENGTHS[Right.ACCESS] == 1
    assert strength_of(Right.OBJECTION, [told]) == 0


def test_rows_that_may_reveal_something_are_sensitive_and_public_tables_are_not() -> None:
    when = (SensitiveWhen("amount", ("1",), "health"),)
    assert is_sensitive(Dataset("x", "X", COLUMNS, subjects=(BY_MEMBER,), sensitive_when=when))
    assert not is_sensitive(Dataset("x", "X", COLUMNS))


def test_a_dataset_with_sensitive_rows_is_left_out_whole_where_sensitive_data_are() -> None:
    when = (SensitiveWhen("amount", ("1",), "health"),)
    revealing = Dataset("x", "X", COLUMNS, subjects=(BY_MEMBER,), sensitive_when=when)
    plain = Dataset("x", "X", COLUMNS, subjects=(BY_MEMBER,))

    def shown(dataset: Dataset, *, less: bool) -> bool:
        found = section(make_policy(), dataset, 1, (("member", 1),), Right.ACCESS, (), without_sensitive=less)
        return found is not None

    assert (shown(revealing, less=True), shown(revealing, less=False), shown(plain, less=True)) == (False, True, True)
