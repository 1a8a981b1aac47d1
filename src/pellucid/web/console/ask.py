"""`/staff/ask`: a question for a declared purpose, what it would cost before anything is spent, and its answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from pellucid.errors import InputInvalid, PellucidError
from pellucid.release.preview import Preview
from pellucid.release.result import Release
from pellucid.web.console.answer import answer_shown, as_json
from pellucid.web.console.asked import AskedForm, new_number, once_of, whose
from pellucid.web.console.places import ASK
from pellucid.web.console.refused import Refused
from pellucid.web.console.words import BOUNDINGS, expected_told, obligations_told
from pellucid.web.console.working import Here, Posted, Working
from pellucid.web.forms import Form
from pellucid.web.pages import go_to, page
from pellucid.web.rows import as_csv
from pellucid.workspace.asking import Once

router = APIRouter(prefix="/staff/ask", include_in_schema=False)

AnswerKey = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
UNDER_WAY = "idempotency-in-progress"


@router.get("")
def asking(request: Request, working: Here) -> Response:
    """Show where to ask."""
    working.demand(*ASK.actions)
    return _form(request, working, AskedForm())


@router.post("/preview")
def preview(request: Request, working: Here, form: Posted) -> Response:
    """Show whether a question would be permitted, what it would cost and how exact it would be. Nothing is spent."""
    working.demand("preview")
    asked = _asked(form)
    try:
        found = working.site.workspace.asking.preview(asked.query(working.actor))
    except PellucidError as error:
        return _form(request, working, asked, refused=Refused.of(error))
    return _form(request, working, asked, preview=found)


@router.post("")
def ask(request: Request, working: Here, form: Posted) -> Response:
    """Ask, and lead to the answer. The same form sent twice asks once."""
    working.demand("query")
    asked = _asked(form)
    try:
        query = asked.query(working.actor)
        once = once_of(working.member.session.id, query, asked.once)
        working.site.workspace.asking.ask(query, once)
    except PellucidError as error:
        if error.code != UNDER_WAY:
            return _form(request, working, asked, refused=Refused.of(error))
    return go_to(f"/staff/ask/answers/{once.key}")


@router.get("/answers/{key}")
def answer(key: AnswerKey, request: Request, working: Here) -> Response:
    """Show an answer that this session was given, or that it is still being made."""
    found = kept(working, key)
    if found is None:
        return page(request, "console/waiting.html", working=working, here="ask", key=key)
    return page(
        request,
        "console/answer.html",
        working=working,
        here="ask",
        key=key,
        shown=answer_shown(found),
        purpose=found.purpose,
    )


@router.get("/answers/{key}/table.csv")
def answer_csv(key: AnswerKey, working: Here) -> Response:
    """Give the rows of an answer as a file."""
    return _file(as_csv(_made(working, key)), f"answer-{key[:8]}.csv", "text/csv; charset=utf-8")


@router.get("/answers/{key}/answer.json")
def answer_json(key: AnswerKey, working: Here) -> Response:
    """Give an answer, with all that is told of it, as a file."""
    return _file(as_json(_made(working, key)), f"answer-{key[:8]}.json", "application/json")


def kept(working: Working, key: str) -> Release | None:
    """Return an answer of this session; None while it is being made. Raises NotPermitted, NameUnknown, UseRefused."""
    working.demand("query", "insight-run")
    return working.site.workspace.asking.kept(Once(whose(working.member.session.id), key), working.actor)


def _made(working: Working, key: str) -> Release:
    found = kept(working, key)
    if found is None:
        raise InputInvalid("The answer is still being made.", remedy="Try again in a while.", code=UNDER_WAY)
    return found


def _asked(form: Form) -> AskedForm:
    return AskedForm.of(form)


def _form(
    request: Request,
    working: Working,
    asked: AskedForm,
    *,
    preview: Preview | None = None,
    refused: Refused | None = None,
) -> Response:
    shown: dict[str, Any] = {
        "working": working,
        "here": "ask",
        "asked": asked,
        "number": new_number(),
        "purposes": working.site.workspace.asking.purposes(working.actor),
        "boundings": BOUNDINGS,
        "preview": preview,
        "expected": expected_told(preview),
        "obligations": obligations_told(preview.obligations) if preview is not None else [],
        "refused": refused,
    }
    return page(request, "console/ask.html", status=refused.status if refused is not None else 200, **shown)


def _file(content: bytes, name: str, media_type: str) -> Response:
    return Response(content, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, media_type)
