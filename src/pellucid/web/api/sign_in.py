"""`/api/v1/sign-in`: a customer signs in with a company's app, by the code or the hand-over that the pages take too.

The same desk as for `/privacy/sign-in`: the same mail, limits and entries of the log, the same answer whether or not
somebody is known. In place of the browser's cookie the app keeps the secret of its attempt, which we made.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from fastapi import APIRouter, Request, Response

from pellucid.governance.sessions import APP, NewSession
from pellucid.rights.sign_in import LASTS_SECONDS
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.sign_in_words import (
    AttemptTold,
    CodeAsked,
    CodeGiven,
    HandOverGiven,
    SessionMadeTold,
    SessionTold,
)
from pellucid.web.api.words import WITH_BODY, moment_of, problems, public_problems
from pellucid.web.pages import TOLD
from pellucid.web.person import Self, Trying, bearer_of
from pellucid.web.site import Site

router = APIRouter(prefix="/api/v1", tags=["signing in"], route_class=StrictRoute)


@router.post(
    "/sign-in/codes", status_code=202, responses={202: {"model": AttemptTold}, **public_problems(*WITH_BODY, 404)}
)
def ask(asked: CodeAsked, request: Request, site: Trying) -> Response:
    """Have a code sent to a contact that is held of whoever is known by a key, if anybody is. It is told to nobody."""
    typed = asked.key.strip()
    request.state.sent = asked.texts()
    attempt = secrets.token_urlsafe(32)
    site.workspace.doors.ask(
        typed, cookie=attempt, address=_address(site, request), namespace=asked.namespace, door=APP
    )
    return answered({"attempt": attempt, "told": TOLD["code-sent"], "lasts_seconds": LASTS_SECONDS}, 202)


@router.post("/sign-in", status_code=201, responses={201: {"model": SessionMadeTold}, **public_problems(*WITH_BODY)})
def give(given: CodeGiven, request: Request, site: Trying) -> Response:
    """Let in whoever gives the code that they were sent, once; one answer in the same words for all that is wrong."""
    request.state.sent = given.texts()
    return answered(made_told(site.workspace.doors.answer(given.code, cookie=given.attempt, door=APP)), 201)


@router.post(
    "/sign-in/hand-over", status_code=201, responses={201: {"model": SessionMadeTold}, **public_problems(*WITH_BODY)}
)
def hand_over(given: HandOverGiven, request: Request, site: Trying) -> Response:
    """Let in whom your own site says is signed in there, by a token that it signed; each is taken once."""
    request.state.sent = given.texts()
    made = site.workspace.doors.hand_over(given.token, address=_address(site, request), door=APP)
    return answered(made_told(made), 201)


@router.get("/me/session", responses={200: {"model": SessionTold}, **problems()})
def session(person: Self) -> Response:
    """Tell of the session itself: when it ends, how well the person showed who they are, for whom they act."""
    here, acting = person.visitor.session, person.visitor.acting
    told = {"ends_at": moment_of(here.ends_at), "idle_seconds": APP.idle_seconds, "contacts": here.strength}
    by = None if acting is None else {"delegation": acting.delegation, "kind": acting.kind, "title": acting.title}
    return answered({**told, "acting": by})


@router.delete("/me/session", status_code=204, responses=problems())
def leave(person: Self) -> Response:
    """Sign out: the session ends on the server, and the bearer says nothing any more."""
    person.site.workspace.doors.leave(person.visitor)
    return Response(status_code=204)


@router.delete("/me/sessions", status_code=204, responses=problems())
def leave_everywhere(person: Self) -> Response:
    """Sign out on all devices: every session of the person ends, in browsers too; codes that were sent hold no more."""
    person.site.workspace.doors.leave_everywhere(person.visitor)
    return Response(status_code=204)


def made_told(made: NewSession) -> dict[str, Any]:
    """Return a session just made as JSON tells it, with the bearer that is told this once."""
    return {
        "bearer": bearer_of(made),
        "ends_at": moment_of(made.session.ends_at),
        "idle_seconds": APP.idle_seconds,
        "contacts": made.session.strength,
    }


def raised_told(made: NewSession | None) -> dict[str, Any]:
    """Return what came of a right code as JSON tells it."""
    return {"session": None if made is None else made_told(made)}


def code_sent() -> Response:
    """Return the answer to whoever had a code sent."""
    return answered({"told": TOLD["code-sent"]}, 202)


def answered(told: dict[str, Any], status: int = 200) -> Response:
    """Return an answer."""
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, media_type="application/json")


def _address(site: Site, request: Request) -> str:
    return site.place.address_of(request)
