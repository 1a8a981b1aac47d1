"""Who reads what is for everybody: somebody signed in, whose own navigation stands above it, or anybody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from pellucid.web.centre.visiting import SignInNeeded, Visit, visiting
from pellucid.web.errors import too_many
from pellucid.web.site import Site, site_of


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody at a page for everybody: the site, and their visit, if they are signed in."""

    site: Site
    visit: Visit | None


async def reading(request: Request) -> Reading:
    """Return who reads; raises Problem (429) for an address, or a session, that asks too much."""
    site = site_of(request)
    try:
        return Reading(site, await visiting(request))
    except SignInNeeded:
        wait = site.visitors.take(site.place.address_of(request))
    if wait > 0:
        raise too_many(wait, "Too many requests from this address.")
    return Reading(site, None)


Anybody = Annotated[Reading, Depends(reading)]
