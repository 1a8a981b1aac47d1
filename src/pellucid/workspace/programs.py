"""What programs ask a workspace for, and people at a terminal do not: all that stands for one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent import show
from pellucid.errors import NameUnknown
from pellucid.policy.model import Actor
from pellucid.records.columns import from_instant
from pellucid.records.tables import policy_activations
from pellucid.subjects import ids
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class PersonShown:
    """What stands for one person: whether their rows may be read now, by purpose, and what they said."""

    namespace: str
    permitted: dict[str, bool]
    history: tuple[show.KeptRecord, ...]


@dataclass(frozen=True, slots=True)
class ProgramDesk:
    """`workspace.programs`."""

    room: Room

    def show(self, subject: str, *, actor: Actor, namespace: str | None = None) -> PersonShown:
        """Return what stands for one person, without reasons, and everything they said; asking is logged."""
        policy = self.room.demand(actor, "consent-show")
        name, now = namespace_of(policy, namespace), self.room.clock()
        with self.room.database.write() as connection:
            found = ids.find(connection, name, subject)
            if found is None:
                raise NameUnknown("subject", subject, remedy="Check the key, or import the person's data first.")
            states = {each: show.state(connection, policy, name, found, each, now) for each in policy.purposes}
            history = show.history(connection, name, found)
            pseudonym = self.room.subject_keys.pseudonym(connection, name, found)
            append(connection, AuditEntry("consent.shown", actor, now, subject=pseudonym))
        return PersonShown(name, {each: state.permitted for each, state in states.items()}, tuple(history))

    def policy_since(self) -> date:
        """Return the day (UTC) on which the policy in force came into force; raises WorkspaceUnusable before any."""
        self.room.policy()
        with self.room.database.read() as connection:
            at = connection.scalar(select(func.max(policy_activations.c.at)))
        return from_instant(at or 0).date()
