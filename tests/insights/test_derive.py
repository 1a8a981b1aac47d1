"""Derived tables: rows of permitted people, each of one person, that inherit what protects people in their sources."""

# ruff: noqa: E501 -- one question a line
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import select

from pellucid.errors import DataRefused, InputInvalid, PolicyInvalid, UseRefused
from pellucid.records.tables import log_entries
from pellucid.rewrite.context import Context
from pellucid.rewrite.govern_built import govern_built
from pellucid.workspace import Workspace, create
from tests.shop import EXAMPLE

BUILT = """\
  habits:
    title: What each customer buys
    subjects: [{{namespace: customer, column: customer}}]
    time: oldest
    retention_days: {retention}
    built:
      purpose: stocking
      sql: "{sql}"
      reads: [{reads}]
    columns:
      customer: {{type: text, category: user.unique_id}}
      oldest: {{type: timestamp, category: user.behavior.purchase_history}}
      pieces: {{type: integer, category: user.behavior.purchase_history}}
      spent: {{type: money, scale: 2, category: user.financial}}
"""
PURPOSE = """\
  stocking:
    title: Deciding what to stock
    description: Which departments sell.
    notice: {version: "1", text: We count what is bought. You may object.}
    basis: {eu: {basis: legitimate_interests, default: opt_out}}
    kinds: [own_analytics]
    unknown: {place: eu, age: adult}
    categories: [user.behavior.purchase_history, user.financial, user.unique_id]
    roles: [analyst, engineer]
    release:
      {rule: private, epsilon: {default: 1, max: 2}, allowance: {epsilon: 6, delta: 1.0e-6, period: month},
       max_groups: 3, rows: {per_group: 4}, columns: {pieces: {per_group: 50}}, threshold_delta: 1.0e-8}
"""
SQL = "SELECT customer, MIN(bought) AS oldest, COUNT(*) AS pieces, SUM(price) AS spent FROM purchases GROUP BY customer"
READS = "purchases.bought, purchases.price"


def write_policy(
    folder: Path, sql: str = SQL, reads: str = f"{READS}, purchases.product", retention: int = 365
) -> Path:
    text = (EXAMPLE / "policy" / "policy.yaml").read_text()
    text = text.replace("may: [data-add, data-list,", "may: [data-add, data-build, data-list,")
    text = text.replace("datasets:\n", PURPOSE + "datasets:\n")
    folder.mkdir()
    (folder / "policy.yaml").write_text(text + BUILT.format(sql=sql, reads=reads, retention=retention))
    return folder


def fill(made: Workspace, policy: Path) -> None:
    made.policy.activate(actor=made.actor(), folder=policy)
    dan = made.actor("dan")
    made.data.add("products", EXAMPLE / "products.csv", actor=dan)
    made.data.add("purchases", EXAMPLE / "purchases.csv", actor=dan)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    with create(tmp_path / "w", name="test/derive") as made:
        fill(made, write_policy(tmp_path / "policy"))
        yield made


def logged(shop: Workspace) -> list[dict[str, Any]]:
    with shop.room.database.read() as connection:
        return [
            json.loads(body) for body in connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
        ]


def held(shop: Workspace) -> dict[str, tuple[int, str]]:
    """Return what the published generation of the derived table holds, read from its file."""
    state = next(each for each in shop.derived.all(actor=shop.actor("dan")) if each.dataset == "habits")
    with duckdb.connect(str(shop.folder / "data" / f"habits.{state.generation}.duckdb"), read_only=True) as file:
        rows = file.execute("SELECT customer, pieces, CAST(spent AS VARCHAR) FROM rows").fetchall()
    return {customer: (pieces, spent) for customer, pieces, spent in rows}


def by_hand(without: str = "") -> dict[str, tuple[int, str]]:
    rows = duckdb.sql(
        "SELECT customer, count(*), CAST(CAST(sum(CAST(price AS DECIMAL(18, 2))) AS DECIMAL(18, 2)) AS VARCHAR) "
        f"FROM read_csv('{EXAMPLE / 'purchases.csv'}') WHERE customer <> '{without}' GROUP BY 1"
    ).fetchall()
    return {customer: (pieces, spent) for customer, pieces, spent in rows}


def test_it_holds_what_each_person_s_rows_come_to(shop: Workspace) -> None:
    report = shop.derived.build("habits", actor=shop.actor("dan"))
    assert (report.rows_kept, report.new_subjects) == (400, 0)
    assert held(shop) == by_hand()


def test_who_objected_is_in_no_row_of_it_nor_of_an_answer(shop: Workspace) -> None:
    shop.derived.build("habits", actor=shop.actor("dan"))
    pia = shop.actor("pia")
    shop.consent.record("object", "c007", purpose="stocking", actor=pia)
    shop.derived.build("habits", actor=shop.actor("dan"))
    assert held(shop) == by_hand(without="c007")


