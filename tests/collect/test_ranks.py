"""Stored ranks: each subject's rows of a month have different ones from 0 on, whatever happened to the data before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.collect.sorting import sort_data
from pellucid.engines.duckdb_ranks import with_ranks
from pellucid.holdings.publish import published
from pellucid.policy.model import Dataset, Rank
from pellucid.policy.ranks import LARGEST_RANK, rank_rule
from tests.collect.conftest import NOW, PIA, PRODUCTS, SALES, Shop

Sales = Callable[..., Path]
RANKED = replace(SALES, rank=Rank("2026-04", "2026-05", ("amount",)))


@pytest.fixture
def ranked(shop: Shop) -> Shop:
    shop.policy = replace(shop.policy, datasets={"sales": RANKED, "products": PRODUCTS})
    return shop


def stored(shop: Shop) -> list[tuple[Any, ...]]:
    """Return sale, customer, month, amount, the rank and the rank within amounts of every row."""
    with shop.database.read() as connection:
        holding = published(connection, shop.folder)["sales"]
    with duckdb.connect() as engine:
        engine.execute(f"ATTACH '{holding.path}' AS held (READ_ONLY)")
        return engine.execute(
            "SELECT sale, customer, strftime(\"at\", '%Y-%m'), amount, _rank, _rank0 FROM held.main.rows ORDER BY sale"
        ).fetchall()


def demand_ranked(rows: list[tuple[Any, ...]]) -> None:
    """Each subject's rows of a declared month, and of a month and amount, have all ranks from 0 on, each once."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for _, customer, month, amount, rank, within in rows:
        if month in ("2026-04", "2026-05"):
            found.setdefault((customer, month), []).append(rank)
            found.setdefault((customer, month, amount), []).append(within)
        else:
            assert (rank, within) == (LARGEST_RANK, LARGEST_RANK)
    assert found
    for ranks in found.values():
        assert sorted(ranks) == [min(place, LARGEST_RANK) for place in range(len(ranks))]


def many(
    first: int, count: int, months: tuple[str, ...] = ("2026-03", "2026-04", "2026-05")
) -> list[tuple[object, ...]]:
    return [
        (number, f"c{number % 3}", f"{number % 2}.50", f"{months[number % len(months)]}-{1 + number % 28:02}")
        for number in range(first, first + count)
    ]


def test_rows_are_ranked_within_subject_and_month_and_within_a_declared_column(ranked: Shop, sales: Sales) -> None:
    ranked.add("sales", sales(*many(0, 60)))
    demand_ranked(stored(ranked))


@pytest.mark.promise("hidden", "stored ranks after appends, a sort and a replacement")
def test_ranks_are_right_after_an_append_a_sort_and_a_replacement(ranked: Shop, sales: Sales) -> None:
    ranked.add("sales", sales(*many(0, 40)))
    ranked.add("sales", sales(*many(40, 30, ("2026-04",))))
    demand_ranked(stored(ranked))
    before = stored(ranked)
    sort_data(ranked.place, ranked.policy, "sales", actor=PIA, now=NOW + 1)
    assert stored(ranked) == before
    ranked.add("sales", sales(*many(0, 20)), replace=True)
    demand_ranked(stored(ranked))


def test_more_rows_than_a_byte_counts_share_the_last_rank(ranked: Shop, sales: Sales) -> None:
    ranked.add("sales", sales(*((number, "alice", "1.50", "2026-05-01") for number in range(400))))
    counts = Counter(row[4] for row in stored(ranked))
    assert counts == {**dict.fromkeys(range(LARGEST_RANK), 1), LARGEST_RANK: 400 - LARGEST_RANK}


def test_nobody_elses_rows_move_a_rank(ranked: Shop, sales: Sales) -> None:
    own = [(number, "alice", f"{number}.00", "2026-05-01") for number in range(30)]
    ranked.add("sales", sales(*own))
    alone = {row[0]: row[4] for row in stored(ranked)}
    ranked.add("sales", sales(*((number, "bob", "1.00", "2026-05-01") for number in range(100, 900))))
    assert {row[0]: row[4] for row in stored(ranked) if row[1] == "alice"} == alone
    assert [rank for _, rank in sorted(alone.items())] != sorted(alone.values())


def test_ranks_depend_on_the_workspaces_secret() -> None:
    with duckdb.connect() as engine:
        engine.execute(
            "CREATE TABLE few AS SELECT i AS sale, 'a' AS customer, 1.0 AS amount, TIMESTAMP '2026-05-01' AS \"at\", "
            "0 AS _subject0 FROM range(50) AS t(i)"
        )
        orders = [
            engine.execute(
                f"SELECT _rank FROM ({with_ranks('SELECT * FROM few', RANKED, key)}) ORDER BY sale"
            ).fetchall()
            for key in ("one", "two", "one")
        ]
    assert orders[0] == orders[2] != orders[1]


@pytest.mark.parametrize(
    ("old", "new"), [(RANKED, SALES), (SALES, RANKED), (RANKED, replace(SALES, rank=Rank("2026-04", "2026-06")))]
)
def test_a_sort_brings_ranks_to_what_is_declared_now(shop: Shop, sales: Sales, old: Dataset, new: Dataset) -> None:
    shop.policy = replace(shop.policy, datasets={"sales": old})
    shop.add("sales", sales(*many(0, 20)))
    shop.policy = replace(shop.policy, datasets={"sales": new})
    sort_data(shop.place, shop.policy, "sales", actor=PIA, now=NOW + 1)
    assert told(shop) == rank_rule(new)


def told(shop: Shop) -> str:
    from pellucid.engines.duckdb_ranks import read_rule

    with shop.database.read() as connection:
        holding = published(connection, shop.folder)["sales"]
    with duckdb.connect() as engine:
        engine.execute(f"ATTACH '{holding.path}' AS held (READ_ONLY)")
        return read_rule(engine, "held")


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, 3, 4, 5, 6]), st.integers(0, 2)), max_size=40))
def test_any_rows_are_ranked(rows: list[tuple[int, int | None, int]]) -> None:
    with duckdb.connect() as engine:
        engine.execute(
            'CREATE TABLE few (sale BIGINT, customer VARCHAR, amount DOUBLE, "at" TIMESTAMP, _subject0 INTEGER)'
        )
        for customer, month, amount in rows:  # rows may be alike in everything
            at = None if month is None else f"2026-0{month}-07"
            engine.execute("INSERT INTO few VALUES (1, ?, ?, ?, ?)", [f"c{customer}", amount, at, customer])
        found = engine.execute(
            "SELECT sale, _subject0, coalesce(strftime(\"at\", '%Y-%m'), ''), amount, _rank, _rank0 "
            f"FROM ({with_ranks('SELECT * FROM few', RANKED, 'key')})"
        ).fetchall()
    assert len(found) == len(rows)
    if any(month in (4, 5) for _, month, _ in rows):
        demand_ranked(found)
