"""Allowances by dataset and by analyst, within the caps and those of purposes: none is ever exceeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import BudgetExhausted, NameUnknown
from pellucid.policy.model import Allowance, Dataset, Period, Person, Policy, PrivacyUnit, SubjectPath
from pellucid.records.columns import to_instant
from pellucid.records.database import Database
from pellucid.release.accountant import (
    BudgetRow,
    binding_cap,
    budget_state,
    cancel,
    charge,
    exhaust,
    reserve,
    standing,
    tightest,
)
from pellucid.release.budget import PrivacyBudget, granted, rho_of
from tests.records.sqlite import new_control
from tests.release.conftest import make_policy, make_rule

NOON = to_instant(datetime(2026, 11, 23, 12, tzinfo=UTC))
NEXT_MONTH = to_instant(datetime(2026, 12, 1, tzinfo=UTC))
CAP = Allowance(6.0, 2e-6, Period.YEAR)
MONTHLY = Allowance(4.0, 2e-6, Period.MONTH)
SMALL = Allowance(2.0, 2e-6, Period.MONTH)
OWN = Allowance(3.0, 2e-6, Period.MONTH)
ONE = rho_of(1.0, 10**9)


def dataset(name: str, allowance: Allowance | None = None, namespace: str = "household") -> Dataset:
    return Dataset(name, name, {}, (SubjectPath(namespace, "id"),), allowance=allowance)


@pytest.fixture
def policy() -> Policy:
    return made()


def made() -> Policy:
    made = make_policy(CAP, planning=make_rule(allowance=MONTHLY, analyst_allowance=OWN), care=make_rule(allowance=CAP))
    people = (Person("ana", "Ana", ("analyst",), allowance=MONTHLY), Person("bea", "Bea", ("analyst",)))
    datasets = (dataset("visits", SMALL), dataset("visits_2"), dataset("visitsx2", SMALL))
    return replace(
        made,
        people={person.name: person for person in people},
        datasets={each.name: each for each in datasets},
    )


@pytest.fixture
def database(control: Database) -> Database:
    return control


def take(
    database: Database,
    policy: Policy,
    rho: int,
    datasets: Sequence[str] | None,
    *,
    actor: str = "ana",
    purpose: str = "care",
    at: int = NOON,
) -> str:
    with database.write() as connection:
        return reserve(
            connection, policy, purpose, ["household"], rho=rho, delta=0, actor=actor, now=at, datasets=datasets
        )


def spent(database: Database, policy: Policy, at: int = NOON) -> dict[str, int]:
    with database.read() as connection:
        return {row.whose: row.spent.rho for row in budget_state(connection, policy, at)}


def test_a_dataset_has_an_allowance_over_all_purposes_and_analysts(database: Database, policy: Policy) -> None:
    take(database, policy, ONE, ["visits"])
    take(database, policy, granted(SMALL).rho - ONE, ["visits", "visits_2"], actor="bea", purpose="planning")
    with pytest.raises(BudgetExhausted, match=r"of dataset 'visits' for 'household' .*left ε 0\. It renews on 2026-12"):
        take(database, policy, 1, ["visits_2", "visits"])
    take(database, policy, 1, ["visits_2"])
    take(database, policy, granted(SMALL).rho, ["visits"], at=NEXT_MONTH)


def test_a_name_that_looks_alike_is_another_dataset(database: Database, policy: Policy) -> None:
    take(database, policy, ONE, ["visits_2"])
    found = spent(database, policy)
    assert (found["of dataset 'visits' for 'household'"], found["of dataset 'visitsx2' for 'household'"]) == (0, 0)


def test_what_is_not_known_to_be_of_other_data_counts_against_every_dataset(database: Database, policy: Policy) -> None:
    take(database, policy, granted(SMALL).rho, None)  # so are the rows from before schema 0005
    for name in ("visits", "visitsx2"):
        with pytest.raises(BudgetExhausted, match=f"of dataset '{name}' for 'household'"):
            take(database, policy, 1, [name])
    with pytest.raises(BudgetExhausted, match="of dataset 'visits' for 'household'"):
        take(database, policy, 1, None)
    take(database, policy, 1, ["visits_2"])


def test_each_analyst_has_an_allowance_of_their_own_under_a_purpose(database: Database, policy: Policy) -> None:
    take(database, policy, granted(OWN).rho, [], purpose="planning")
    with pytest.raises(BudgetExhausted, match="of analyst 'ana' under purpose 'planning' for 'household'"):
        take(database, policy, 1, [], purpose="planning")
    take(database, policy, 1, [], purpose="planning", actor="bea")
    take(database, policy, 1, [], purpose="care")


def test_an_analyst_may_have_an_allowance_over_all_purposes(database: Database, policy: Policy) -> None:
    take(database, policy, granted(MONTHLY).rho, [])
    with pytest.raises(BudgetExhausted, match="of analyst 'ana' for 'household'"):
        take(database, policy, 1, [], purpose="planning")
    take(database, policy, 1, [], actor="bea")


def test_of_several_that_lack_the_one_with_the_least_left_refuses(database: Database, policy: Policy) -> None:
    take(database, policy, granted(OWN).rho - 9, ["visits_2"], purpose="planning")
    take(database, policy, granted(SMALL).rho - 7, ["visits"], actor="bea", purpose="care")
    with pytest.raises(BudgetExhausted, match="of dataset 'visits'"):
        take(database, policy, 10, ["visits"], purpose="planning")
    take(database, policy, 4, ["visits_2"], purpose="planning")
    with pytest.raises(BudgetExhausted, match="of analyst 'ana' under purpose 'planning'"):
        take(database, policy, 10, ["visits"], purpose="planning")


def test_a_dataset_that_is_not_declared_is_refused(database: Database, policy: Policy) -> None:
    with pytest.raises(NameUnknown, match="no dataset 'letters'"):
        take(database, policy, 1, ["letters"])


def test_an_accepted_loss_spends_every_allowance_until_it_renews(database: Database, policy: Policy) -> None:
    take(database, policy, ONE, ["visits"])
    with database.write() as connection:
        exhaust(connection, policy, "pia", NOON)
    with database.read() as connection:
        rows = budget_state(connection, policy, NOON)
        later = budget_state(connection, policy, NEXT_MONTH)
    assert {(row.left.rho, row.left.delta) for row in rows} == {(0, 0)}
    assert {row.period for row in later if row.left.rho == 0} == {Period.YEAR}
    newcomer = replace(
        policy,
        people={**policy.people, "cem": Person("cem", "Cem", ("analyst",), allowance=OWN)},
        datasets={**policy.datasets, "letters": dataset("letters", SMALL)},
    )
    assert {row.left.rho for row in rows_of(database, newcomer)} == {0}, "what is declared later was spent as well"


def rows_of(database: Database, policy: Policy) -> tuple[BudgetRow, ...]:
    with database.read() as connection:
        return budget_state(connection, policy, NOON)


def test_every_limit_is_listed_below_its_cap(database: Database, policy: Policy) -> None:
    assert [row.whose for row in rows_of(database, policy)] == [
        "of 'household'",
        "of purpose 'care' for 'household'",
        "of purpose 'planning' for 'household'",
        "of dataset 'visits' for 'household'",
        "of dataset 'visitsx2' for 'household'",
        "of analyst 'ana' for 'household'",
        "of analyst 'ana' under purpose 'planning' for 'household'",
        "of analyst 'bea' under purpose 'planning' for 'household'",
    ]
    shown = rows_of(database, policy)[3].to_json()
    assert (shown["dataset"], shown["epsilon"], shown["spent_epsilon"]) == ("visits", 2.0, 0.0)


def test_the_cap_that_is_told_is_the_one_with_the_least_left_and_no_allowance(
    database: Database, policy: Policy
) -> None:
    member = PrivacyUnit("member", "members", Allowance(1.0, 2e-6, Period.YEAR))
    policy = replace(policy, namespaces={**policy.namespaces, "member": member})
    with database.read() as connection:
        rows = standing(connection, policy, "care", ["household", "member"], NOON, datasets=["visits"], analyst="ana")
    told = binding_cap(rows)
    assert told is not None
    assert (told.namespace, told.is_cap) == ("member", True)
    assert binding_cap(()) is None
    with database.read() as connection:
        rows = standing(connection, policy, "care", ["household"], NOON, datasets=["visits"], analyst="ana")
    assert (tightest(rows).dataset, binding_cap(rows)) == ("visits", rows[0])


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "reserve", "charge", "cancel"]),
        st.integers(0, 30),
        st.sampled_from(["planning", "care"]),
        st.sampled_from(["ana", "bea"]),
        st.none() | st.lists(st.sampled_from(["visits", "visits_2", "visitsx2"]), unique=True),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(moves=MOVES)
@pytest.mark.promise("hidden", "overspending the ledger by order, clock and sign")
def test_no_allowance_is_exceeded_under_any_order_of_moves(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, int, str, str, list[str] | None]]
) -> None:
    database = new_control(tmp_path_factory.mktemp("ledger") / "control.sqlite")
    policy = made()
    known: list[str] = []
    model: dict[str, tuple[int, str, str, list[str] | None]] = {}
    for verb, amount, purpose, actor, datasets in moves:
        if verb == "reserve":
            rho = granted(CAP).rho * amount // 40
            try:
                found = take(database, policy, rho, datasets, actor=actor, purpose=purpose)
            except BudgetExhausted:
                continue
            known.append(found)
            model[found] = (rho, purpose, actor, datasets)
        elif known:
            found = known.pop(amount % len(known))
            with database.write() as connection:
                (charge if verb == "charge" else cancel)(connection, found, NOON)
            if verb == "cancel":
                del model[found]
    for row in rows_of(database, policy):
        expected = sum(
            rho
            for rho, purpose, actor, datasets in model.values()
            if row.purpose in (None, purpose)
            and row.analyst in (None, actor)
            and (row.dataset is None or datasets is None or row.dataset in datasets)
        )
        limit = granted(Allowance(row.cap_epsilon, row.delta, row.period))
        assert row.spent == PrivacyBudget(expected)
        assert row.spent.rho <= limit.rho
    database.close()
