"""Cookies: one for each door, and two for who is not signed in. None can be set by another host.

`__Host-` makes browsers take them only by https, or on this machine, without a domain, and for all paths. They judge
by the name as it is, byte for byte, so it is read so too: of a name with a sign of space before it (U+00A0, which other
parsers take off) they ask nothing, and any host of the company's domain may set one for all its hosts.
"""

from __future__ import annotations

import re

from starlette.requests import HTTPConnection
from starlette.responses import Response

CENTRE = "__Host-pellucid-centre"
CONSOLE = "__Host-pellucid-console"
BROWSER = "__Host-pellucid-browser"
"""Of whoever asks to be let in: it binds a code to the browser, and opens nothing by itself."""
VISITOR = "__Host-pellucid-visitor"
"""Of whoever chose something without signing in: by it what they chose is found again, and nothing else."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def shown(request: HTTPConnection, name: str) -> str:
    """Return the secret that a cookie shows; empty where it shows none."""
    found = said(request, name)
    return found if _SECRET.fullmatch(found) else ""


def said(connection: HTTPConnection, name: str) -> str:
    """Return what a cookie says; empty where there is none of that very name, or several that differ."""
    lines = connection.headers.getlist("cookie")
    sent = (each.strip(" \t").partition("=") for line in lines for each in line.split(";"))
    found = {value for key, _, value in sent if key == name}
    return found.pop() if len(found) == 1 else ""


def give(response: Response, name: str, secret: str) -> None:
    """Have the browser keep a secret until it is closed."""
    response.set_cookie(name, secret, path="/", secure=True, httponly=True, samesite="lax")


def keep(response: Response, name: str, secret: str, days: int) -> None:
    """Have the browser keep a secret for so many days."""
    response.set_cookie(name, secret, days * 86_400, path="/", secure=True, httponly=True, samesite="lax")


def take_back(response: Response, name: str) -> None:
    """Have the browser forget a secret."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def leave_nothing(response: Response) -> Response:
    """Have the browser forget the pages that it keeps, so that going back after signing out shows none of them.

    Pages say themselves that they are not to be kept; some browsers hold the last ones all the same, to go back fast.
    """
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
