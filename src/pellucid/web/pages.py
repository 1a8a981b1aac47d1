"""Rendering pages: templates that escape everything and miss nothing, redirects, and problems told as pages.

A page is a function of what a desk returned. Templates only show, and hold no script or style of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pellucid.errors import PellucidError
from pellucid.policy.model import Policy
from pellucid.web.errors import Problem
from pellucid.web.site import Site, site_of
from pellucid.web.static_files import static_url

TEMPLATES = Path(__file__).with_name("templates")
LANGUAGE = "en"
TOLD: Mapping[str, str] = {
    "recorded": "Your choice is recorded and in force.",
    "all-off": "Everything that you have a choice about is off. This is recorded and in force.",
    "filed": "We have your request and work on it.",
    "revoked": "Your request is taken back.",
    "code-sent": "If we hold a contact of yours, a code is on its way to it. It holds for ten minutes.",
    "shown": "Thank you. You have shown who you are.",
    "signed-out": "You are signed out.",
    "kept": "Your choice is saved in this browser.",
    "forgotten": "What you chose in this browser is deleted.",
}
"""What a page tells of what was just done, by the word in its address: nothing else can be put into a page so."""
NOBODY: Mapping[str, str] = {"name": "pellucid", "contact": "", "officer": ""}
"""Whom a page is of that is shown before anything is read."""


@cache
def environment() -> Environment:
    """Return what templates are rendered with."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    found.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # of the extension
    found.filters |= {"moment": _moment, "day": _day, "iso": _iso, "date": _date}
    found.globals |= {"static_url": static_url, "language": LANGUAGE}
    return found


def page(request: Request, template: str, *, status: int = 200, **shown: Any) -> Response:
    """Return a page, with what every page shows."""
    told = TOLD.get(request.query_params.get("told", ""), "")
    text = environment().get_template(template).render(company=company_of(site_of(request)), told=told, **shown)
    return HTMLResponse(text, status)


def go_to(path: str, *, told: str = "", at: str = "") -> Response:
    """Return a redirect to a page of ours, which shows what is so now; `path` is never something that was sent."""
    query, place = f"?told={told}" if told else "", f"#{at}" if at else ""
    return RedirectResponse(path + query + place, 303)


def problem_page(problem: Problem, company: Mapping[str, str] = NOBODY) -> Response:
    """Return a problem as people are told it: what is wrong, what to do, and its code."""
    text = environment().get_template("problem.html").render(company=company, told="", problem=problem)
    headers = {name: value for name, value in problem.headers.items() if name != "WWW-Authenticate"}
    return HTMLResponse(text, problem.status, headers)


def company_of(site: Site) -> Mapping[str, str]:
    """Return whom a page is of; before the first policy, and while it cannot be read, nobody's."""
    try:
        policy: Policy | None = site.workspace.centre.policy()
    except PellucidError:
        policy = None
    if policy is None:
        return NOBODY
    officer = policy.people.get(policy.controller.officer)
    return {
        "name": policy.controller.name,
        "contact": policy.controller.contact,
        "officer": policy.controller.officer if officer is None else officer.title,
    }


def _utc(instant: int) -> datetime:
    return datetime.fromtimestamp(instant // 1_000_000, UTC)


def _moment(instant: int) -> str:
    found = _utc(instant)
    return f"{found.day} {found:%B %Y, %H:%M} UTC"


def _day(instant: int) -> str:
    found = _utc(instant)
    return f"{found.day} {found:%B %Y}"


def _date(day: str) -> str:
    """Return a day, written YYYY-MM-DD, in words."""
    found = date.fromisoformat(day)
    return f"{found.day} {found:%B %Y}"


def _iso(instant: int) -> str:
    return f"{_utc(instant):%Y-%m-%dT%H:%M:%SZ}"
