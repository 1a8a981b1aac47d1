"""Each pass on its own: pairs of what goes in and what comes out, in `tests/sql/<pass>.sql`.

`"governed dataset"` stands for the governed rows of a dataset, which `permit_rows.sql` spells out.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlglot import exp, parse_one

from pellucid.rewrite.bind_now import bind_now
from pellucid.rewrite.context import Context, Findings
from pellucid.rewrite.make_total import make_total
from pellucid.rewrite.parse import Limits, parse_question
from pellucid.rewrite.permit_rows import governed_sql
from pellucid.rewrite.qualify_names import qualify_names
from tests.rewrite.shop import ANA, Shop
from tests.rewrite.sql_files import Case, read_cases


def _total(case: Case, shop: Shop) -> str:
    return make_total(parse_question(case.question, Limits())).sql(dialect="duckdb")


def _bound_now(case: Case, shop: Shop) -> str:
    context = Context(shop.policy, ANA, case.purpose)
    return bind_now(parse_question(case.question, Limits()), context, Findings()).sql(dialect="duckdb")


def _qualified(case: Case, shop: Shop) -> str:
    context = Context(shop.policy, ANA, case.purpose)
    return qualify_names(parse_question(case.question, Limits()), context, Findings()).sql(dialect="duckdb")


def _permitted(case: Case, shop: Shop) -> str:
    select = parse_one(case.question, read="duckdb")
    table = select.find(exp.Table)
    assert table is not None
    columns = [column.name for column in select.find_all(exp.Column)]
    return governed_sql(shop.policy.datasets[table.name], shop.policy.purposes[case.purpose], columns)


def _cells(case: Case, shop: Shop) -> str:
    return shop.govern(case.question, case.purpose).blocks[0].cells_sql or "SELECT 'keys are data'"


def _post(case: Case, shop: Shop) -> str:
    return shop.govern(case.question, case.purpose).post_sql


def _exact(case: Case, shop: Shop) -> str:
    """Return the exact block without the texts of governed rows, and with the datasets' names in place of theirs."""
    block = shop.govern(case.question, case.purpose).blocks[0]
    tree = parse_one(block.sql, read="duckdb")
    named = {source.name: exp.to_table(f'"governed {source.dataset}"') for source in block.sources}
    with_ = tree.args["with_"]
    with_.set("expressions", [each for each in with_.expressions if each.alias not in named])
    for table in list(tree.find_all(exp.Table)):
        if table.name in named:
            table.replace(named[table.name].copy())
    return tree.sql(dialect="duckdb")


PASSES: dict[str, Callable[[Case, Shop], str]] = {
    "make_total": _total,
    "bind_now": _bound_now,
    "qualify": _qualified,
    "permit_rows": _permitted,
    "cells": _cells,
    "split_release": _post,
    "bound": _exact,
}


@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(name, case, id=f"{name}: {case.title}") for name in PASSES for case in read_cases(f"{name}.sql")],
)
def test_a_pass_turns_this_into_that(shop: Shop, name: str, case: Case) -> None:
    assert normalised(PASSES[name](case, shop)) == normalised(case.expected)


def normalised(sql: str) -> str:
    return parse_one(sql, read="duckdb").sql(dialect="duckdb", pretty=True)
