"""Forms of pages: read strictly, and taken only with the token of the session and from a page of ours (CSRF)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from pellucid.governance.sessions import digest
from pellucid.web.errors import Problem
from pellucid.web.site import Site, site_of

TOKEN = "_token"  # noqa: S105  -- the name of a field
MOST_FIELDS = 60

Form = Mapping[str, str]


def token_of(site: Site, secret: str) -> str:
    """Return the token of a session's forms, by the secret of its cookie: nobody else can make it."""
    made = digest(site.workspace.doors.key, "csrf", secret)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


async def read_form(request: Request) -> Form:
    """Return the fields of a form; raises Problem (400) for what is none, repeats a name, has too many, or NUL."""
    try:
        text = (await request.body()).decode("ascii")
        fields = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            max_num_fields=MOST_FIELDS,
            encoding="utf-8",
            errors="strict",
        )
    except ValueError:
        raise _unreadable() from None
    found = dict(fields)
    if len(found) != len(fields) or any("\0" in value for value in found.values()):
        raise _unreadable()
    return found


def demand_own(request: Request, form: Form, secret: str) -> None:
    """Raise Problem (403) unless a form was made by us for this session, and is sent from a page of ours."""
    site = site_of(request)
    right = hmac.compare_digest(form.get(TOKEN, "").encode(), token_of(site, secret).encode())
    if not (right and secret and site.place.may_post(request)):
        raise Problem(
            403,
            "form-foreign",
            "This form was not sent from a page of ours, or the page is too old.",
            "Go back, load the page anew, and try again.",
        )


def _unreadable() -> Problem:
    return Problem(400, "form-invalid", "The form cannot be read.", "Go back, load the page anew, and try again.")
