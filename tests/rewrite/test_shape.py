"""The shape of a question holds no literal and no name that somebody typed."""

from __future__ import annotations

import re

import pytest
from sqlglot import Tokenizer
from sqlglot.tokens import TokenType

from pellucid.policy.model import Policy
from pellucid.rewrite.parse import Limits, parse_question
from pellucid.rewrite.shape import UNITS, shape_of
from pellucid.rewrite.vocabulary import CAST_TARGETS
from tests.rewrite.shop import Shop
from tests.rewrite.sql_files import Case, read_cases

CASES = read_cases("questions.sql")
TYPED = {
    "a table's alias": "SELECT Canary_A.week FROM purchases AS Canary_A",
    "an output's alias": 'SELECT week AS "Canary A" FROM purchases ORDER BY "Canary A"',
    "a CTE": "WITH canary_a AS (SELECT week FROM purchases) SELECT week FROM canary_a",
    "a column of a CTE": "WITH c(canary_a) AS (SELECT week FROM purchases) SELECT canary_a FROM c",
    "a derived table": "SELECT canary_a.week FROM (SELECT week FROM purchases) canary_a",
    "a window": "SELECT SUM(week) OVER canary_a FROM purchases WINDOW canary_a AS (PARTITION BY week)",
    "a parameter": "SELECT week FROM purchases WHERE week = $canary_a",
    "a text": "SELECT week FROM purchases WHERE department = 'canary_a'",
    "an interval": "SELECT bought + INTERVAL 'canary_a' DAY FROM purchases",
    "a unit": "SELECT EXTRACT(canary_a FROM bought) FROM purchases",
    "a pattern": "SELECT week FROM purchases WHERE department LIKE '%canary_a%'",
    "a comment": "SELECT week /* canary_a */ FROM purchases -- canary_a",
    "a lateral alias": "SELECT c.w FROM purchases, LATERAL (SELECT week AS w) AS c(canary_a)",
    "a values list": "SELECT canary_a FROM (VALUES ('canary_a')) AS c(canary_a)",
    "a using": "SELECT week FROM purchases JOIN purchases AS p USING (canary_a)",
    "an excluded column": "SELECT * EXCLUDE (canary_a) FROM purchases",
    "a function": "SELECT week AS w FROM purchases WHERE week = DATE_PART('canary_a', bought)",
}


def shaped(sql: str, policy: Policy) -> str:
    return shape_of(parse_question(sql, Limits()), policy)


@pytest.mark.parametrize("sql", TYPED.values(), ids=TYPED.keys())
@pytest.mark.promise("log", "a canary in every place of a question where a name can be typed")
def test_what_is_typed_anywhere_is_not_in_the_shape(policy: Policy, sql: str) -> None:
    assert "canary" in sql.lower()
    assert re.findall("canary", shaped(sql, policy), re.IGNORECASE) == []


def test_declared_names_stay_as_they_are_declared_and_typed_ones_are_numbered(policy: Policy) -> None:
    sql = "SELECT P.WEEK, COUNT(*) AS bob FROM Purchases p WHERE p.week > 9 GROUP BY 1 ORDER BY BOB"
    assert shaped(sql, policy) == (
        "SELECT name1.week, COUNT(*) AS name2 FROM purchases AS name1 WHERE name1.week > ? GROUP BY ? ORDER BY name2"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_log_is_told_declared_and_numbered_names_only(shop: Shop, policy: Policy, case: Case) -> None:
    governed = shop.govern(case.question, case.purpose)
    assert undeclared(governed.shape, policy) == set()
    declared = {f"{dataset.name}.{column}" for dataset in policy.datasets.values() for column in dataset.columns}
    told = [origin for block in governed.blocks for part in (*block.keys, *block.measures) for origin in part.origins]
    assert set(told) <= declared


def undeclared(shape: str, policy: Policy) -> set[str]:
    """Return the names in a shape that are neither declared nor numbered."""
    declared = {*policy.datasets, *(name for dataset in policy.datasets.values() for name in dataset.columns)}
    tokens = Tokenizer(dialect="duckdb").tokenize(shape)
    names = {token.text for token in tokens if token.token_type is TokenType.VAR}
    known = declared | {name.lower() for name in UNITS | CAST_TARGETS}
    return {
        name
        for name in names
        if name.lower() not in known and not re.fullmatch(r"name\d+", name) and not re.search(rf"\b{name} ?\(", shape)
    }
