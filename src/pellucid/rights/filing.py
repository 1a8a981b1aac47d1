"""Who filed a request, as far as its first event keeps it: for what takes another person than that one."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from pellucid.audit.four_eyes import AGENT, DELEGATION, staff_named
from pellucid.policy.model import Actor
from pellucid.policy.scopes import BEARER, PROGRAM
from pellucid.rights import stored
from pellucid.rights.request import Request

SHOWN = "token"
"""In what is told of the first event: the id of the token by which a program filed."""
NOTED = "delegation "
"""How the proof of a request begins that a customer filed for somebody in the privacy centre; its id follows."""


def how_filed(actor: Actor) -> Mapping[str, object]:
    """Return what the first event of a request keeps of who files it, beside the name."""
    if not actor.authenticated.startswith(BEARER):
        return {}
    return {SHOWN: actor.authenticated.removeprefix(BEARER)}


def filer_of(connection: Connection, request: Request) -> Actor:
    """Return who filed a request: somebody, or a program, an agent or a customer, behind whom somebody stands."""
    filed = next(each for each in stored.events_of(connection, request.id) if each.kind == "filed")
    token = filed.told.get(SHOWN)
    kind = (request.agent or "").partition(":")[0]
    proof = "" if request.agent else request.proof or ""
    if token is None and proof.startswith(NOTED):
        return Actor("customer", filed.made_by, (), DELEGATION + proof.removeprefix(NOTED))
    if token is None and kind not in (PROGRAM, AGENT):
        return staff_named(filed.made_by)
    return Actor(kind or PROGRAM, filed.made_by, (), "kept" if token is None else f"{BEARER}{token}")
