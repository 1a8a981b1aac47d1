"""`/verify`: where the links in mails lead by which somebody shows who they are. What they prove stands behind the #.

So neither servers' logs nor programs that follow links in mails get hold of it; a script puts it into the form, and
without one a person copies it. Nothing happens until they press the button.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.errors import NotPermitted
from pellucid.web.browser import Asked, Browser, FromBrowser
from pellucid.web.pages import page, sentences_of
from pellucid.web.site import site_of

router = APIRouter(prefix="/verify", include_in_schema=False)

RequestId = Annotated[str, Path(pattern=r"^r[0-9a-f]{12}$")]


@router.get("/{request_id}")
def asked(request_id: RequestId, request: Request, browser: FromBrowser) -> Response:
    """Ask whether it is them; the same for every request, whether or not it is there."""
    return browser.remember(_page(request, request_id, browser))


@router.post("/{request_id}")
def shown(request_id: RequestId, request: Request, browser: FromBrowser, form: Asked) -> Response:
    """Take what stood in the link."""
    try:
        site_of(request).workspace.own_requests.answer_link(request_id, form.get("answer", ""))
    except NotPermitted as error:
        return _page(request, request_id, browser, wrong=sentences_of(error))
    return page(request, "verify/shown.html")


def _page(request: Request, request_id: str, browser: Browser, *, wrong: tuple[str, ...] = ()) -> Response:
    status = 403 if wrong else 200
    return page(
        request, "verify/asked.html", status=status, request_id=request_id, form_token=browser.token, wrong=wrong
    )
