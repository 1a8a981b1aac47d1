"""`/privacy/sign-in/link`: where the link leads that stands in a mail beside the code. Nothing happens before a button.

Programs follow links in mails: opening the page uses nothing up, and tells nothing of the link. It lets in the browser
only that asked: whoever else holds the mail gets nothing by it, and nobody is signed in as somebody who sent them
theirs. So it may stand in the path, and needs no script.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.errors import NotPermitted
from pellucid.web.browser import Asked, FromBrowser
from pellucid.web.centre.door import code_page, let_in
from pellucid.web.pages import page, sentences_of
from pellucid.web.site import site_of

router = APIRouter(prefix="/privacy/sign-in/link", include_in_schema=False)

LinkToken = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]


@router.get("/{link}")
def shown(link: LinkToken, request: Request, browser: FromBrowser) -> Response:
    """Ask whether to sign in here; in another browser than the one that asked, say where the link opens."""
    if browser.is_new or not site_of(request).workspace.doors.waits(cookie=browser.secret):
        return page(request, "centre/link_elsewhere.html", status=403)
    return page(request, "centre/link.html", form_token=browser.token, link=link)


@router.post("")
def opened(request: Request, browser: FromBrowser, form: Asked) -> Response:
    """Let in whoever has the link, in the browser that asked for it, by a new session."""
    try:
        made = site_of(request).workspace.doors.answer(form.get("link", ""), cookie=browser.secret, how="link")
    except NotPermitted as error:
        return code_page(request, browser, wrong=sentences_of(error))
    return let_in(request, made)
