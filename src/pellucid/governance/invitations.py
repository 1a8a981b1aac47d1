"""Invitations by which members of the staff make their accounts themselves: nobody else sees a secret of theirs.

An invitation is a link that holds once. Whoever chooses a password by it has taken it, and only in that browser it
shows what their authenticator takes in; a code of that makes the account. Of the link only a keyed hash is kept, of
the rest nothing once the account is made but who invited whom, which `audit.four_eyes` asks for. The caller logs.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.governance import staff_accounts, totp
from pellucid.governance.sessions import DAY, MINUTE, SECRET_LENGTH, digest
from pellucid.governance.staff_accounts import Enrolled, Seal
from pellucid.records.web_tables import staff_invitations

LASTS = 3 * DAY
"""Microseconds for which an invitation holds."""
OVER = "This invitation does not hold."
TAKEN = (
    "Each is taken up once, in one browser, within three days. If you never did, tell your privacy officer: "
    "somebody else may have."
)
SEAL = b"pellucid staff invitation v1\0"


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation just made, with the secret of its link, which is kept nowhere."""

    id: str
    person: str
    ends_at: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that holds, as the browser that shows it may see it: `enrolled` once it has taken it."""

    id: str
    person: str
    made_by: str
    ends_at: int
    enrolled: Enrolled | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)


def invite(connection: Connection, key: bytes, name: str, by: str, now: int, *, anew: bool = False) -> NewInvitation:
    """Invite somebody to make an account, or (`anew`) another in the place of theirs, which ends at once.

    An earlier invitation of theirs ends. Raises InputInvalid and NameUnknown.
    """
    there = staff_accounts.read_account(connection, name) is not None
    if there and not anew:
        raise InputInvalid(
            f"{name!r} has an account already.", code="account-exists", remedy="Run `pellucid staff renew` instead."
        )
    if anew and not staff_accounts.delete_account(connection, name, now):
        raise NameUnknown("account of the staff", name, remedy="Run `pellucid staff invite` instead.")
    end(connection, now, name)
    made = NewInvitation(secrets.token_hex(6), name, now + LASTS, secrets.token_urlsafe(32))
    values = {"id": made.id, "digest": _digest(key, made.secret), "person": name, "made_by": by, "made_at": now}
    connection.execute(insert(staff_invitations).values(values | {"ends_at": made.ends_at}))
    return made


def find(connection: Connection, key: bytes, seal: Seal, secret: str, browser: bytes, now: int) -> Invitation:
    """Return the invitation of a link; `seal` opens. Raises NotPermitted in the same words for every other."""
    row = None
    if len(secret) == SECRET_LENGTH:
        shown = select(staff_invitations).where(staff_invitations.c.digest == _digest(key, secret))
        row = connection.execute(shown).one_or_none()
    if row is None or not _holds(row, now) or row.browser not in (None, browser):
        raise refused()
    found = Invitation(row.id, row.person, row.made_by, row.ends_at)
    if row.browser is None:
        return found
    kept = json.loads(seal(SEAL + row.id.encode(), bytes(row.secrets)))
    enrolled = Enrolled(row.person, kept["authenticator"], tuple(kept["recovery"]))
    return Invitation(row.id, row.person, row.made_by, row.ends_at, enrolled, row.password)


def take(
    connection: Connection, seal: Seal, found: Invitation, browser: bytes, password: str, enrolled: Enrolled
) -> None:
    """Bind an invitation that was just found to the browser that shows it, with a password's hash and new secrets."""
    kept = json.dumps({"authenticator": enrolled.authenticator, "recovery": enrolled.recovery})
    values = {"browser": browser, "password": password, "secrets": seal(SEAL + found.id.encode(), kept.encode())}
    connection.execute(update(staff_invitations).where(staff_invitations.c.id == found.id).values(values))


def redeem(connection: Connection, key: bytes, seal: Seal, found: Invitation, code: str, now: int) -> bool:
    """Make the account of an invitation that was just found, by a code of its authenticator; False if it is wrong."""
    enrolled = found.enrolled
    if enrolled is None:
        raise refused()
    step = totp.step_of(enrolled.secret, "".join(code.split())[:40], 0, now)
    if step is None:
        return False
    staff_accounts.add_account(connection, key, seal, enrolled, found.password, step, found.made_by, now)
    used = {"used_at": now, "password": None, "secrets": None}
    connection.execute(update(staff_invitations).where(staff_invitations.c.id == found.id).values(used))
    return True


def end(connection: Connection, now: int, person: str | None = None) -> int:
    """End the invitations that hold, of one person or (None) all; return how many."""
    columns = staff_invitations.c
    held = (columns.used_at.is_(None), columns.ended_at.is_(None))
    theirs = () if person is None else (columns.person == person,)
    ended = {"ended_at": now, "password": None, "secrets": None}
    return connection.execute(update(staff_invitations).where(*held, *theirs).values(ended)).rowcount


def forget(connection: Connection, now: int) -> None:
    """Delete the secrets of invitations that were taken, and are over."""
    over = (staff_invitations.c.ends_at <= now, staff_invitations.c.secrets.is_not(None))
    connection.execute(update(staff_invitations).where(*over).values(password=None, secrets=None))


def held(connection: Connection, now: int) -> tuple[Invitation, ...]:
    """Return the invitations that hold, by person."""
    rows = connection.execute(select(staff_invitations).order_by(staff_invitations.c.person))
    return tuple(Invitation(row.id, row.person, row.made_by, row.ends_at) for row in rows if _holds(row, now))


def refused() -> NotPermitted:
    """Return the one answer to every invitation that does not hold."""
    return NotPermitted(
        OVER,
        remedy=TAKEN,
        code="invitation-refused",
    )


def _holds(row: Row[Any], now: int) -> bool:
    """Return whether an invitation holds; a clock set back by more than a moment ends it."""
    return row.used_at is None and row.ended_at is None and row.made_at - MINUTE <= now < row.ends_at


def _digest(key: bytes, secret: str) -> bytes:
    return digest(key, "invitation", secret)
