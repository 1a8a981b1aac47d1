"""Keeping what visitors chose: a row a browser, under a keyed hash of a random secret, until it is over.

Apart from the register: no data hang on a visitor, so there is nothing that their choices would filter, and a row can
be deleted as if it had never been. The digest is made by the caller, whose key it is.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from pellucid.consent.visitors import Choices, VisitorChoice
from pellucid.records.web_tables import visitors

HOUR = 3_600_000_000
DAY = 24 * HOUR
SHOWN = DAY
"""For how long what was joined is shown to whoever signed in."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a visitor. `fresh`: something was chosen since it was last joined to an account."""

    id: str
    choices: Choices = field(repr=False)
    fresh: bool
    ends_at: int


def find(connection: Connection, digest: bytes, now: int) -> Kept | None:
    """Return what is kept under a digest; None for nothing, and for what is over."""
    shown = or_(visitors.c.digest == digest, visitors.c.second == digest)
    row = connection.execute(select(visitors).where(shown, visitors.c.session.is_(None))).one_or_none()
    return _kept(row) if row is not None and now < row.ends_at else None


def made_since(connection: Connection, instant: int) -> int:
    """Return how many records were made since an instant."""
    return connection.scalar(select(func.count()).where(visitors.c.made_at > instant)) or 0


def begin(connection: Connection, digest: bytes, choices: Choices, ends_at: int, now: int) -> Kept:
    """Keep what a visitor chose who comes for the first time; what was over under the digest is gone."""
    connection.execute(delete(visitors).where(or_(visitors.c.digest == digest, visitors.c.second == digest)))
    made = Kept(secrets.token_hex(8), choices, True, ends_at)
    connection.execute(insert(visitors).values(_values(made) | {"digest": digest, "made_at": now}))
    return made


def change(connection: Connection, kept: Kept, choices: Choices, ends_at: int) -> bool:
    """Keep other choices; return whether the record was still there."""
    changed = update(visitors).where(visitors.c.id == kept.id, visitors.c.session.is_(None))
    done = connection.execute(changed.values(choices=_written(choices), fresh=1, ends_at=ends_at))
    return done.rowcount == 1


def end(connection: Connection, kept: Kept, session: str, goes_on: Choices, now: int) -> bool:
    """End a record that was joined to an account, and let its choices go on in the browser under a new one.

    The old one is shown to that session for a day at most; nothing says which new one took its place. Returns whether
    it had not been joined before, and stands as it was read: what was chosen since is neither joined yet nor lost.
    """
    here = visitors.c.id == kept.id, visitors.c.session.is_(None)
    row = connection.execute(select(visitors).where(*here)).one_or_none()
    if row is None or _kept(row).choices != kept.choices:
        return False
    over = {"digest": secrets.token_bytes(32), "second": None, "session": session, "ends_at": now + SHOWN}
    connection.execute(update(visitors).where(*here).values(over))
    new = Kept(secrets.token_hex(8), goes_on, False, kept.ends_at)  # made when the old one was: not when they signed in
    goes_on_as = {"digest": row.digest, "second": row.second, "made_at": row.made_at}
    connection.execute(insert(visitors).values(_values(new) | goes_on_as))
    return True


def joined_to(connection: Connection, session: str, now: int) -> Kept | None:
    """Return what was joined to the account of a session and is still shown to it."""
    newest = select(visitors).where(visitors.c.session == session).order_by(visitors.c.ends_at.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return _kept(row) if row is not None and now < row.ends_at else None


def know_also(connection: Connection, id: str, digest: bytes, now: int) -> bool:
    """Know a record by the cookie of another host of the company too; return whether it is there."""
    connection.execute(update(visitors).where(visitors.c.second == digest).values(second=None))
    there = visitors.c.id == id, visitors.c.session.is_(None), visitors.c.ends_at > now
    return connection.execute(update(visitors).where(*there).values(second=digest)).rowcount == 1


def remove(connection: Connection, id: str) -> bool:
    """Delete a record; return whether it was there."""
    return connection.execute(delete(visitors).where(visitors.c.id == id)).rowcount == 1


def remove_shown(connection: Connection, session: str) -> int:
    """Delete what a session was shown."""
    return connection.execute(delete(visitors).where(visitors.c.session == session)).rowcount


def remove_over(connection: Connection, now: int) -> int:
    """Delete every record that is over; return how many."""
    return connection.execute(delete(visitors).where(visitors.c.ends_at <= now)).rowcount


def remove_all(connection: Connection) -> None:
    """Delete every record: those of a restored backup may hold a yes that was taken back since."""
    connection.execute(delete(visitors))


def any_over(connection: Connection, now: int) -> bool:
    """Return whether a record is over."""
    return connection.scalar(select(visitors.c.id).where(visitors.c.ends_at <= now).limit(1)) is not None


def _values(kept: Kept) -> dict[str, object]:
    return {
        "id": kept.id,
        "choices": _written(kept.choices),
        "fresh": int(kept.fresh),
        "ends_at": kept.ends_at,
    }


def _written(choices: Choices) -> str:
    return json.dumps({name: asdict(each) for name, each in choices.items()}, separators=(",", ":"))


def _kept(row: Row[tuple[object, ...]]) -> Kept:
    choices = {name: VisitorChoice(**each) for name, each in json.loads(row.choices).items()}
    return Kept(row.id, choices, bool(row.fresh), row.ends_at)


def names(choices: Choices, yes: bool) -> list[str]:
    """Return the purposes that somebody said yes, or no, to."""
    return sorted(name for name, each in choices.items() if each.yes is yes)
