"""The policy desk of a workspace: checking the drafts in its folder, explaining a purpose, activating a policy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.collect.schema_hash import schema_hash
from pellucid.errors import Finding, NotPermitted, PellucidError
from pellucid.governance.activate import Activation, activate
from pellucid.policy.explain import explain_purpose
from pellucid.policy.model import Actor, Policy
from pellucid.workspace.room import POLICY, Room


@dataclass(frozen=True, slots=True)
class PolicyDesk:
    """`workspace.policy`."""

    room: Room

    @property
    def folder(self) -> Path:
        """Where the drafts lie; no question is ever answered from it."""
        return self.room.folder / POLICY

    def active(self) -> Policy:
        """Return the policy in force; raises WorkspaceUnusable before the first activation."""
        return self.room.policy()

    def check(self, folder: Path | None = None) -> tuple[Finding, ...]:
        """Return every finding in a policy folder (default: the workspace's drafts)."""
        from pellucid.policy.load import load_folder  # noqa: PLC0415  -- YAML and pydantic: questions need neither

        return load_folder(folder or self.folder).findings

    def explain(self, purpose: str) -> str:
        """Return in plain sentences what a purpose of the active policy may do, and why; raises NameUnknown."""
        return explain_purpose(self.room.policy(), purpose)

    def activate(self, *, actor: Actor, folder: Path | None = None, replacing: Collection[str] = ()) -> Activation:
        """Put the drafts into force, all or nothing. A refused attempt is logged too."""
        now = self.room.clock()
        try:
            return activate(
                self.room.database,
                folder or self.folder,
                actor,
                now,
                schema_hash=schema_hash,
                replacing=replacing,
            )
        except PellucidError as error:
            action = "access.refused" if isinstance(error, NotPermitted) else "policy.refused"
            body = {"action": "policy-activate", "outcome": "refused", "reasons": [error.code]}
            with self.room.database.write() as connection:
                append(connection, AuditEntry(action, actor, now, body=body))
            raise
