"""Every entry of the allow-lists has an example that is governed and runs, over odd values too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlglot import exp, parse_one

from pellucid.rewrite import vocabulary
from pellucid.rewrite.context import Context
from pellucid.rewrite.pipeline import govern
from tests.rewrite.shop import ANA, NOW, Shop

EXPRESSIONS = {
    # over one row of `purchases`
    "Abs": "ABS(quantity)",
    "Add": "quantity + 9223372036854775807",
    "And": "paid AND quantity > 1",
    "Between": "quantity BETWEEN 1 AND 2",
    "Boolean": "paid = TRUE",
    "Case": "CASE WHEN paid THEN 1 ELSE 2 END",
    "Cast": "CAST(shelf AS BIGINT)",
    "Ceil": "CEIL(weight)",
    "Coalesce": "COALESCE(quantity, 0)",
    "Concat": "CONCAT(shelf, 'x')",
    "Contains": "CONTAINS(shelf, 'x')",
    "CurrentDate": "day < CURRENT_DATE",
    "CurrentTimestamp": "bought < CURRENT_TIMESTAMP",
    "DPipe": "shelf || 'x'",
    "DataType": "CAST(quantity AS TEXT)",
    "DataTypeParam": "CAST(weight AS DECIMAL(9, 2))",
    "DateAdd": "DATE_ADD(day, INTERVAL 3 DAY)",
    "DateDiff": "DATE_DIFF('day', day, DATE '2026-01-01')",
    "DateFromParts": "MAKE_DATE(quantity, quantity, quantity)",
    "Day": "DAY(day)",
    "DayOfWeek": "DAYOFWEEK(day)",
    "Dayname": "DAYNAME(day)",
    "Div": "quantity / 0",
    "EQ": "quantity = 1",
    "Exp": "EXP(weight)",
    "Extract": "EXTRACT(year FROM bought)",
    "Floor": "FLOOR(weight)",
    "GT": "quantity > 1",
    "GTE": "quantity >= 1",
    "Greatest": "GREATEST(quantity, 1)",
    "Hour": "HOUR(bought)",
    "ILike": "shelf ILIKE 'X%'",
    "If": "IF(paid, 1, 2)",
    "In": "quantity IN (1, 2)",
    "IntDiv": "quantity // 0",
    "Interval": "bought + INTERVAL 2 MONTH",
    "Is": "quantity IS NULL",
    "LT": "quantity < 1",
    "LTE": "quantity <= 1",
    "LastDay": "LAST_DAY(day)",
    "Least": "LEAST(quantity, 1)",
    "Left": "LEFT(shelf, quantity)",
    "Length": "LENGTH(shelf)",
    "Like": "shelf LIKE 'x%'",
    "Literal": "quantity = 1",
    "Ln": "LN(weight)",
    "Log": "LOG(weight)",
    "Lower": "LOWER(shelf)",
    "Mod": "quantity % 0",
    "Month": "MONTH(day)",
    "Monthname": "MONTHNAME(day)",
    "Mul": "quantity * 9223372036854775807",
    "NEQ": "quantity <> 1",
    "Neg": "-quantity",
    "Not": "NOT paid",
    "Null": "quantity IS NULL",
    "NullSafeEQ": "quantity IS NOT DISTINCT FROM 1",
    "NullSafeNEQ": "quantity IS DISTINCT FROM 1",
    "Nullif": "NULLIF(quantity, 1)",
    "Or": "paid OR quantity > 1",
    "Paren": "(quantity)",
    "Placeholder": "quantity > $least",
    "Pow": "POWER(weight, weight)",
    "Quarter": "QUARTER(day)",
    "RegexpLike": "REGEXP_MATCHES(shelf, '^x')",
    "Right": "RIGHT(shelf, quantity)",
    "Round": "ROUND(weight, 1)",
    "Sign": "SIGN(quantity)",
    "Sqrt": "SQRT(weight)",
    "StartsWith": "STARTS_WITH(shelf, 'x')",
    "StrPosition": "STRPOS(shelf, 'x')",
    "Sub": "quantity - 9223372036854775807",
    "Substring": "SUBSTRING(shelf, quantity, quantity)",
    "TimestampTrunc": "DATE_TRUNC('month', bought)",
    "Trim": "TRIM(shelf)",
    "Trunc": "TRUNC(weight)",
    "TryCast": "TRY_CAST(shelf AS INTEGER)",
    "Tuple": "quantity IN (1, 2) AND (quantity, week) = (1, 2)",
    "Upper": "UPPER(shelf)",
    "Var": "EXTRACT(month FROM day)",
    "Week": "WEEK(day)",
    "Year": "YEAR(day)",
    "DATE_PART": "DATE_PART('month', day)",
    "NOW": "bought < NOW()",
}
PER_PERSON = {
    # over all rows of one person
    "AnyValue": "ANY_VALUE(shelf)",
    "ArgMax": "ARG_MAX(shelf, quantity)",
    "ArgMin": "ARG_MIN(shelf, quantity)",
    "First": "FIRST(shelf)",
    "Last": "LAST(shelf)",
    "LogicalAnd": "BOOL_AND(paid)",
    "LogicalOr": "BOOL_OR(paid)",
    "Max": "MAX(quantity)",
    "Median": "MEDIAN(weight)",
    "Min": "MIN(weight)",
    "PercentileCont": "QUANTILE_CONT(weight, 0.9)",
    "PercentileDisc": "QUANTILE_DISC(shelf, 0.9)",
    "Stddev": "STDDEV(weight)",
    "StddevPop": "STDDEV_POP(weight)",
    "StddevSamp": "STDDEV_SAMP(weight)",
    "Variance": "VARIANCE(weight)",
    "VariancePop": "VAR_POP(weight)",
    "Sum": "SUM(quantity)",
    "Avg": "AVG(quantity)",
    "Count": "COUNT(DISTINCT shelf)",
    "CountIf": "COUNT_IF(paid)",
}
WINDOWS = {
    # over one person's rows in order
    "CumeDist": "CUME_DIST()",
    "DenseRank": "DENSE_RANK()",
    "FirstValue": "FIRST_VALUE(quantity)",
    "IgnoreNulls": "FIRST_VALUE(quantity IGNORE NULLS)",
    "Lag": "LAG(quantity, 1, 0)",
    "LastValue": "LAST_VALUE(quantity)",
    "Lead": "LEAD(quantity)",
    "Ntile": "NTILE(4)",
    "PercentRank": "PERCENT_RANK()",
    "Rank": "RANK()",
    "RowNumber": "ROW_NUMBER()",
    "Window": "SUM(quantity)",
}
QUESTIONS = {
    "Alias": "SELECT COUNT(*) AS n FROM purchases",
    "Avg": "SELECT AVG(sales_value) FROM purchases",
    "CTE": "WITH x AS (SELECT household_id FROM purchases) SELECT COUNT(*) FROM x",
    "Column": "SELECT COUNT(quantity) FROM purchases",
    "Count": "SELECT COUNT(*) FROM purchases",
    "CountIf": "SELECT COUNT_IF(paid) FROM purchases",
    "Cube": "SELECT department, COUNT(*) FROM products GROUP BY CUBE (department, brand)",
    "Distinct": "SELECT COUNT(DISTINCT household_id) FROM purchases",
    "Except": "SELECT 1 AS a EXCEPT SELECT 2 AS a",
    "Exists": "SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM purchases p WHERE p.household_id = m.household_id)",  # noqa: E501
    "Filter": "SELECT COUNT(*) FILTER (WHERE paid) FROM purchases",
    "From": "SELECT COUNT(*) FROM purchases",
    "Group": "SELECT week, COUNT(*) FROM purchases GROUP BY week",
    "Grouping": "SELECT department, GROUPING(department), COUNT(*) FROM products GROUP BY ROLLUP (department)",
    "GroupingSets": "SELECT department, COUNT(*) FROM products GROUP BY GROUPING SETS ((department), ())",
    "Having": "SELECT week FROM purchases GROUP BY week HAVING COUNT(*) > 1",
    "Identifier": 'SELECT COUNT("quantity") FROM purchases',
    "Intersect": "SELECT 1 AS a INTERSECT SELECT 1 AS a",
    "Join": "SELECT COUNT(*) FROM purchases JOIN products USING (product_id)",
    "Lateral": "SELECT SUM(x.q) FROM members m, LATERAL (SELECT MAX(quantity) AS q FROM purchases p WHERE p.household_id = m.household_id) x",  # noqa: E501
    "Limit": "SELECT week FROM purchases GROUP BY week LIMIT 1",
    "MEAN": "SELECT MEAN(sales_value) FROM purchases",
    "Offset": "SELECT week FROM purchases GROUP BY week LIMIT 1 OFFSET 1",
    "Order": "SELECT week FROM purchases GROUP BY week ORDER BY week",
    "Ordered": "SELECT week FROM purchases GROUP BY week ORDER BY week DESC",
    "Qualify": "SELECT week FROM purchases GROUP BY week QUALIFY RANK() OVER (ORDER BY COUNT(*)) = 1",
    "Rollup": "SELECT department, COUNT(*) FROM products GROUP BY ROLLUP (department)",
    "Select": "SELECT 1 AS one",
    "Star": "SELECT * FROM products",
    "Subquery": "SELECT COUNT(*) FROM (SELECT household_id FROM purchases) x",
    "Sum": "SELECT SUM(quantity) FROM purchases",
    "Table": "SELECT COUNT(*) FROM purchases",
    "TableAlias": "SELECT COUNT(*) FROM purchases AS p",
    "Union": "SELECT 1 AS a UNION ALL SELECT 2 AS a",
    "Values": "SELECT v.a FROM (VALUES (1), (2)) AS v(a)",
    "Where": "SELECT COUNT(*) FROM purchases WHERE paid",
    "WindowSpec": "SELECT week, SUM(COUNT(*)) OVER (ORDER BY week ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM purchases GROUP BY week",  # noqa: E501
    "With": "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
}
CASTS = {name: name for name in vocabulary.CAST_TARGETS} | {"TIMESTAMPNTZ": "TIMESTAMP", "INTERVAL": "INTERVAL"}


def examples() -> Iterator[tuple[str, str]]:
    for name, expression in EXPRESSIONS.items():
        yield name, f"SELECT COUNT(*) FROM purchases WHERE ({expression}) IS NOT NULL"
        yield name, f"SELECT COUNT(x) FROM (SELECT household_id, {expression} AS x FROM purchases)"
        yield name, f"SELECT {expression} AS k, COUNT(*) FROM purchases GROUP BY 1"
        yield name, f"SELECT COUNT({expression}) FROM purchases"
    for name, expression in PER_PERSON.items():
        within = f"SELECT household_id, {expression} AS x FROM purchases GROUP BY household_id"
        yield name, f"SELECT COUNT(x) FROM ({within})"
    for name, expression in WINDOWS.items():
        order = "PARTITION BY household_id ORDER BY bought"
        yield name, f"SELECT COUNT(x) FROM (SELECT {expression} OVER ({order}) AS x FROM purchases)"
    for name, question in QUESTIONS.items():
        yield name, question


def used(sql: str) -> set[str]:
    """Return the classes of the nodes in a question and the names of functions without a class."""
    nodes = list(parse_one(sql, read="duckdb").walk())
    return {type(node).__name__ for node in nodes} | {
        str(node.this).upper() for node in nodes if isinstance(node, exp.Anonymous)
    }


def test_every_entry_of_the_allow_lists_has_an_example() -> None:
    named = {name for name, _ in examples()}
    assert named == vocabulary.ALLOWED | vocabulary.ANONYMOUS
    assert set(CASTS) == vocabulary.CAST_TARGETS


@pytest.mark.parametrize(("name", "question"), list(examples()))
def test_each_example_holds_what_it_is_an_example_of(name: str, question: str) -> None:
    assert name in used(question)


@pytest.mark.parametrize(("name", "question"), list(examples()))
def test_each_example_is_governed_and_runs_over_odd_values(odd_shop: Shop, name: str, question: str) -> None:
    odd_shop.ask(question, parameters={"least": 1} if "$least" in question else None)


@pytest.mark.parametrize(("name", "written"), sorted(CASTS.items()))
@pytest.mark.parametrize("column", ["shelf", "quantity", "weight", "sales_value", "bought", "day", "paid"])
def test_each_type_may_be_cast_to_from_any_other(odd_shop: Shop, name: str, written: str, column: str) -> None:
    odd_shop.ask(f"SELECT COUNT(*) FROM purchases WHERE CAST({column} AS {written}) IS NOT NULL") if _castable(
        column, written
    ) else None


def _castable(column: str, written: str) -> bool:
    """Whether DuckDB knows such a cast at all: whether it does tells nothing about a row."""
    moments = {
        "bought": {"TEXT", "VARCHAR", "TIMESTAMP", "DATE", "TIME"},
        "day": {"TEXT", "VARCHAR", "TIMESTAMP", "DATE"},
    }
    if column in moments:
        return written in moments[column]
    return column == "shelf" or written not in {"DATE", "TIMESTAMP", "TIME", "INTERVAL"}


def test_what_only_generated_sql_may_hold_is_generated(shop: Shop) -> None:
    asked = [
        "SELECT SUM(quantity * 2) FROM purchases WHERE quantity + 1 > 2",
        "SELECT shelf, COUNT(*) FROM purchases GROUP BY 1",
    ]
    found = set().union(*(used(block.sql) for sql in asked for block in shop.govern(sql).blocks))
    assert found >= vocabulary.GENERATED | vocabulary.GENERATED_FUNCTIONS


def test_what_only_generated_sql_may_hold_is_refused_in_a_question(shop: Shop) -> None:
    assert (
        shop.refused("SELECT COUNT(*) FROM purchases WHERE GET_BIT(CAST('1' AS BIT), 0) = 1")[0]
        == "function-not-allowed"
    )
    assert shop.refused("SELECT COUNT(*) FROM purchases WHERE TRY(quantity) = 1") == ("function-not-allowed",)
    assert shop.refused("SELECT COUNT(*) FROM purchases WHERE HASH(quantity) = 1") == ("function-not-allowed",)


def test_the_lists_do_not_overlap_with_what_is_generated() -> None:
    assert frozenset() == vocabulary.ALLOWED & vocabulary.GENERATED
    assert frozenset() == vocabulary.ANONYMOUS & vocabulary.GENERATED_FUNCTIONS


def test_the_clock_is_the_one_that_is_given(shop: Shop) -> None:
    asked = "SELECT COUNT(*) FROM purchases WHERE bought < NOW()"
    assert shop.ask(asked) == shop.ask(asked.replace("NOW()", f"TIMESTAMP '{NOW}'"))


def test_every_word_of_a_frame_is_generated(shop: Shop) -> None:
    asked = [
        "SELECT week, COUNT(*), SUM(quantity), SUM(sales_value), SUM(weight * 2) FROM purchases GROUP BY week",
        "SELECT COUNT(DISTINCT household_id), COUNT(DISTINCT basket_id) FROM purchases",
        "SELECT week, COUNT(DISTINCT product_id), MEDIAN(weight), STDDEV(quantity) FROM purchases GROUP BY week",
        "SELECT week, p.department, COUNT(*) FROM purchases t JOIN products p USING (product_id) GROUP BY 1, 2",
    ]
    governed = [shop.govern(sql, purpose) for sql in asked for purpose in ("planning", "tight")]
    rule = shop.policy.purposes["tight"].release
    drawn = replace(rule, columns={"sales_value": replace(rule.columns["sales_value"], drawn=True)})
    purposes = {"tight": replace(shop.policy.purposes["tight"], release=drawn)}
    context = Context(replace(shop.policy, purposes={**shop.policy.purposes, **purposes}), ANA, "tight")
    governed.append(govern("SELECT week, SUM(sales_value) FROM purchases GROUP BY week", context))
    blocks = [block for each in governed for block in each.blocks]
    blocks += [other for block in blocks for other in (*block.others, *filter(None, (block.caps, block.few)))]
    frames = [block.frame for block in blocks]
    words = set(" ".join(frames).translate(str.maketrans(dict.fromkeys("(),.*=<>+/-%", " "))).split())
    assert frozenset() == vocabulary.FRAME_WORDS - words
    numbered = {
        word.removeprefix("_seen").removeprefix("_spread").removeprefix("$_cap")
        for word in words - vocabulary.FRAME_WORDS
    }
    assert all(word[1:].isdigit() or word.isdigit() for word in numbered)
