"""Showing better who one is within a session, without asking for anything else: codes to contacts that are held.

A session is worth one contact. What may be sensitive is shown only to whoever has shown two, and those that count are
what counts for a request for access: none that a request put there lately (`rights.corrected_contacts`). What a session
is worth then is the caller's to change: here it is only found out how many contacts were shown.
"""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select

from pellucid.errors import NotPermitted
from pellucid.records.web_tables import sign_ins
from pellucid.rights import challenges
from pellucid.rights.challenged import RAISING
from pellucid.rights.challenges import Tried
from pellucid.rights.sign_in import LASTS
from pellucid.subjects.links import Identity


def ask(
    connection: Connection, key: bytes, session: bytes, identity: Identity, address: bytes, per_hour: int, now: int
) -> None:
    """Have a code sent to a contact that is held, for the session with this keyed hash, in a write transaction.

    The next one, asked for within half an hour, goes to another contact. Raises NotPermitted (`challenges-too-many`).
    """
    id = _newest(connection, session, now) or RAISING + secrets.token_hex(16)
    if challenges.too_many(connection, id, per_hour, now) == "request":  # not what others asked for
        raise NotPermitted(
            "Too many codes were asked for lately.", remedy="Try again later.", code="challenges-too-many"
        )
    if connection.scalar(select(sign_ins.c.id).where(sign_ins.c.id == id)) is None:
        values = {"id": id, "namespace": identity[0], "subject": identity[1], "browser": session, "address": address}
        connection.execute(insert(sign_ins).values(**values, made_at=now, ends_at=now + LASTS))
    challenges.put(connection, key, id, challenges.CODE, now)


def answer(connection: Connection, key: bytes, session: bytes, given: str, now: int) -> Tried:
    """Return what came of a code that is given in a session.

    In the caller's write transaction: a right code is used up, a wrong one counted.
    """
    return challenges.attempt(connection, key, _newest(connection, session, now) or "", given, now)


def waits(connection: Connection, session: bytes, now: int) -> bool:
    """Return whether a code was asked for in the session and may be given."""
    return _newest(connection, session, now) is not None


def _newest(connection: Connection, session: bytes, now: int) -> str | None:
    live = (sign_ins.c.browser == session, sign_ins.c.id.startswith(RAISING), sign_ins.c.ends_at > now)
    return connection.scalar(select(sign_ins.c.id).where(*live).order_by(sign_ins.c.made_at.desc()).limit(1))
