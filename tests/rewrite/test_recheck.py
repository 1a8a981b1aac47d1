"""The second look at generated SQL: what a broken generator or pass could produce does not get through."""

from __future__ import annotations

import dataclasses

import pytest

from pellucid.errors import UseRefused
from pellucid.rewrite import pipeline
from pellucid.rewrite.context import Context
from pellucid.rewrite.permit_rows import governed_sql
from pellucid.rewrite.recheck import recheck_exact, recheck_post
from tests.rewrite.shop import ANA, Shop

SET = "SELECT plain FROM replica.permitted WHERE purpose = 'planning' AND namespace = 'household'"
BIT = f"GET_BIT(({SET}), _b._subject0) = 1"


@pytest.fixture
def context(shop: Shop) -> Context:
    return Context(shop.policy, ANA, "planning")


@pytest.fixture
def sql(shop: Shop) -> str:
    return shop.govern("SELECT income, COUNT(*) FROM members GROUP BY income").blocks[0].sql


def test_generated_sql_passes(sql: str, context: Context) -> None:
    assert recheck_exact(sql, context)


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        (BIT, "TRUE"),
        (BIT, BIT.replace("= 1", "= 0")),
        ("'planning'", "'care'"),
        ("namespace = 'household'", "namespace = 'employee'"),
        ("plain", "sensitive"),
        ("FALSE END, FALSE)", "FALSE END, TRUE)"),
        ("_b._subject0 >= 0 AND", ""),
        ("$_size_household", "9"),
        ('_b."_subject0" AS "_subject"', '1 AS "_subject"'),
        ('held."members"', 'held."nobody"'),
        ('held."members"', "members"),
        ('held."members"', "pg_catalog.members"),
        ('held."members"', 'other.held."members"'),
        ("replica.permitted", "replica.version"),
        ("WHERE COALESCE", "WHERE TRUE OR COALESCE"),
        ("SELECT 0 AS _row", "SELECT GETVARIABLE('x') AS _row"),
        ("_rows AS (", "_rows AS (SELECT 1 FROM READ_TEXT('x') UNION ALL "),
    ],
)
def test_sql_that_was_tampered_with_does_not_pass(sql: str, context: Context, part: str, broken: str) -> None:
    tampered = sql.replace(part, broken)
    assert tampered != sql
    assert not recheck_exact(tampered, context)


@pytest.mark.parametrize("tail", ["; SELECT 1", " UNION ALL SELECT 1, 'x', 1, 1 FROM held.members", ")"])
def test_more_than_was_governed_does_not_pass(sql: str, context: Context, tail: str) -> None:
    assert not recheck_exact(sql + tail, context)


def test_rows_governed_for_another_purpose_do_not_pass(shop: Shop, context: Context) -> None:
    for purpose, passes in {"planning": True, "care": False}.items():
        rows = governed_sql(shop.policy.datasets["members"], shop.policy.purposes[purpose], ["income"])
        assert recheck_exact(f"SELECT COUNT(*) FROM ({rows}) AS x", context) is passes


def test_half_of_the_governed_rows_of_a_dated_dataset_does_not_pass(shop: Shop, context: Context) -> None:
    rows = governed_sql(shop.policy.datasets["purchases"], shop.policy.purposes["planning"], ["week"])
    assert recheck_exact(f"SELECT COUNT(*) FROM ({rows}) AS x", context)
    assert not recheck_exact(f"SELECT COUNT(*) FROM ({rows.split(' UNION ALL ')[1]}) AS x", context)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM r1",
        "SELECT * FROM held.r0",
        "SELECT * FROM held.members",
        "SELECT * FROM members",
        "DROP TABLE r0",
    ],
)
def test_the_post_half_sees_released_cells_only(sql: str) -> None:
    assert recheck_post("SELECT * FROM r0", ["r0"])
    assert not recheck_post(sql, ["r0"])


def test_a_question_whose_governed_form_fails_the_recheck_is_refused(
    shop: Shop, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    assembled = pipeline._assembled

    def broken(*parts: object) -> object:
        governed = assembled(*parts)  # type: ignore[arg-type]
        blocks = [dataclasses.replace(block, sql=block.sql.replace(BIT, "TRUE")) for block in governed.blocks]
        return dataclasses.replace(governed, blocks=tuple(blocks))

    monkeypatch.setattr(pipeline, "_assembled", broken)
    with pytest.raises(UseRefused, match="refused") as refused:
        pipeline.govern("SELECT COUNT(*) FROM members", context)
    assert [reason.code for reason in refused.value.reasons] == ["output-recheck"]
