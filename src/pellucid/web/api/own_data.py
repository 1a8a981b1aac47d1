"""`/api/v1/me/data`, `/uses`, `/recipients`, `/inferences`: the very data, and what became of them, for the person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from pellucid.rights.correcting import Proposed
from pellucid.rights.inside import Wanted
from pellucid.transparency.told_uses import LIMIT, MOST
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.holding_words import MOST_ROWS, RowsTold
from pellucid.web.api.holdings import concluded_told, rows_told
from pellucid.web.api.own_request_words import OwnRequestTold
from pellucid.web.api.own_requests import own_told
from pellucid.web.api.own_words import HallTold, OwnInferencesTold, StatementMade, ValueProposed
from pellucid.web.api.sign_in import answered, code_sent, raised_told
from pellucid.web.api.sign_in_words import CodeSentTold, CodeTyped, RaisedTold
from pellucid.web.api.use_words import RecipientsTold, UsesTold
from pellucid.web.api.words import WITH_BODY, problems
from pellucid.web.person import Self
from pellucid.workspace.inside import Correction

router = APIRouter(prefix="/api/v1/me", tags=["me"], route_class=StrictRoute)

DatasetName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="Its `name`.")]
Generation = Annotated[int, Path(ge=1, le=2**31, description="As the rows were told with.")]
Place = Annotated[int, Path(ge=0, le=2**40, description="The row's `place`.")]


@router.get("/data", responses={200: {"model": HallTold}, **problems(404)})
def hall(person: Self) -> Response:
    """Tell in which datasets there is something about the person; no value is read."""
    found = person.site.workspace.inside.hall(person.visitor)
    doors = [asdict(each) for each in found.doors]
    return answered({"datasets": doors, "needs_more": found.needs_more, "code_asked": found.code_asked})


@router.post("/data/code", status_code=202, responses={202: {"model": CodeSentTold}, **problems(*WITH_BODY, 404)})
def send_code(person: Self) -> Response:
    """Have a code sent to a contact that is held, so that more may be shown. The body is empty."""
    person.site.workspace.inside.send_code(person.visitor)
    return code_sent()


@router.post("/data/answer", responses={200: {"model": RaisedTold}, **problems(*WITH_BODY, 404)})
def give_code(given: CodeTyped, request: Request, person: Self) -> Response:
    """Take a code; whoever has shown more by it has a new session, and its bearer."""
    request.state.sent = given.texts()
    return answered(raised_told(person.site.workspace.inside.give_code(person.visitor, given.code)))


@router.get("/data/{dataset}", responses={200: {"model": RowsTold}, **problems(404)})
def rows(
    dataset: DatasetName,
    person: Self,
    first: Annotated[int, Query(ge=0, le=2**40, description="So many rows are passed over.")] = 0,
    most: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 25,
) -> Response:
    """Tell the person's rows of a dataset, the newest first where rows have a time; every look is logged."""
    return answered(rows_told(person.site.workspace.inside.look(person.visitor, Wanted(dataset, first, most))))


@router.post(
    "/data/{dataset}/statement",
    status_code=201,
    responses={201: {"model": OwnRequestTold}, **problems(*WITH_BODY, 404, 409)},
)
def state(dataset: DatasetName, made: StatementMade, request: Request, person: Self) -> Response:
    """File the person's own words, to be kept beside what is held."""
    request.state.sent = made.texts()
    return answered(own_told(person.site.workspace.inside.state(person.visitor, dataset, made.statement)), 201)


@router.get("/data/{dataset}/{generation}/{place}", responses={200: {"model": RowsTold}, **problems(404)})
def row(dataset: DatasetName, generation: Generation, place: Place, person: Self) -> Response:
    """Tell one row; logged. Where the dataset was renewed since (`data-renewed`), ask for the rows anew."""
    return answered(rows_told(person.site.workspace.inside.row(person.visitor, dataset, generation, place)))


@router.post(
    "/data/{dataset}/{generation}/{place}",
    status_code=201,
    responses={201: {"model": OwnRequestTold}, **problems(*WITH_BODY, 404, 409)},
)
def correct(
    dataset: DatasetName, generation: Generation, place: Place, asked: ValueProposed, request: Request, person: Self
) -> Response:
    """File a request to have one value of a row corrected, which the staff look at."""
    request.state.sent = asked.texts()
    proposed = Proposed(asked.column, None if asked.value is None else asked.value.strip())
    wanted = Correction(dataset, generation, place, proposed, asked.reason)
    return answered(own_told(person.site.workspace.inside.correct(person.visitor, wanted)), 201)


@router.get("/inferences", responses={200: {"model": OwnInferencesTold}, **problems(404)})
def inferences(person: Self) -> Response:
    """Tell what was concluded about the person and why, with what of it may be shown to them; logged where it is."""
    found = person.site.workspace.inside.concluded(person.visitor)
    held = {name: rows_told(each) for name, each in found.held.items()}
    return answered(concluded_told(found.inferences) | {"held": held})


@router.get("/uses", responses={200: {"model": UsesTold}, **problems(404)})
def uses(
    person: Self,
    purpose: Annotated[
        str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,62}$", description="A declared purpose; default: all.")
    ] = None,
    cursor: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,19}-[0-9]{1,19}$", description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = LIMIT,
) -> Response:
    """Tell how the person's data were used, as far as it is known; asking is logged, and shown."""
    who, desk = person.visitor, person.site.workspace.uses
    found = desk.own(who.identity, actor=who.actor, cursor=cursor, limit=limit, purpose=purpose)
    return answered(dict(found.to_json()))


@router.get("/recipients", responses={200: {"model": RecipientsTold}, **problems(404)})
def recipients(person: Self) -> Response:
    """Tell who receives something of the person's data; asking is logged, and shown."""
    who = person.visitor
    return answered(dict(person.site.workspace.uses.own_receivers(who.identity, actor=who.actor).to_json()))
