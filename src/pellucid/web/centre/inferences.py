"""`/privacy/inferences`: what was concluded about the person, why, and what they can do about it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from pellucid.errors import InputInvalid
from pellucid.rights.account import BASES
from pellucid.web.centre.data_words import DECIDING_KINDS
from pellucid.web.centre.requests import filed
from pellucid.web.centre.visiting import Here, Posted
from pellucid.web.pages import page

router = APIRouter(prefix="/privacy/inferences", include_in_schema=False)


@router.get("")
def inferences(request: Request, visit: Here) -> Response:
    """Show every conclusion with its why, estimates, and the uses that may lead to decisions."""
    found = visit.site.workspace.inside.concluded(visit.visitor)
    return page(
        request,
        "centre/inferences.html",
        visit=visit,
        here="inferences",
        found=found.inferences,
        held=found.held,
        stand={each.purpose.name: each for each in found.standings.purposes},
        bases=BASES,
        kinds=DECIDING_KINDS,
    )


@router.post("/review")
def contest(visit: Here, form: Posted) -> Response:
    """File a request to have a person look again at a decision."""
    decision, statement = (form.get(name, "").strip() for name in ("decision", "statement"))
    if not decision:
        raise InputInvalid(
            "We have to know which decision you mean.", remedy="Say it in your words.", code="decision-missing"
        )
    purposes = [each for each in (form.get("purpose", ""),) if each]
    made = visit.site.workspace.own_requests.file(
        visit.visitor, "human-review", purposes=purposes, decision=decision, statement=statement
    )
    return filed(made)
