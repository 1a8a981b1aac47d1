"""The pass desk of a workspace: links by which whoever runs it lets somebody in on this machine, to try it out.

Where people reach the workspace from elsewhere, or in production, no such link is made or taken: there everybody shows
themselves who they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.governance import passes
from pellucid.governance.passes import Pass
from pellucid.governance.sessions import CENTRE, CONSOLE, Door, NewSession, digest
from pellucid.policy.model import Actor
from pellucid.rights import handover
from pellucid.subjects import ids
from pellucid.workspace import doors as customers
from pellucid.workspace import staff
from pellucid.workspace.doors import DoorDesk
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room

HOW = "pass"


@dataclass(frozen=True)
class PassDesk:
    """`workspace.passes`. What is made is the token of a link, told once."""

    room: Room
    doors: DoorDesk

    def for_staff(self, name: str, *, actor: Actor) -> str:
        """Make a pass by which a person of the policy comes into the console.

        Raises NameUnknown, and NotPermitted (`pass-not-here`) where the workspace is reached from elsewhere.
        """
        policy = self.room.demand(actor, "staff-manage")
        if name not in policy.people:
            raise NameUnknown("person", name, tuple(policy.people), remedy="Declare them in the policy first.")
        return self._made(passes.new_pass(CONSOLE, {"person": name}, self.room.clock()), actor, name)

    def for_customer(self, key: str, *, actor: Actor, namespace: str | None = None) -> str:
        """Make a pass by which a person comes into the privacy centre, by whoever may hand out all that is held.

        Raises NameUnknown for somebody who is not there, and NotPermitted as `for_staff` does.
        """
        policy = self.room.demand(actor, "subject-access")
        name = namespace_of(policy, namespace)
        with self.room.database.read() as connection:
            subject = ids.find(connection, name, key)
        if subject is None:
            raise NameUnknown("subject", key, remedy="Check the key, or import the person's data first.")
        return self._made(passes.new_pass(CENTRE, {"namespace": name, "subject": subject}, self.room.clock()), actor)

    def enter_centre(self, token: str, *, address: str) -> NewSession:
        """Begin the session of a customer by their pass, which is taken. Raises NotPermitted (`pass-refused`)."""
        found = self._read(token, CENTRE)
        identity = found.who["namespace"], found.who["subject"]
        with self._refusals_counted(), self.room.database.write() as connection:
            key = ids.natural_key(connection, *identity)
            if key is None:  # erased meanwhile
                raise passes.refused()
            self._take(connection, found)
            place = customers.came_from(self.doors.key, address, identity[0], key)
            return customers.let_in(self.room, self.doors.key, connection, identity, HOW, place, self.room.clock())

    def enter_console(self, token: str) -> NewSession:
        """Begin the session of somebody of the staff by their pass, which is taken. Raises NotPermitted."""
        found, policy = self._read(token, CONSOLE), self.room.policy()
        name = found.who["person"]
        with self._refusals_counted(), self.room.database.write() as connection:
            if name not in policy.people:
                raise passes.refused()
            self._take(connection, found)
            return staff.let_in(connection, self.doors.key, policy, name, HOW, self.room.clock())

    def _made(self, made: Pass, actor: Actor, person: str | None = None) -> str:
        """Log that a pass was made, and for whom (a customer by pseudonym), and return its token."""
        self._demand_here()
        with self.room.database.write() as connection:
            body = {"door": made.door.name} | ({} if person is None else {"person": person})
            subject = None
            if person is None:
                subject = self.room.subject_keys.pseudonym(connection, made.who["namespace"], made.who["subject"])
            append(connection, AuditEntry("sign-in.pass-made", actor, self.room.clock(), subject=subject, body=body))
        return passes.token_of(made, self.room.subject_keys.seal)

    def _read(self, token: str, door: Door) -> Pass:
        self._demand_here()
        with self._refusals_counted():
            return passes.read(token, door, self.room.subject_keys.open, self.room.clock())

    @contextmanager
    def _refusals_counted(self) -> Iterator[None]:
        """Count a pass that lets nobody in for the log: one made up, over, taken already, or of somebody gone."""
        try:
            yield
        except NotPermitted:
            self.doors.refusals.count("pass-refused", customers.STRANGER)
            raise

    def _take(self, connection: Connection, found: Pass) -> None:
        if not handover.take_once(connection, digest(self.doors.key, HOW, found.id), found.until):
            raise passes.refused()

    def _demand_here(self) -> None:
        if not self.room.settings.only_here:
            raise NotPermitted(
                "Links that let in without more are for trying out, on this machine only.",
                remedy="Sign in; or unset PELLUCID_PUBLIC_URL and PELLUCID_PRODUCTION on a machine of your own.",
                code="pass-not-here",
            )
