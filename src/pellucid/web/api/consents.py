"""`/api/v1/consents`: recording what people say, what stands for one person and why, and the feed of changes."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.submission import Beside
from pellucid.governance.replies import KeyedRequest, Reply
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.words import (
    WITH_BODY,
    ChangesTold,
    Choice,
    PersonAsked,
    PersonTold,
    ReceiptTold,
    WhyAsked,
    WhyTold,
    instant_of,
    moment_of,
    problems,
)
from pellucid.web.security import Caller, needs

router = APIRouter(prefix="/api/v1/consents", tags=["consents"], route_class=StrictRoute)

LARGEST_PLACE = 2**53
_INSTANTS = ("said_at", "recorded_at", "acknowledged_at")

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A new random text a request, such as a UUID: repeating the request with it records nothing twice.",
    ),
]


@router.post("", status_code=201, responses={201: {"model": ReceiptTold}, **problems(*WITH_BODY, 404, 409)})
def record(
    choice: Choice,
    request: Request,
    caller: Annotated[Caller, Depends(needs("consent:write"))],
    idempotency_key: IdempotencyKey = "",
) -> Response:
    """Record what one person said. The answer comes once it is in force for every answer to come."""
    request.state.sent = choice.texts()
    if choice.verb == "lift" or choice.while_restricted:
        caller.demand_scope("consent:lift")
    if not idempotency_key:
        return _record(caller, choice)
    sent = b"POST /api/v1/consents\n" + choice.model_dump_json().encode()
    asked, replies = KeyedRequest.of(caller.token.id, idempotency_key, sent), caller.site.workspace.tokens.replies
    beside = replies.beside(asked, lambda receipts: Reply(201, _json(receipt_told(receipts[0]))))
    return replies.once(asked, lambda: _record(caller, choice, beside), lambda reply: _again(caller, reply))


@router.post("/show", responses={200: {"model": PersonTold}, **problems(*WITH_BODY, 404)})
def show(asked: PersonAsked, request: Request, caller: Annotated[Caller, Depends(needs("consent:show"))]) -> Response:
    """Tell what stands for one person, yes or no for each purpose, and everything they said. Asking is logged."""
    request.state.sent = asked.texts()
    with caller.looking_up():
        found = caller.site.workspace.programs.show(asked.subject, actor=caller.actor, namespace=asked.namespace)
    history = [
        {
            "sequence": kept.sequence,
            "register_version": kept.version,
            "verb": kept.record.verb.value,
            "purpose": kept.record.purpose,
            "explicit": kept.record.explicit,
            "covers": kept.record.covers.value,
            "notice_version": kept.record.notice_version,
            "channel": kept.record.channel,
            "said_at": moment_of(kept.record.at),
        }
        for kept in found.history
    ]
    return _told(200, {"namespace": found.namespace, "permitted": found.permitted, "history": history})


@router.post("/why", responses={200: {"model": WhyTold}, **problems(*WITH_BODY, 404)})
def why(asked: WhyAsked, request: Request, caller: Annotated[Caller, Depends(needs("consent:why"))]) -> Response:
    """Tell whether one person's data may be used for a purpose, and every reason. Asking is logged."""
    request.state.sent = asked.texts()
    with caller.looking_up():
        told = caller.site.workspace.consent.why(
            asked.subject,
            purpose=asked.purpose,
            actor=caller.actor,
            namespace=asked.namespace,
            at=None if asked.at is None else instant_of(asked.at),
        )
    reasons = [{"code": each.code, "message": each.message, "remedy": each.remedy} for each in told.reasons]
    return _told(200, {"permitted": told.permitted, "reasons": reasons})


@router.get("/changes", responses={200: {"model": ChangesTold}, **problems()})
def changes(
    caller: Annotated[Caller, Depends(needs("consent:changes"))],
    since: Annotated[
        int, Query(ge=0, le=LARGEST_PLACE, description="The `next` of the last page; 0: from the start.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Tell who chose what, in the order of the register. A page that holds any is logged."""
    found, after = caller.site.workspace.consent.changes(since, limit, actor=caller.actor)
    told = [
        {
            "sequence": each.sequence,
            "register_version": each.version,
            "namespace": each.namespace,
            "subject": each.subject,
            "purpose": each.purpose,
            "purposes": list(each.purposes),
            "verb": each.verb,
            "said_at": moment_of(each.at),
            "recorded_at": None if each.recorded_at is None else moment_of(each.recorded_at),
        }
        for each in found
    ]
    return _told(200, {"changes": told, "next": after})


def _record(caller: Caller, choice: Choice, beside: Beside | None = None) -> Response:
    with caller.looking_up(always=choice.verb not in ("give", "lift")):
        receipt = _recorded(caller, choice, beside)
    return _told(201, receipt_told(receipt))


def _recorded(caller: Caller, choice: Choice, beside: Beside | None) -> ConsentReceipt:
    return caller.site.workspace.consent.record(
        choice.verb,
        choice.subject,
        purpose=choice.purpose,
        actor=caller.actor,
        namespace=choice.namespace,
        covers=choice.covers,
        explicit=choice.explicit,
        notice_version=choice.notice_version,
        channel=choice.channel,
        at=None if choice.at is None else instant_of(choice.at),
        by=choice.by,
        proof=choice.proof,
        member=choice.member,
        screen=choice.screen,
        language=choice.language,
        method=choice.method,
        while_restricted=choice.while_restricted,
        beside=beside,
    )


def _again(caller: Caller, reply: Reply) -> Response:
    """Give a kept answer again. It was kept before it could be acknowledged, so that is done, and told, anew."""
    told = json.loads(reply.body)
    at = caller.site.workspace.consent.acknowledge(told["verb"], purpose=told["purpose"])
    told["acknowledged_at"] = moment_of(at)
    return Response(_json(told), reply.status, {"Idempotent-Replayed": "true"}, "application/json")


def receipt_told(receipt: ConsentReceipt) -> dict[str, Any]:
    """Return a receipt as JSON tells it."""
    told = dict(receipt.as_json())
    instants = {name: moment_of(at) for name, at in told.items() if name in _INSTANTS and isinstance(at, int)}
    return told | instants


def _told(status: int, content: dict[str, Any]) -> Response:
    return Response(_json(content), status, media_type="application/json")


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
