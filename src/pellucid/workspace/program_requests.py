"""The requests that programs hand in for people, and what programs may do about those, and about no others.

A program files, hears how its own requests stand, has people show who they are, and takes a request back. It neither
lists nor approves nor carries out anything, and learns nothing about anybody: whoever is unknown is told the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.errors import NameUnknown
from pellucid.policy.model import Actor, Policy
from pellucid.rights import stored
from pellucid.rights.book import Book
from pellucid.rights.identity import IdentityChecks
from pellucid.rights.request import Request
from pellucid.rights.status import Status, demand_under_way, status_of
from pellucid.rights.wanted import Wanted
from pellucid.workspace.duties import open_book, terms_of
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import identity_checks

Beside = Callable[[Connection, Status], None]
"""What writes more in the transaction that files a request, given how it stands."""


@dataclass(frozen=True, slots=True)
class ProgramRequestDesk:
    """`workspace.program_requests`. A program is known by its name: a new token of it goes on with the old's."""

    room: Room

    def file(
        self, wanted: Wanted, *, actor: Actor, namespace: str | None = None, beside: Beside | None = None
    ) -> Status:
        """File a person's request and acknowledge it: the answer is the acknowledgement, for the program to pass on.

        Raises NameUnknown, InputInvalid and NotPermitted, of which none depends on whether the person is known.
        """
        policy, now = self.room.demand(actor, "request-hand-in"), self.room.clock()
        name = namespace_of(policy, namespace)
        with self.room.database.write() as connection:
            book = self._book(connection, policy, actor, now)
            made = book.file(wanted.asking(connection, name, now, agent=_mark(actor)))
            told = self._status(policy, book.acknowledge(made.id))
            if beside is not None:
                beside(connection, told)
            return told

    def status(self, request: str, *, actor: Actor) -> Status:
        """Return how a request of the program's own stands; raises NameUnknown for any other."""
        policy = self.room.demand(actor, "request-follow")
        with self.room.database.read() as connection:
            return self._status(policy, own_request(connection, request, actor))

    def challenge(self, request: str, *, actor: Actor, kind: str = "code") -> str:
        """Have a code or link sent to a contact that is held; returns what to tell, the same whoever it is about."""
        return self._checks(request, actor, asks=True).ask(request, actor=actor, kind=kind)

    def answer(self, request: str, given: str, *, actor: Actor) -> Status:
        """Take the code or link that somebody was sent. Raises NotPermitted, in the same words whatever is wrong."""
        found = self._checks(request, actor).answer(request, given, actor=actor)
        return self._status(self.room.policy(), found)

    def revoke(self, request: str, *, actor: Actor) -> Status:
        """Close a request of the program's own because the person no longer asks; repeating it changes nothing."""
        policy, now = self.room.demand(actor, "request-hand-in"), self.room.clock()
        with self.room.database.write() as connection:
            found = own_request(connection, request, actor)
            if found.state != "revoked":
                demand_under_way(found)
                found = self._book(connection, policy, actor, now).revoke(found.id)
            return self._status(policy, found)

    def demand_own(self, request: str, actor: Actor) -> None:
        """Raise NameUnknown for a request that is not this program's own."""
        with self.room.database.read() as connection:
            own_request(connection, request, actor)

    def _checks(self, request: str, actor: Actor, *, asks: bool = False) -> IdentityChecks:
        self.room.demand(actor, "request-identify")
        with self.room.database.read() as connection:
            found = own_request(connection, request, actor)
        if asks:
            demand_under_way(found)
        return identity_checks(self.room, open_book(self.room))

    def _status(self, policy: Policy, request: Request) -> Status:
        return status_of(policy, terms_of(self.room), request)

    def _book(self, connection: Connection, policy: Policy, actor: Actor, now: int) -> Book:
        return Book(connection, self.room.subject_keys, policy, terms_of(self.room), actor, now)


def own_request(connection: Connection, request: str, actor: Actor) -> Request:
    """Return a request that this very program filed; raises NameUnknown for another's as for none."""
    try:
        found = stored.load(connection, request)
    except NameUnknown:
        found = None
    if found is None or found.agent != _mark(actor):
        raise NameUnknown("request", request[:80], remedy="Name one that this program filed.")
    return found


def _mark(actor: Actor) -> str:
    """Return how a request says which program filed it; no agent of another kind is written so."""
    return f"{actor.kind}:{actor.name}"
