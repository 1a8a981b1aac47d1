"""The people desk of a workspace: who may act for whom, and acting for somebody in the privacy centre.

The staff, or a program of the company, note who may; a customer then chooses for whom they act, which makes their
session anew: a page that was open before changes nobody's data. Neither of the two is told anything of the other's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent.facts import facts_of
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.governance import delegations
from pellucid.governance.delegations import GUARDIAN, Delegation
from pellucid.governance.sessions import NewSession
from pellucid.policy.model import Actor, Policy
from pellucid.records.rights_tables import agents, rights_requests
from pellucid.rights.account import SHARED
from pellucid.rights.callbacks import AGENT
from pellucid.rights.overview import HeldDataset
from pellucid.subjects import ids
from pellucid.subjects.links import Identity
from pellucid.workspace.centre import CentreDesk
from pellucid.workspace.doors import OF_AGE, Visitor, called_by, holds, renewed
from pellucid.workspace.names import namespace_of
from pellucid.workspace.own_requests import OwnRequestDesk
from pellucid.workspace.room import Room

Named = tuple[str, str]
"""Namespace (empty: the only one) and natural key."""


@dataclass(frozen=True, slots=True)
class ActsFor:
    """Somebody for whom the person may act, how they are known here, and the number in that."""

    delegation: Delegation
    title: str
    key: str


@dataclass(frozen=True, slots=True)
class Filer:
    """An agent that filed requests for the person, by its name, and how many of these are open."""

    id: str
    name: str
    open: int


@dataclass(frozen=True, slots=True)
class People:
    """Who is tied to a person here: for whom they act, who acts for them, agents that filed for them, what is shared.

    `minor` says that the person is certainly under age.
    """

    acts_for: tuple[ActsFor, ...]
    acted_for_by: tuple[Delegation, ...]
    filers: tuple[Filer, ...]
    shared: tuple[HeldDataset, ...]
    note: str
    minor: bool


@dataclass(frozen=True)
class PeopleDesk:
    """`workspace.people`. `key` is of the sessions."""

    room: Room
    centre: CentreDesk
    requests: OwnRequestDesk
    key: Callable[[], bytes]

    def appoint(
        self, kind: str, person: Named, by: Named, *, evidence: str, actor: Actor, until: int | None = None
    ) -> Delegation:
        """Note that `by` may act for `person`. Raises NameUnknown, InputInvalid, NotPermitted."""
        policy, now = self.room.demand(actor, "delegation-manage"), self.room.clock()
        with self.room.database.write() as connection:
            about, acting = _identity(connection, policy, person), _identity(connection, policy, by)
            made = delegations.appoint(connection, kind, about, acting, evidence, until, actor.name, now)
            self._log(connection, "delegation.made", actor, made, now)
        return made

    def list(self, person: Named, *, actor: Actor) -> Sequence[Delegation]:
        """Return who may act for somebody, and for whom they may; asking is logged."""
        policy, now = self.room.demand(actor, "delegation-manage"), self.room.clock()
        with self.room.database.write() as connection:
            one = _identity(connection, policy, person)
            name = self.room.subject_keys.pseudonym(connection, *one)
            append(connection, AuditEntry("delegation.shown", actor, now, subject=name))
            return [*delegations.of_person(connection, one, now), *delegations.of_actor(connection, one, now)]

    def end(self, delegation: str, *, actor: Actor) -> None:
        """End a delegation, at once; repeating it changes nothing. Raises NameUnknown, NotPermitted."""
        self.room.demand(actor, "delegation-manage")
        with self.room.database.write() as connection:
            self._end(connection, delegations.get(connection, delegation), actor)

    def shown(self, visitor: Visitor) -> People:
        """Return who is tied to a customer; of somebody for whom they act only who acts for that person."""
        policy, now, who = self.room.policy(), self.room.clock(), visitor.identity
        held = self.centre.overview(visitor).datasets
        with self.room.database.read() as connection:
            mine = [] if visitor.acting else _in_force(connection, delegations.of_actor(connection, who, now), now)
            facts = facts_of(connection, who[0], [who[1]]).get(who[1])
            return People(
                acts_for=tuple(ActsFor(each, *called_by(connection, policy, each.person)) for each in mine),
                acted_for_by=tuple(_in_force(connection, delegations.of_person(connection, who, now), now)),
                filers=_filers(connection, who),
                shared=tuple(each for each in held if each.about_several),
                note=SHARED,
                minor=facts is not None and facts.reached(OF_AGE, now) is False,
            )

    def act(self, visitor: Visitor, delegation: str | None) -> NewSession:
        """Begin to act for somebody, or (None) for oneself again; the session is made anew. Raises NameUnknown."""
        now = self.room.clock()
        with self.room.database.write() as connection:
            found = None if delegation is None else self._own(connection, visitor, delegation, now)
            by = None if found is None else found.id
            made = renewed(connection, self.key(), visitor, visitor.session.strength, by, now)
            about = visitor.identity if found is None else found.person
            name = self.room.subject_keys.pseudonym(connection, *about)
            body = {"session": made.session.id} | ({} if found is None else {"delegation": found.id})
            action = "delegation.acting-ended" if found is None else "delegation.acting"
            append(connection, AuditEntry(action, Visitor(made.session).actor, now, subject=name, body=body))
        return made

    def leave(self, visitor: Visitor, delegation: str) -> None:
        """End a delegation as one of the two; a child does not end a guardian's. Raises NameUnknown, InputInvalid."""
        now = self.room.clock()
        with self.room.database.write() as connection:
            found = delegations.get(connection, delegation)
            if visitor.acting is not None or visitor.own not in (found.person, found.actor) or not found.holds(now):
                raise NameUnknown("delegation", delegation[:20], remedy="Look at those there are.")
            if found.kind == GUARDIAN and visitor.own == found.person:
                raise InputInvalid(
                    "Who looks after you can be changed by our staff only.",
                    remedy="Write to us, or ask the person who looks after you.",
                    code="delegation-guardian",
                )
            self._end(connection, found, visitor.actor)

    def revoke_filer(self, visitor: Visitor, agent: str) -> int:
        """Take back every open request that an agent filed for the person; return how many."""
        with self.room.database.read() as connection:
            theirs = _open_of(connection, visitor.identity, agent)
        for each in theirs:
            self.requests.revoke(visitor, each)
        return len(theirs)

    def _own(self, connection: Connection, visitor: Visitor, delegation: str, now: int) -> Delegation:
        found = next((e for e in delegations.of_actor(connection, visitor.own, now) if e.id == delegation), None)
        if found is None or not holds(connection, found, now):
            raise NameUnknown("delegation", delegation[:20], remedy="Look at those there are.")
        return found

    def _end(self, connection: Connection, found: Delegation, actor: Actor) -> None:
        now = self.room.clock()
        if delegations.end(connection, found.id, actor.name, now):
            self._log(connection, "delegation.ended", actor, found, now)

    def _log(self, connection: Connection, action: str, actor: Actor, one: Delegation, now: int) -> None:
        """Log it about the person acted for; who acts stands in it by pseudonym, where the evidence lies in details."""
        keys = self.room.subject_keys
        body = {"delegation": one.id, "kind": one.kind, "by": keys.pseudonym(connection, *one.actor)}
        name = keys.pseudonym(connection, *one.person)
        details = {"evidence": one.evidence} if action == "delegation.made" else {}
        append(connection, AuditEntry(action, actor, now, subject=name, body=body, details=details))


