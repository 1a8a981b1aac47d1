"""Tickets by which a visitor's choices go from a page of the company to the privacy centre's own host, in one browser.

The browser begins at the centre, which seals a state for its cookie there; the company's page, where another cookie
finds what was chosen, makes the ticket for that state; the centre takes it from the same browser only. So nobody's
choices can be put into another browser by a link. Nothing is kept; that a ticket is taken once is the caller's to note.
"""

from __future__ import annotations

import hmac
import re

from pellucid.governance.sessions import digest

LASTS = 600
"""Seconds for which a state holds, and so the tickets for it."""
_STATE = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")


def begin(key: bytes, cookie: str, seconds: int) -> str:
    """Return a state for a browser, by the secret of its cookie, which holds from now (UTC seconds)."""
    until = str(seconds + LASTS)
    return f"{until}.{_seal(key, cookie, until)}"


def ticket_for(key: bytes, record: str, state: str, seconds: int) -> str | None:
    """Return the ticket of a record for a state; None if the state is over, or none of ours.

    Who made up its seal gets a ticket that no browser can show.
    """
    found = _STATE.fullmatch(state)
    if found is None or not seconds < int(found[1]) <= seconds + LASTS:
        return None
    until, seal = found.groups()
    return f"{record}.{until}.{_mark(key, record, until, seal)}"


def read(key: bytes, ticket: str, cookie: str, seconds: int) -> tuple[str, int] | None:
    """Return the record and the end (UTC seconds) of a ticket that this browser began; None for anything else."""
    record, _, rest = ticket.partition(".")
    until, _, mark = rest.partition(".")
    right = hmac.compare_digest(mark.encode(), _mark(key, record, until, _seal(key, cookie, until)).encode())
    return (record, int(until)) if cookie and right and int(until) > seconds else None


def _seal(key: bytes, cookie: str, until: str) -> str:
    return digest(key, "visitor-state", cookie, until).hex()


def _mark(key: bytes, record: str, until: str, seal: str) -> str:
    return digest(key, "visitor-mark", record, until, seal).hex()
