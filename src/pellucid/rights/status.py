"""How a request stands, as whoever handed it in is told: nothing about the person, nor whether they are known here.

States and reasons are the Data Rights Protocol's (1.0 §3.02). The staff see more: `rights.showing`. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pellucid.policy.model import Policy
from pellucid.rights.clock import Terms, dates_of
from pellucid.rights.covering import Covering
from pellucid.rights.request import Denial, Request
from pellucid.rights.showing import answer

_MASKED = frozenset({Denial.SUSPECTED_FRAUD.value, Denial.NO_MATCH.value})
"""Reasons told as `insuf_verification`, as their sentences are one: they tell whether the person is known."""


@dataclass(frozen=True, slots=True)
class Status:
    """A request as its sender is told of it. Instants are UTC µs; `expected_by` is a day, YYYY-MM-DD."""

    request: str
    right: str
    state: str
    reason: str
    received_at: int
    expected_by: str
    closed_at: int | None
    answer: str
    agent_request: str | None = None


def status_of(policy: Policy, terms: Terms, request: Request) -> Status:
    """Return how a request stands.

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
        agent_request=request.agent_request,
    )
