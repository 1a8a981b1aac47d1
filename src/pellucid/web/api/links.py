"""What a link in a mail or on a page opens without signing in, by what stands in it: messages, and how erasing goes on.

What opens something has no place in the addresses of an API, which land in logs: it stands in bodies.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from pellucid.errors import NameUnknown
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.own_request_words import ErasureShownTold, KindChosen, KindsTold, LinkShown, TokenShown
from pellucid.web.api.sign_in import answered
from pellucid.web.api.words import WITH_BODY, moment_of, public_problems
from pellucid.web.centre.erase_words import erased, standing
from pellucid.web.person import Trying
from pellucid.web.site import Site

router = APIRouter(prefix="/api/v1", tags=["links"], route_class=StrictRoute)

_RECEIPT: dict[str, Any] = {
    "content": {"application/json": {"schema": {"type": "object"}}},
    "description": "The signed receipt.",
}


@router.post("/messages/show", responses={200: {"model": KindsTold}, **public_problems(*WITH_BODY)})
def kinds(shown: LinkShown, request: Request, site: Trying) -> Response:
    """Tell which kinds of messages somebody gets whom a link is for; the same for every link that opens nothing."""
    request.state.sent = shown.texts()
    return answered({"kinds": site.workspace.messages.preferences(shown.link)})


@router.post("/messages", responses={200: {"model": KindsTold}, **public_problems(*WITH_BODY, 404)})
def choose(chosen: KindChosen, request: Request, site: Trying) -> Response:
    """Record whether somebody whom a link is for wants a kind of messages, and tell what is so now."""
    request.state.sent = chosen.texts()
    site.workspace.messages.prefer(chosen.link, chosen.kind, wanted=chosen.wanted)
    return answered({"kinds": site.workspace.messages.preferences(chosen.link)})


@router.post("/erasures/show", responses={200: {"model": ErasureShownTold}, **public_problems(*WITH_BODY, 404)})
def progress(shown: TokenShown, request: Request, site: Trying) -> Response:
    """Tell how far an erasure came, place by place, to whoever has its token: who was erased cannot sign in."""
    request.state.sent = shown.texts()
    return answered(_erasure(site, shown.token))


@router.post("/erasures/receipt", responses={200: _RECEIPT, **public_problems(*WITH_BODY, 404)})
def receipt(shown: TokenShown, request: Request, site: Trying) -> Response:
    """Give the signed receipt of an erasure that is done, to whoever has its token."""
    request.state.sent = shown.texts()
    found = site.workspace.own_erasures.shown(shown.token)
    if found.receipt is None:
        raise NameUnknown(
            "receipt of the erasure", found.request, remedy="Look how far it came; it is given at the end."
        )
    return Response(found.receipt, 200, media_type="application/json")


def _erasure(site: Site, token: str) -> dict[str, Any]:
    policy, found = site.workspace.centre.policy(), site.workspace.own_erasures.shown(token)
    places = [
        {
            "title": each.title,
            "why": each.reason,
            "basis": each.basis,
            "until": None if each.until is None else moment_of(each.until),
            "stage": each.stage,
        }
        for each in erased(found, policy.datasets, policy.recipients)
    ]
    return {
        "request_id": found.request,
        "state": standing(found),
        "begins_at": None if found.begins_at is None else moment_of(found.begins_at),
        "places": places,
        "receipt": found.receipt is not None,
    }
