"""A person's request to exercise a right, and every step it may take. Pure: storing it is `rights.book`'s work.

States and the reasons of a denial are those of the Data Rights Protocol 1.0 (§3.02). What protects people is here and
nowhere else: nothing is fulfilled that is not verified as far as its right demands, what is closed stays closed, a
duplicate never inherits another's verification, and no step is dated before the one it follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pellucid.errors import InputInvalid


class Right(StrEnum):
    """What is asked for: `OPT_OUT` of sale, sharing, targeted advertising and profiling; `LIMIT` of sensitive data."""

    ACCESS = "access"
    PORTABILITY = "portability"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    LIFT_RESTRICTION = "lift-restriction"
    OBJECTION = "objection"
    OPT_OUT = "opt-out"
    LIMIT = "limit"
    HUMAN_REVIEW = "human-review"


class RequestState(StrEnum):
    """Where a request stands (Data Rights Protocol 1.0 §3.02); the last four are final."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    FULFILLED = "fulfilled"
    DENIED = "denied"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Denial(StrEnum):
    """Why a request was denied (Data Rights Protocol 1.0 §3.02)."""

    SUSPECTED_FRAUD = "suspected_fraud"
    INSUFFICIENT_VERIFICATION = "insuf_verification"
    NO_MATCH = "no_match"
    CLAIM_NOT_COVERED = "claim_not_covered"
    OUTSIDE_JURISDICTION = "outside_jurisdiction"
    TOO_MANY_REQUESTS = "too_many_requests"
    OTHER = "other"


class Verification(StrEnum):
    """How far it is known who asks: not asked, asked, shown, or tried and not shown."""

    NONE = "none"
    ASKED = "asked"
    SHOWN = "shown"
    FAILED = "failed"


NEED_USER_VERIFICATION = "need_user_verification"
FINAL = frozenset({RequestState.FULFILLED, RequestState.DENIED, RequestState.REVOKED, RequestState.EXPIRED})

