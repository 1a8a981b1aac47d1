"""The corpus of hostile SQL against the suppressed rule, had somebody approved it; and random tables, by brute force.

Two worlds differ by one household. The second answer is made with what was kept of the first, as the product does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress as suppress_refusals
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.engines.base import Statement
from pellucid.errors import UseRefused
from pellucid.policy.canonical import with_version
from pellucid.policy.model import Policy, SuppressedRule
from pellucid.release.suppress import Suppressed, suppress
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import GovernedQuery
from pellucid.rewrite.pipeline import govern
from pellucid.workspace import Workspace
from tests.attacks.corpus import ATTACKS, Attack
from tests.attacks.grocer import NOW, SECRETS, TARGET, made_rows, opened, plain
from tests.release.reports import Reports, bought, kept_of, policy_of

RULE = SuppressedRule(10, "0.5", conditional=True)
FISHING = [
    "SELECT SUM(value) AS n FROM orders WHERE household_id = 'h718'",
    "SELECT SUM(value) AS n, SUM(CASE WHEN shop <> 'casino' THEN value END) AS m FROM orders",
    "SELECT COUNT(*) AS n, COUNT_IF(shop = 'casino') AS m FROM orders",
    "SELECT shop, SUM(value) AS n FROM orders GROUP BY shop",
    "SELECT week, shop, COUNT(*) AS n FROM orders GROUP BY week, shop",
    "SELECT AVG(value) AS n, VARIANCE(value) AS m FROM orders WHERE shop = 'casino' OR week = 1",
    "SELECT COUNT(DISTINCT note) AS n FROM orders",
    "SELECT SUM(value + quantity) AS n, SUM(value) AS m FROM orders",
    "SELECT income, SUM(x) AS n FROM (SELECT o.household_id, m.income, COALESCE(o.value, 0) AS x FROM orders o"
    " JOIN members m ON o.household_id = m.household_id) y GROUP BY income",
]
"""SQL made for this rule; each tells of h718 where nothing stands in front of the rows."""


SUSPECTS = [*ATTACKS, *(Attack("fishing", sql, "differs", "") for sql in FISHING)]


@dataclass(frozen=True)
class Twice:
    """An approved question, and its exact cells with the household and without: it objects in between."""

    governed: GovernedQuery
    there: pa.Table
    gone: pa.Table

    def answers(self, *, reverse: bool) -> tuple[Suppressed, Suppressed]:
        """Return two releases one after the other, the second made with what was kept of the first."""
        tables = (self.gone, self.there) if reverse else (self.there, self.gone)
        block = self.governed.blocks[0]
        first = suppress(tables[0], block, RULE, {}, "salt")
        return first, suppress(tables[1], block, RULE, kept_of(first), "salt")


def _exact(workspace: Workspace, governed: GovernedQuery) -> pa.Table:
    block, parts = governed.blocks[0], workspace._parts
    bound = {"_now": NOW, "_salt": "salt"}
    values = {name: bound[name] for name in block.parameters if name in bound}
    engine = parts.replica.fresh(parts.clock()).engine
    return engine.run([Statement("r0", block.sql, values)], purpose="planning", seconds=300).table("r0")


def _exact_policy(policy: Policy) -> Policy:
    may = ("query", "insight-run", "insight-propose")
    purposes = {**policy.purposes, "planning": replace(policy.purposes["planning"], suppressed=RULE)}
    roles = {**policy.roles, "analyst": replace(policy.roles["analyst"], may=may)}
    return with_version(replace(policy, purposes=purposes, roles=roles))


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Twice]:
    """Every question that is not refused, by its SQL, asked before and after h718 objects."""
    governed: dict[str, GovernedQuery] = {}
    with opened(tmp_path_factory.mktemp("grocer") / "ws", made_rows()) as workspace:
        policy, mallory = _exact_policy(workspace.policy.active()), workspace.actor("mallory")
        for attack in SUSPECTS:
            with suppress_refusals(UseRefused):
                governed[attack.sql] = govern(
                    attack.sql, Context(policy, mallory, attack.purpose, action="insight-run")
                )
        there = {sql: _exact(workspace, each) for sql, each in governed.items()}
        workspace.consent.record("object", TARGET, purpose="planning", actor=workspace.actor("pia"))
        return {sql: Twice(each, there[sql], _exact(workspace, each)) for sql, each in governed.items()}


def _shown(answer: Suppressed) -> dict[tuple[object, ...], tuple[object, ...]]:
    keys = [name for name in answer.table.column_names if name.startswith("k")]
    figures = [name for name in answer.table.column_names if name.startswith("m")]
    rows = [row for row in answer.table.to_pylist() if row["_withheld"] is None]
    return {tuple(row[name] for name in keys): tuple(row[name] for name in figures) for row in rows}


@pytest.mark.parametrize("sql", FISHING)
def test_the_sql_tells_of_one_household_where_nothing_stands_in_front(sql: str) -> None:
    with plain() as there, plain((TARGET,)) as gone:
        assert sorted(map(str, there.execute(sql).fetchall())) != sorted(map(str, gone.execute(sql).fetchall()))


def _id(attack: Attack) -> str:
    return f"{attack.route}: {attack.sql}"


@pytest.mark.parametrize("attack", SUSPECTS, ids=_id)
@pytest.mark.promise(
    "suppressed", "the corpus of hostile SQL, as if somebody had approved it, with and without one household"
)
def test_approved_hostile_sql_tells_nothing_of_one_household(attack: Attack, answered: dict[str, Twice]) -> None:
    """What both answers show is the same, and nothing planted is shown."""
    if attack.sql not in answered:
        return  # refused
    for reverse in (False, True):
        first, second = answered[attack.sql].answers(reverse=reverse)
        before, after = _shown(first), _shown(second)
        both = before.keys() & after.keys()
        assert {key: after[key] for key in both} == {key: before[key] for key in both}
        told = str(first.table.to_pylist()) + str(second.table.to_pylist())
        assert [secret for secret in SECRETS if secret in told] == []


def test_much_of_the_corpus_could_have_leaked(answered: dict[str, Twice]) -> None:
    changed = [each for each in answered.values() if each.there != each.gone]
    shown = [each for each in answered.values() if _shown(each.answers(reverse=False)[0])]
    assert len(changed) >= 50
    assert len(shown) >= 15


# -- random tables -----------------------------------------------------------------------------------------------------

SQL = (
    "SELECT week, shelf, COUNT(*) AS n, SUM(quantity) AS q, SUM(CASE WHEN paid THEN quantity ELSE 0 END) AS p"
    " FROM purchases GROUP BY week, shelf"
)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy_of(tmp_path_factory.mktemp("policy"))


PURCHASE = st.tuples(
    st.integers(0, 9), st.sampled_from([1, 2]), st.sampled_from(["top", "low"]), st.integers(-3, 6), st.booleans()
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(PURCHASE, min_size=1, max_size=120))
@pytest.mark.promise("suppressed", "random purchases, checked row by row in Python")
def test_whatever_is_shown_or_subtracted_has_enough_people_behind_it(
    rows: list[tuple[int, int, str, int, bool]], policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    purchases = [bought(who, 1, week=week, shelf=shelf, quantity=n, paid=paid) for who, week, shelf, n, paid in rows]
    made = Reports.of(policy, purchases, tmp_path_factory.mktemp("rows"))
    try:
        answer = made.suppressed(SQL)
    finally:
        made.close()
    for key, figures in _shown(answer).items():
        cell = [row for row in rows if (row[1], row[2]) == key]
        for told in _figures(cell):
            _demand_people(told)
        assert [int(Decimal(str(each))) for each in figures] == [
            len(cell),
            sum(row[3] for row in cell),
            sum(row[3] for row in cell if row[4]),
        ]


def _figures(cell: list[tuple[int, int, str, int, bool]]) -> Iterator[tuple[dict[int, int], bool]]:
    """Yield what each household brings to each figure (which must have people), part of one, and difference of two."""
    measures = [lambda row: 1, lambda row: row[3], lambda row: row[3] if row[4] else 0]
    for measure in measures:
        yield _brought(cell, measure), True
        for paid in (True, False):
            yield _brought([row for row in cell if row[4] is paid], measure), False
    for one, other in ((0, 1), (0, 2), (1, 2)):
        yield _brought(cell, lambda row, a=one, b=other: measures[a](row) - measures[b](row)), False


def _brought(rows: list[Any], measure: Any) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in rows:
        found[row[0]] = found.get(row[0], 0) + measure(row)
    return {who: total for who, total in found.items() if total}


def _demand_people(told: tuple[dict[int, int], bool]) -> None:
    brought, asked = told
    if not brought and not asked:
        return
    assert len(brought) >= 3
    assert 2 * max(map(abs, brought.values())) <= sum(map(abs, brought.values()))
