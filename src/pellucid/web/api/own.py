"""`/api/v1/me`: what the pages of the privacy centre show and do for who is signed in, for a company's app.

No route takes a person's key: who it is about is whose bearer it is, or for whom they act.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from pellucid.consent.show import KeptRecord
from pellucid.consent.signals import gpc_reading
from pellucid.consent.standing import Standing, Standings
from pellucid.errors import NotPermitted
from pellucid.policy.model import Policy, translated
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.consents import receipt_told
from pellucid.web.api.help import help_told
from pellucid.web.api.holdings import held_told
from pellucid.web.api.own_words import (
    ChoiceMade,
    ChoicesTold,
    HistoryTold,
    JoinedTold,
    NoToAll,
    OverviewTold,
    OwnHelpTold,
    PauseAsked,
    PauseTold,
    VisitorBrought,
)
from pellucid.web.api.sign_in import answered
from pellucid.web.api.visitor_words import Language
from pellucid.web.api.words import WITH_BODY, ReceiptTold, moment_of, problems
from pellucid.web.centre.visitor_words import OUTCOMES, outcome_of
from pellucid.web.person import Person, Self

router = APIRouter(prefix="/api/v1/me", tags=["me"], route_class=StrictRoute)

PurposeName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$", description="A declared purpose.")]
ToldIn = Annotated[Language, Query(description="In which titles and texts of the policy are told, if it has them.")]
_RECEIPT: dict[str, Any] = {
    "content": {"application/json": {"schema": {"type": "object"}}},
    "description": "The signed receipt, as `pellucid consent verify` takes it.",
}


@router.get("", responses={200: {"model": OverviewTold}, **problems(404)})
def overview(person: Self, language: ToldIn = "en") -> Response:
    """Tell what is held about the person, and where they stand with every purpose."""
    home = person.site.workspace.centre.home(person.visitor)
    choices = _standings(home.policy, home.standings, language)
    return answered({"who": list(home.held.person), **held_told(home.held), "choices": choices})


@router.get("/choices", responses={200: {"model": ChoicesTold}, **problems(404)})
def choices(person: Self, language: ToldIn = "en") -> Response:
    """Tell of every purpose whether there is a choice, what was chosen, and what comes of it."""
    centre = person.site.workspace.centre
    return answered(_standings(centre.policy(), centre.standings(person.visitor), language))


@router.post("/choices", status_code=201, responses={201: {"model": ReceiptTold}, **problems(*WITH_BODY, 404)})
def refuse_all(asked: NoToAll, request: Request, person: Self) -> Response:
    """Record one no to everything that there is a choice about. The answer comes once it is in force."""
    request.state.sent = frozenset()
    receipt = person.site.workspace.centre.refuse_all(person.visitor, language=asked.language)
    return answered(receipt_told(receipt), 201)


@router.post(
    "/choices/{purpose}", status_code=201, responses={201: {"model": ReceiptTold}, **problems(*WITH_BODY, 404)}
)
def choose(purpose: PurposeName, asked: ChoiceMade, request: Request, person: Self) -> Response:
    """Record a yes or a no, as the verb that it is for the person. The answer comes once it is in force."""
    request.state.sent = frozenset()
    receipt = person.site.workspace.centre.choose(
        person.visitor,
        purpose,
        yes=asked.yes,
        notice_version=asked.notice_version,
        language=asked.language,
        held_data=asked.held_data,
        explicit=asked.explicit,
    )
    return answered(receipt_told(receipt), 201)


@router.get("/history", responses={200: {"model": HistoryTold}, **problems(404)})
def history(person: Self) -> Response:
    """Tell everything that the person said, and was sent, the newest first."""
    centre = person.site.workspace.centre
    sealed = centre.sealing(person.visitor).sealed
    said = [_said(each, each.sequence in sealed) for each in centre.history(person.visitor)]
    sent = [{"kind": each.kind, "sent_at": moment_of(each.at)} for each in centre.messages(person.visitor)]
    return answered({"said": said, "messages": sent})


@router.get("/history/{sequence}/receipt", responses={200: _RECEIPT, **problems(404)})
def receipt(sequence: Annotated[int, Path(ge=0, le=2**53, description="As in the history.")], person: Self) -> Response:
    """Give the signed receipt of one choice, once a signed head of the log covers it; issuing is logged."""
    made = person.site.workspace.centre.receipt(person.visitor, sequence)
    return Response(made, 200, media_type="application/json")


@router.get("/pause", responses={200: {"model": PauseTold}, **problems(404)})
def pause(person: Self) -> Response:
    """Tell whether all use of the person's data is paused, and what goes on all the same."""
    return answered(_pause(person))


