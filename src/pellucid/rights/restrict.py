"""Restriction of all use of a person's data (GDPR Art. 18), and its lifting, of which the person hears first.

What a restriction still permits (Art. 18(2)) is the policy's and `consent.permitted`'s to say, not said here.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from pellucid.consent.facts import records_of
from pellucid.consent.record import REQUEST_METHOD, ConsentRecord, ConsentVerb
from pellucid.consent.said import is_restricted
from pellucid.errors import InputInvalid
from pellucid.records.rights_tables import rights_requests
from pellucid.records.tables import consent_records
from pellucid.rights.choice import (
    ChoiceParts,
    Told,
    choices_of,
    demand_ready,
    demand_told,
    method_of,
    record_once,
    subject_of,
)
from pellucid.rights.request import Request, Right
from pellucid.subjects.links import Identity

TO_BE_LIFTED = "restriction-to-be-lifted"
"""The message that Art. 18(3) demands before a restriction is lifted."""

_RESTRICT, _LIFT = (ConsentVerb.RESTRICT, None), (ConsentVerb.LIFT, None)


def restrict(parts: ChoiceParts, request: Request, now: int) -> Told:
    """Restrict all use of the person's data; the next query honours it."""
    demand_ready(request, Right.RESTRICTION)
    return {"recorded": record_once(parts, request, [_RESTRICT], now)}


def lift(parts: ChoiceParts, request: Request, now: int) -> Told:
    """Lift the person's restriction once they were told that it will be; until then it stands.

    Raises InputInvalid if nothing is restricted, an objection that is not decided yet restricts it, or the person has
    not been told.
    """
    demand_ready(request, Right.LIFT_RESTRICTION)
    with parts.database.write() as connection:
        if choices_of(connection, request):
            return {"recorded": 0}
        _demand_restricted(connection, request)
        _demand_no_objection(connection, request)
        parts.tell_person(connection, request, TO_BE_LIFTED, "")
    demand_told(parts, request, TO_BE_LIFTED)
    done = record_once(parts, request, [_LIFT], now, lambda connection: _demand_no_objection(connection, request))
    return {"recorded": done}


def restricts_alone(connection: Connection, request: Request) -> bool:
    """Return whether the person would not be restricted but for this request, so that it may be lifted with it."""
    said = _said(connection, request)
    others = [each for each in said if each.method != method_of(request)]
    return is_restricted(said) and not is_restricted(others)


def _demand_restricted(connection: Connection, request: Request) -> None:
    if not is_restricted(_said(connection, request)):
        raise InputInvalid(
            "No use of this person's data is restricted.",
            remedy=f"Deny the request: pellucid requests deny {request.id} other.",
            code="not-restricted",
        )


def _demand_no_objection(connection: Connection, request: Request) -> None:
    """Raise InputInvalid while an objection restricts the data: lifting would let it be used before it is decided."""
    found = objection_open(connection, (request.namespace, subject_of(request)))
    if found is not None:
        raise InputInvalid(
            f"The objection {found} of this person is not decided yet, and restricts the use of the data.",
            remedy=f"Decide it first: pellucid requests decide-objection {found}.",
            code="objection-open",
        )


def objection_open(connection: Connection, identity: Identity) -> str | None:
    """Return an objection of somebody that is not decided yet and restricts their data meanwhile, if there is one."""
    columns, said = rights_requests.c, consent_records.c
    restricting = select(said.method).where(
        said.namespace == identity[0], said.subject == identity[1], said.verb == ConsentVerb.RESTRICT.value
    )
    methods = set(connection.scalars(restricting))
    where = (columns.namespace == identity[0], columns.subject == identity[1], columns.closed_at.is_(None))
    rows = connection.scalars(select(columns.id).where(*where, columns.right == Right.OBJECTION.value))
    return next((found for found in rows.all() if f"{REQUEST_METHOD}{found}" in methods), None)


def _said(connection: Connection, request: Request) -> list[ConsentRecord]:
    subject = subject_of(request)
    return records_of(connection, request.namespace, [subject]).get(subject, [])
