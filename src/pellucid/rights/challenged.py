"""What a challenge is for: a request, whose person has to be known for it, or a sign-in to the privacy centre, or a
session there that is to be worth more.

All ask the same of the same person in the same way (`rights.challenges`); their ids tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from pellucid.records.rights_tables import rights_requests
from pellucid.records.web_tables import sign_ins
from pellucid.rights.request import FINAL, RequestState, Right

SIGN_IN, RAISING, PROOF = "s", "u", "p"
"""How ids begin: of sign-ins; of sessions that are to be worth more; of what is shown anew before what matters much.

That of a request begins with an r.
"""
ONE_CONTACT, TWO_CONTACTS = 1, 2

OF_SIGN_IN, OF_PROOF = "sign-in", "proof"
"""What a challenge is for that is for no right."""


@dataclass(frozen=True, slots=True)
class Challenged:
    """A request, a sign-in, or a session to be worth more: about whom (None: nobody we know), whether it waits for an
    answer, or is over.

    `asked` is what for: a right, OF_SIGN_IN or OF_PROOF. `strength` and `right` (None: a sign-in) say which contacts
    may be used: see `rights.corrected_contacts`.
    """

    id: str
    namespace: str
    subject: int | None
    waits: bool
    over: bool
    strength: int
    right: str | None
    asked: str

    @property
    def is_sign_in(self) -> bool:
        """Whether it is a sign-in."""
        return self.id.startswith(SIGN_IN)

    @property
    def is_of_session(self) -> bool:
        """Whether somebody who is signed in shows anew, or better, who they are."""
        return self.id.startswith((RAISING, PROOF))


def challenged(connection: Connection, id: str, now: int) -> Challenged | None:
    """Return what a challenge is for; None if there is no such thing."""
    return _sign_in(connection, id, now) if id.startswith((SIGN_IN, RAISING, PROOF)) else _request(connection, id)


def _request(connection: Connection, id: str) -> Challenged | None:
    row = connection.execute(select(rights_requests).where(rights_requests.c.id == id)).one_or_none()
    if row is None:
        return None
    return Challenged(
        id=id,
        namespace=row.namespace,
        subject=row.subject,
        waits=row.state == RequestState.IN_PROGRESS.value,
        over=row.state in {state.value for state in FINAL},
        strength=row.strength,
        right=row.right,
        asked=str(row.right),
    )


def _sign_in(connection: Connection, id: str, now: int) -> Challenged | None:
    row = connection.execute(select(sign_ins).where(sign_ins.c.id == id)).one_or_none()
    if row is None:
        return None
    waits = row.used_at is None and now < row.ends_at
    return Challenged(
        id=id,
        namespace=row.namespace,
        subject=row.subject,
        waits=waits,
        over=not waits,
        strength=ONE_CONTACT if id.startswith(SIGN_IN) else TWO_CONTACTS,
        right=Right.ACCESS.value if id.startswith(RAISING) else None,
        asked={SIGN_IN: OF_SIGN_IN, RAISING: Right.ACCESS.value, PROOF: OF_PROOF}[id[0]],
    )
