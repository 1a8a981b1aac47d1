"""The sessions of people: begun, found, made anew, ended; each a row that the server can end.

A session is a secret: in the cookie of a browser, or shown by an app as a bearer. Neither counts as the other: the
door is part of what is hashed. What is kept of it is an HMAC-SHA256 under a key outside the control database. It ends
when nothing came for a while, and at a fixed instant whatever comes. Who people are is shown elsewhere
(`rights.sign_in`, `governance.staff_accounts`): here it is only remembered. The caller writes the log.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, or_, select, update

from pellucid.errors import NotPermitted
from pellucid.records.asked import Asked
from pellucid.records.web_tables import acting_sessions, delegations, staff_sessions, web_sessions

MINUTE = 60_000_000
DAY = 86_400_000_000
FRESH = MINUTE
"""A session that was seen less than this ago is not noted again: reading a page need not write."""
KEPT = 90 * DAY
"""For how long rows of ended sessions stay: they tell from where somebody came in before."""
CONTEXT = b"pellucid web session v1\0"
SECRET_LENGTH = 43


@dataclass(frozen=True, slots=True)
class Door:
    """One of the ways in: where its sessions are kept, and how long they last, in microseconds."""

    name: str
    table: Table
    idle: int
    longest: int

    @property
    def idle_seconds(self) -> int:
        """After how many seconds without a request one ends."""
        return self.idle // 1_000_000


CENTRE = Door("centre", web_sessions, 30 * MINUTE, 12 * 60 * MINUTE)
APP = Door("app", web_sessions, 30 * MINUTE, 12 * 60 * MINUTE)
"""Of customers too, by the API: as short as in a browser."""
CONSOLE = Door("console", staff_sessions, 30 * MINUTE, 10 * 60 * MINUTE)
_ACTING = select(acting_sessions.c.delegation).where(acting_sessions.c.session == web_sessions.c.id).scalar_subquery()
_OF_CUSTOMERS = Asked(select(web_sessions, _ACTING.label("acting")).where(web_sessions.c.digest == bindparam("shown")))
_SHOWN = {
    CENTRE.name: _OF_CUSTOMERS,
    APP.name: _OF_CUSTOMERS,
    CONSOLE.name: Asked(select(staff_sessions).where(staff_sessions.c.digest == bindparam("shown"))),
}


@dataclass(frozen=True, slots=True)
class Session:
    """A session as kept: whose it is (`who`: columns of its table), how that was shown, how well, when last seen.

    `door` is by which they came in: a session that is made anew stays one of that door. `acting` is the delegation by
    which it acts for somebody else, whether or not that still holds; None: by none.
    """

    id: str
    who: Mapping[str, Any] = field(repr=False)
    how: str
    strength: int
    ends_at: int
    seen_at: int = 0
    door: Door = CENTRE
    acting: str | None = None

    @property
    def line(self) -> str:
        """What it has in common with those that are made anew of it: the door, whose it is, and its last instant."""
        whose = (self.who[name] for name in sorted(self.who) if name != "address")
        return " ".join(map(str, (self.door.name, self.ends_at, *whose)))


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just begun, with the secret that is told once and kept nowhere."""

    session: Session
    secret: str = field(repr=False)


def digest(key: bytes, what: str, *parts: str) -> bytes:
    """Return a keyed hash of a secret, or of something personal that only has to be recognised; `what` it is for."""
    return hmac.digest(key, CONTEXT + "\0".join((what, *parts)).encode("utf-8", "surrogatepass"), "sha256")


def begin(
    connection: Connection, door: Door, key: bytes, who: Mapping[str, Any], how: str, strength: int, now: int
) -> NewSession:
    """Begin a session of somebody who has just shown who they are, under a secret that nobody had before."""
    session = Session(secrets.token_hex(8), who, how, strength, now + door.longest, door=door)
    return _stored(connection, door, key, session, now)


def find(connection: Connection, door: Door, key: bytes, secret: str, now: int) -> Session | None:
    """Return the session that a secret shows at a door; None if it is none, or has ended."""
    if len(secret) != SECRET_LENGTH:
        return None
    rows = _SHOWN[door.name](connection, shown=digest(key, door.name, secret))
    return _session(door, rows[0]) if rows and _lasts(door, rows[0], now) else None


