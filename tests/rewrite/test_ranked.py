"""Blocks bounded by the stored rank: the same figures where the rank lets all rows through, and refused elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from sqlglot import exp, parse_one

from pellucid.errors import UseRefused
from pellucid.release.choose import choose, ranks_needed
from pellucid.release.clipping import bounding_of
from pellucid.rewrite.governed import Block
from pellucid.rewrite.measures import Measures
from pellucid.rewrite.ranked import Ground, is_within_a_month
from pellucid.rewrite.recheck import recheck_block
from pellucid.rewrite.relations import Facts, Frame, Kind, Relation, Source
from tests.rewrite import shop as made
from tests.rewrite.shop import ANA, Context, Shop, ways
from tests.rewrite.sql_files import Case, read_cases
from tests.rewrite.test_sensitivity import Cells, cells_of

COUNT, RANGE = "SELECT COUNT(*) FROM purchases", "SELECT week, COUNT(*), SUM(sales_value) FROM purchases"


def has_ranked(case: Case, policy: made.Policy) -> bool:
    try:
        return len(ways(made.govern(case.question, Context(policy, ANA, case.purpose)))) > 1
    except UseRefused:
        return False


@pytest.mark.parametrize("case", read_cases("questions.sql"), ids=lambda case: case.title)
def test_a_rank_that_lets_all_rows_through_changes_no_figure(shop: Shop, case: Case) -> None:
    first, *others = ways(shop.govern(case.question, case.purpose))
    plain = shop.exact(first)
    for other in others:
        ranked = shop.exact(other)
        for one, two in zip(first.blocks, other.blocks, strict=True):
            assert figures(plain[one.name], one) == figures(ranked[two.name], two)


def figures(table: pa.Table, block: Block) -> Cells:
    """Return the measures of each cell."""
    cells = cells_of(table, block)
    return {key: {name: value for name, value in cell.items() if name != "_subjects"} for key, cell in cells.items()}


def test_many_known_questions_can_be_bounded_by_rank(shop: Shop) -> None:
    found = [case for case in read_cases("questions.sql") if has_ranked(case, shop.policy)]
    assert len(found) >= 10


def block_of(shop: Shop, sql: str) -> Block:
    return shop.govern(sql, "tight").blocks[0]


@pytest.mark.parametrize(
    ("where", "months"),
    [
        ("", 30),
        ("WHERE bought >= DATE '2026-03-01'", 4),
        ("WHERE bought >= DATE '2026-03-01' AND bought < DATE '2026-05-01'", 2),
        ("WHERE bought >= DATE '2026-03-01' AND bought < DATE '2026-05-02'", 3),
        ("WHERE bought >= DATE '2026-03-01' AND bought <= DATE '2026-05-01'", 3),
        ("WHERE bought > TIMESTAMP '2026-03-31 10:00:00' AND TIMESTAMP '2026-05-01 00:00:00' > bought", 2),
        ("WHERE bought BETWEEN '2026-03-05' AND '2026-03-07'", 1),
        ("WHERE CAST(bought AS DATE) = '2026-03-05'", 1),
        ("WHERE bought >= DATE '1999-03-01' AND bought < DATE '2199-05-01'", 30),
        ("WHERE bought >= DATE '2026-03-01' AND bought <= TIMESTAMP '2026-03-31 24:00:00'", 4),
        ("WHERE bought >= DATE '2026-03-01' OR quantity > 1", 30),
        ("WHERE NOT bought < DATE '2026-03-01'", 30),
        ("WHERE day >= DATE '2026-03-01'", 30),
        ("WHERE bought >= now()", 30),
        ("WHERE bought >= DATE '2026-03-01' + INTERVAL 2 MONTH", 30),
    ],
)
def test_the_months_that_a_question_touches_follow_from_what_it_says_outright(
    shop: Shop, where: str, months: int
) -> None:
    (first, *_) = block_of(shop, f"{COUNT} {where}").others
    assert first.ranked is not None
    assert first.ranked.months == months


@pytest.mark.parametrize(
    ("key", "apart"),
    [
        ("DATE_TRUNC('month', bought)", True),
        ("DATE_TRUNC('day', bought)", True),
        ("bought", True),
        ("DATE_TRUNC('week', bought)", False),
        ("DATE_TRUNC('year', bought)", False),
        ("week", False),
        ("day", False),
    ],
)
def test_keys_whose_cells_hold_no_two_months_are_known(shop: Shop, key: str, apart: bool) -> None:
    dataset = shop.policy.datasets["purchases"]
    column = exp.column
    facts = {name: Facts(frozenset({("purchases", name)}), ("purchases", name)) for name in dataset.columns}
    frame = Frame({"t": Source("t", Relation(Kind.SUBJECT, exp.select("*"), facts, "household"))})
    tree = parse_one(key, read="duckdb").transform(
        lambda node: column(node.name, table="t") if isinstance(node, exp.Column) else node
    )
    ground = Ground(exp.select("1"), [tree], Measures(frame, None), frame, None)  # type: ignore[arg-type]
    assert is_within_a_month(tree, ground, dataset) is apart


REFUSED = [
    ("SELECT COUNT(*) FROM purchases t JOIN products p ON p.brand = t.product_id", "may multiply rows"),
    ("SELECT COUNT(*) FROM purchases t, products p", "the join with 'p' may multiply rows"),
    ("SELECT COUNT(*) FROM purchases t, products p WHERE p.product_id = t.product_id OR TRUE", "may multiply rows"),
    ("SELECT COUNT(*) FROM purchases t JOIN products p ON p.product_id = UPPER(t.product_id)", "may multiply rows"),
    ("SELECT COUNT(*) FROM purchases t JOIN products p ON p.product_id = p.brand", "may multiply rows"),
    ("SELECT COUNT(*) FROM purchases t JOIN products p ON p.product_id >= t.product_id", "may multiply rows"),
    ("SELECT COUNT(*) FROM purchases t, (VALUES (1), (2)) AS v", "may multiply rows"),
    ("SELECT COUNT(*) FROM purchases t JOIN baskets b ON b.basket_id = t.basket_id", "several tables about people"),
    ("SELECT COUNT(*) FROM (SELECT * FROM purchases) AS t", "in a subquery"),
    ("WITH t AS (SELECT quantity FROM purchases) SELECT COUNT(*) FROM t", "in a subquery"),
    ("SELECT COUNT(*) FROM purchases t WHERE EXISTS (SELECT 1 FROM purchases u WHERE u.household_id = t.household_id)",
     "in a subquery"),
    ("SELECT COUNT(*) FROM purchases t, products p, products q WHERE p.product_id = q.product_id", "may multiply rows"),
    ("SELECT COUNT(*) FROM purchases t CROSS JOIN products p LEFT JOIN products q ON q.product_id = p.product_id "
     "AND p.product_id = t.product_id", "may multiply rows"),
    ("SELECT COUNT(*) FROM purchases t JOIN products p ON TRUE JOIN products q ON p.product_id = q.product_id",
     "may multiply rows"),
    ("SELECT COUNT(*) FROM visits", "the rows of 'visits' have no stored rank"),
    ("SELECT shelf, COUNT(*) FROM purchases GROUP BY 1", "groups are not publicly known"),
    ("SELECT COUNT(DISTINCT household_id) FROM purchases", "not a sum over rows"),
    ("SELECT COUNT(DISTINCT product_id) FROM purchases", "not a sum over rows"),
    ("SELECT MEDIAN(quantity) FROM purchases", "not a sum over rows"),
    ("SELECT STDDEV(quantity) FROM purchases", "not a sum over rows"),
    ("SELECT SUM(quantity * week) FROM purchases", "not a sum over rows"),
    ("SELECT SUM(quantity + 1) FROM purchases", "not a sum over rows"),
    ("SELECT COUNT(*) FROM products p LEFT JOIN purchases t ON p.product_id = t.product_id", "multiply"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "why"), REFUSED, ids=lambda each: each[:60])
@pytest.mark.promise("hidden", "joins, subqueries and aggregates under which a stored rank would bound nothing")
def test_a_rank_is_refused_where_it_bounds_nothing(shop: Shop, question: str, why: str) -> None:
    try:
        block = block_of(shop, question)
    except UseRefused:
        return  # refused altogether, which is stricter
    assert block.others == ()
    assert why in block.unranked


def test_a_key_that_is_not_unique_is_asked_for_before_the_rank_is_used(shop: Shop) -> None:
    question = "SELECT p.department, COUNT(*) FROM purchases t JOIN products p USING (product_id) GROUP BY 1"
    needed = ranks_needed(shop.govern(question, "tight"))
    (sql,) = needed["purchases"]
    answer = shop.engine.run([made.Statement("u", sql)], purpose="tight", seconds=made.LONG)
    assert answer.table("u").column(0)[0].as_py() == 0
    twice = sql.replace('"product_id"', '"department"')
    answer = shop.engine.run([made.Statement("u", twice)], purpose="tight", seconds=made.LONG)
    assert answer.table("u").column(0)[0].as_py() > 0


def test_a_question_about_months_that_are_not_ranked_is_not_bounded_by_rank(shop: Shop) -> None:
    assert block_of(shop, f"{COUNT} WHERE bought >= DATE '2027-01-01'").others == ()
    (whole, *_) = block_of(shop, COUNT).others
    assert whole.ranked is not None
    assert not whole.ranked.inside
    name = block_of(shop, COUNT).name
    assert choose(shop.govern(COUNT, "tight"), "auto", cells={name: 1}, ranked={"purchases"}).blocks[0].ranked is None
    assert "do not count" in bounding_of(whole).sentence


def test_what_was_not_counted_again_for_this_engine_is_not_believed(shop: Shop) -> None:
    (first, *_) = block_of(shop, f"{COUNT} WHERE bought BETWEEN '2026-03-05' AND '2026-03-07'").others
    context = Context(shop.policy, ANA, "tight")
    (block,) = shop.govern(f"{COUNT} WHERE bought BETWEEN '2026-03-05' AND '2026-03-07'", "tight").blocks
    assert recheck_block(block, context)
    assert first.ranked is not None
    for wrong in (replace(first.ranked, rows=1), replace(first.ranked, by="week")):
        assert not recheck_block(replace(block, others=(replace(first, ranked=wrong),)), context)
    unmarked = replace(
        first, frame=first.frame.replace("_turn < 2 ", "_turn < 3 "), sql=first.sql.replace("_turn < 2 ", "_turn < 3 ")
    )
    assert not recheck_block(replace(block, others=(unmarked,)), context)


def test_the_way_with_less_noise_is_chosen_and_others_can_be_asked_for(shop: Shop) -> None:
    governed = shop.govern(f"{RANGE} WHERE bought >= DATE '2026-05-01' GROUP BY week", "tight")
    name = governed.blocks[0].name
    auto, groups, rank = (
        choose(governed, wanted, cells={name: 4}, ranked={"purchases"}).blocks[0]
        for wanted in ("auto", "groups", "rank")
    )
    assert groups.ranked is None
    assert rank.ranked is not None
    assert auto in (groups, rank)
    assert choose(governed, "auto", cells={name: 4}, ranked=()).blocks[0].ranked is None
    long = shop.govern(f"{RANGE} GROUP BY week", "tight")
    assert choose(long, "auto", cells={name: 4}, ranked={"purchases"}).blocks[0].ranked is None


def test_a_rank_that_lets_more_rows_through_than_declared_does_not_pass_the_recheck(shop: Shop) -> None:
    context = Context(shop.policy, ANA, "tight")
    (block,) = shop.govern(COUNT, "tight").blocks
    assert recheck_block(block, context)
    (other,) = block.others
    (source,) = other.sources
    assert source.rank is not None
    for filtered in (replace(source.rank, rows=3), replace(source.rank, column="_rank7"), None):
        wrong = replace(source, rank=filtered)
        assert not recheck_block(replace(block, others=(replace(other, sources=(wrong,)),)), context)


def test_rows_are_marked_that_the_rank_cuts_off(odd_shop: Shop) -> None:
    governed = ways(odd_shop.govern(COUNT, "tight"))[1]
    table = odd_shop.exact(governed)[governed.blocks[0].name]
    last = next(row for row in table.to_pylist() if row["_row"] == 1)
    cells = next(row for row in table.to_pylist() if row["_row"] == 0)
    assert last["_subjects"] > last["_clipped"] > 0
    assert last["_subjects"] < cells["m0"] <= 2 * last["_subjects"]
