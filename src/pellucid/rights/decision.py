"""What the staff decided about a request that has to be weighed: kept once, logged, and told to the person.

The reasons go to the person and into the erasable part of the log; nothing else keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import InputInvalid
from pellucid.policy.model import Actor
from pellucid.rights import stored
from pellucid.rights.choice import TellPerson, subject_of
from pellucid.rights.clock import Event
from pellucid.rights.request import Request
from pellucid.subjects.keys import SubjectKeys

DECIDED = "decided"
"""The kind of the event of a request that holds what was decided."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome, the reasons that the person is told, who decided, and when (UTC µs)."""

    outcome: str
    reasons: str
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A decision as it is kept: its outcome, and what it is about; no reasons."""

    outcome: str
    about: Mapping[str, list[str]]
    by: str
    at: int


def keep_decision(
    connection: Connection,
    keys: SubjectKeys,
    request: Request,
    decision: Decision,
    about: Mapping[str, list[str]],
    tell_person: TellPerson,
    message: str,
) -> None:
    """Keep a decision, tell the person, and log it, in the caller's write transaction and as its last statement.

    Raises InputInvalid for one without reasons, and where one was made already.
    """
    if not decision.reasons.strip():
        raise InputInvalid(
            "A decision needs its reasons, which the person is told; got none.",
            remedy="Say why, in words for the person.",
            code="reasons-missing",
        )
    if decision_of(connection, request) is not None:
        raise InputInvalid(
            f"The request {request.id} was decided already.",
            remedy=f"Look at it: pellucid requests show {request.id}.",
            code="request-decided",
        )
    told = {"outcome": decision.outcome, "about": {name: list(names) for name, names in about.items()}}
    at = max(decision.at, stored.last_at(connection, request.id))  # whatever the clock says
    stored.note(connection, request.id, Event(DECIDED, at, decision.actor.name, told))
    tell_person(connection, request, message, decision.reasons)
    pseudonym = keys.pseudonym(connection, request.namespace, subject_of(request))
    body = {"request": request.id, "right": request.right.value, **told}
    details = {"reasons": decision.reasons}
    entry = AuditEntry("request.decided", decision.actor, decision.at, subject=pseudonym, body=body, details=details)
    append(connection, entry)


def decision_of(connection: Connection, request: Request) -> KeptDecision | None:
    """Return what was decided about a request, if anything was."""
    for event in stored.events_of(connection, request.id):
        if event.kind == DECIDED:
            told: dict[str, Any] = dict(event.told)
            return KeptDecision(told["outcome"], told["about"], event.made_by, event.at)
    return None
