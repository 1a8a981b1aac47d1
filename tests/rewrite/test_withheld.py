"""No withheld row ever changes a released value, nor whether there is one: questions drawn, rows withheld drawn."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.errors import QueryFailed, UseRefused
from pellucid.policy.model import Policy
from pellucid.rewrite.governed import GovernedQuery
from tests.attacks.grammar import Grammar, Words
from tests.rewrite.conftest import SOME
from tests.rewrite.shop import FORBIDDEN, Permitted, Shop, Stock
from tests.rewrite.test_properties import touched
from tests.rewrite.withheld import READABLE, replaced, without

PURPOSES = ["planning", "care", "tight"]
FORBIDDEN_TOO = Words(
    {
        name: {"text": kinds["text"] + [column for table, column in sorted(FORBIDDEN) if table == name]}
        | {kind: kinds[kind] for kind in ("number", "instant")}
        for name, kinds in READABLE.tables.items()
    },
    READABLE.amounts,
)


def shop_of(policy: Policy, stock: Stock, folder: Path) -> Shop:
    shop = Shop(policy, stock, folder)
    shop.permit(SOME)
    return shop


@pytest.fixture(scope="module")
def odd(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = shop_of(policy, Stock.made(3, odd=True, purchases=150), tmp_path_factory.mktemp("odd"))
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def others(odd: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Shop]]]:
    """For each purpose shops that differ from `odd` in what it may not read, one of them without it."""
    folder = tmp_path_factory.mktemp("others")
    stocks = {purpose: [without(odd, purpose), replaced(odd, purpose, random.Random(1))] for purpose in PURPOSES}
    shops = {
        purpose: [shop_of(odd.policy, stock, folder / f"{purpose}{n}") for n, stock in enumerate(found)]
        for purpose, found in stocks.items()
    }
    yield shops
    for found in shops.values():
        for shop in found:
            shop.close()


def outcome(shop: Shop, governed: GovernedQuery) -> object:
    """Return all exact cells in a settled order, or the code of what the engine failed with."""
    try:
        tables = shop.exact(governed)
    except QueryFailed as error:
        return error.code
    return {name: sorted(map(repr, table.to_pylist())) for name, table in tables.items()}


def governed_or_none(shop: Shop, sql: str, purpose: str) -> GovernedQuery | None:
    try:
        return shop.govern(sql, purpose)
    except UseRefused:
        return None


@pytest.mark.slow
def test_the_rows_withheld_here_would_change_answers_if_they_were_read(
    odd: Shop, others: dict[str, list[Shop]]
) -> None:
    governed = odd.govern("SELECT COUNT(*), COUNT(weight), SUM(quantity) FROM purchases", "planning")
    try:
        for shop in (odd, *others["planning"]):
            shop.permit(Permitted(plain=frozenset(range(10))))
        answers = [str(outcome(shop, governed)) for shop in (odd, *others["planning"])]
    finally:
        for shop in (odd, *others["planning"]):
            shop.permit(SOME)
    assert len(set(answers)) == 3


@pytest.mark.slow
@pytest.mark.promise("rows", "random questions, over rows withheld that are taken out or full of odd values")
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False), purpose=st.sampled_from(PURPOSES))
def test_no_withheld_row_changes_an_exact_cell(
    odd: Shop, others: dict[str, list[Shop]], chance: random.Random, purpose: str
) -> None:
    sql = Grammar(chance, READABLE, settled=True).statement()
    governed = governed_or_none(odd, sql, purpose)
    if governed is not None:
        found = outcome(odd, governed)
        assert [outcome(shop, governed) for shop in others[purpose]] == [found] * 2


@pytest.mark.slow
def test_many_of_these_questions_are_answered(odd: Shop) -> None:
    drawn = [Grammar(seed, READABLE, settled=True).statement() for seed in range(200)]
    answered = [each for each in (governed_or_none(odd, sql, "planning") for sql in drawn) if each is not None]
    assert len(answered) > 60
    assert sum(isinstance(outcome(odd, each), dict) for each in answered) == len(answered)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False), purpose=st.sampled_from(PURPOSES))
def test_no_refused_column_is_in_any_tree(odd: Shop, chance: random.Random, purpose: str) -> None:
    governed = governed_or_none(odd, Grammar(chance, FORBIDDEN_TOO).statement(), purpose)
    if governed is not None:
        assert not set(touched(governed)) & FORBIDDEN
        assert not {tuple(name.split(".")) for name in governed.used} & FORBIDDEN


@pytest.mark.slow
@pytest.mark.promise("rows", "random questions, over random rows withheld")
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), purpose=st.sampled_from(PURPOSES))
def test_no_withheld_row_of_any_kind_changes_an_exact_cell(
    odd: Shop, tmp_path_factory: pytest.TempPathFactory, seed: int, purpose: str
) -> None:
    pick = random.Random(seed)
    other = shop_of(odd.policy, replaced(odd, purpose, pick), tmp_path_factory.mktemp("other"))
    try:
        for _ in range(40):
            sql = Grammar(pick, READABLE, settled=True).statement()
            governed = governed_or_none(odd, sql, purpose)
            if governed is not None:
                assert outcome(other, governed) == outcome(odd, governed), sql
    finally:
        other.close()