def _in_force(connection: Connection, found: Sequence[Delegation], now: int) -> list[Delegation]:
    """Return those by which somebody may act still."""
    return [each for each in found if holds(connection, each, now)]


def _identity(connection: Connection, policy: Policy, named: Named) -> Identity:
    namespace = namespace_of(policy, named[0] or None)
    found = ids.find(connection, namespace, named[1])
    if found is None:
        raise NameUnknown("subject", named[1], remedy="Check the key, or import the person's data first.")
    return namespace, found


def _filers(connection: Connection, identity: Identity) -> tuple[Filer, ...]:
    columns = rights_requests.c
    theirs = (columns.namespace == identity[0], columns.subject == identity[1], columns.agent.startswith(AGENT))
    marks = connection.scalars(select(columns.agent).distinct().where(*theirs).order_by(columns.agent)).all()
    found = ((mark.removeprefix(AGENT), mark) for mark in marks)
    return tuple(Filer(id, _name_of(connection, id), len(_open_of(connection, identity, id))) for id, _ in found)


def _name_of(connection: Connection, id: str) -> str:
    return connection.scalar(select(agents.c.name).where(agents.c.id == id)) or id


def _open_of(connection: Connection, identity: Identity, agent: str) -> Sequence[str]:
    columns = rights_requests.c
    theirs = (columns.namespace == identity[0], columns.subject == identity[1], columns.closed_at.is_(None))
    return connection.scalars(select(columns.id).where(*theirs, columns.agent == f"{AGENT}{agent}")).all()
