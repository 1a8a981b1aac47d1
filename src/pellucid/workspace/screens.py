"""The screen desk of a workspace: doubting, clearing and invalidating screens on which people chose."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.log import append
from pellucid.consent import leases
from pellucid.consent.redecide import Wanted
from pellucid.consent.register import decide_anew
from pellucid.consent.screens import (
    CLEARED,
    DOUBTFUL,
    INVALIDATED,
    PROPOSED,
    Mark,
    mark_screen,
    screens,
    subjects_through,
)
from pellucid.errors import NotPermitted
from pellucid.policy.model import Actor, Policy
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class ScreenMarked:
    """What was noted of a screen: the register version, how many people were decided anew, and the log entry."""

    register_version: int
    people: int
    log: LogReceipt


@dataclass(frozen=True, slots=True)
class ScreenDesk:
    """`workspace.screens`."""

    room: Room

    def doubt(self, screen: str, reason: str, *, actor: Actor) -> ScreenMarked:
        """Freeze what is agreed to through a screen from now on."""
        return self._mark(screen, DOUBTFUL, reason, actor)

    def clear(self, screen: str, reason: str, *, actor: Actor) -> ScreenMarked:
        """Let what was agreed to through a doubted screen count again."""
        return self._mark(screen, CLEARED, reason, actor)

    def propose(self, screen: str, reason: str, *, actor: Actor) -> ScreenMarked:
        """Propose that nothing agreed to through a screen ever counted; it is frozen meanwhile."""
        return self._mark(screen, PROPOSED, reason, actor)

    def invalidate(self, screen: str, reason: str, *, actor: Actor) -> ScreenMarked:
        """Let nothing that was agreed to through a screen count, as somebody else proposed."""
        return self._mark(screen, INVALIDATED, reason, actor)

    def all(self, *, actor: Actor) -> dict[str, Mark]:
        """Return every screen that anything was found out about."""
        self.room.demand(actor, "consent-screens")
        with self.room.database.read() as connection:
            return dict(screens(connection).marks)

    def _mark(self, screen: str, state: str, reason: str, actor: Actor) -> ScreenMarked:
        policy, now = self.room.demand(actor, "consent-screens"), self.room.clock()
        try:
            with self.room.database.write() as connection:
                mark_screen(connection, screen, state, reason, actor, now)
                wanted = _concerned(connection, policy, screen)
                version = decide_anew(connection, policy, wanted, now)
                people = sum(map(len, wanted.values()))
                body = {"screen": screen, "reason": reason, "register_version": version}
                entry = AuditEntry(f"consent.screen-{state}", actor, now, body=body, details={"people": people})
                done = ScreenMarked(version, people, append(connection, entry))
            leases.await_leases(self.room.database, None, self.room.clock, time.sleep)
            return done
        except NotPermitted as error:
            body = {"action": "consent-screens", "screen": screen, "reasons": [error.code], "outcome": "refused"}
            with self.room.database.write() as connection:
                append(connection, AuditEntry("access.refused", actor, now, body=body))
            raise


def _concerned(connection: Connection, policy: Policy, screen: str) -> Wanted:
    everything = set(policy.purposes)
    return {
        namespace: {
            subject: everything if "" in purposes else purposes & everything for subject, purposes in people.items()
        }
        for namespace, people in subjects_through(connection, screen).items()
        if namespace in policy.namespaces
    }
