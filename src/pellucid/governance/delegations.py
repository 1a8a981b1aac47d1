"""Who may act for somebody else in the privacy centre: a guardian for a child, an agent for whoever authorised them.

The staff note it with its evidence; it ends at its instant, when either of the two ends it, when a child is certainly
of age, and when one of them is erased. The caller writes the log, and says who may do what.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from pellucid.errors import InputInvalid, NameUnknown
from pellucid.records.web_tables import acting_sessions, delegations, web_sessions
from pellucid.subjects.links import Identity

GUARDIAN, AGENT = "guardian", "agent"
KINDS = (GUARDIAN, AGENT)
MOST = 20
"""People that one may act for, and that may act for one, at a time."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """That `actor` may act for `person`, as what, since and until when (UTC µs; None: no end)."""

    id: str
    kind: str
    person: Identity
    actor: Identity
    evidence: str
    made_at: int
    until: int | None
    ended_at: int | None

    def holds(self, now: int) -> bool:
        """Return whether it has not ended."""
        return self.ended_at is None and (self.until is None or now < self.until)


def appoint(
    connection: Connection,
    kind: str,
    person: Identity,
    actor: Identity,
    evidence: str,
    until: int | None,
    who: str,
    now: int,
) -> Delegation:
    """Note that somebody may act for somebody else, in the caller's write transaction.

    Raises InputInvalid for an unknown kind, missing evidence, an end that is over, oneself, a pair that there is
    already, and more than MOST.
    """
    if kind not in KINDS:
        raise NameUnknown("kind of delegation", kind, KINDS)
    if not evidence.strip():
        raise InputInvalid(
            "A delegation needs its evidence.",
            remedy="Say where the proof lies, e.g. the number of the file.",
            code="evidence-missing",
        )
    if person == actor:
        raise InputInvalid("Nobody is appointed for themselves.", remedy="Name two people.", code="delegation-self")
    if until is not None and until <= now:
        raise InputInvalid(
            "A delegation ends after it begins.", remedy="Name a later day, or none.", code="delegation-over"
        )
    for held in (of_person(connection, person, now), of_actor(connection, actor, now)):
        if len(held) >= MOST or any((each.person, each.actor) == (person, actor) for each in held):
            raise InputInvalid(
                f"There is such a delegation already, or {MOST} others.",
                remedy="See those there are, and end one first.",
                code="delegation-exists",
            )
    made = Delegation(secrets.token_hex(6), kind, person, actor, evidence.strip(), now, until, None)
    values = {
        "id": made.id,
        "kind": kind,
        "namespace": person[0],
        "subject": person[1],
        "other_namespace": actor[0],
        "other": actor[1],
        "evidence": made.evidence,
        "made_by": who,
        "made_at": now,
        "until": until,
    }
    connection.execute(insert(delegations).values(values))
    return made


def get(connection: Connection, id: str) -> Delegation:
    """Return a delegation; raises NameUnknown."""
    row = connection.execute(select(delegations).where(delegations.c.id == id)).one_or_none()
    if row is None:
        raise NameUnknown("delegation", id[:20], remedy="See those there are.")
    return _delegation(row)


def end(connection: Connection, id: str, who: str, now: int) -> bool:
    """End a delegation, at once and for good; return whether it had not ended."""
    live = (delegations.c.id == id, delegations.c.ended_at.is_(None))
    return connection.execute(update(delegations).where(*live).values(ended_at=now, ended_by=who)).rowcount == 1


def end_all(connection: Connection, who: str, now: int) -> int:
    """End every delegation that has not ended, at once and for good; return how many."""
    live = delegations.c.ended_at.is_(None)
    return connection.execute(update(delegations).where(live).values(ended_at=now, ended_by=who)).rowcount


def of_person(connection: Connection, person: Identity, now: int) -> list[Delegation]:
    """Return who may act for somebody now."""
    return _live(connection, now, delegations.c.namespace == person[0], delegations.c.subject == person[1])


def of_actor(connection: Connection, actor: Identity, now: int) -> list[Delegation]:
    """Return for whom somebody may act now."""
    return _live(connection, now, delegations.c.other_namespace == actor[0], delegations.c.other == actor[1])


def act(connection: Connection, session: str, delegation: str | None) -> None:
    """Note for whom a session acts; None: for whose it is."""
    connection.execute(delete(acting_sessions).where(acting_sessions.c.session == session))
    if delegation is not None:
        connection.execute(insert(acting_sessions).values(session=session, delegation=delegation))


def forget(connection: Connection) -> None:
    """Delete for whom sessions acted that are gone."""
    there = select(web_sessions.c.id)
    connection.execute(delete(acting_sessions).where(acting_sessions.c.session.not_in(there)))


def _live(connection: Connection, now: int, *conditions: Any) -> list[Delegation]:
    open_still = (delegations.c.ended_at.is_(None), or_(delegations.c.until.is_(None), delegations.c.until > now))
    rows = connection.execute(
        select(delegations).where(*conditions, *open_still).order_by(delegations.c.made_at, delegations.c.id)
    )
    return [_delegation(row) for row in rows]


def _delegation(row: Row[Any]) -> Delegation:
    return Delegation(
        row.id,
        row.kind,
        (row.namespace, row.subject),
        (row.other_namespace, row.other),
        row.evidence,
        row.made_at,
        row.until,
        row.ended_at,
    )
