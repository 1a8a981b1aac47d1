"""Invariants over generated questions and permissions: nothing forbidden in the tree; filter first, then run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from pellucid.errors import UseRefused
from pellucid.rewrite.governed import GovernedQuery
from tests.rewrite.conftest import SOME
from tests.rewrite.shop import ALL, FORBIDDEN, Permitted, Shop, comparable

COLUMNS = ["week", "quantity", "sales_value", "shelf", "paid", "card_number", "email", "phone", "income", "town", "h"]
NUMBERS = st.sampled_from(["quantity", "sales_value", "age", "week", "1", "LENGTH(email)", "LENGTH(card_number)"])
COLUMN = st.sampled_from(COLUMNS)
CONDITION = st.builds(
    lambda column, test: test.format(column),
    COLUMN,
    st.sampled_from(
        [
            "{0} IS NOT NULL",
            "COALESCE(CAST({0} AS TEXT), 'x') <> 'q'",
            "household_id IN (SELECT household_id FROM members WHERE {0} IS NULL)",
            "EXISTS (SELECT 1 FROM members x WHERE x.household_id = t.household_id AND x.{0} = x.{0})",
            "CASE WHEN {0} IS NULL THEN FALSE ELSE TRUE END",
        ]
    ),
)
SOURCE = st.sampled_from(
    [
        "purchases t",
        "members t",
        "purchases t JOIN members USING (household_id)",
        "(SELECT * FROM members) t",
        "(SELECT *, email AS h FROM members) t",
        "(SELECT household_id, card_number AS h, quantity FROM purchases) t",
        "(SELECT household_id, shelf AS h, quantity, week FROM purchases) t",
        "purchases t, LATERAL (SELECT MAX(email) AS h FROM members m WHERE m.household_id = t.household_id) l",
    ]
)
AGGREGATE = st.builds(
    lambda value, column, condition, shape: shape.format(value=value, column=column, condition=condition),
    NUMBERS,
    COLUMN,
    CONDITION,
    st.sampled_from(
        [
            "COUNT(*)",
            "SUM({value})",
            "COUNT({column})",
            "COUNT(*) FILTER (WHERE {condition})",
            "SUM(CASE WHEN {condition} THEN 1 END)",
            "COUNT(DISTINCT household_id)",
        ]
    ),
)


@st.composite
def questions(draw: st.DrawFn) -> str:
    """Draw a question over columns of which some are forbidden."""
    key = draw(st.none() | COLUMN)
    parts = [*([key] if key else []), draw(AGGREGATE)]
    sql = f"SELECT {', '.join(parts)} FROM {draw(SOURCE)}"
    if draw(st.booleans()):
        sql += f" WHERE {draw(CONDITION)}"
    if key:
        sql += " GROUP BY ALL"
    if draw(st.booleans()):
        sql += f" HAVING {draw(AGGREGATE)} > 0"
    if draw(st.booleans()):
        sql += f" ORDER BY {draw(AGGREGATE)}"
    return sql


def touched(governed: GovernedQuery) -> Iterator[tuple[str, str]]:
    """Yield (dataset, column) for every column read of a held table, found without the gate's help."""
    for block in governed.blocks:
        for select in parse_one(block.sql, read="duckdb").find_all(exp.Select):
            source = select.args.get("from_")
            if source is None or not isinstance(source.this, exp.Table) or source.this.db != "held":
                continue
            for column in select.find_all(exp.Column):
                yield source.this.name, column.name


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(question=questions())
@pytest.mark.promise("purpose", "random questions, searched for a refused column in what they become")
def test_no_refused_column_ever_reaches_the_generated_sql(shop: Shop, question: str) -> None:
    try:
        governed = shop.govern(question)
    except UseRefused:
        return
    assert not set(touched(governed)) & FORBIDDEN
    assert not {tuple(name.split(".")) for name in governed.used} & FORBIDDEN


@pytest.mark.parametrize("column", ["card_number", "quantity"])
def test_some_generated_questions_are_governed_and_some_refused(shop: Shop, column: str) -> None:
    question = f"SELECT COUNT({column}) FROM purchases t WHERE {column} IS NOT NULL HAVING SUM(quantity) > 0"
    if column == "quantity":
        assert ("purchases", "quantity") in set(touched(shop.govern(question)))
    else:
        assert shop.refused(question) == ("column-not-permitted",)


PEOPLE = st.frozensets(st.sampled_from(sorted(ALL)))
FILTERED = [
    "SELECT COUNT(*), SUM(quantity), COUNT(DISTINCT household_id) FROM purchases",
    "SELECT shelf, SUM(sales_value) FROM purchases GROUP BY shelf",
    "SELECT kind, COUNT(*) FROM visits GROUP BY kind",
    "SELECT income, COUNT(*) FROM purchases JOIN members USING (household_id) GROUP BY income",
    "SELECT COUNT(*) FROM members m WHERE NOT EXISTS (SELECT 1 FROM visits v WHERE v.household_id = m.household_id)",
    "SELECT COUNT(*), SUM(amount) FROM returns",
]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    plain=PEOPLE,
    sensitive=PEOPLE,
    since=st.dictionaries(st.sampled_from(sorted(ALL)), st.sampled_from([*SOME.since.values()])),
    sensitive_since=st.dictionaries(st.sampled_from(sorted(ALL)), st.sampled_from([*SOME.sensitive_since.values()])),
    question=st.sampled_from(FILTERED),
    purpose=st.sampled_from(["planning", "care"]),
)
@pytest.mark.promise("rows", "known questions under random permissions, compared with filtering by hand")
def test_a_governed_question_equals_filtering_first_whoever_is_permitted(
    shop: Shop,
    plain: frozenset[int],
    sensitive: frozenset[int],
    since: dict,
    sensitive_since: dict,
    question: str,
    purpose: str,  # type: ignore[type-arg]
) -> None:
    shop.permit(Permitted(plain, sensitive, since, sensitive_since))
    keys = 1 if "GROUP BY" in question else 0  # a released sum of nothing is 0, where plain SQL says NULL
    expected = [
        [*row[:keys], *("0" if value == "None" else value for value in row[keys:])]
        for row in comparable(shop.plain(question, purpose))
    ]
    assert [list(row) for row in comparable(shop.ask(question, purpose))] == expected


@pytest.mark.promise("rows", "known questions under random permissions, compared with filtering by hand")
def test_nobody_is_read_when_nobody_is_permitted(shop: Shop) -> None:
    shop.permit(Permitted(plain=frozenset()))
    assert comparable(shop.ask("SELECT COUNT(*) FROM purchases")) == [("0",)]


@pytest.mark.promise("rows", "known questions under random permissions, compared with filtering by hand")
def test_nobody_is_read_for_a_purpose_without_a_bitmap(shop: Shop) -> None:
    shop.engine.load_permitted([], version=shop.version)
    assert comparable(shop.ask("SELECT COUNT(*) FROM purchases")) == [("0",)]
