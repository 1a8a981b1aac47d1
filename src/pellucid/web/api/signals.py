"""`/api/v1/signals`, where a shop hands in what browsers say; `/.well-known/gpc.json` says that it counts."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from pellucid.consent.gpp import read_gpp
from pellucid.consent.honour import Honoured
from pellucid.consent.signals import SignalReading, gpc_reading, well_known_gpc
from pellucid.consent.tcf import read_tcf
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.words import (
    WITH_BODY,
    AnswerAsked,
    AnswerTold,
    GpcTold,
    SignalsAsked,
    SignalsTold,
    problems,
)
from pellucid.web.errors import Problem
from pellucid.web.security import Caller, needs
from pellucid.web.site import site_of

router = APIRouter(tags=["signals"], route_class=StrictRoute)


@router.post("/api/v1/signals", responses={200: {"model": SignalsTold}, **problems(*WITH_BODY, 404)})
def apply(
    asked: SignalsAsked, request: Request, caller: Annotated[Caller, Depends(needs("signals:write"))]
) -> Response:
    """Honour opt-out signals. They only take away; repeating one records nothing more."""
    request.state.sent = asked.texts()
    readings = _readings(asked)
    if not readings:
        raise Problem(422, "signal-missing", "No signal was given.", "Give gpc, gpp or tcf.")
    told = [_told(reading, _applied(caller, asked, reading)) for reading in readings]
    return Response(json.dumps({"signals": told}), media_type="application/json")


@router.post("/api/v1/signals/answer", responses={200: {"model": AnswerTold}, **problems(*WITH_BODY, 404)})
def answer(
    asked: AnswerAsked, request: Request, caller: Annotated[Caller, Depends(needs("signals:write"))]
) -> Response:
    """Take the answer to a question about a signal. Repeating a `leave` is fine: do so when no answer came."""
    request.state.sent = asked.texts()
    with caller.looking_up():
        caller.site.workspace.signals.answer(
            asked.subject, asked.purpose, asked.answer, actor=caller.actor, namespace=asked.namespace
        )
    told = {"purpose": asked.purpose, "answer": asked.answer}
    return Response(json.dumps(told), media_type="application/json")


@router.get("/.well-known/gpc.json", responses={200: {"model": GpcTold}, 503: problems()[503]})
def well_known(request: Request) -> Response:
    """Say that Global Privacy Control is abided by, as stated when the policy came into force (W3C GPC §4)."""
    stated = site_of(request).workspace.programs.policy_since()
    return Response(json.dumps(well_known_gpc(stated)), media_type="application/json")


def _readings(asked: SignalsAsked) -> list[SignalReading]:
    return [
        *([] if asked.gpc is None else [gpc_reading(asked.gpc)]),
        *(() if asked.gpp is None else read_gpp(asked.gpp)),
        *([] if asked.tcf is None else [read_tcf(asked.tcf)]),
    ]


def _applied(caller: Caller, asked: SignalsAsked, reading: SignalReading) -> Honoured:
    with caller.looking_up():
        return caller.site.workspace.signals.apply(
            asked.subject, reading, actor=caller.actor, namespace=asked.namespace, new=asked.new
        )


def _told(reading: SignalReading, done: Honoured) -> dict[str, Any]:
    return {
        "signal": done.source,
        "malformed": reading.malformed,
        "closes": list(done.closes),
        "closed_before": list(done.closed),
        "limits": list(done.limits),
        "asks": list(done.asks),
    }
