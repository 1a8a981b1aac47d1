"""`/staff/budget`: what is spent and left of the privacy budgets, and what several questions would cost together."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from starlette.responses import Response

from pellucid.errors import InputInvalid, PellucidError
from pellucid.release.preview import BudgetPlan
from pellucid.web.console.asked import epsilon_in
from pellucid.web.console.places import BUDGET
from pellucid.web.console.refused import Refused
from pellucid.web.console.words import PERIODS, expected_told
from pellucid.web.console.working import Here, Posted, Working
from pellucid.web.forms import Form
from pellucid.web.pages import page

router = APIRouter(prefix="/staff/budget", include_in_schema=False)

MOST_QUESTIONS = 20
_BETWEEN = re.compile(r";[ \t]*(?:\r?\n|$)")
"""What ends a question of several: a semicolon at the end of a line."""


@router.get("")
def budget(request: Request, working: Here) -> Response:
    """Show every limit, and where to plan."""
    working.demand(*BUDGET.actions)
    return _budget(request, working)


@router.post("/plan")
def plan(request: Request, working: Here, form: Posted) -> Response:
    """Show what several questions would cost, each and together. Nothing is spent."""
    working.demand("preview")
    try:
        found = working.site.workspace.budget_plan(
            _not_too_many(questions_in(form.get("questions", ""))),
            purpose=form.get("purpose", ""),
            actor=working.actor,
            epsilon=epsilon_in(form.get("epsilon", "").strip()),
            accuracy=form.get("accuracy", "").strip() or None,
        )
    except PellucidError as error:
        return _budget(request, working, typed=form, refused=Refused.of(error))
    return _budget(request, working, typed=form, plan=found)


def questions_in(text: str) -> list[str]:
    """Return the questions of a text, each ended by a semicolon at the end of its line."""
    return [found for each in _BETWEEN.split(text) if (found := each.replace("\r\n", "\n").strip())]


def _not_too_many(questions: list[str]) -> list[str]:
    """Return questions that can be planned at once; to plan some of them would say that enough is left for all."""
    if len(questions) > MOST_QUESTIONS:
        raise InputInvalid(
            f"There are {len(questions)} questions, and at most {MOST_QUESTIONS} are planned at once.",
            remedy="Plan fewer, or plan them at the command line: `pellucid budget plan`.",
        )
    return questions


def _budget(
    request: Request,
    working: Working,
    *,
    typed: Form | None = None,
    plan: BudgetPlan | None = None,
    refused: Refused | None = None,
) -> Response:
    workspace = working.site.workspace
    may_see = working.may("budget-show")
    return page(
        request,
        "console/budget.html",
        status=200 if refused is None else refused.status,
        working=working,
        here="budget",
        limits=workspace.budget(actor=working.actor) if may_see else [],
        purposes=workspace.asking.purposes(working.actor) if working.may("preview") else (),
        periods=PERIODS,
        typed=typed or {},
        plan=plan,
        costs=[(each, expected_told(each)) for each in plan.previews] if plan is not None else [],
        spending=plan.spending if plan is not None else [],
        refused=refused,
    )
