"""How an import lays rows: whoever may be read alike stands together, and every row has its people in their place."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np

from pellucid.consent.sets import StoredSet, alike, put_set
from pellucid.holdings.publish import published
from tests.collect.conftest import Shop

Sales = Callable[..., Path]
DAY = "2026-05-01"


def permit(shop: Shop, purpose: str, plain: list[int], sensitive: list[int], version: int = 1) -> None:
    with shop.database.write() as connection:
        flags = np.array(plain, dtype=np.bool_), np.array(sensitive, dtype=np.bool_)
        put_set(connection, version, purpose, "customer", StoredSet(*flags))


def laid(shop: Shop, dataset: str, columns: str, table: str = "rows") -> list[tuple[object, ...]]:
    with shop.database.read() as connection:
        path = published(connection, shop.folder)[dataset].path
    with duckdb.connect(path, read_only=True) as engine:
        return engine.execute(f"SELECT {columns} FROM {table}").fetchall()


def test_whoever_may_be_read_alike_stands_together_and_new_people_stand_last(shop: Shop, sales: Sales) -> None:
    people = ["alice", "bob", "carol", "dora"]
    shop.add("sales", sales(*((number, who, "1", DAY) for number, who in enumerate(people))))
    assert laid(shop, "sales", "customer") == [("alice",), ("bob",), ("carol",), ("dora",)]
    permit(shop, "planning", [1, 0, 1, 0], [0, 0, 0, 0])
    permit(shop, "offers", [1, 1, 1, 0], [1, 0, 1, 0])
    shop.add("sales", sales((9, "aaron", "1", DAY), (10, "carol", "1", "2026-05-02")))
    assert laid(shop, "sales", "customer") == [("dora",), ("bob",), ("alice",), ("carol",), ("carol",), ("aaron",)]


def test_people_are_alike_only_if_every_bit_of_every_purpose_is(shop: Shop) -> None:
    for number in range(40):  # more bits than an integer has
        permit(shop, f"purpose-{number:02}", [1, 1, number != 0, number != 39], [0, 0, 0, 0], version=number + 1)
    with shop.database.read() as connection:
        alice, bob, carol, dora = alike(connection, "customer").tolist()
        assert alike(connection, "nobody").tolist() == []
    assert alice == bob
    assert len({alice, carol, dora}) == 3


def test_every_place_is_one_persons_and_blocks_are_whole(shop: Shop) -> None:
    customers = [f"c{number % 150}" for number in range(5000)]
    path = shop.parquet(sale=list(range(5000)), customer=customers, amount=["1.00"] * 5000, at=["2026-05-01"] * 5000)
    shop.add("sales", path)
    rows = laid(shop, "sales", "_subject0, _block, _word, _bit")
    assert [row[1] for row in rows] == [number // 2048 for number in range(5000)]
    people: dict[object, set[object]] = {}
    for subject, block, word, bit in rows:
        people.setdefault((block, word, bit), set()).add(subject)
        assert int(word) // 32 == block  # a word has members of one block only
    assert all(len(found) == 1 for found in people.values())
    assert len({subject for found in people.values() for subject in found}) == 150
    members = laid(shop, "sales", "_block, _word, _bit, _subject0", table="members")
    assert {(place, *found) for place, found in people.items()} == {((b, w, t), s) for b, w, t, s in members}
    assert all(one[:3] < other[:3] for one, other in pairwise(members))
    assert laid(shop, "sales", "position, namespace", table="subject_paths") == [(0, "customer")]


def test_rows_about_two_people_have_a_place_a_pair(shop: Shop) -> None:
    shop.add("accounts", shop.csv("account,customer", "10,alice", "20,bob"))
    shop.add("transfers", shop.csv("payer,payee,amount", "10,20,1", "10,10,1", "20,10,1", "10,20,2"))
    pairs = {(one, other) for _, _, _, one, other in laid(shop, "transfers", "*", table="members")}
    assert pairs == {(0, 0), (0, 1), (1, 0)}
    assert laid(shop, "transfers", "position, namespace", "subject_paths") == [(0, "customer"), (1, "customer")]


def test_rows_about_nobody_have_no_places(shop: Shop) -> None:
    shop.add("products", shop.csv("product,name", "1,milk"))
    assert laid(shop, "products", "*") == [(1, "milk")]
