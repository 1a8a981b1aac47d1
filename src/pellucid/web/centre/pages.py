"""`/privacy`: what is held, every choice, and what was chosen before. Each post answers with the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.errors import InputInvalid
from pellucid.policy.parts.purpose import shown_notice
from pellucid.rights.account import BASES, SILENCE
from pellucid.web.centre.data_words import HOW_KNOWN
from pellucid.web.centre.visiting import Here, Posted, Visit, shown_in
from pellucid.web.centre.words import SAID, SENT
from pellucid.web.language import language_of
from pellucid.web.pages import go_to, page

router = APIRouter(prefix="/privacy", include_in_schema=False)

CHOICES = "/privacy/choices"
PurposeName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


@router.get("")
def overview(request: Request, visit: Here) -> Response:
    """Show what is held about the person, and where they stand."""
    return _overview(request, visit)


@router.get("/counts")
def counted(request: Request, visit: Here) -> Response:
    """Show the same with how many rows there are in each dataset, which are counted now."""
    return _overview(request, visit, visit.site.workspace.inside.counts(visit.visitor))


@router.get("/choices")
def choices(request: Request, visit: Here) -> Response:
    """Show every purpose, with a yes and a no where there is a choice."""
    return _choices(request, visit)


@router.post("/choices")
def refuse_all(visit: Here, _form: Posted) -> Response:
    """Record one no to everything that there is a choice about."""
    visit.site.workspace.centre.refuse_all(visit.visitor, language=visit.language)
    return go_to(CHOICES, told="all-off")


@router.post("/choices/{purpose}")
def choose(purpose: PurposeName, visit: Here, form: Posted) -> Response:
    """Record the yes or no of one button."""
    said = form.get("choice")
    if said not in ("yes", "no"):
        raise InputInvalid("A choice is yes or no.", remedy="Press one of the two buttons.", code="choice-unclear")
    visit.site.workspace.centre.choose(
        visit.visitor,
        purpose,
        yes=said == "yes",
        notice_version=form.get("notice", ""),
        language=shown_in(form, visit.language),
        held_data=form.get("held_data") == "yes",
        explicit=form.get("explicit") == "yes",
    )
    return go_to(CHOICES, told="recorded", at=f"purpose-{purpose}")


@router.get("/history")
def history(request: Request, visit: Here) -> Response:
    """Show everything that the person said, and was sent, the newest first."""
    centre = visit.site.workspace.centre
    said = centre.history(visit.visitor)
    return page(
        request,
        "centre/history.html",
        visit=visit,
        here="history",
        history=said,
        sealing=centre.sealing(visit.visitor),
        verifier=visit.site.workspace.audit.verifier,
        words=SAID,
        shown_notice=shown_notice,
        messages=centre.messages(visit.visitor),
        sent=SENT,
    )


@router.get("/history/{sequence}/receipt")
def receipt(sequence: Annotated[int, Path(ge=0, le=2**53)], visit: Here) -> Response:
    """Give the signed receipt of one choice, as a file."""
    made = visit.site.workspace.centre.receipt(visit.visitor, sequence)
    headers = {"Content-Disposition": f'attachment; filename="receipt-{sequence}.json"'}
    return Response(made, 200, headers, "application/json")


def _overview(request: Request, visit: Visit, counts: Mapping[str, int] | None = None) -> Response:
    """Return the overview; opening files takes several times what the page does, so rows are counted when asked for."""
    found = visit.site.workspace.centre.home(visit.visitor)
    return page(
        request,
        "centre/overview.html",
        under=found.policy,
        visit=visit,
        here="overview",
        held=found.held,
        standings=found.standings,
        known=HOW_KNOWN,
        counts=counts,
    )


def _choices(request: Request, visit: Visit) -> Response:
    found = visit.site.workspace.centre.standings(visit.visitor)
    recipients = visit.site.workspace.centre.policy().recipients
    return page(
        request,
        "centre/choices.html",
        visit=visit,
        here="choices",
        standings=found,
        notices=visit.site.workspace.notices.shown_in(language_of(request)),
        recipients=recipients,
        bases=BASES,
        silence=SILENCE,
    )