@router.post("/pause", responses={200: {"model": PauseTold}, **problems(*WITH_BODY, 404)})
def switch(asked: PauseAsked, request: Request, person: Self) -> Response:
    """Begin the pause, or end it. The answer comes once it is in force; repeating it changes nothing."""
    request.state.sent = frozenset()
    pauses = person.site.workspace.pauses
    if asked.paused:
        pauses.begin(person.visitor, language=asked.language)
    else:
        pauses.end(person.visitor, language=asked.language)
    return answered(_pause(person))


@router.get("/help", responses={200: {"model": OwnHelpTold}, **problems()})
def helped(person: Self) -> Response:
    """Tell whom to ask and to complain to, the laws that cover the person first."""
    workspace = person.site.workspace
    found = workspace.help.shown(person.visitor.identity)
    own = [asdict(each) for each in found.own]
    return answered(help_told(workspace, found) | {"own": own, "elsewhere": [asdict(each) for each in found.elsewhere]})


@router.post("/joined", responses={200: {"model": JoinedTold}, **problems(*WITH_BODY, 404)})
def join(asked: VisitorBrought, request: Request, person: Self) -> Response:
    """Join what was chosen in this app before to the account: each no holds there when this answers, a yes does not."""
    request.state.sent = frozenset({asked.visitor})
    _demand_own(person)
    person.site.workspace.arrivals.arrive(person.visitor, asked.visitor, gpc_reading(asked.gpc))
    return answered(_joined(person))


@router.get("/joined", responses={200: {"model": JoinedTold}, **problems(404)})
def joined(person: Self) -> Response:
    """Tell what joined the account in this session, as it stands now."""
    return answered(_joined(person))


@router.delete("/joined", status_code=204, responses=problems())
def dismiss(person: Self) -> Response:
    """Delete what is left of what was chosen before."""
    person.site.workspace.arrivals.dismiss(person.visitor)
    return Response(status_code=204)


def _standings(policy: Policy, found: Standings, language: str) -> dict[str, Any]:
    own = policy.controller.language
    return {"restricted": found.restricted, "purposes": [_standing(each, language, own) for each in found.purposes]}


def _standing(each: Standing, language: str, own: str) -> dict[str, Any]:
    purpose = each.purpose
    names = ("title", "description", "notice")
    title, description, notice = (translated(purpose.translations, language, name) for name in names)
    return {
        "purpose": purpose.name,
        "title": title or purpose.title,
        "title_language": language if title else own,
        "description": description or purpose.description,
        "notice": notice or purpose.notice.text,
        "notice_version": purpose.notice.version,
        "recipients": list(purpose.recipients),
        "basis": None if each.basis is None else each.basis.value,
        "used": each.used,
        "why": list(each.why),
        "said": each.said,
        "signalled": each.signalled,
        "since": None if each.since is None else moment_of(each.since),
        "yes": None if each.yes is None else each.yes.value,
        "no": None if each.no is None else each.no.value,
        "asks_explicitly": each.asks_explicitly,
        "consent_days": purpose.consent_days,
        "retention_days": {each.dataset: each.days for each in purpose.retention},
    }


def _said(kept: KeptRecord, sealed: bool) -> dict[str, Any]:
    said = kept.record
    return {
        "sequence": kept.sequence,
        "register_version": kept.version,
        "verb": said.verb.value,
        "purpose": said.purpose,
        "explicit": said.explicit,
        "covers": said.covers.value,
        "notice_version": said.notice_version,
        "channel": said.channel,
        "said_at": moment_of(said.at),
        "by": said.by.value,
        "language": said.language,
        "receipt": sealed,
    }


def _pause(person: Person) -> dict[str, Any]:
    found = person.site.workspace.pauses.stands(person.visitor)
    return {
        "paused": found.paused,
        "since": None if found.since is None else moment_of(found.since),
        "goes_on": [each.name for each in found.goes_on],
        "objection": found.objection,
    }


def _joined(person: Person) -> dict[str, Any]:
    found = person.site.workspace.arrivals.joined(person.visitor)
    told = [
        {
            "purpose": each.purpose,
            "yes": each.choice.yes,
            "at": moment_of(each.choice.at),
            "outcome": OUTCOMES[outcome_of(each)],
        }
        for each in found
    ]
    return {"joined": told}


def _demand_own(person: Person) -> None:
    """Raise NotPermitted for who acts for somebody: they chose for themselves only."""
    if person.visitor.acting is not None:
        raise NotPermitted(
            "What was chosen before is of the person themself.",
            remedy="Act for yourself again, and then join it.",
            code="acting",
        )
