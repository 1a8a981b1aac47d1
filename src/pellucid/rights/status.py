"""How a request stands, as whoever handed it in is told: nothing about the person, nor whether they are known here.

Who never showed who they are hears one end, whatever came of it: any other would tell whether there is somebody.

States and reasons are the Data Rights Protocol's (1.0 §3.02). The staff see more: `rights.showing`. Pure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from pellucid.errors import InputInvalid
from pellucid.policy.model import Authority, Policy
from pellucid.records.columns import from_instant
from pellucid.rights.clock import Terms, dates_of
from pellucid.rights.covering import Covering
from pellucid.rights.request import NEED_USER_VERIFICATION, Denial, Request, RequestState
from pellucid.rights.showing import ANSWERS, answer

_MASKED = frozenset({Denial.SUSPECTED_FRAUD.value, Denial.NO_MATCH.value})
"""Reasons told as `insuf_verification`, as their sentences are one: they tell whether the person is known."""


DEALT_WITH = (
    "We dealt with what you asked. What came of it is told only to the person themselves, if we hold data about them."
)
"""The one end of what needs no proof, for whoever gave none."""

REVOKED = RequestState.REVOKED
COMPLAIN = "Whoever does not agree may complain to a supervisory authority"
WAITS = "If a contact of the person is held, they are asked there to show who they are."
"""In place of the reason `need_user_verification`, which would demand an address of ours to show it at (§3.02.1)."""


@dataclass(frozen=True, slots=True)
class Status:
    """A request as its sender is told of it. Instants are UTC µs; `expected_by` is a day, YYYY-MM-DD.

    `complain_to` are all authorities that the policy names, once it is answered: a choice among them would tell where
    the person lives.
    """

    request: str
    right: str
    state: str
    reason: str
    received_at: int
    expected_by: str
    closed_at: int | None
    answer: str
    complain_to: tuple[Authority, ...] = ()
    agent_request: str | None = None


def status_of(policy: Policy, terms: Terms, request: Request) -> Status:
    """Return how a request stands, for whoever sent it.

    One that is over, and for which nobody showed who they are, is told as `fulfilled` where that needed no proof and as
    denied for want of it where it did: done, refused, about nobody and run out alike. What was taken back is told so.
    """
    told = own_status_of(policy, terms, request)
    if not request.closed or request.state is RequestState.REVOKED or request.shown:
        return told
    if request.strength == 0:
        return replace(told, state=RequestState.FULFILLED.value, reason="", answer=DEALT_WITH)
    unproven = Denial.INSUFFICIENT_VERIFICATION.value
    return replace(told, state=RequestState.DENIED.value, reason=unproven, answer=ANSWERS[unproven])


def own_status_of(policy: Policy, terms: Terms, request: Request) -> Status:
    """Return how a request stands, for the person whom it is about and who is signed in.

    The day is the first that any law gives, as for somebody whose place nobody knows: which laws cover a person would
    tell that they are held. It is never later than the day on which the request is due.
    """
    unplaced = Covering(tuple(policy.laws), None)
    first = dates_of(policy, unplaced, replace(request, subject=None, verified_at=None), (), terms).answer[0].date
    return Status(
        request=request.id,
        right=request.right.value,
        state=request.state.value,
        reason=Denial.INSUFFICIENT_VERIFICATION.value if request.reason in _MASKED else request.reason,
        received_at=request.received_at,
        expected_by=first.isoformat(),
        closed_at=request.closed_at,
        answer=answer(request),
        complain_to=policy.controller.authorities if request.closed and request.state is not REVOKED else (),
        agent_request=request.agent_request,
    )


def demand_under_way(request: Request) -> None:
    """Raise InputInvalid for a request that is over, in words that do not tell what came of it."""
    if request.closed:
        raise InputInvalid(
            f"The request {request.id} is over.", remedy="Ask how it stands, or file another.", code="request-state"
        )


def document(found: Status) -> dict[str, Any]:
    """Return the status object of the protocol (§3.03), as it is answered and as it is sent by a callback."""
    waits = found.reason == NEED_USER_VERIFICATION
    told = {
        "request_id": found.request,
        "received_at": from_instant(found.received_at).isoformat(),
        "expected_by": found.expected_by,
        "processing_details": WAITS if waits else _details(found),
        "status": found.state,
    }
    told |= {"reason": found.reason} if found.reason and not waits else {}
    return told | ({"agent_request_id": found.agent_request} if found.agent_request else {})


def _details(found: Status) -> str:
    """Return the answer, and where it is no, whom the person can complain to."""
    if found.state not in (RequestState.DENIED, RequestState.EXPIRED) or not found.complain_to:
        return found.answer
    named = "; ".join(f"{each.name}, {each.web}" for each in found.complain_to)
    return f"{found.answer} {COMPLAIN}: {named}."


def document_text(found: Status) -> str:
    """Return the status object as JSON."""
    return json.dumps(document(found), ensure_ascii=False)
