"""`/privacy/uses` and `/privacy/recipients`: how the person's data were used, and who receives something of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from pellucid.transparency.told_uses import Group
from pellucid.web.centre.receiver_words import ACTS, KINDS, STATES
from pellucid.web.centre.use_words import PARTS, Part, band
from pellucid.web.centre.visiting import Here
from pellucid.web.pages import page

router = APIRouter(prefix="/privacy", include_in_schema=False)

GROUPS = 20
"""Groups of uses that are alike, on a page: more would make it heavier than 100 kB with all that it loads."""
WhichPurpose = Annotated[str, Query(pattern=r"^([a-z][a-z0-9-]{0,62})?$")]
"""A declared purpose; empty, as a form sends it, for all."""
Place = Annotated[str | None, Query(alias="from", pattern=r"^\d{1,19}-\d{1,19}$")]


@dataclass(frozen=True, slots=True)
class Shown:
    """A part of the page that has something in it, by month, the newest first."""

    part: Part
    months: tuple[tuple[str, tuple[Group, ...]], ...]


@router.get("/uses")
def uses(request: Request, visit: Here, purpose: WhichPurpose = "", place: Place = None) -> Response:
    """Show how the person's data were used, of all purposes or one; looking is logged."""
    workspace = visit.site.workspace
    who = visit.visitor
    found = workspace.uses.own(who.identity, actor=who.actor, cursor=place, limit=GROUPS, purpose=purpose or None)
    return page(
        request,
        "centre/uses.html",
        visit=visit,
        here="uses",
        found=found,
        parts=_parts(found.groups),
        purposes=workspace.centre.policy().purposes,
        purpose=purpose,
        is_first=place is None,
        band=band,
    )


@router.get("/recipients")
def recipients(request: Request, visit: Here) -> Response:
    """Show who receives something of the person's data; looking is logged."""
    visitor = visit.visitor
    found = visit.site.workspace.uses.own_receivers(visitor.identity, actor=visitor.actor)
    return page(
        request,
        "centre/recipients.html",
        visit=visit,
        here="recipients",
        found=found,
        kinds=KINDS,
        acts=ACTS,
        states=STATES,
    )


def _parts(groups: Sequence[Group]) -> list[Shown]:
    theirs = {part.sort: tuple(each for each in groups if each.alike.sort == part.sort) for part in PARTS}
    return [Shown(part, _months(theirs[part.sort])) for part in PARTS if theirs[part.sort]]


def _months(groups: Sequence[Group]) -> tuple[tuple[str, tuple[Group, ...]], ...]:
    ordered = sorted(groups, key=lambda group: group.alike.month, reverse=True)
    return tuple((month, tuple(each)) for month, each in groupby(ordered, key=lambda group: group.alike.month))
