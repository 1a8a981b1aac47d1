"""Which data a sort would help, and how coarsely that is told."""

from __future__ import annotations

import pytest

from pellucid.collect.listing import UNKNOWN, list_data, with_mixed
from pellucid.collect.mixed_blocks import FEWEST_BLOCKS, Mixed, band_of, is_small
from tests.collect.conftest import Shop
from tests.collect.test_layout import permit
from tests.collect.test_sorting import DAY, four, sort, worth

__all__ = ["four"]

MANY = FEWEST_BLOCKS * 2048
CROWD = 1000


@pytest.fixture
def crowded(shop: Shop) -> Shop:
    """As many rows as a sort is worth for, of a thousand people."""
    customers = [f"c{number % CROWD:04}" for number in range(MANY)]
    path = shop.parquet(sale=list(range(MANY)), customer=customers, amount=["1.00"] * MANY, at=[DAY] * MANY)
    shop.add("sales", path)
    return shop


def banded(shop: Shop) -> str:
    with shop.database.read() as connection:
        held = list_data(connection, shop.policy)
    return next(each.mixed for each in with_mixed(shop.place, shop.policy, held) if each.dataset == "sales")


def test_a_dataset_that_is_mostly_mixed_is_worth_sorting_until_it_is_sorted(crowded: Shop) -> None:
    assert (worth(crowded), banded(crowded)) == ([], "under 10 %")
    permit(crowded, "planning", [number % 2 for number in range(CROWD)], [0] * CROWD)
    assert banded(crowded) == "over 50 %"
    assert (worth(crowded), worth(crowded, "customer"), worth(crowded, "household")) == (["sales"], ["sales"], [])
    sort(crowded)
    assert (worth(crowded), banded(crowded)) == ([], "under 10 %")


def test_a_few_mixed_blocks_are_not_worth_it(crowded: Shop) -> None:
    permit(crowded, "planning", [number < 900 or number % 40 > 0 for number in range(CROWD)], [0] * CROWD)
    assert (worth(crowded), banded(crowded)) == ([], "under 10 %")
    permit(crowded, "planning", [number < 700 or number % 2 for number in range(CROWD)], [0] * CROWD, version=2)
    assert (worth(crowded), banded(crowded)) == ([], "10 to 50 %")


def test_what_stays_mixed_however_it_is_sorted_is_not_worth_it(crowded: Shop) -> None:
    for number in range(10):  # as many kinds of people as people
        permit(
            crowded, f"p{number}", [person >> number & 1 for person in range(CROWD)], [0] * CROWD, version=number + 1
        )
    first = crowded.rows("sales")
    sort(crowded)
    assert sorted(crowded.rows("sales")) == sorted(first)
    assert worth(crowded) == []  # although most blocks are mixed for some purposes
    assert banded(crowded) == "over 50 %"


def test_small_and_public_data_are_never_sorted_unasked(four: Shop) -> None:
    four.add("products", four.csv("product,name", "1,Soap"))
    assert worth(four) == []
    with four.database.read() as connection:
        held = list_data(connection, four.policy)
    assert [each.mixed for each in with_mixed(four.place, four.policy, held)] == ["", "small"]
    assert (is_small(MANY), is_small(MANY - 2048)) == (False, True)


def test_a_file_that_cannot_be_read_is_listed_as_unknown(crowded: Shop) -> None:
    (crowded.folder / "data/sales.1.duckdb").unlink()
    assert banded(crowded) == UNKNOWN


def test_the_purpose_with_most_mixed_blocks_counts() -> None:
    assert [band_of(shares) for shares in ({}, {"a": 0.05}, {"a": 0.05, "b": 0.1}, {"b": 0.5}, {"b": 1.0})] == [
        "under 10 %",
        "under 10 %",
        "10 to 50 %",
        "over 50 %",
        "over 50 %",
    ]
    assert Mixed({"a": 0.9, "b": 0.6}, {"a": 0.5, "b": 0.1}).is_worth_sorting
    assert not Mixed({"a": 0.9, "b": 0.5}, {"a": 0.5, "b": 0.1}).is_worth_sorting
