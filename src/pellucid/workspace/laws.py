"""The law desk of a workspace: which laws decide, what they say, and signing them off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NameUnknown, PellucidError
from pellucid.governance import laws as store
from pellucid.governance.activate import laws_now
from pellucid.governance.laws import LawsChanged, Mark
from pellucid.policy.model import Actor, Policy
from pellucid.workspace.room import Room

if TYPE_CHECKING:
    from pellucid.regulations.model import Law, Laws, Override


@dataclass(frozen=True, slots=True)
class LawDesk:
    """`workspace.laws`."""

    room: Room

    def shipped(self) -> Mapping[str, Law]:
        """Return the packs that come with pellucid, by id; none decides unless it is signed off."""
        from pellucid.regulations.load import shipped  # noqa: PLC0415  -- YAML: questions need it not

        return shipped()

    def pack(self, name: str) -> Law:
        """Return a pack that comes with pellucid; raises NameUnknown."""
        packs = self.shipped()
        if name not in packs:
            raise NameUnknown("law", name, tuple(packs))
        return packs[name]

    def in_force(self) -> Laws:
        """Return the laws that decide."""
        with self.room.database.read() as connection:
            return laws_now(connection)

    def marks(self) -> tuple[Mark, ...]:
        """Return what was decided about laws and their figures, as it stands."""
        with self.room.database.read() as connection:
            return store.marks(connection)

    def sign_off(self, law: Law, reason: str, *, actor: Actor) -> LawsChanged:
        """Let a pack decide from now on; every permission is made anew."""
        return self._decide(
            actor, lambda policy, now: store.sign_off(self.room.database, law, policy, actor, reason, now)
        )

    def withdraw(self, name: str, reason: str, *, actor: Actor) -> LawsChanged:
        """Let a law decide no more."""
        return self._decide(
            actor, lambda policy, now: store.withdraw(self.room.database, name, policy, actor, reason, now)
        )

    def override(self, said: Override, *, actor: Actor) -> LawsChanged:
        """Let a figure of the controller's stand in place of a law's."""
        return self._decide(actor, lambda policy, now: store.override(self.room.database, said, policy, actor, now))

    def restore(self, name: str, field: str, reason: str, *, actor: Actor) -> LawsChanged:
        """Let a law's own figure stand again."""
        return self._decide(
            actor, lambda policy, now: store.restore(self.room.database, name, field, policy, actor, reason, now)
        )

    def today(self) -> date:
        """Return the day (UTC) for which laws are asked."""
        from pellucid.records.columns import from_instant  # noqa: PLC0415  -- as little as needed

        return from_instant(self.room.clock()).date()

    def _decide(self, actor: Actor, act: Callable[[Policy, int], LawsChanged]) -> LawsChanged:
        policy, now = self.room.demand(actor, "laws-decide"), self.room.clock()
        try:
            return act(policy, now)
        except PellucidError as error:
            body = {"action": "laws-decide", "outcome": "refused", "reasons": [error.code]}
            with self.room.database.write() as connection:
                append(connection, AuditEntry("law.refused", actor, now, body=body))
            raise
