"""Whose allowances bind a question on its way through the spine: the datasets it reads anywhere, and who asks."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from pellucid.errors import BudgetExhausted
from pellucid.insights.answer import answer, preview
from pellucid.insights.query import InsightQuery
from pellucid.records.tables import charges
from tests.insights.conftest import TOTAL, Desk

VISITS = """\
  visits:
    title: Visits
    subjects: [{namespace: household, column: household_id}]
    allowance: {epsilon: 0.6, delta: 1.0e-7, period: month}
    columns:
      household_id: {type: text, category: user.unique_id, nullable: false}
      shop: {type: text, category: user.behavior.purchase_history}
"""
SEEN = "SELECT COUNT(*) FROM purchases p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.household_id = p.household_id)"


@pytest.fixture
def limited(desk: Desk) -> Desk:
    """The desk with visits, which have an allowance, and one for each analyst under planning; bea is another."""
    path = desk.workspace.folder / "policy" / "policy.yaml"
    own = "max_cells: 6\n      analyst_allowance: {epsilon: 3, delta: 1.0e-7, period: month}"
    bea = "  bea: {title: Bea, roles: [analyst], allowance: {epsilon: 0.5, delta: 1.0e-7, period: year}}\n  pia:"
    path.write_text(path.read_text().replace("max_cells: 6", own, 1).replace("  pia:", bea, 1) + VISITS)
    desk.workspace.policy.activate(actor=desk.pia)
    visits = desk.workspace.folder / "visits.csv"
    visits.write_text("household_id,shop\n" + "".join(f"h{number},s{number % 3}\n" for number in range(30)))
    desk.workspace.data.add("visits", visits, actor=desk.pia)
    return desk


def test_a_dataset_is_charged_wherever_a_question_reads_it(limited: Desk) -> None:
    limited.ask()
    limited.ask(SEEN, epsilon=0.5)
    with limited.workspace.room.database.read() as connection:
        read = connection.scalars(select(charges.c.datasets).order_by(charges.c.rho, charges.c.datasets)).all()
    assert sorted(map(str, read)) == [" purchases ", " purchases visits "]
    with pytest.raises(BudgetExhausted, match=r"of dataset 'visits' for 'household' does not cover this question"):
        limited.ask(SEEN, epsilon=0.5)
    assert limited.log()[-1]["body"]["reasons"] == ["budget-exhausted"]
    limited.ask()


def test_an_analyst_who_spent_theirs_leaves_the_others_theirs(limited: Desk) -> None:
    bea = limited.workspace.actor("bea")
    limited.ask(epsilon=3)
    with pytest.raises(BudgetExhausted, match="of analyst 'ana' under purpose 'planning' for 'household'"):
        limited.ask()
    answer(limited.parts, InsightQuery(TOTAL, "planning", bea, 0.5))
    with pytest.raises(BudgetExhausted, match=r"of analyst 'bea' for 'household' .*renews on 2027-01-01"):
        answer(limited.parts, InsightQuery(TOTAL, "planning", bea, 0.5))


def test_a_preview_names_the_tightest_of_all_that_bind_a_question(limited: Desk) -> None:
    told = preview(limited.parts, InsightQuery(SEEN, "planning", limited.ana, 0.5))
    assert told.left_of == "of dataset 'visits' for 'household'"
    assert told.left_epsilon == pytest.approx(0.6)
    assert [(row.purpose, row.dataset, row.analyst) for row in told.limits] == [
        (None, None, None),
        ("planning", None, None),
        (None, "visits", None),
        ("planning", None, "ana"),
    ]
    listed = told.to_json()["limits"]
    assert isinstance(listed, list)
    assert [row["dataset"] for row in listed] == [None, None, "visits", None]


def test_a_release_tells_the_cumulative_epsilon_of_the_cap_whatever_allowance_binds(limited: Desk) -> None:
    limited.ask(epsilon=1)
    loss = limited.ask(SEEN, epsilon=0.5).loss
    (cap,) = [row for row in limited.workspace.budget(actor="ana") if row.is_cap]
    assert (loss.period_epsilon, loss.period_cap) == (cap.spent_epsilon, 24.0)
    assert loss.epsilon < loss.period_epsilon


def test_a_plan_adds_up_for_each_limit_what_it_binds(limited: Desk) -> None:
    planned = limited.workspace.budget_plan([TOTAL, SEEN, SEEN], purpose="planning", actor="ana", epsilon=0.5)
    spending = {each.limit.whose: each for each in planned.spending}
    visits, cap = spending["of dataset 'visits' for 'household'"], spending["of 'household'"]
    assert (visits.covered, cap.covered, planned.covered) == (False, True, False)
    assert visits.epsilon < cap.epsilon == pytest.approx(planned.epsilon)
    assert limited.workspace.budget_plan([TOTAL, SEEN], purpose="planning", actor="ana", epsilon=0.5).covered
    shown = planned.to_json()["limits"]
    assert isinstance(shown, list)
    assert [row["covered"] for row in shown] == [True, True, True, False]