STRENGTHS: dict[Right, int] = {
    Right.ACCESS: 1,
    Right.PORTABILITY: 1,
    Right.RECTIFICATION: 1,
    Right.ERASURE: 2,
    Right.RESTRICTION: 1,
    Right.LIFT_RESTRICTION: 1,
    Right.OBJECTION: 0,
    Right.OPT_OUT: 0,
    Right.LIMIT: 0,
    Right.HUMAN_REVIEW: 1,
}
"""How well a person has to be known: 0 not at all, 1 by one contact that is held, 2 by two or by the staff.

What only ends a use may be asked by anybody who names the person (11 CCR 7060(b) forbids asking for proof; GDPR
Art. 12(6) allows asking only where in doubt). What shows, changes or deletes data may not.
"""
SENSITIVE_STRENGTH = 2
"""What access to sensitive data demands."""
APPROVED = frozenset({Right.ERASURE, Right.RECTIFICATION, Right.HUMAN_REVIEW})
"""Rights whose requests somebody of the staff approves before anything is done."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Instants are UTC µs; `due` is the last day as YYYY-MM-DD, empty where no law that decides gives one.

    `asked` is what is asked in detail and is personal data: it is gone once the request is closed, and so is
    `status_callback`, where the agent is told of each change. `strength` is how
    well the person has to be known for it.
    """

    id: str
    right: Right
    namespace: str
    subject: int | None
    received_at: int
    due: str
    by_whom: str = "self"
    proof: str | None = field(default=None, repr=False)
    channel: str = ""
    asked: dict[str, Any] = field(default_factory=dict, repr=False)
    strength: int = 0
    state: RequestState = RequestState.OPEN
    reason: str = ""
    verification: Verification = Verification.NONE
    verified_how: str | None = None
    verified_strength: int = 0
    acknowledged_at: int | None = None
    verified_at: int | None = None
    approved_at: int | None = None
    closed_at: int | None = None
    extended: str | None = None
    keep_until: int | None = None
    canonical: str | None = None
    agent: str | None = None
    agent_request: str | None = None
    status_callback: str | None = field(default=None, repr=False)

    @property
    def closed(self) -> bool:
        """Whether the request is in a final state."""
        return self.state in FINAL

    @property
    def known(self) -> bool:
        """Whether who asks was shown as well as the right demands."""
        if self.strength == 0:
            return self.verification is not Verification.FAILED
        return self.verification is Verification.SHOWN and self.verified_strength >= self.strength

    @property
    def shown(self) -> bool:
        """Whether somebody showed who they are, as well as the right demands and at least once: then they are told."""
        return self.verification is Verification.SHOWN and self.verified_strength >= max(1, self.strength)

    @property
    def ready(self) -> bool:
        """Whether it may be fulfilled now."""
        return (
            self.state is RequestState.IN_PROGRESS
            and self.subject is not None
            and self.canonical is None
            and self.known
            and (self.right not in APPROVED or self.approved_at is not None)
        )

    def acknowledge(self, now: int) -> Request:
        """Say that it was received and is worked on."""
        self._demand("acknowledged", self.state is RequestState.OPEN)
        return replace(self, state=RequestState.IN_PROGRESS, acknowledged_at=self._after(now))

    def ask_verification(self, now: int) -> Request:
        """Ask the person to show who they are; the reason tells it."""
        self._demand("asked to show who asks", self.state is RequestState.IN_PROGRESS and not self.known)
        self._after(now)
        return replace(self, verification=Verification.ASKED, reason=NEED_USER_VERIFICATION)

    def show(self, how: str, strength: int, now: int) -> Request:
        """Note that the person showed who they are; two weaker proofs do not add up by themselves."""
        self._demand("verified", self.state is RequestState.IN_PROGRESS and self.subject is not None)
        best = max(strength, self.verified_strength)
        shown = replace(
            self,
            verification=Verification.SHOWN,
            verified_how=how,
            verified_strength=best,
            verified_at=self._after(now),
        )
        return replace(shown, reason="" if shown.known else NEED_USER_VERIFICATION)

    def fail_verification(self, now: int) -> Request:
        """Note that the person could not show who they are; only a new proof undoes it."""
        self._demand("failed", self.state is RequestState.IN_PROGRESS and self.verification is Verification.ASKED)
        self._after(now)
        return replace(self, verification=Verification.FAILED, verified_strength=0)

    def doubt(self, now: int) -> Request:
        """Take back what was shown of who asks, and the approval that rests on it: it may have been somebody else."""
        self._demand("doubted", not self.closed)
        self._after(now)
        unshown = replace(
            self, verification=Verification.NONE, verified_how=None, verified_strength=0, verified_at=None
        )
        return replace(unshown, approved_at=None, reason="")

    def take_approval_back(self, now: int) -> Request:
        """Take the approval back: what it was given for is not what would be done now."""
        self._demand("looked at again", not self.closed)
        self._after(now)
        return replace(self, approved_at=None)

    def approve(self, now: int) -> Request:
        """Note that somebody of the staff approved it; who asks has to be known before."""
        self._demand("approved", self.state is RequestState.IN_PROGRESS and self.canonical is None)
        if not self.known:
            raise unverified(self)
        return replace(self, approved_at=self._after(now))

    def extend(self, why: str, due: str, now: int) -> Request:
        """Take longer, once, for a reason that the person is told; the new day is not before the old one."""
        self._demand("extended", not self.closed and self.extended is None and due >= self.due and bool(why.strip()))
        self._after(now)
        return replace(self, extended=why, due=due)

    def put_off(self, due: str, now: int) -> Request:
        """Move the last day on, where a law stops the clock or lets it start later; it is never moved back."""
        self._demand("put off", not self.closed)
        self._after(now)
        return replace(self, due=max(due, self.due))

    def join(self, canonical: Request, now: int) -> Request:
        """Join an earlier request of the same person and right; neither's verification becomes the other's."""
        same = (canonical.namespace, canonical.subject, canonical.right) == (self.namespace, self.subject, self.right)
        fits = same and self.subject is not None and canonical.canonical is None and canonical.id != self.id
        self._demand("joined to another", not self.closed and not canonical.closed and fits)
        self._after(now)
        return replace(self, canonical=canonical.id)

    def part(self, now: int) -> Request:
        """Stand by itself again, because the one that was joined is closed for itself, or not shown."""
        self._demand("parted", not self.closed and self.canonical is not None)
        self._after(now)
        return replace(self, canonical=None)

    def fulfil(self, now: int, keep_until: int) -> Request:
        """Close it as done; raises InputInvalid unless who asks is known, and where approval lacks."""
        self._demand("fulfilled", self.state is RequestState.IN_PROGRESS and self.canonical is None)
        if not self.known or self.subject is None:
            raise unverified(self)
        self._demand("fulfilled before it is approved", self.ready)
        return self._close(RequestState.FULFILLED, "", now, keep_until)

    def fulfil_with(self, canonical: Request, now: int, keep_until: int) -> Request:
        """Close a duplicate as done with the request that it joined; what it gave is that one's to fetch."""
        self._demand(
            "fulfilled with another", self.state is RequestState.IN_PROGRESS and self.canonical == canonical.id
        )
        self._demand("fulfilled with another that is not", canonical.state is RequestState.FULFILLED)
        if not self.known:
            raise unverified(self)
        return self._close(RequestState.FULFILLED, "", now, keep_until)

    def deny(self, why: Denial, now: int, keep_until: int) -> Request:
        """Close it without doing what was asked."""
        self._demand("denied", not self.closed)
        return self._close(RequestState.DENIED, why.value, now, keep_until)

    def revoke(self, now: int, keep_until: int) -> Request:
        """Close it because the person no longer asks."""
        self._demand("revoked", not self.closed)
        return self._close(RequestState.REVOKED, "", now, keep_until)

    def expire(self, now: int, keep_until: int) -> Request:
        """Close it because the person, though asked, never showed who they are."""
        self._demand("let expire", self.state is RequestState.IN_PROGRESS and not self.known)
        return self._close(RequestState.EXPIRED, "", now, keep_until)

    def _close(self, state: RequestState, why: str, now: int, keep_until: int) -> Request:
        closed = replace(self, state=state, reason=why, closed_at=self._after(now), keep_until=keep_until)
        return replace(closed, asked={}, status_callback=None)

    def _after(self, now: int) -> int:
        """Return the instant of a step: never before any that it follows, whatever the clock says."""
        before = (self.received_at, self.acknowledged_at, self.verified_at, self.approved_at)
        return max(now, *(each for each in before if each is not None))

    def _demand(self, step: str, allowed: bool) -> None:
        if not allowed:
            raise InputInvalid(
                f"The request {self.id} cannot be {step}: it is {self.state.value}.",
                remedy=f"Look at it: pellucid requests show {self.id}.",
                code="request-state",
            )


def unverified(request: Request) -> InputInvalid:
    """Return the error for a request of somebody who did not show well enough who they are."""
    return InputInvalid(
        f"Who makes the request {request.id} is not known well enough: "
        f"strength {request.verified_strength} was shown, {request.strength} is needed.",
        remedy=f"Let them show it: pellucid requests verify {request.id}.",
        code="request-unverified",
    )
