"""Waiting after wrong answers, counted by account *and* address together: nobody can lock somebody else out.

The first few cost nothing; then each wrong answer doubles the wait, up to an hour. What is kept is a keyed hash of the
two. A guesser with many addresses is slowed down at each; what stops them is that codes end after few tries, and those
of an authenticator are counted by account alone, of who knows its password.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, update

from pellucid.records.web_tables import sign_in_waits

FREE = 4
"""Wrong answers in a row that cost nothing."""
FIRST = 15_000_000
LONGEST = 3_600_000_000
FORGOTTEN = 24 * LONGEST
"""Microseconds after the last wrong answer at which all are forgotten."""


def wait(connection: Connection, digest: bytes, now: int) -> int:
    """Return the microseconds until an answer is taken again; 0: now."""
    until = connection.scalar(select(sign_in_waits.c.until).where(sign_in_waits.c.digest == digest))
    return 0 if until is None else min(max(0, until - now), LONGEST)  # whatever the clock did


def failed(connection: Connection, digest: bytes, now: int) -> None:
    """Count a wrong answer."""
    row = connection.execute(select(sign_in_waits).where(sign_in_waits.c.digest == digest)).one_or_none()
    failures = 1 if row is None or now - row.last_at >= FORGOTTEN else row.failures + 1
    values = {"failures": failures, "last_at": now, "until": now + _delay(failures)}
    if row is None:
        connection.execute(insert(sign_in_waits).values(digest=digest, **values))
    else:
        connection.execute(update(sign_in_waits).where(sign_in_waits.c.digest == digest).values(values))


def passed(connection: Connection, digest: bytes) -> None:
    """Forget wrong answers after a right one."""
    connection.execute(delete(sign_in_waits).where(sign_in_waits.c.digest == digest))


def forget(connection: Connection, now: int) -> None:
    """Delete what is counted no more."""
    connection.execute(delete(sign_in_waits).where(sign_in_waits.c.last_at <= now - FORGOTTEN))


def _delay(failures: int) -> int:
    return 0 if failures <= FREE else int(min(FIRST * 2 ** min(failures - FREE - 1, 20), LONGEST))
