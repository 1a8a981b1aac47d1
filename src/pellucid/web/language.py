"""The language of a page: the one that somebody chose, or that their browser asks for, or English.

Each page has links that choose (`?language=de`). The choice is kept in a cookie of two letters, about nobody. What we
say is translated in `catalogues`; what the policy says, by the policy.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from starlette.requests import HTTPConnection
from starlette.responses import Response

from pellucid.policy.model import LANGUAGES
from pellucid.transparency.words import SOURCE, Words
from pellucid.web import cookies

CATALOGUES = Path(__file__).with_name("catalogues")
CHOICE = "language"
"""The field of an address that chooses."""
COOKIE = "__Host-pellucid-language"
KEPT_SECONDS = 365 * 24 * 3600
_WANTED = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")
MOST_WANTED = 20
"""Languages that are read of what a browser asks for."""


def language_of(connection: HTTPConnection) -> str:
    """Return the language in which whoever asks is answered."""
    for said in (connection.query_params.get(CHOICE), cookies.said(connection, COOKIE)):
        if said in LANGUAGES:
            return str(said)
    return wanted(connection.headers.get("accept-language", ""))


def wanted(header: str) -> str:
    """Return which of our languages an `Accept-Language` (RFC 9110 §12.5.4) likes best; English where it likes none."""
    found: dict[str, float] = {}
    for part in header.split(",")[:MOST_WANTED]:
        match = _WANTED.fullmatch(part)
        if match is not None and match[1].lower() in LANGUAGES:
            found.setdefault(match[1].lower(), float(match[2] or 1))
    best = max(found, key=lambda each: found[each], default=SOURCE)
    return best if found.get(best, 0.0) > 0 else SOURCE


def keep_choice(connection: HTTPConnection, response: Response) -> None:
    """Have the browser keep the language that was chosen with this request, if one was."""
    chosen = connection.query_params.get(CHOICE)
    if chosen in LANGUAGES and chosen != cookies.said(connection, COOKIE):
        response.set_cookie(COOKIE, str(chosen), KEPT_SECONDS, path="/", secure=True, httponly=True, samesite="lax")


@cache
def names() -> tuple[tuple[str, str], ...]:
    """Return our languages with their own names for themselves."""
    return tuple((each, Words(each).name) for each in LANGUAGES)
