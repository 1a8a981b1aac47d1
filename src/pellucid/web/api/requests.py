"""`/api/v1/requests`: people's requests to exercise their rights, filed and followed by the program that hands them in.

Every answer is the same whether or not the person is known here. Approving and carrying out is the staff's.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from pellucid.governance.replies import KeyedRequest, Reply
from pellucid.rights.status import Status
from pellucid.rights.wanted import Wanted
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.consents import IdempotencyKey
from pellucid.web.api.request_words import ChallengeAsked, ChallengeTold, ProofGiven, RequestAsked, RequestTold
from pellucid.web.api.words import WITH_BODY, instant_of, moment_of, problems
from pellucid.web.security import Caller, needs
from pellucid.workspace.program_requests import Beside

router = APIRouter(prefix="/api/v1/requests", tags=["requests"], route_class=StrictRoute)

RequestId = Annotated[str, Path(pattern=r"^r[0-9a-f]{12}$", description="Its `request_id`.")]


@router.post("", status_code=201, responses={201: {"model": RequestTold}, **problems(*WITH_BODY, 404, 409)})
def file(
    asked: RequestAsked,
    request: Request,
    caller: Annotated[Caller, Depends(needs("request:file"))],
    idempotency_key: IdempotencyKey = "",
) -> Response:
    """File a request. It is acknowledged by this answer; what it needs next is its `reason`."""
    request.state.sent = asked.texts()
    if not idempotency_key:
        return _file(caller, asked, None)
    sent = b"POST /api/v1/requests\n" + asked.model_dump_json().encode()
    keyed, replies = KeyedRequest.of(caller.token.id, idempotency_key, sent), caller.site.workspace.tokens.replies
    return replies.once(
        keyed,
        lambda: _file(
            caller,
            asked,
            lambda connection, made: replies.keep(connection, keyed, Reply(201, _json(status_told(made)))),
        ),
        _again,
    )


@router.get("/{request_id}", responses={200: {"model": RequestTold}, **problems(404)})
def status(request_id: RequestId, caller: Annotated[Caller, Depends(needs("request:read"))]) -> Response:
    """Tell how a request stands that this program filed; another's is no more there than one that is not."""
    with caller.looking_up_request():
        found = caller.site.workspace.program_requests.status(request_id, actor=caller.actor)
    return _answered(status_told(found))


@router.post("/{request_id}/challenge", responses={200: {"model": ChallengeTold}, **problems(*WITH_BODY, 404, 409)})
def challenge(
    request_id: RequestId,
    asked: ChallengeAsked,
    request: Request,
    caller: Annotated[Caller, Depends(needs("request:verify"))],
) -> Response:
    """Have a code or link sent to the person, if a contact of theirs is held; at most six a day for one request."""
    request.state.sent = asked.texts()
    with caller.looking_up_request():
        told = caller.site.workspace.program_requests.challenge(request_id, actor=caller.actor, kind=asked.kind)
    return _answered({"told": told})


@router.post("/{request_id}/answer", responses={200: {"model": RequestTold}, **problems(*WITH_BODY, 404, 409)})
def answer(
    request_id: RequestId,
    given: ProofGiven,
    request: Request,
    caller: Annotated[Caller, Depends(needs("request:verify"))],
) -> Response:
    """Take what the person was sent. One answer in the same words for all that is wrong; five wrong ones end it."""
    request.state.sent = given.texts()
    with caller.looking_up_request():
        found = caller.site.workspace.program_requests.answer(request_id, given.answer, actor=caller.actor)
    return _answered(status_told(found))


@router.delete("/{request_id}", responses={200: {"model": RequestTold}, **problems(404, 409)})
def revoke(
    request_id: RequestId, request: Request, caller: Annotated[Caller, Depends(needs("request:file"))]
) -> Response:
    """Take back a request that this program filed; repeating it changes nothing."""
    request.state.sent = frozenset()
    with caller.looking_up_request():
        found = caller.site.workspace.program_requests.revoke(request_id, actor=caller.actor)
    return _answered(status_told(found))


def _file(caller: Caller, asked: RequestAsked, beside: Beside | None) -> Response:
    wanted = Wanted(
        right=asked.right,
        subject=asked.subject,
        by=asked.by,
        proof=asked.proof,
        channel=asked.channel,
        purposes=asked.purposes,
        changes=[each.given() for each in asked.changes],
        decision=asked.decision,
        statement=asked.statement,
        member=asked.member,
        without_sensitive=asked.without_sensitive,
        received_at=None if asked.received_at is None else instant_of(asked.received_at),
    )
    desk = caller.site.workspace.program_requests
    made = desk.file(wanted, actor=caller.actor, namespace=asked.namespace, beside=beside)
    return _answered(status_told(made), 201)


def _again(reply: Reply) -> Response:
    return Response(reply.body, reply.status, {"Idempotent-Replayed": "true"}, "application/json")


def status_told(found: Status) -> dict[str, Any]:
    """Return how a request stands as JSON tells it."""
    return {
        "request_id": found.request,
        "right": found.right,
        "status": found.state,
        "reason": found.reason,
        "received_at": moment_of(found.received_at),
        "expected_by": found.expected_by,
        "closed_at": None if found.closed_at is None else moment_of(found.closed_at),
        "answer": found.answer,
        "complain_to": [asdict(each) for each in found.complain_to],
    }


def _answered(told: dict[str, Any], status: int = 200) -> Response:
    return Response(_json(told), status, media_type="application/json")


def _json(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
