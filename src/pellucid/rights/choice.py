"""What a request comes to in the register of choices: recorded once, however often it is carried out.

Every record names its request (`request:<id>`), and whoever carries the request out again finds it by that. Recording
itself, and waiting until it is in force for every answer, is a callable of the workspace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import REQUEST_METHOD, By, ConsentRecord, ConsentVerb
from pellucid.consent.submission import Beside
from pellucid.errors import InputInvalid, RecordingFailed
from pellucid.records.database import Database
from pellucid.records.tables import consent_records
from pellucid.rights.asking import MEMBER
from pellucid.rights.request import Request, Right, unverified

Choice = tuple[ConsentVerb, str | None]
"""A verb and the purpose it is about; None for all."""

Record = Callable[[tuple[ConsentRecord, ...], Beside], tuple[ConsentReceipt, ...]]
"""Records choices, and what is written beside them, in one transaction; returns once they are in force."""

Demand = Callable[[Connection], None]
"""Raises where something must not be recorded, in the transaction that would."""

Told = Mapping[str, object]
"""What was done, without personal data, as the request's history keeps it."""

TellPerson = Callable[[Connection, Request, str, str], None]
"""Puts a message of a kind to the person, with its reasons, on its way; one of each kind a request, however often."""

IsTold = Callable[[Connection, Request, str], bool]
"""Says whether the message of a kind has gone out to the person."""


TellRecipients = Callable[[Connection, Request, str], None]
"""Puts word of a restriction, or of its lifting, on its way to whom the data were given (Art. 19); once a request."""

_ACTS = {ConsentVerb.RESTRICT: "restriction", ConsentVerb.LIFT: "lift-restriction"}


@dataclass(frozen=True, slots=True)
class ChoiceParts:
    """What carrying out choices needs of a workspace."""

    database: Database
    record: Record
    tell_person: TellPerson
    is_told: IsTold
    tell_recipients: TellRecipients


def method_of(request: Request) -> str:
    """Return the method by which a request's records are known."""
    return f"{REQUEST_METHOD}{request.id}"


def subject_of(request: Request) -> int:
    """Return whom a request is about; raises InputInvalid where that is not known."""
    if request.subject is None:
        raise unverified(request)
    return request.subject


def demand_ready(request: Request, *rights: Right) -> int:
    """Return whom a request is about; raises InputInvalid unless it is of one of these rights and may be carried out.

    This is the same demand that closing it makes, made before anything is done.
    """
    if request.right not in rights:
        raise InputInvalid(
            f"The request {request.id} is one of {request.right.value}; "
            f"this carries out {', '.join(each.value for each in rights)}.",
            remedy=f"Look at it: pellucid requests show {request.id}.",
            code="request-of-another-right",
        )
    if not request.known:
        raise unverified(request)
    if not request.ready:
        raise InputInvalid(
            f"The request {request.id} cannot be carried out: it is {request.state.value}"
            f"{' and not approved' if request.approved_at is None and not request.closed else ''}.",
            remedy=f"Look at it: pellucid requests show {request.id}.",
            code="request-state",
        )
    return subject_of(request)


def no_demand(_connection: Connection) -> None:
    """Demand nothing more."""


def record_once(
    parts: ChoiceParts, request: Request, wanted: Sequence[Choice], now: int, demand: Demand = no_demand
) -> int:
    """Record the choices that the request has not recorded yet, in one transaction; return how many these were.

    Raises RecordingFailed if somebody carried it out at the same time, with nothing recorded twice.
    """
    with parts.database.read() as connection:
        done = choices_of(connection, request)
    missing = [each for each in wanted if each not in done]
    if not missing:
        return 0

    def beside(connection: Connection, _receipts: tuple[ConsentReceipt, ...]) -> None:
        _demand_once(connection, request)
        demand(connection)
        for verb, _purpose in missing:
            if verb in _ACTS:
                parts.tell_recipients(connection, request, _ACTS[verb])

    return len(parts.record(tuple(_record(request, verb, purpose, now) for verb, purpose in missing), beside))


def choices_of(connection: Connection, request: Request) -> Counter[Choice]:
    """Return what was recorded for a request, and how often."""
    columns = consent_records.c
    where = (
        columns.namespace == request.namespace,
        columns.subject == request.subject,
        columns.method == method_of(request),
    )
    rows = connection.execute(select(columns.verb, columns.purpose).where(*where))
    return Counter((ConsentVerb(row.verb), row.purpose) for row in rows)


def demand_told(parts: ChoiceParts, request: Request, message: str) -> None:
    """Raise InputInvalid until a message has gone out to the person."""
    with parts.database.read() as connection:
        if parts.is_told(connection, request, message):
            return
    raise InputInvalid(
        f"The person has not been told yet ({message}), so the request {request.id} waits.",
        remedy=f"Wait for the mail, or tell them and note it: pellucid requests told {request.id} {message} --how HOW.",
        code="person-not-told",
    )


def _demand_once(connection: Connection, request: Request) -> None:
    if any(times > 1 for times in choices_of(connection, request).values()):
        raise RecordingFailed(
            f"The request {request.id} was carried out meanwhile, so nothing was recorded again.",
            remedy=f"Look at it: pellucid requests show {request.id}.",
            code="request-overtaken",
        )


def _record(request: Request, verb: ConsentVerb, purpose: str | None, now: int) -> ConsentRecord:
    return ConsentRecord(
        namespace=request.namespace,
        subject=subject_of(request),
        purpose=purpose,
        verb=verb,
        channel=request.channel,
        at=now,
        by=By(request.by_whom),
        proof=request.proof or "",
        member=str(request.asked.get(MEMBER, "")),
        method=method_of(request),
    )
