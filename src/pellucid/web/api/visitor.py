"""`/privacy/api/visitor`: what the consent widget asks and sends, from a page of the same host, without any token.

A page can keep no secret, so none is needed: who chooses is who holds the cookie, and what is sent is taken from pages
of the same host only. A yes of the browser is on only as long as the account that is signed in there, if any, did not
refuse.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from pellucid.consent.standing import Standing
from pellucid.consent.visitors import SCREENS, Offered, Wish
from pellucid.policy.model import translated
from pellucid.transparency.visitor_words import widget
from pellucid.web import cookies
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.visitor_words import Language, WishAsked, WishesAsked
from pellucid.web.api.words import moment_of
from pellucid.web.visitor import Chooses, Comes, Stranger
from pellucid.workspace.doors import Visitor
from pellucid.workspace.visitors import Seen

router = APIRouter(prefix="/privacy/api/visitor", include_in_schema=False, route_class=StrictRoute)

SCREEN = SCREENS[1]


@router.get("")
def see(request: Request, comes: Comes, language: Annotated[Language, Query()] = "en") -> Response:
    """Tell what may be chosen and was, and the words of the widget; nothing is kept of who only looks."""
    seen = comes.site.workspace.visitors.see(comes.secret, comes.reading)
    return _state(request, comes, seen, language)


@router.post("")
def choose(asked: WishesAsked, request: Request, comes: Chooses) -> Response:
    """Keep what was chosen, and tell what counts now."""
    done = comes.site.workspace.visitors.choose(
        comes.secret, wishes_of(asked.choices), comes.reading, screen=SCREEN, language=asked.language
    )
    return comes.remember(_state(request, comes, done.seen, asked.language), done)


@router.delete("")
def forget(comes: Chooses) -> Response:
    """Delete what this browser chose, and have it forget the cookie."""
    comes.site.workspace.visitors.forget(comes.secret)
    response = Response(status_code=204)
    cookies.take_back(response, cookies.VISITOR)
    return response


def wishes_of(choices: list[WishAsked]) -> dict[str, Wish]:
    """Return what was handed in, the last of each purpose."""
    return {each.purpose: Wish(each.yes, each.notice_version) for each in choices}


def told(seen: Seen, own: str, language: str, refused: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return what a visitor is shown, in a language, or in the policy's `own` as far as it is not translated.

    What an account refused is off, whatever the browser said.
    """
    return {
        "until": None if seen.until is None else moment_of(seen.until),
        "asks": seen.asks,
        "signal": seen.signal,
        "purposes": [_offer(each, own, language, refused) for each in seen.purposes],
    }


def _offer(each: Offered, own: str, language: str, refused: frozenset[str]) -> dict[str, Any]:
    purpose = each.purpose
    title, text = (translated(purpose.translations, language, name) for name in ("title", "notice"))
    return {
        "name": purpose.name,
        "title": title or purpose.title,
        "title_language": language if title else own,
        "text": text or purpose.notice.text,
        "text_language": language if text else own,
        "notice_version": purpose.notice.version,
        "said": each.said,
        "signalled": each.signalled,
        "blocked": each.blocked,
        "on": each.said is True and purpose.name not in refused,
    }


def _state(request: Request, comes: Stranger, seen: Seen, language: str) -> Response:
    refused = frozenset(each.purpose.name for each in _standings(request, comes) if each.said is False)
    own = comes.site.workspace.centre.policy().controller.language
    told_all = {**told(seen, own, language, refused), "language": language, "words": widget(language)}
    body = json.dumps(told_all, ensure_ascii=False, separators=(",", ":"))
    return Response(body, media_type="application/json")


def _standings(request: Request, comes: Stranger) -> tuple[Standing, ...]:
    """Return where the account stands that is signed in here, if one is; its own also while it acts for another."""
    workspace = comes.site.workspace
    visitor = workspace.doors.visitor(cookies.shown(request, cookies.CENTRE))
    return () if visitor is None else workspace.centre.standings(Visitor(visitor.session)).purposes
