"""Going to a provider and coming back from it, at both doors. What came back is judged by `workspace.openid`."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from pellucid.errors import PellucidError, WorkspaceUnusable
from pellucid.web.browser import Browser
from pellucid.web.errors import problem_of
from pellucid.web.pages import sentences_of

OWN = (None, "same-origin", "none")


def is_wanted(request: Request) -> bool:
    """Return whether somebody follows a link of ours, or typed it: nobody else's page sends people to sign in."""
    return request.headers.get("sec-fetch-site") in OWN


def go_there(place: str, browser: Browser) -> Response:
    """Return the way to a provider; `place` is made of what is set and of what the provider says of itself."""
    return browser.remember(RedirectResponse(place, 303))


def answer_of(request: Request) -> Mapping[str, str]:
    """Return what the browser brings back; nothing, if it says anything twice."""
    said = request.query_params.multi_items()
    found = dict(said)
    return found if len(found) == len(said) else {}


def told(error: PellucidError) -> tuple[tuple[str, ...], int]:
    """Return what to tell of an error, in our words, and its status; raises what is no word about the provider."""
    if isinstance(error, WorkspaceUnusable) and error.code != "openid-unavailable":
        raise error
    return sentences_of(error), problem_of(error).status
