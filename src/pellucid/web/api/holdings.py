"""`/api/v1/holdings`, `/api/v1/inferences`, `/api/v1/requests/ID/rows`: what is held about one person, for programs.

A key opens no value: rows come only for a request for which the person showed who they are.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from pellucid.rights.inferences import Inferences
from pellucid.rights.inside import Inside, Wanted
from pellucid.rights.overview import HeldDataset, Overview
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.holding_words import CountsAsked, CountsTold, HoldingsTold, InferencesTold, RowsAsked, RowsTold
from pellucid.web.api.requests import RequestId
from pellucid.web.api.words import WITH_BODY, PersonAsked, moment_of, problems
from pellucid.web.security import Caller, needs

router = APIRouter(prefix="/api/v1", tags=["holdings"], route_class=StrictRoute)


@router.post("/holdings", responses={200: {"model": HoldingsTold}, **problems(*WITH_BODY, 404)})
def holdings(
    asked: PersonAsked, request: Request, caller: Annotated[Caller, Depends(needs("holdings:show"))]
) -> Response:
    """Tell which kinds of data are held about a person, from where, since when, for what; no value. It is logged."""
    request.state.sent = asked.texts()
    with caller.looking_up():
        found = caller.site.workspace.holdings.held(asked.subject, actor=caller.actor, namespace=asked.namespace)
    return _answered(held_told(found))


@router.post("/inferences", responses={200: {"model": InferencesTold}, **problems(*WITH_BODY, 404)})
def inferences(
    asked: PersonAsked, request: Request, caller: Annotated[Caller, Depends(needs("holdings:show"))]
) -> Response:
    """Tell what was concluded about a person, of which data and for what; no value. It is logged."""
    request.state.sent = asked.texts()
    with caller.looking_up():
        found = caller.site.workspace.holdings.concluded(asked.subject, actor=caller.actor, namespace=asked.namespace)
    return _answered(concluded_told(found))


@router.post("/requests/{request_id}/rows", responses={200: {"model": RowsTold}, **problems(*WITH_BODY, 404, 409)})
def rows(
    request_id: RequestId,
    asked: RowsAsked,
    request: Request,
    caller: Annotated[Caller, Depends(needs("request:look"))],
) -> Response:
    """Show rows of the person who showed who they are for this request for access; every look is logged.

    For twelve hours after the proof, and as long as the request is open. To have a value corrected, file a request for
    `rectification` whose `row` holds what picks the row.
    """
    request.state.sent = asked.texts()
    wanted = Wanted(asked.dataset, asked.first, asked.most, asked.generation)
    with caller.looking_up_request():
        found = caller.site.workspace.holdings.rows(request_id, wanted, actor=caller.actor)
    return _answered(rows_told(found))


@router.post("/requests/{request_id}/counts", responses={200: {"model": CountsTold}, **problems(*WITH_BODY, 404, 409)})
def counts(
    request_id: RequestId, _asked: CountsAsked, caller: Annotated[Caller, Depends(needs("request:look"))]
) -> Response:
    """Tell how many rows there are of such a person, in each dataset that the request opens. It is logged."""
    with caller.looking_up_request():
        found = caller.site.workspace.holdings.counts(request_id, actor=caller.actor)
    return _answered({"datasets": [{"dataset": name, "count": rows} for name, rows in found.items()]})


def held_told(found: Overview) -> dict[str, Any]:
    """Return what is held as JSON tells it."""
    return {
        "categories": [
            {
                "category": each.key,
                "title": each.title,
                "sensitive": each.sensitive,
                "places": [asdict(place) | {"since": _moment(place.since)} for place in each.places],
            }
            for each in found.categories
        ],
        "datasets": [_dataset(each) for each in found.datasets],
    }


def _dataset(found: HeldDataset) -> dict[str, Any]:
    told = asdict(found) | {"since": _moment(found.since), "renewed": _moment(found.renewed)}
    return {name: value for name, value in told.items() if name != "kinds"}


def concluded_told(found: Inferences) -> dict[str, Any]:
    """Return conclusions as JSON tells them."""
    return {
        "conclusions": [asdict(each) | {"made_at": _moment(each.made_at)} for each in found.conclusions],
        "estimates": [
            {"fact": each.fact, "made_of": [asdict(source) for source in each.made_of]} for each in found.estimates
        ],
        "deciding": [asdict(each) for each in found.deciding],
    }


def rows_told(found: Inside) -> dict[str, Any]:
    """Return rows as JSON tells them."""
    names = [each.name for each in found.columns]
    after = found.first + len(found.rows)
    return {
        "dataset": found.dataset.name,
        "generation": found.generation,
        "count": found.count,
        "columns": [
            {name: value for name, value in asdict(each).items() if name not in ("nullable", "domain")}
            for each in found.columns
        ],
        "rows": [
            {
                "place": row.place,
                "values": {name: each.value for name, each in zip(names, row.values, strict=True)},
                "covered": [name for name, each in zip(names, row.values, strict=True) if each.covered],
                "reveals": {name: each.reveals for name, each in zip(names, row.values, strict=True) if each.reveals},
            }
            for row in found.rows
        ],
        "kept_back": [{"holds": holds, "because": because} for holds, because in found.kept_back],
        "next": after if found.rows and after < found.count else None,
    }


def _moment(instant: int | None) -> str | None:
    return None if instant is None else moment_of(instant)


def _answered(told: dict[str, Any]) -> Response:
    return Response(json.dumps(told, ensure_ascii=False, separators=(",", ":")), 200, media_type="application/json")
