"""`/privacy/data`: the very data that are held, dataset by dataset and row by row, and correcting a value of them.

A place in an address is a number among the person's own rows; no value ever stands in one.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from pellucid.errors import InputInvalid, NotPermitted
from pellucid.rights.correcting import Proposed, written
from pellucid.rights.inside import ROWS, Inside, Wanted
from pellucid.web import cookies
from pellucid.web.centre.data_words import HOW_KNOWN
from pellucid.web.centre.visiting import Here, Posted, Visit
from pellucid.web.forms import Form
from pellucid.web.pages import go_to, page, sentences_of
from pellucid.workspace.inside import Correction

router = APIRouter(prefix="/privacy/data", include_in_schema=False)

HOME = "/privacy/data"
REQUESTS = "/privacy/requests"
MOST_PAGES = 1_000_000
MENDED_HERE = frozenset({"correction-unfit", "correction-empty", "nothing-to-correct"})
"""What is wrong with a proposed value that can be told beside it."""
DatasetName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Generation = Annotated[int, Path(ge=1, le=2**31)]
Place = Annotated[int, Path(ge=0, le=2**40)]
Number = Annotated[int, Query(ge=1, le=MOST_PAGES, alias="page")]


@router.get("")
def hall(request: Request, visit: Here) -> Response:
    """Show in which datasets there is something about the person, and the way to be shown more."""
    return _hall(request, visit)


@router.post("/code")
def send_code(visit: Here, _form: Posted) -> Response:
    """Have a code sent to a contact that is held."""
    visit.site.workspace.inside.send_code(visit.visitor)
    return go_to(HOME, told="code-sent", at="more")


@router.post("/answer")
def give_code(request: Request, visit: Here, form: Posted) -> Response:
    """Take a code; whoever has shown more by it has a new session."""
    try:
        made = visit.site.workspace.inside.give_code(visit.visitor, form.get("code", ""))
    except NotPermitted as error:
        return _hall(request, visit, wrong=sentences_of(error))
    response = go_to(HOME, told="shown" if made is not None else "one-shown", at="more" if made is None else "")
    if made is not None:
        cookies.give(response, cookies.CENTRE, made.secret)
    return response


@router.get("/{dataset}")
def rows(dataset: DatasetName, request: Request, visit: Here, number: Number = 1) -> Response:
    """Show a page of the person's rows."""
    try:
        found = visit.site.workspace.inside.look(visit.visitor, Wanted(dataset, (number - 1) * ROWS))
    except NotPermitted as error:
        return _shut(request, visit, error)
    return _rows(request, visit, found)


@router.post("/{dataset}/statement")
def state(dataset: DatasetName, visit: Here, form: Posted) -> Response:
    """File the person's own words, to be kept beside what is held."""
    made = visit.site.workspace.inside.state(visit.visitor, dataset, form.get("statement", ""))
    return go_to(f"{REQUESTS}/{made.status.request}", told="filed")


@router.get("/{dataset}/{generation}/{place}")
def row(dataset: DatasetName, generation: Generation, place: Place, request: Request, visit: Here) -> Response:
    """Show one row, with a form beside each value that can be corrected."""
    try:
        return _row(request, visit, visit.site.workspace.inside.row(visit.visitor, dataset, generation, place))
    except InputInvalid as error:
        return _again(error, dataset)
    except NotPermitted as error:
        return _shut(request, visit, error)


@router.post("/{dataset}/{generation}/{place}")
def correct(
    dataset: DatasetName, generation: Generation, place: Place, request: Request, visit: Here, form: Posted
) -> Response:
    """File a request to have one value corrected; what does not fit is shown again, with why."""
    desk = visit.site.workspace.inside
    try:
        asked = Correction(dataset, generation, place, _proposed(form), form.get("reason", ""))
        made = desk.correct(visit.visitor, asked)
    except InputInvalid as error:
        if error.code not in MENDED_HERE:
            return _again(error, dataset)
        found = desk.row(visit.visitor, dataset, generation, place)
        return _row(request, visit, found, form=form, wrong=_told(error))
    return go_to(f"{REQUESTS}/{made.status.request}", told="filed")


def _again(error: InputInvalid, dataset: str) -> Response:
    """Return the way to the rows as they are now, if they were renewed; else raise the error."""
    if error.code != "data-renewed":
        raise error
    return go_to(f"{HOME}/{dataset}", told="renewed")


def _shut(request: Request, visit: Visit, error: NotPermitted) -> Response:
    """Return what shows how more is opened, to whoever is not known well enough; else raise the error."""
    if error.code != "strength-too-low":
        raise error
    return _hall(request, visit, wrong=sentences_of(error))


def _proposed(form: Form) -> Proposed:
    none, value = form.get("none") == "yes", form.get("value", "").strip()
    if none == bool(value):
        raise InputInvalid(
            "It is not clear what the right value is.",
            remedy="Write it, or say that there should be none; not both.",
            code="correction-empty",
        )
    return Proposed(form.get("column", ""), None if none else value)


def _told(error: InputInvalid) -> tuple[str, ...]:
    """Return what is said beside a value: below it stands already how a value that fits is written."""
    return (error.message,) if error.code == "correction-unfit" else sentences_of(error)


def _hall(request: Request, visit: Visit, *, wrong: tuple[str, ...] = ()) -> Response:
    found = visit.site.workspace.inside.hall(visit.visitor)
    status = 403 if wrong else 200
    return page(request, "centre/data.html", status=status, visit=visit, here="data", hall=found, wrong=wrong)


def _rows(request: Request, visit: Visit, found: Inside) -> Response:
    pages = -(-found.count // ROWS)
    here = found.first // ROWS + 1
    return page(
        request,
        "centre/rows.html",
        visit=visit,
        here="data",
        found=found,
        known=HOW_KNOWN,
        number=here,
        pages=pages,
    )


def _row(
    request: Request, visit: Visit, found: Inside, *, form: Form | None = None, wrong: tuple[str, ...] = ()
) -> Response:
    return page(
        request,
        "centre/row.html",
        status=422 if wrong else 200,
        visit=visit,
        here="data",
        found=found,
        row=found.rows[0],
        known=HOW_KNOWN,
        written={name: written(column) for name, column in found.dataset.columns.items()},
        back=f"{HOME}/{found.dataset.name}?page={found.rows[0].place // ROWS + 1}",
        typed=form or {},
        wrong=wrong,
    )
