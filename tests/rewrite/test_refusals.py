"""Every refusal of the gate can be got, says what was asked and what to ask instead, and names everything at once."""

from __future__ import annotations

# ruff: noqa: E501 -- one question a line
import re
import time

import pytest

from pellucid.errors import UseRefused
from pellucid.policy.gate_reasons import GATE_WORDS
from pellucid.policy.model import Actor
from pellucid.rewrite.context import Context
from pellucid.rewrite.parse import Limits
from pellucid.rewrite.pipeline import govern
from tests.release.test_suppress import REFUSED
from tests.rewrite.shop import ANA, Shop

MALLORY = Actor("staff", "mallory", ("outreach",), "os-user:test")

QUESTIONS = {
    "sql-too-long": "SELECT COUNT(*) FROM purchases -- " + "x" * 100_000,
    "sql-too-deep": "SELECT " + "(" * 70 + "1" + ")" * 70,
    "laterals-nested": "SELECT 1 FROM " + "products m, LATERAL (SELECT 1 FROM " * 50,
    "joins-without-condition": "SELECT COUNT(*) FROM purchases" + " JOIN purchases AS on" * 40,
    "sql-too-large": "SELECT COUNT(*) FROM purchases WHERE quantity IN (" + ", ".join(["1"] * 4_000) + ")",
    "sql-too-complex": "WITH a AS (SELECT * FROM purchases), "
    + ", ".join(
        f"{new} AS (SELECT x.* FROM {old} x JOIN {old} y ON x.household_id = y.household_id)"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + " SELECT COUNT(*) FROM i",
    "sql-unparsable": "SELECT COUNT(* FROM purchases",
    "sql-not-one-statement": "SELECT 1; SELECT 2",
    "sql-not-a-query": "DROP TABLE purchases",
    "function-not-allowed": "SELECT COUNT(*) FROM purchases WHERE MD5(shelf) = 'x'",
    "random-refused": "SELECT COUNT(*) FROM purchases WHERE RANDOM() < 0.5",
    "syntax-not-allowed": "SELECT COUNT(*) FROM purchases WHERE shelf SIMILAR TO 'x'",
    "table-function-refused": "SELECT * FROM READ_CSV('/etc/passwd')",
    "qualified-table-refused": "SELECT COUNT(*) FROM held.purchases",
    "reserved-name": "SELECT COUNT(_subject) FROM purchases",
    "type-not-allowed": "SELECT COUNT(*) FROM purchases WHERE CAST(shelf AS BLOB) IS NULL",
    "recursion-refused": "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x) SELECT a FROM x",
    "join-kind-refused": "SELECT COUNT(*) FROM purchases ASOF JOIN members USING (household_id)",
    "parameter-unnamed": "SELECT COUNT(*) FROM purchases WHERE quantity > ?",
    "pattern-not-literal": "SELECT COUNT(*) FROM purchases WHERE REGEXP_MATCHES(shelf, shelf)",
    "table-unknown": "SELECT COUNT(*) FROM receipts",
    "name-unknown": "SELECT COUNT(*) FROM purchases WHERE colour = 'red'",
    "names-unresolved": "SELECT COUNT(*) FROM purchases a JOIN purchases b USING (household_id) WHERE quantity > 1",
    "several-subjects-a-row": "SELECT COUNT(*) FROM transfers",
    "public-side-preserved": "SELECT COUNT(*) FROM products p LEFT JOIN purchases t ON t.product_id = p.product_id",
    "two-kinds-of-subject": "SELECT COUNT(*) FROM purchases t JOIN staff s ON t.household_id = s.employee_id",
    "join-not-linked": "SELECT COUNT(*) FROM purchases t JOIN visits v ON t.product_id = v.product_id",
    "rows-refused": "SELECT shelf, quantity FROM purchases",
    "figure-missing": "SELECT 1 FROM purchases HAVING 2 > 1",
    "released-beside-people": "SELECT COUNT(*) FROM purchases t JOIN (SELECT week, COUNT(*) AS n FROM purchases GROUP BY week) x ON x.week = t.week",
    "released-inside-exact": "SELECT COUNT(*) FROM purchases WHERE EXISTS (SELECT COUNT(*) FROM purchases)",
    "source-refused": "SELECT COUNT(*) FROM (purchases JOIN products USING (product_id))",
    "column-aliases-refused": "SELECT COUNT(*) FROM purchases AS t(a, b)",
    "subquery-not-linked": "SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM purchases t WHERE t.quantity > 1)",
    "subquery-many-rows": "SELECT COUNT(*) FROM members m WHERE (SELECT t.shelf FROM purchases t WHERE t.household_id = m.household_id) = 'top'",
    "correlated-beside-measures": "SELECT week, COUNT(*), (SELECT MAX(price) FROM products p WHERE p.product_id = t.shelf) FROM purchases t GROUP BY week, shelf",
    "implicit-lateral-refused": "SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM (SELECT 1 AS a FROM purchases t WHERE t.household_id = m.household_id) x)",
    "union-of-kinds": "SELECT COUNT(*) FROM (SELECT product_id FROM purchases UNION ALL SELECT product_id FROM products)",
    "set-operation-refused": "SELECT COUNT(*) FROM (SELECT product_id FROM purchases UNION SELECT product_id FROM visits)",
    "limit-below-refused": "SELECT COUNT(*) FROM (SELECT household_id FROM purchases LIMIT 3)",
    "group-key-interval": "SELECT x, COUNT(*) FROM (SELECT INTERVAL 1 DAY AS x FROM purchases) AS t GROUP BY x",
    "grouping-sets-refused": "SELECT week, COUNT(*) FROM purchases GROUP BY ROLLUP (week)",
    "distinct-across-people": "SELECT COUNT(*) FROM (SELECT DISTINCT ON (household_id) household_id, shelf FROM purchases)",
    "window-across-people": "SELECT COUNT(*) FROM (SELECT RANK() OVER (ORDER BY quantity) AS r FROM purchases) WHERE r < 3",
    "aggregate-not-private": "SELECT MAX(sales_value) FROM purchases",
    "distinct-not-subject": "SELECT COUNT(DISTINCT product_id, shelf) FROM purchases",
    "spread-not-of-a-column": "SELECT MEDIAN(quantity * 2) FROM purchases",
    "values-without-range": "SELECT STDDEV(amount) FROM returns",
    "spread-too-wide": "SELECT VARIANCE(price) FROM purchases JOIN products USING (product_id)",
    "quantile-not-literal": "SELECT QUANTILE_CONT(quantity, 1.5) FROM purchases",
    "sum-not-a-number": "SELECT COUNT(*) FROM (SELECT household_id, SUM(shelf) AS a FROM purchases GROUP BY 1)",
    "sum-without-bound": "SELECT SUM(week) FROM purchases",
    "types-differ": "SELECT COUNT(*) FROM (SELECT quantity AS x FROM purchases UNION ALL SELECT kind FROM visits)",
    "argument-not-literal": "SELECT COUNT(*) FROM purchases WHERE bought > NOW() + INTERVAL (quantity) DAY",
    "unit-unknown": "SELECT COUNT(*) FROM purchases WHERE DATE_TRUNC('fortnight', bought) > NOW()",
    "scalar-over-people": "SELECT COUNT(*) FROM members m WHERE SUBSTRING((SELECT MAX(t.shelf) FROM purchases t WHERE t.household_id = m.household_id), 1, 2) = 'to'",
    "column-not-grouped": "SELECT week, shelf, COUNT(*) FROM purchases GROUP BY week",
}
ELSEWHERE = {
    "parameter-missing", "parameter-unused", "parameter-value", "epsilon-out-of-range", "too-many-cells",
    # asked with values and epsilon: tests/insights
    "output-recheck",  # a defect of ours: test_recheck.py breaks generated SQL
}  # fmt: skip


def test_every_refusal_of_the_gate_has_a_question() -> None:
    exact = {code for code in GATE_WORDS if code.startswith("exact-")} | {"dataset-private-only"}
    built = {code for code in GATE_WORDS if code.startswith("built-")}  # asked in `tests/insights/test_derive.py`
    assert set(GATE_WORDS) == QUESTIONS.keys() | ELSEWHERE | exact | built


def test_every_refusal_of_exact_figures_has_a_question() -> None:
    """They are asked in `tests/release/test_suppress.py`, where a purpose lets exact figures leave."""
    asked = {code for _, code in REFUSED} | {"exact-not-declared"}
    assert {code for code in GATE_WORDS if code.startswith("exact-")} | {"dataset-private-only"} <= asked


@pytest.mark.parametrize(("code", "question"), sorted(QUESTIONS.items()))
@pytest.mark.promise("closed", "a question for each refusal of the gate")
def test_a_question_gets_exactly_this_refusal(shop: Shop, code: str, question: str) -> None:
    assert shop.refused(question) == (code,)


@pytest.mark.parametrize(("code", "question"), sorted(QUESTIONS.items()))
def test_a_refusal_says_what_was_asked_and_what_to_ask_instead(shop: Shop, code: str, question: str) -> None:
    with pytest.raises(UseRefused, match="This question is refused") as refused:
        shop.govern(question)
    for reason in refused.value.reasons:
        assert re.fullmatch(r"[A-Z`ε].*[.]", reason.message, re.DOTALL)
        assert reason.remedy.endswith(".")
        assert "{" not in f"{reason.message}{reason.remedy}"
        assert "_col" not in reason.message
        assert "``" not in reason.message


def test_a_total_for_each_row_of_a_public_table_is_refused(shop: Shop) -> None:
    """TPC-H 20 passed the gate, failed in the engine, and was charged."""
    of_each = "SELECT SUM(t.quantity) FROM purchases t WHERE t.product_id = p.product_id"
    assert "subquery-not-linked" in shop.refused(f"SELECT COUNT(*) FROM products p WHERE p.price > ({of_each})")


def test_groups_of_a_subquery_by_a_column_around_it_are_refused(shop: Shop) -> None:
    """Found by fuzzing: it ended in Python's own words."""
    of_each = "SELECT COUNT(*) FROM purchases GROUP BY p.brand"
    assert "subquery-not-linked" in shop.refused(f"SELECT COUNT(*) FROM products p WHERE p.price > ({of_each})")
    assert shop.refused(f"SELECT COUNT(*) FROM purchases p WHERE p.quantity = ({of_each.replace('brand', 'shelf')})")


@pytest.mark.parametrize(
    "limit", ["EXP(9223372036854775807)", "1 + 1", "'3'", "NULL", "ABS(3)", "3.0", "1e2", "9" * 19, "3" * 41]
)
def test_a_limit_that_is_worked_out_or_no_whole_number_of_18_digits_is_refused(shop: Shop, limit: str) -> None:
    """Found by fuzzing: what is worked out may be no number that the engine can take."""
    assert shop.refused(f"SELECT department FROM products ORDER BY 1 LIMIT {limit}")
    assert shop.govern("SELECT department FROM products ORDER BY 1 LIMIT 3 OFFSET 1")
    assert shop.govern("SELECT department FROM products ORDER BY 1 LIMIT $many")


@pytest.mark.parametrize("aggregate", ["SUM", "COUNT", "AVG", "MEDIAN", "MAX"])
def test_an_aggregate_of_distinct_nothing_is_refused(shop: Shop, aggregate: str) -> None:
    """Found by fuzzing: SUM(DISTINCT) ended in Python's own words."""
    assert "syntax-not-allowed" in shop.refused(f"SELECT {aggregate}(DISTINCT) FROM purchases")


FORBIDDEN_PLACES = [
    "SELECT email, COUNT(phone) FROM members GROUP BY email",
    "SELECT COUNT(*) FROM members WHERE email = phone",
    "SELECT income, COUNT(*) FROM members GROUP BY income ORDER BY COUNT(email), COUNT(phone)",
    "SELECT COUNT(*) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY household_id, email ORDER BY phone) AS r FROM members)",
    "SELECT COUNT(*) FROM members a JOIN members b USING (household_id, email, phone)",
    "SELECT income FROM members GROUP BY income HAVING COUNT(email) > COUNT(phone)",
    "SELECT SUM(CASE WHEN email = 'x' THEN 1 WHEN phone = 'y' THEN 2 END) FROM members",
    "SELECT COUNT(*) FROM members a JOIN members b ON a.household_id = b.household_id AND a.email = b.phone",
    "SELECT COUNT(*) FROM members GROUP BY email, phone",
    "SELECT COUNT(*) FROM (SELECT household_id FROM members QUALIFY RANK() OVER (PARTITION BY household_id ORDER BY email, phone) = 1)",
    "SELECT COUNT(*) FROM (SELECT email, phone FROM members)",
    "SELECT COUNT(*) FROM purchases t WHERE EXISTS (SELECT 1 FROM members m WHERE m.household_id = t.household_id AND m.email = m.phone)",
    "SELECT COUNT(*) FROM purchases t, LATERAL (SELECT m.email, m.phone FROM members m WHERE m.household_id = t.household_id) x",
    "WITH x AS (SELECT household_id, email, phone FROM members) SELECT COUNT(*) FROM x",
    "SELECT COUNT(*) FILTER (WHERE email LIKE phone) FROM members",
    "SELECT COUNT(*) FROM purchases WHERE household_id IN (SELECT household_id FROM members WHERE email = phone)",
    "SELECT income, RANK() OVER (ORDER BY COUNT(email), COUNT(phone)) FROM members GROUP BY income",
    "SELECT income, COUNT(*) FROM members GROUP BY income WINDOW w AS (ORDER BY email, phone)",
    "SELECT COUNT(DISTINCT email), COUNT(DISTINCT phone) FROM members",
    "SELECT m.email || m.phone, COUNT(*) FROM members m GROUP BY ALL",
    'SELECT COUNT("EMAIL"), COUNT(M."Phone") FROM "Members" AS m',
    "SELECT * EXCLUDE (income) REPLACE (email AS town) FROM members WHERE phone = '1'",
    "SELECT COUNT(*) FROM (SELECT household_id, (SELECT MAX(x.email) FROM members x WHERE x.household_id = m.household_id) AS e FROM members m WHERE phone = '1')",
    "SELECT 1 AS one WHERE EXISTS (SELECT email, phone FROM members)",
]


@pytest.mark.parametrize("question", FORBIDDEN_PLACES)
@pytest.mark.promise("purpose", "forbidden columns in every place of a question")
def test_a_forbidden_column_counts_as_used_wherever_it_stands(shop: Shop, question: str) -> None:
    with pytest.raises(UseRefused, match="refused") as refused:
        shop.govern(question)
    forbidden = [reason for reason in refused.value.reasons if reason.code == "column-not-permitted"]
    assert sorted(reason.message.split("`")[1] for reason in forbidden) == ["email", "phone"]


@pytest.mark.promise("purpose", "forbidden columns in every place of a question")
def test_a_natural_join_never_ties_rows_by_a_forbidden_column(shop: Shop) -> None:
    joined = shop.govern("SELECT COUNT(*) FROM members NATURAL JOIN purchases")
    assert joined.used == ("members.household_id", "purchases.household_id")


@pytest.mark.parametrize(
    "question",
    [
        "SELECT COUNT(*) FROM purchases WHERE household_id = 'h1'",
        "SELECT COUNT(*) FROM purchases WHERE household_id IN ('h1', 'h2')",
        "SELECT COUNT(*) FROM purchases WHERE household_id LIKE 'h%'",
        "SELECT household_id, COUNT(*) FROM (SELECT household_id FROM purchases GROUP BY household_id) GROUP BY 1",
        "SELECT COUNT(CASE WHEN household_id = 'h1' THEN 1 END) FROM purchases",
        "SELECT SUM(LENGTH(household_id)) FROM purchases",
        "SELECT COUNT(*) FROM purchases t JOIN products p ON p.product_id = t.household_id",
        "SELECT h, COUNT(*) FROM (SELECT household_id AS h, shelf AS h FROM purchases) GROUP BY h",
        "SELECT UPPER(household_id), COUNT(*) FROM purchases GROUP BY 1",
        "SELECT COUNT(*) FROM (SELECT MAX(household_id) AS h FROM purchases GROUP BY household_id) WHERE h = 'h1'",
        "SELECT COUNT(*) FROM (SELECT household_id AS h FROM purchases) WHERE h = 'h1'",
        "SELECT COUNT(*) FROM (SELECT household_id, ROW_NUMBER() OVER (PARTITION BY household_id ORDER BY household_id) AS r FROM purchases) WHERE household_id < 'h4'",
    ],
)
@pytest.mark.promise("purpose", "forbidden columns in every place of a question")
def test_a_key_that_is_not_permitted_may_tie_rows_but_not_be_read(shop: Shop, question: str) -> None:
    codes = shop.refused(question)
    assert {"column-not-permitted", "rows-refused"} & set(codes)


def test_every_reason_is_named_at_once(shop: Shop) -> None:
    codes = shop.refused(
        "SELECT MD5(shelf), _x, COUNT(*) FROM a.purchases WHERE RANDOM() > 0.5 GROUP BY 1, 2", actor=MALLORY
    )
    expected = {
        "function-not-allowed",
        "reserved-name",
        "qualified-table-refused",
        "random-refused",
        "purpose-not-permitted",
    }
    assert set(codes) >= expected


def test_a_purpose_that_does_not_exist_is_refused(shop: Shop) -> None:
    assert shop.refused("SELECT COUNT(*) FROM purchases", purpose="spying") == ("purpose-unknown",)


def test_a_dataset_of_which_a_purpose_may_read_nothing_is_refused(shop: Shop) -> None:
    assert shop.refused("SELECT COUNT(*) FROM contacts") == ("dataset-not-permitted",)


def test_a_name_of_the_engine_is_unknown(shop: Shop) -> None:
    for name in ("sqlite_master", "duckdb_tables", "pg_tables", "permitted", "rows"):
        assert shop.refused(f"SELECT COUNT(*) FROM {name}") == ("table-unknown",)


def test_limits_are_those_of_the_context(shop: Shop) -> None:
    context = Context(shop.policy, ANA, "planning", limits=Limits(characters=20))
    with pytest.raises(UseRefused, match="refused") as refused:
        govern("SELECT COUNT(*) FROM purchases", context)
    assert refused.value.reasons[0].message == "The question has 30 characters; 20 are allowed."


def test_a_question_that_grows_without_end_is_refused_quickly(shop: Shop) -> None:
    started = time.process_time()
    assert shop.refused(QUESTIONS["sql-too-complex"]) == ("sql-too-complex",)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("SELECT DAYOFWEEK(INTERVAL 1 DAY) AS k, COUNT(*) FROM purchases GROUP BY 1", "types-differ"),
        ("SELECT EXTRACT(dow FROM bought - bought) AS k, COUNT(*) FROM purchases GROUP BY 1", "types-differ"),
        ("SELECT WEEK(CAST('10:00' AS TIME)) AS k, COUNT(*) FROM purchases GROUP BY 1", "types-differ"),
        ("SELECT DISTINCT FROM purchases", "syntax-not-allowed"),
        ("SELECT * FROM (household_id) GROUP BY 1", "table-unknown"),
        ("SELECT MIN() > 3", "syntax-not-allowed"),
        (
            "SELECT COUNT(x) FROM (SELECT household_id, bought - bought AS x FROM purchases UNION ALL "
            "SELECT household_id, bought FROM purchases)",
            "types-differ",
        ),
        (
            "SELECT COUNT(x) FROM (SELECT household_id, x FROM (SELECT household_id, bought - bought AS x FROM purchases) "
            "UNION ALL SELECT household_id, bought FROM purchases)",
            "types-differ",
        ),
        (
            "SELECT COUNT(x) FROM (SELECT household_id, day - INTERVAL 1 DAY AS x FROM purchases UNION ALL "
            "SELECT household_id, day FROM purchases)",
            "types-differ",
        ),
    ],
)
def test_what_fuzzing_found_to_raise_past_try_or_inside_the_parser_is_refused(
    shop: Shop, question: str, code: str
) -> None:
    assert shop.refused(question) == (code,)
