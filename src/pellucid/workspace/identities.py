"""The identity desk of a workspace: which identifiers belong to one person.

What ends with such a change for who is signed in, or has something open, is told in `parting`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent.identities import Joined, join, part
from pellucid.consent.leases import await_leases
from pellucid.errors import NameUnknown
from pellucid.policy.model import Actor, Policy
from pellucid.subjects import ids
from pellucid.subjects.links import CERTAIN, Identity, certain_identities, persons
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room

Named = tuple[str, str]
"""Namespace and natural key."""


@dataclass(frozen=True, slots=True)
class IdentityDesk:
    """`workspace.identities`; identities are given as (namespace, key)."""

    room: Room

    def link(self, one: Named, other: Named, *, evidence: str, actor: Actor, confidence: str = CERTAIN) -> Joined:
        """Link two identities of one person: from now on the strictest decides for both."""
        from pellucid.workspace import parting  # noqa: PLC0415  -- slow, and rarely asked for

        policy, now = self.room.demand(actor, "subject-link"), self.room.clock()
        first, second = self._identity(policy, one), self._identity(policy, other)
        with self.room.database.write() as connection:
            keys = self.room.subject_keys
            done = join(connection, keys, policy, first, second, confidence, evidence, actor, now)
            if confidence == CERTAIN:
                parting.after_link(self.room, connection, certain_identities(connection, first), actor, now)
        await_leases(self.room.database, None, self.room.clock, time.sleep)
        return done

    def split(self, one: Named, other: Named, *, evidence: str, actor: Actor) -> Joined:
        """Split two identities that are not one person's; neither gains by it, nor keeps what was the other's."""
        from pellucid.workspace import parting  # noqa: PLC0415  -- likewise

        policy, now = self.room.demand(actor, "subject-link"), self.room.clock()
        first, second = self._identity(policy, one), self._identity(policy, other)
        with self.room.database.write() as connection:
            before = certain_identities(connection, first)
            done = part(connection, self.room.subject_keys, policy, first, second, evidence, actor, now)
            if certain_identities(connection, first) != before:
                parting.after_split(self.room, connection, before, actor, now)
        await_leases(self.room.database, None, self.room.clock, time.sleep)
        return done

    def links(self, one: Named, *, actor: Actor) -> tuple[Named, ...]:
        """Return the other identities of a person; asking is logged."""
        policy = self.room.demand(actor, "subject-link")
        space, subject = self._identity(policy, one)
        with self.room.database.write() as connection:
            person = persons(connection, space, [subject]).get(subject)
            members = person.members if person is not None else ()
            keys = [
                (name, ids.natural_key(connection, name, each))
                for name, each in members
                if (name, each) != (space, subject)
            ]
            pseudonym = self.room.subject_keys.pseudonym(connection, space, subject)
            append(connection, AuditEntry("subject.links-shown", actor, self.room.clock(), subject=pseudonym))
        return tuple((name, key) for name, key in keys if key is not None)

    def _identity(self, policy: Policy, named: Named) -> Identity:
        namespace = namespace_of(policy, named[0] or None)
        with self.room.database.read() as connection:
            found = ids.find(connection, namespace, named[1])
        if found is None:
            raise NameUnknown("subject", named[1], remedy="Check the key, or import the person's data first.")
        return namespace, found