def is_stale(session: Session, now: int) -> bool:
    """Return whether it has to be noted that the session was seen."""
    return now - session.seen_at >= FRESH


def note_seen(connection: Connection, door: Door, session: Session, now: int) -> None:
    """Note that a session was seen, unless it has ended meanwhile."""
    seen = update(door.table).where(door.table.c.id == session.id, door.table.c.ended_at.is_(None))
    connection.execute(seen.values(seen_at=now))


def renew(connection: Connection, door: Door, key: bytes, session: Session, strength: int, now: int) -> NewSession:
    """End a session and begin another for the same person, at a step up; its last instant stays.

    Raises NotPermitted (`session-over`) for one that was ended meanwhile: nothing brings it back.
    """
    if not end(connection, door, session, now):
        raise NotPermitted("You were signed out meanwhile.", remedy="Sign in again.", code="session-over")
    worth = max(strength, session.strength)
    raised = Session(secrets.token_hex(8), session.who, session.how, worth, session.ends_at, door=door)
    return _stored(connection, door, key, raised, now)


def end(connection: Connection, door: Door, session: Session, now: int) -> bool:
    """End a session at once and for good; returns whether it had not ended before."""
    ended = update(door.table).where(door.table.c.id == session.id, door.table.c.ended_at.is_(None))
    return connection.execute(ended.values(ended_at=now)).rowcount == 1


def end_all(connection: Connection, door: Door, who: Mapping[str, Any], now: int) -> int:
    """End every session of somebody; returns how many there were."""
    theirs = [door.table.c[name] == value for name, value in who.items()]
    ended = update(door.table).where(*theirs, door.table.c.ended_at.is_(None))
    return connection.execute(ended.values(ended_at=now)).rowcount


def end_showing(connection: Connection, namespace: str, subject: int, now: int) -> int:
    """End every session of customers in which somebody's data can be seen: their own, and of who acts for them.

    Returns how many there were.
    """
    acts = select(acting_sessions.c.session).join(delegations, delegations.c.id == acting_sessions.c.delegation)
    for_them = acts.where(delegations.c.namespace == namespace, delegations.c.subject == subject)
    own = and_(web_sessions.c.namespace == namespace, web_sessions.c.subject == subject)
    ended = update(web_sessions).where(or_(own, web_sessions.c.id.in_(for_them)), web_sessions.c.ended_at.is_(None))
    return connection.execute(ended.values(ended_at=now)).rowcount


def forget(connection: Connection, now: int) -> None:
    """Delete what is left of sessions that are long over."""
    for door in (CENTRE, CONSOLE):
        table = door.table
        over = or_(table.c.ends_at <= now - KEPT, table.c.ended_at <= now - KEPT)
        connection.execute(delete(table).where(over))


def forget_all(connection: Connection) -> None:
    """Delete every session: those of a restored backup may have been ended since."""
    for door in (CENTRE, CONSOLE):
        connection.execute(delete(door.table))


def _stored(connection: Connection, door: Door, key: bytes, session: Session, now: int) -> NewSession:
    secret = secrets.token_urlsafe(32)
    values = {
        "id": session.id,
        "digest": digest(key, door.name, secret),
        **session.who,
        "how": session.how,
        "strength": session.strength,
        "made_at": now,
        "seen_at": now,
        "ends_at": session.ends_at,
    }
    connection.execute(insert(door.table).values(values))
    return NewSession(session, secret)


def _lasts(door: Door, row: Any, now: int) -> bool:
    """Return whether a session goes on; a clock set back by more than a moment ends it."""
    return row.ended_at is None and row.made_at - MINUTE <= now < min(row.ends_at, row.seen_at + door.idle)


def _session(door: Door, row: Any) -> Session:
    names = ("person",) if door is CONSOLE else ("namespace", "subject", "address")
    who = {name: getattr(row, name) for name in names}
    acting = None if door is CONSOLE else row.acting
    return Session(row.id, who, row.how, row.strength, row.ends_at, row.seen_at, door, acting)
