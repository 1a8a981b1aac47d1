"""Two people where two are asked for: whoever stands behind a program, an agent or a customer counts as who acts by it.

A name is no person: who makes a token may act under its name, and under the name of whom it asks as; who registers an
agent may hold its key; who notes that a customer may act for somebody may be that customer; who invites a colleague may
have taken the invitation up. So what one asks for by a token of one's own, one does not approve, nor the other way
round. The last of these ends after AT_FIRST: until then whoever was meant notices that they were let in nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from pellucid.policy.model import Actor
from pellucid.policy.scopes import BEARER, PROGRAM
from pellucid.records.rights_tables import agents
from pellucid.records.tables import api_tokens
from pellucid.records.web_tables import delegations, staff_accounts, staff_invitations

AGENT = "agent"
"""The kind of actor that files people's requests by the Data Rights Protocol."""
AT_FIRST = 7 * 86_400_000_000
"""Microseconds since an invitation was taken up for which whoever made it counts as whom it let in."""
DELEGATION = "delegation:"
"""How a customer who acted for somebody was let: before the id of what the staff noted."""


def staff_named(name: str) -> Actor:
    """Return who acted earlier, where only the name of somebody of the staff is kept."""
    return Actor("staff", name, (), "kept")


def people_behind(connection: Connection, actor: Actor, now: int) -> frozenset[str]:
    """Return the names of all who count as who acts: the actor, whoever made what they act by, and who invited these.

    Of a program whose token is not known, everybody who ever made one of that name counts.
    """
    return _with_inviters(connection, _sure(connection, actor), now)


def why_not_another(connection: Connection, first: Actor, second: Actor, did: str, now: int) -> str:
    """Return why two acts that take two people are one person's; empty where they are not.

    `did` says what the first did: "filed the request r1". The caller raises with it, and says what somebody else does.
    Of a program or agent that is not known any more, as after a restore, nobody can tell: that is no other person.
    """
    if _acts_for_another(first) and not any(_behind(connection, first)):
        return f"{first.name!r} {did}, and nobody can tell any more who stands behind {first.name!r} (file it anew)"
    if first.name == second.name:
        return f"{second.name!r} {did}"
    if _sure(connection, first) & _sure(connection, second):
        return f"{first.name!r} {did}, and one person stands behind {first.name!r} and {second.name!r}"
    if people_behind(connection, first, now) & people_behind(connection, second, now):
        return f"{first.name!r} {did}, and who made an account counts at first as whom it lets in"
    return ""


def _sure(connection: Connection, actor: Actor) -> frozenset[str]:
    return frozenset((actor.name, *_behind(connection, actor)))


def _with_inviters(connection: Connection, names: frozenset[str], now: int) -> frozenset[str]:
    """Return the names with whoever invited one of these lately, and whoever invited those, and so on."""
    columns = staff_invitations.c
    taken = select(columns.person, columns.made_by).where(columns.used_at > now - AT_FIRST)
    # An account from before there were invitations: whoever made it chose its password.
    ever = select(columns.person).where(columns.used_at.is_not(None))
    others = select(staff_accounts.c.name, staff_accounts.c.made_by).where(staff_accounts.c.name.not_in(ever))
    made = [tuple(row) for each in (taken, others) for row in connection.execute(each)]
    while more := {by for person, by in made if person in names} - names:
        names |= more
    return names


def _acts_for_another(actor: Actor) -> bool:
    return actor.authenticated.startswith((BEARER, DELEGATION)) or actor.kind in (PROGRAM, AGENT)


def _behind(connection: Connection, actor: Actor) -> Iterator[str]:
    if actor.authenticated.startswith(BEARER):
        token = api_tokens.c.id == actor.authenticated.removeprefix(BEARER)
        yield from _of_tokens(connection.execute(select(api_tokens).where(token)))
    elif actor.authenticated.startswith(DELEGATION):
        delegation = delegations.c.id == actor.authenticated.removeprefix(DELEGATION)
        for name in connection.scalars(select(delegations.c.made_by).where(delegation)):
            yield name
            yield from _named(connection, name)  # a program may have noted it
    elif actor.kind == PROGRAM:
        yield from _named(connection, actor.name)
    elif actor.kind == AGENT:
        yield from connection.scalars(select(agents.c.made_by).where(agents.c.id == actor.name))


def _named(connection: Connection, program: str) -> Iterator[str]:
    return _of_tokens(connection.execute(select(api_tokens).where(api_tokens.c.name == program)))


def _of_tokens(tokens: Iterable[Row[Any]]) -> Iterator[str]:
    for token in tokens:
        yield token.made_by
        if token.person is not None:
            yield token.person
