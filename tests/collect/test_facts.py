"""What datasets tell of their people is kept, a known fact beats an estimate, and every change is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection

from pellucid.insights.synthetic.rows import make_rows
from pellucid.policy.model import ColumnType, Dataset, Regime, SubjectPath
from pellucid.subjects import ids

from .conftest import DATASETS, Shop, columns

CARE = Dataset(
    "care",
    "Care",
    columns(customer=ColumnType.TEXT, country=ColumnType.TEXT, born=ColumnType.INTEGER, care=ColumnType.BOOLEAN),
    subjects=(SubjectPath("customer", "customer"),),
    jurisdiction_column="country",
    birth_year_column="born",
    vulnerable_column="care",
)
GUESSES = replace(CARE, name="guesses", estimated_facts=("jurisdiction", "birth_year", "vulnerable"))
UNKNOWN = (None, None, None, 0)
Fact = tuple[str | None, int | None, bool | None, int]


def facts(shop: Shop) -> list[Fact]:
    with shop.database.read() as connection:
        return [tuple(row.values())[1:] for row in ids.facts(connection, "customer").to_pylist()]


@pytest.fixture
def tell(shop: Shop) -> Callable[..., Fact]:
    """Return a function that imports what a dataset says of alice, in place of before, and gives what is known."""
    shop.policy = replace(shop.policy, datasets={"care": CARE, "guesses": GUESSES})

    def write(dataset: str, *rows: str) -> Fact:
        shop.add(dataset, shop.csv("customer,country,born,care", *(f"alice,{row}" for row in rows)), replace=True)
        (known,) = facts(shop)
        return known

    return write


def test_facts_are_kept_and_changes_are_told(shop: Shop) -> None:
    shop.add("people", shop.csv("customer,country,born", "alice,DE,1980", "bob,FR,1990", "mallory,,"))
    shop.add("people", shop.csv("customer,country,born", "alice,DE,1980", "bob,US,1990", "zoe,US,2015"), replace=True)
    assert facts(shop) == [("DE", 1980, None, 0), ("US", 1990, None, 0), UNKNOWN, ("US", 2015, None, 0)]
    assert shop.added == [("customer", 0, 3, []), ("customer", 3, 1, [1])]


def test_contradicting_facts_are_unknown(shop: Shop) -> None:
    shop.policy = replace(shop.policy, datasets={"people": replace(DATASETS["people"], key=())})
    shop.add("people", shop.csv("customer,country,born", "alice,DE,1980", "alice,FR,1980"))
    assert facts(shop) == [(None, 1980, None, 0)]


def test_who_needs_care_is_kept_and_contradictions_about_it_are_unknown(tell: Callable[..., Fact]) -> None:
    assert tell("care", "DE,1980,true") == ("DE", 1980, True, 0)
    assert tell("care", "DE,1980,false") == ("DE", 1980, False, 0)
    assert tell("care", "DE,1980,false", "DE,1981,true") == ("DE", None, None, 0)


def test_a_dataset_that_tells_only_who_needs_care_leaves_other_facts_alone(shop: Shop) -> None:
    only = replace(CARE, jurisdiction_column=None, birth_year_column=None)
    shop.policy = replace(shop.policy, datasets={**DATASETS, "care": only})
    shop.add("people", shop.csv("customer,country,born", "alice,DE,1980"))
    shop.add("care", shop.csv("customer,country,born,care", "alice,FR,1990,true"))
    assert facts(shop) == [("DE", 1980, True, 0)]


def test_an_estimate_is_marked_as_one(tell: Callable[..., Fact]) -> None:
    assert tell("guesses", "DE,1980,true") == ("DE", 1980, True, 7)
    assert tell("guesses", "FR,,true") == ("FR", 1980, True, 7)  # nothing is learnt of the year
    assert tell("guesses", ",,") == ("FR", 1980, True, 7)


def test_who_cannot_estimate_leaves_another_datasets_estimate_alone(tell: Callable[..., Fact]) -> None:
    tell("care", "DE,,")
    assert tell("guesses", ",2015,true") == ("DE", 2015, True, 6)
    assert tell("guesses", ",,") == ("DE", 2015, True, 6)
    assert tell("guesses", "FR,2016,") == ("DE", 2016, True, 6)


def test_a_known_fact_takes_the_place_of_an_estimate(tell: Callable[..., Fact]) -> None:
    tell("guesses", "DE,1980,true")
    assert tell("care", "FR,1980,false") == ("FR", 1980, False, 0)


@pytest.mark.parametrize("guess", ["FR,1990,true", "DE,1980,false", ",,"])
def test_an_estimate_never_takes_the_place_of_a_known_fact(tell: Callable[..., Fact], guess: str) -> None:
    tell("care", "DE,1980,false")
    assert tell("guesses", guess) == ("DE", 1980, False, 0)


@pytest.mark.parametrize("first", ["care", "guesses"])
def test_whichever_comes_first_an_estimate_fills_only_what_is_not_known(tell: Callable[..., Fact], first: str) -> None:
    said = {"care": "DE,,", "guesses": "FR,2015,true"}
    tell(first, said.pop(first))
    ((second, row),) = said.items()
    assert tell(second, row) == ("DE", 2015, True, 6)


def test_what_is_not_known_any_more_can_be_estimated(tell: Callable[..., Fact]) -> None:
    tell("care", "DE,1980,false")
    assert tell("care", "DE,,false") == ("DE", None, False, 0)
    assert tell("guesses", "FR,2015,true") == ("DE", 2015, False, 2)


@pytest.mark.parametrize(
    ("guess", "left"),
    [("DE,1980,false", "DE"), ("FR,1980,false", "FR"), (",1980,false", "DE")],
    ids=["the same", "another", "none"],
)
def test_what_was_known_is_an_estimate_once_its_dataset_only_estimates_it(
    shop: Shop, tell: Callable[..., Fact], guess: str, left: str
) -> None:
    tell("care", "DE,1980,false")
    only_guessed = replace(CARE, estimated_facts=("jurisdiction",))
    shop.policy = replace(shop.policy, datasets={"care": only_guessed, "guesses": GUESSES})
    assert tell("care", guess) == (left, 1980, False, 1)
    assert shop.added[-1] == ("customer", 1, 0, [0])


def test_so_it_is_of_people_whom_that_dataset_tells_of_no_more(shop: Shop, tell: Callable[..., Fact]) -> None:
    tell("care", "DE,1980,false")
    shop.policy = replace(shop.policy, datasets={"care": replace(CARE, estimated_facts=("birth_year",))})
    shop.add("care", shop.csv("customer,country,born,care", "bob,FR,1990,"), replace=True)
    assert facts(shop) == [("DE", 1980, False, 2), ("FR", 1990, None, 2)]
    assert shop.added[-1] == ("customer", 1, 1, [0])


@pytest.mark.parametrize(
    ("second", "left"),
    [
        ("DE,1980,false", ("DE", 1980, False, 0)),  # it tells the same as known
        ("FR,1981,true", ("DE", 1980, False, 7)),  # what it tells was overruled by what is only a guess now
        (",1980,", ("DE", 1980, False, 5)),
    ],
)
def test_another_dataset_that_still_tells_it_keeps_it_known(
    shop: Shop, tell: Callable[..., Fact], second: str, left: Fact
) -> None:
    crm = replace(CARE, name="crm")
    shop.policy = replace(shop.policy, datasets={"care": CARE, "crm": crm})
    tell("crm", second)
    tell("care", "DE,1980,false")
    shop.policy = replace(shop.policy, datasets={"care": replace(GUESSES, name="care"), "crm": crm})
    assert tell("care", "DE,1980,false") == left


def test_rows_that_the_policy_declares_otherwise_by_now_vouch_for_nothing(
    shop: Shop, tell: Callable[..., Fact]
) -> None:
    tell("care", "DE,1980,false")
    fewer = replace(CARE, columns={name: column for name, column in CARE.columns.items() if name != "care"})
    fewer = replace(fewer, vulnerable_column=None)
    shop.policy = replace(shop.policy, datasets={"care": fewer, "guesses": GUESSES})
    assert tell("guesses", ",,") == ("DE", 1980, False, 7)


def test_a_fact_of_another_kind_of_subject_vouches_for_nobody(shop: Shop, tell: Callable[..., Fact]) -> None:
    members = replace(CARE, name="members", subjects=(SubjectPath("member", "customer"),))
    shop.policy = replace(shop.policy, datasets={"care": CARE, "members": members})
    tell("care", "DE,1980,false")
    shop.add("members", shop.csv("customer,country,born,care", "alice,DE,1980,false"))
    shop.policy = replace(shop.policy, datasets={"care": replace(GUESSES, name="care"), "members": members})
    assert tell("care", "DE,1980,false") == ("DE", 1980, False, 7)


def test_that_an_estimate_became_known_is_told_though_its_value_stays(shop: Shop, tell: Callable[..., Fact]) -> None:
    tell("guesses", "DE,1980,true")
    tell("care", "DE,1980,true")
    tell("guesses", "DE,1980,true")
    assert shop.added == [("customer", 0, 1, []), ("customer", 1, 0, [0])]


def test_made_up_rows_tell_facts_that_an_import_takes(shop: Shop) -> None:
    shop.policy = replace(shop.policy, datasets={"care": CARE}, regimes={"eu": Regime("eu", "the GDPR", ("DE", "FR"))})
    made = make_rows(shop.policy, CARE, rows=2_000, seed=7, today=date(2026, 6, 1), public={})
    shop.add("care", shop.parquet(**{name: made[name] for name in made.column_names}))

    cares = made["care"].to_pylist()
    assert 0.02 < cares.count(True) / len(cares) < 0.1
    assert {fact[2] for fact in facts(shop)} == {None, False, True}


def test_the_callback_sees_the_new_subjects_with_their_facts(shop: Shop) -> None:
    seen: list[Any] = []

    def look(connection: Connection, namespace: str, *_rest: object) -> None:
        seen.extend(ids.facts(connection, namespace).to_pylist())

    shop.add("people", shop.csv("customer,country,born", "alice,DE,1980"), subjects_added=look)
    assert seen == [{"id": 0, "jurisdiction": "DE", "birth_year": 1980, "vulnerable": None, "estimated": 0}]