def test_questions_are_asked_of_it_as_of_any_dataset(shop: Workspace) -> None:
    shop.derived.build("habits", actor=shop.actor("dan"))
    answer = shop.query("SELECT COUNT(*) AS people FROM habits", purpose="stocking", actor="ana", epsilon=2)
    assert 300 < answer.records()[0]["people"] < 500  # type: ignore[operator]


def test_a_purpose_that_may_not_read_all_it_is_made_of_may_not_read_it(tmp_path: Path, shop: Workspace) -> None:
    shop.derived.build("habits", actor=shop.actor("dan"))
    with pytest.raises(UseRefused) as refused:  # the newsletter may not read what people pay
        shop.query("SELECT SUM(pieces) FROM habits", purpose="newsletter", actor="ana")
    assert "dataset-not-permitted" in {reason.code for reason in refused.value.reasons}


def test_the_log_tells_of_what_state_it_was_made(shop: Workspace) -> None:
    shop.derived.build("habits", actor=shop.actor("dan"))
    told = [body["body"] for body in logged(shop) if body["action"] == "data.built"]
    assert [body["stamp"]["generations"] for body in told] == [{"purchases": 1}]


def test_it_is_stale_once_its_sources_are_newer(shop: Workspace) -> None:
    dan = shop.actor("dan")
    assert [each.stale for each in shop.derived.all(actor=dan)] == [("it was not built under this policy",)]
    shop.derived.build("habits", actor=dan)
    assert [each.stale for each in shop.derived.all(actor=dan)] == [()]
    shop.data.add("purchases", EXAMPLE / "purchases.csv", actor=dan, replace=True)
    assert [each.stale for each in shop.derived.all(actor=dan)] == [("purchases has newer rows",)]


def test_nobody_brings_rows_into_it(shop: Workspace) -> None:
    with pytest.raises(InputInvalid, match="is built of other datasets, not brought in"):
        shop.data.add("habits", EXAMPLE / "purchases.csv", actor=shop.actor("dan"))
    with pytest.raises(InputInvalid, match="is not derived"):
        shop.derived.build("purchases", actor=shop.actor("dan"))


def test_no_draft_stays_behind(shop: Workspace) -> None:
    shop.derived.build("habits", actor=shop.actor("dan"))
    assert [path.name for path in (shop.folder / "data" / ".built").iterdir()] == [".lock"]


REFUSED = {
    "a total of everybody": ("SELECT MIN(customer) AS customer, MIN(bought) AS oldest, COUNT(*) AS pieces, SUM(price) AS spent FROM purchases", {"rows-refused", "aggregate-not-private", "built-key"}),
    "a key that is another column": ("SELECT product AS customer, MIN(bought) AS oldest, COUNT(*) AS pieces, SUM(price) AS spent FROM purchases GROUP BY customer, product", {"built-key"}),
    "a share of everybody's total": ("SELECT customer, MIN(bought) AS oldest, COUNT(*) AS pieces, SUM(price) / (SELECT SUM(price) FROM purchases) AS spent FROM purchases GROUP BY customer", {"subquery-not-linked", "released-inside-exact"}),
    "a rank among everybody": ("SELECT customer, MIN(bought) AS oldest, RANK() OVER (ORDER BY SUM(price)) AS pieces, SUM(price) AS spent FROM purchases GROUP BY customer", {"window-across-people"}),
    "a neighbour's row": ("SELECT a.customer, a.bought AS oldest, 1 AS pieces, b.price AS spent FROM purchases AS a JOIN purchases AS b ON a.product = b.product", {"join-not-linked"}),
    "the latest time for the oldest": ("SELECT customer, MAX(bought) AS oldest, COUNT(*) AS pieces, SUM(price) AS spent FROM purchases GROUP BY customer", {"built-oldest"}),
    "a made-up time": ("SELECT customer, NOW() AS oldest, COUNT(*) AS pieces, SUM(price) AS spent FROM purchases GROUP BY customer", {"built-oldest"}),
    "the oldest of some of its rows only": ("SELECT a.customer, MIN(a.bought) AS oldest, COUNT(*) AS pieces, SUM(b.price) AS spent FROM purchases AS a JOIN purchases AS b ON a.customer = b.customer GROUP BY a.customer", {"built-oldest"}),
    "a column that is not declared": ("SELECT customer, MIN(bought) AS oldest, COUNT(*) AS pieces, SUM(price) AS spent FROM purchases JOIN products ON products.product = purchases.product GROUP BY customer", {"built-undeclared"}),
    "a column too many": ("SELECT customer, MIN(bought) AS oldest, COUNT(*) AS pieces, SUM(price) AS spent, 1 AS more FROM purchases GROUP BY customer", {"built-columns"}),
    "two queries in one": ("SELECT customer FROM purchases) AS x, (SELECT 1", {"sql-unparsable"}),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=list(REFUSED))
