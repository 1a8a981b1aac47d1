"""Showing anew who one is, while signed in: by codes to contacts that are held, before something that matters much.

What was shown belongs to one session (`mark`: a keyed hash of its id) and holds for half an hour. The codes are those
of sign-ins and requests (`rights.challenges`), and go to no contact that was corrected lately. What a proof is good for
is the caller's to say.
"""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select, update

from pellucid.records.jobs import SECOND
from pellucid.records.web_tables import sign_ins
from pellucid.rights import challenges
from pellucid.rights.challenged import PROOF
from pellucid.subjects.links import Identity

LASTS = 1_800 * SECOND
MOST_CONTACTS = 2


def ask(
    connection: Connection, key: bytes, identity: Identity, mark: bytes, address: bytes, per_hour: int, now: int
) -> bool:
    """Have a code sent to a contact that is held and not shown yet, if there is any; False if too many were."""
    id = _live(connection, mark, now)
    if challenges.too_many(connection, id or "", per_hour, now) == "request":  # not what others asked for
        return False
    if id is None:
        id = PROOF + secrets.token_hex(16)
        values = {"id": id, "namespace": identity[0], "subject": identity[1], "browser": mark, "address": address}
        connection.execute(insert(sign_ins).values(values | {"made_at": now, "ends_at": now + LASTS}))
    challenges.put(connection, key, id, challenges.CODE, now)
    return True


def answer(connection: Connection, key: bytes, mark: bytes, given: str, now: int) -> int:
    """Take a code; return by how many distinct contacts the person has shown who they are now, 0 if it was wrong.

    In the caller's write transaction: a right code is used up, a wrong one counted.
    """
    tried = challenges.attempt(connection, key, _live(connection, mark, now) or "", given, now)
    return min(tried.contacts, MOST_CONTACTS) if tried.right else 0


def shown(connection: Connection, mark: bytes, now: int) -> int:
    """Return by how many distinct contacts the person of a session has shown who they are in the last half hour."""
    id = _live(connection, mark, now)
    return 0 if id is None else min(len(challenges.shown_contacts(connection, id)), MOST_CONTACTS)


def waits(connection: Connection, mark: bytes, now: int) -> bool:
    """Return whether a code was asked for and may be given."""
    return _live(connection, mark, now) is not None


def carry_over(connection: Connection, mark: bytes, to: bytes, now: int) -> None:
    """Let what was shown hold for the session that was made anew because of it."""
    id = _live(connection, mark, now)
    connection.execute(update(sign_ins).where(sign_ins.c.id == id).values(browser=to))


def _live(connection: Connection, mark: bytes, now: int) -> str | None:
    live = (sign_ins.c.browser == mark, sign_ins.c.id.startswith(PROOF), sign_ins.c.ends_at > now)
    found: str | None = connection.scalar(
        select(sign_ins.c.id).where(*live).order_by(sign_ins.c.made_at.desc()).limit(1)
    )
    return found
