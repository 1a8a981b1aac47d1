"""`/privacy/messages`: where the link in a message leads. There one sees which kinds come, and turns them off.

The link is all that is asked for: it opens nothing else. Nothing changes before a button is pressed, since programs
follow links in mails too.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.errors import NotPermitted
from pellucid.web.browser import Asked, Browser, FromBrowser
from pellucid.web.pages import page, sentences_of
from pellucid.web.site import site_of

router = APIRouter(prefix="/privacy/messages", include_in_schema=False)

LinkToken = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.~-]{1,300}$")]


@router.get("/{token}")
def shown(token: LinkToken, request: Request, browser: FromBrowser) -> Response:
    """Show which kinds of messages the person gets whom the link is for; the same for every link that opens nothing."""
    return browser.remember(_page(request, token, browser))


@router.post("/{token}")
def chosen(token: LinkToken, request: Request, browser: FromBrowser, form: Asked) -> Response:
    """Record whether they want a kind, and show what is so now."""
    wanted = form.get("wanted", "") == "yes"
    try:
        site_of(request).workspace.messages.prefer(token, form.get("kind", ""), wanted=wanted)
    except NotPermitted as error:
        return _refused(request, error)
    return _page(request, token, browser)


def _page(request: Request, token: str, browser: Browser) -> Response:
    try:
        kinds = site_of(request).workspace.messages.preferences(token)
    except NotPermitted as error:
        return _refused(request, error)
    return page(request, "messages/kinds.html", kinds=kinds, link=token, form_token=browser.token)


def _refused(request: Request, error: NotPermitted) -> Response:
    return page(request, "messages/over.html", status=403, wrong=sentences_of(error))
