"""Signing in to the privacy centre by a code that is sent to a contact that is held: asking for it, and giving it.

What is asked and answered is the same, in words and in work, whether or not somebody is known by the key that was
typed. A code holds in the browser only in which it was asked for. What lets people in is the caller's: `who_showed`
only says who somebody is. A session is then worth one contact; whatever needs more asks for more.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select, update

from pellucid.errors import NotPermitted
from pellucid.records.jobs import SECOND
from pellucid.records.rights_tables import identity_challenges
from pellucid.records.web_tables import sign_ins
from pellucid.rights import challenges
from pellucid.rights.challenged import PROOF, RAISING, SIGN_IN
from pellucid.subjects import ids
from pellucid.subjects.links import Identity

LASTS_SECONDS = 1_800
LASTS = LASTS_SECONDS * SECOND
"""For how long a browser may go on with a sign-in: another code can be asked for meanwhile."""
KEPT = 86_400 * SECOND
STRENGTH = 1


@dataclass(frozen=True, slots=True)
class Browser:
    """Which browser asks, and from where: keyed hashes of its cookie, of address and whom it asks for, of its net."""

    cookie: bytes = field(repr=False)
    address: bytes = field(repr=False)
    network: bytes = field(repr=False)


def ask(connection: Connection, key: bytes, namespace: str, typed: str, browser: Browser, now: int) -> None:
    """Have a code sent to whoever is known by what was typed, if anybody is, and may be sent one: the worker sees."""
    subject = ids.find(connection, namespace, typed)
    id = SIGN_IN + secrets.token_hex(16)
    values = {
        "id": id,
        "namespace": namespace,
        "subject": subject,
        "browser": browser.cookie,
        "address": browser.address,
        "network": browser.network,
        "made_at": now,
        "ends_at": now + LASTS,
    }
    earlier = update(sign_ins).where(sign_ins.c.browser == browser.cookie, sign_ins.c.used_at.is_(None))
    connection.execute(earlier.values(ends_at=now))
    connection.execute(insert(sign_ins).values(values))
    challenges.put(connection, key, id, challenges.CODE, now)


def waits(connection: Connection, browser: bytes, now: int) -> bool:
    """Return whether a browser has asked for a code and may give it."""
    return _newest(connection, browser, now) is not None


def who_showed(
    connection: Connection, key: bytes, browser: bytes, given: str, now: int
) -> tuple[Identity, bytes] | None:
    """Return who gave the code that they were sent, and the address they asked from; None in whatever way it is wrong.

    In the caller's write transaction: a right code is used up, a wrong one counted.
    """
    row = _newest(connection, browser, now)
    id, namespace, subject, address = ("", "", None, b"") if row is None else row
    tried = challenges.attempt(connection, key, id, given, now)
    if not tried.right or subject is None:
        return None
    connection.execute(update(sign_ins).where(sign_ins.c.id == id).values(used_at=now))
    return (namespace, subject), address


def end_all(connection: Connection, namespace: str, subject: int, now: int) -> None:
    """End whatever somebody's codes are asked for, before and within a session: none that was sent holds any longer."""
    theirs = (sign_ins.c.namespace == namespace, sign_ins.c.subject == subject, sign_ins.c.ends_at > now)
    connection.execute(update(sign_ins).where(*theirs).values(ends_at=now))


def forget(connection: Connection, now: int) -> None:
    """Delete sign-ins that were over a day ago, and challenges for any; what is counted goes back no further.

    Also those whose sign-in is gone, since somebody was erased: they hold a keyed hash of a mailbox.
    """
    old = identity_challenges.c.expires_at <= now - KEPT
    for start in (SIGN_IN, RAISING, PROOF):
        connection.execute(delete(identity_challenges).where(identity_challenges.c.request.startswith(start), old))
    connection.execute(delete(sign_ins).where(sign_ins.c.ends_at <= now - KEPT))


def code_wrong() -> NotPermitted:
    """Return the refusal of a code, in the same words whatever is wrong with it."""
    return NotPermitted(
        "This is not the code that we sent, or it holds no longer.",
        remedy="Look at the newest message, or have another code sent; each holds once, for ten minutes.",
        code="code-wrong",
    )


def link_wrong() -> NotPermitted:
    """Return the same of what stood in a link."""
    return NotPermitted(
        "This is not the link that we sent last, or it holds no longer.",
        remedy="Look at the newest message, or have another sent; each holds once, for ten minutes.",
        code="link-wrong",
    )


def _newest(connection: Connection, browser: bytes, now: int) -> tuple[str, str, int | None, bytes] | None:
    live = (sign_ins.c.browser == browser, sign_ins.c.used_at.is_(None), sign_ins.c.ends_at > now)
    row = connection.execute(select(sign_ins).where(*live).order_by(sign_ins.c.made_at.desc()).limit(1)).one_or_none()
    return None if row is None else (row.id, row.namespace, row.subject, bytes(row.address))