def test_a_question_whose_rows_are_not_one_person_s_is_refused_and_logged(case: str, tmp_path: Path) -> None:
    sql, codes = REFUSED[case]
    with create(tmp_path / "w", name="test/derive") as made:
        reads = READS if case == "a column that is not declared" else f"{READS}, purchases.product"
        fill(made, write_policy(tmp_path / "policy", sql=sql, reads=reads))
        with pytest.raises(UseRefused) as refused:
            made.derived.build("habits", actor=made.actor("dan"))
        found = {reason.code for reason in refused.value.reasons}
        assert found & codes, found
        assert [body["action"] for body in logged(made)].count("data.build-refused") == 1
        assert [each.generation for each in made.derived.all(actor=made.actor("dan"))] == [None]


def test_the_oldest_is_followed_through_subqueries(tmp_path: Path) -> None:
    sql = (
        "WITH b AS (SELECT customer AS c, MIN(bought) AS first, COUNT(*) AS n, SUM(price) AS s FROM purchases GROUP BY "
        "customer) SELECT b.c AS customer, b.first AS oldest, b.n AS pieces, b.s AS spent FROM b"
    )
    with create(tmp_path / "w", name="test/derive") as made:
        fill(made, write_policy(tmp_path / "policy", sql=sql))
        made.derived.build("habits", actor=made.actor("dan"))
        assert held(made) == by_hand()


def test_a_value_that_does_not_fit_is_refused_without_being_told(tmp_path: Path) -> None:
    sql = (
        "SELECT customer, MIN(bought) AS oldest, MIN(product) AS pieces, SUM(price) AS spent "
        "FROM purchases GROUP BY customer"
    )
    with create(tmp_path / "w", name="test/derive") as made:
        fill(made, write_policy(tmp_path / "policy", sql=sql, reads=READS + ", purchases.product"))
        with pytest.raises(DataRefused, match="holds something that is no integer"):
            made.derived.build("habits", actor=made.actor("dan"))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("retention_days: 365\n", "retention_days: 3651\n", "built-retention"),
        ("reads: [purchases.bought,", "reads: [purchases.nothing,", "unknown-column"),
        ("reads: [purchases.bought,", "reads: [habits.pieces,", "built-of-itself"),
        ("reads: [purchases.bought,", "reads: [bought,", "built-source"),
        ("purpose: stocking", "purpose: nothing", "unknown-purpose"),
    ],
)
def test_a_declaration_that_loses_protection_is_found(old: str, new: str, code: str, tmp_path: Path) -> None:
    folder = write_policy(tmp_path / "policy")
    text = (folder / "policy.yaml").read_text()
    (folder / "policy.yaml").write_text(text.replace(old, new))
    with create(tmp_path / "w", name="test/derive") as made, pytest.raises(PolicyInvalid) as found:
        made.policy.activate(actor=made.actor(), folder=folder)
    assert code in {finding.code for finding in found.value.findings}


def test_what_is_read_is_told(shop: Workspace) -> None:
    policy = shop.policy.active()
    dataset = policy.datasets["habits"]
    assert dataset.built is not None
    governed = govern_built(dataset, dataset.built, Context(policy, shop.actor("dan"), "stocking", action="data-build"))
    assert governed.used == ("purchases.bought", "purchases.customer", "purchases.price")


def test_a_table_about_nobody_is_a_release_that_is_charged(tmp_path: Path) -> None:
    folder = write_policy(tmp_path / "policy")
    public = """\
  departments:
    title: How much each department sells
    public: true
    built:
      purpose: range-planning
      sql: SELECT department, COUNT(*) AS pieces FROM purchases JOIN products ON products.product = purchases.product GROUP BY department
      reads: [purchases.product]
    columns:
      department: {type: text, category: public.product}
      pieces: {type: integer, category: public.product}
"""
    with (folder / "policy.yaml").open("a") as file:
        file.write(public)
    text = (
        (folder / "policy.yaml")
        .read_text()
        .replace("title: Analyst, may: [query,", "title: Analyst, may: [data-build, query,")
    )
    (folder / "policy.yaml").write_text(text)
    with create(tmp_path / "w", name="test/derive") as made:
        fill(made, folder)
        ana = made.actor("ana")
        before = made.budget(actor=ana)[0].spent_epsilon
        report = made.derived.build("departments", actor=ana)
        assert (report.rows_kept, report.subjects) == (3, 0)
        assert made.budget(actor=ana)[0].spent_epsilon > before
        assert [body["action"] for body in logged(made)][-3:] == ["query.released", "data.published", "data.built"]
