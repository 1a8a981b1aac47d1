"""Governed rows stand in front of a block as text: one a dataset and set of columns, planned as if written in place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pellucid.engines.duckdb import _bound
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import Block, GovernedRows
from pellucid.rewrite.governed_text import governed_text, parameters_in
from tests.rewrite.shop import ANA, NOW, Shop


def block_of(shop: Shop, sql: str) -> Block:
    return shop.govern(sql).blocks[0]


def in_place(shop: Shop, block: Block) -> str:
    """Return a block's SQL with the governed texts where their names stand."""
    sql = block.sql
    for position, source in enumerate(block.sources):
        text = governed_text(Context(shop.policy, ANA, "planning").key, source)
        head = f"{'WITH ' if position == 0 else ', '}{source.name} AS NOT MATERIALIZED ({text})"
        assert sql.startswith(head)
        sql = sql.removeprefix(head).replace(f"(SELECT * FROM {source.name})", f"({text})")
    return "WITH " + sql.removeprefix(", ")


def plan(shop: Shop, sql: str) -> list[str]:
    """Return the operators of the engine's plan with their conditions, from the top down."""
    cursor = shop.engine._connection.cursor()
    _, state = shop.engine._replica.shown("planning", list(shop.engine.holdings))
    for dataset, shown in state.items():
        cursor.register(f"_words_{dataset}", shown.words)
        cursor.register(f"_later_{dataset}", shown.later)
    values = {**_bound("planning", state), "_now": NOW, "_salt": "salt"}
    bound = {name: values[name] for name in cursor.extract_statements(sql)[0].named_parameters}
    found: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        details = node.get("extra_info", {})
        found.append(f"{node['name']} {details.get('Expression', '')} {details.get('Conditions', '')}".strip())
        for child in node["children"]:
            walk(child)

    walk(json.loads(cursor.execute(f"EXPLAIN (FORMAT json) {sql}", bound).fetchall()[0][1])[0])
    return found


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*), SUM(sales_value) FROM purchases",
        "SELECT week, SUM(sales_value) FROM purchases WHERE week = 2 AND quantity > 1 GROUP BY week",
        "SELECT COUNT(*) FROM purchases WHERE CAST(shelf AS BIGINT) > 1",
        "SELECT p.department, COUNT(*) FROM purchases t JOIN products p ON t.product_id = p.product_id GROUP BY 1",
        "SELECT COUNT(*) FROM members WHERE household_id IN (SELECT household_id FROM visits)",
        "SELECT n, COUNT(*) FROM (SELECT household_id, COUNT(*) AS n FROM purchases GROUP BY 1) x GROUP BY n",
    ],
)
def test_the_engine_plans_governed_rows_as_if_they_stood_where_they_are_named(shop: Shop, sql: str) -> None:
    block = block_of(shop, sql)
    assert plan(shop, block.sql) == plan(shop, in_place(shop, block))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM purchases a JOIN purchases b ON a.household_id = b.household_id AND a.week = b.week",
        "SELECT COUNT(*) FROM purchases a WHERE EXISTS (SELECT 1 FROM purchases b "
        "WHERE b.household_id = a.household_id)",
        "SELECT COUNT(*) FROM purchases a WHERE quantity > (SELECT AVG(quantity) FROM purchases b "
        "WHERE b.household_id = a.household_id)",
    ],
)
def test_rows_that_are_named_twice_are_scanned_no_more_often_than_in_place(shop: Shop, sql: str) -> None:
    block = block_of(shop, sql)
    scans = [plan(shop, form).count("SEQ_SCAN") for form in (block.sql, in_place(shop, block))]
    assert 0 < scans[0] <= scans[1]


def test_a_condition_that_may_raise_stays_above_the_filter_of_people(shop: Shop) -> None:
    sql = block_of(shop, "SELECT COUNT(*) FROM members WHERE CAST(income AS BIGINT) > 1").sql
    operators = plan(shop, sql)
    condition = next(place for place, operator in enumerate(operators) if "TRY_CAST(income" in operator)
    people = next(place for place, operator in enumerate(operators) if "_word = word" in operator)
    assert condition < operators.index("STREAMING_LIMIT") < people
    assert "STREAMING_LIMIT" not in plan(shop, sql.replace(" OFFSET 0)", ")"))


def test_a_dataset_has_one_text_for_each_set_of_columns(shop: Shop) -> None:
    block = block_of(
        shop,
        "SELECT COUNT(*) FROM purchases a JOIN purchases b ON a.household_id = b.household_id AND a.week = 1 "
        "JOIN purchases c ON c.household_id = b.household_id",
    )
    assert block.sources == (
        GovernedRows("_g0", "purchases", ("household_id", "week"), barrier=False),
        GovernedRows("_g1", "purchases", ("household_id",), barrier=False),
    )
    assert block.rows.count("_g1") == 2


def test_each_block_has_the_texts_it_reads_and_their_parameters(shop: Shop) -> None:
    governed = shop.govern("SELECT (SELECT COUNT(*) FROM members), (SELECT COUNT(*) FROM purchases WHERE week = $week)")
    found = {block.sources[0].dataset: (len(block.sources), block.parameters) for block in governed.blocks}
    assert found == {
        "members": (1, ("_open_members", "_purpose")),
        "purchases": (1, ("_now", "_open_purchases", "_purpose", "week")),
    }


def test_a_dollar_sign_in_a_value_of_the_policy_is_no_parameter() -> None:
    assert parameters_in("SELECT 'a $b' AS \"$c\" FROM t WHERE d = 'it''s $e' AND f > $g") == {"g"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM _g0",
        'SELECT COUNT(*) FROM "_g0"',
        "SELECT COUNT(*) FROM _G0",
        "WITH _g0 AS (SELECT household_id FROM purchases) SELECT COUNT(*) FROM _g0",
        "SELECT COUNT(*) FROM purchases AS _g0",
        "SELECT COUNT(*) FROM (SELECT household_id FROM purchases) AS _rows",
        "SELECT COUNT(*) AS _g0 FROM purchases",
        "SELECT COUNT(*) FROM purchases t, (VALUES (1)) AS v(_g0)",
        "SELECT COUNT(*) FROM purchases WINDOW _g0 AS (PARTITION BY household_id)",
        "SELECT COUNT(*) FROM purchases t, LATERAL (SELECT 1 AS x) AS _g0",
    ],
)
def test_nothing_an_analyst_types_can_be_a_generated_name(shop: Shop, sql: str) -> None:
    assert shop.refused(sql)[0] == "reserved-name"
