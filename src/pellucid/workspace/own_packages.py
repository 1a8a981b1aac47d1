"""The copy of somebody's data that they asked for: whether it is there, and handing it over to who has shown enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.policy.model import Actor
from pellucid.rights import packages, stored
from pellucid.rights.packages import Package
from pellucid.rights.request import Request, RequestState
from pellucid.workspace.doors import Visitor
from pellucid.workspace.own_requests import OwnRequestDesk
from pellucid.workspace.program_requests import ProgramRequestDesk
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class OwnPackage:
    """A package that waits: until when (UTC µs), how many bytes it has, and whether more has to be shown for it."""

    expires_at: int
    bytes: int
    fetched_at: int | None
    needs: int


@dataclass(frozen=True)
class OwnPackageDesk:
    """`workspace.own_packages`."""

    room: Room
    requests: OwnRequestDesk
    programs: ProgramRequestDesk

    def stands(self, visitor: Visitor, request: str) -> OwnPackage | None:
        """Return the package of one of the person's requests, if one waits; raises NameUnknown, as for none."""
        own = self.requests.one(visitor, request)
        with self.room.database.read() as connection:
            found = self._waiting(connection, stored.load(connection, request))
        if found is None:
            return None
        package, archive = found
        needs = own.strength if visitor.session.strength < own.strength else 0
        return OwnPackage(package.expires_at, archive.stat().st_size, package.fetched_at, needs)

    def fetch(self, visitor: Visitor, request: str) -> Path:
        """Return the archive of a package; it is noted and logged.

        Raises NameUnknown where none waits, and NotPermitted where more has to be shown first, which is logged too.
        """
        own = self.requests.one(visitor, request)
        if visitor.session.strength < own.strength:
            self._refuse(request, visitor.actor)
            raise NotPermitted(
                "What you asked for matters much, so we make sure anew that it is you.",
                remedy="Have codes sent on the page of the request, give them, and download then.",
                code="proof-weak",
            )
        return self._handed_over(request, visitor.actor)

    def fetch_for_program(self, request: str, *, actor: Actor) -> Path:
        """Return the archive of a request that this very program filed, whose person showed who they are."""
        self.room.demand(actor, "request-fetch")
        self.programs.demand_own(request, actor)
        return self._handed_over(request, actor)

    def _handed_over(self, request: str, actor: Actor) -> Path:
        now = self.room.clock()
        with self.room.database.write() as connection:
            asked = stored.load(connection, request)
            found = self._waiting(connection, asked)
            if found is None or asked.subject is None:
                raise NameUnknown("package of the request", request, remedy="Look whether it is made yet, or over.")
            name = self.room.subject_keys.pseudonym(connection, asked.namespace, asked.subject)
            packages.note_fetched(connection, found[0], actor, name, now)
        return found[1]

    def _waiting(self, connection: Connection, asked: Request) -> tuple[Package, Path] | None:
        """Return the package of a request that was fulfilled, or of the one with which it was, and where it lies."""
        if asked.state is not RequestState.FULFILLED:
            return None
        found = packages.package_of(connection, asked.canonical or asked.id)
        if found is None or not found.waits(self.room.clock()):
            return None
        archive = self.room.folder / found.path / packages.ARCHIVE
        return (found, archive) if archive.is_file() else None

    def _refuse(self, request: str, actor: Actor) -> None:
        body = {"request": request, "reasons": ["proof-weak"], "outcome": "refused"}
        with self.room.database.write() as connection:
            append(connection, AuditEntry("access.package-refused", actor, self.room.clock(), body=body))
