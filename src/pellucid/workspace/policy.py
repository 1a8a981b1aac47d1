"""The policy desk of a workspace: checking drafts, explaining a purpose, comparing policies, activating one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import Finding, InputInvalid, NameUnknown, NotJournaled, NotPermitted, PellucidError
from pellucid.governance.activate import Activation, activate, laws_now, snapshot, versions_like
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.explain import explain_purpose
from pellucid.policy.model import Actor, Policy
from pellucid.records.columns import from_instant
from pellucid.regulations.model import Laws
from pellucid.workspace.room import POLICY, Room

if TYPE_CHECKING:
    from pellucid.consent.gains import UseGains
    from pellucid.policy.compare import Comparison


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
        """Return every finding in a policy folder (default: the workspace's drafts), and where laws ask for more."""
        from pellucid.policy.checks.laws import check  # noqa: PLC0415  -- YAML and pydantic: questions need neither
        from pellucid.policy.load import load_folder  # noqa: PLC0415

        loaded = load_folder(folder or self.folder)
        today = from_instant(self.room.clock()).date()
        more = () if loaded.policy is None else check(loaded.policy, self._laws(), today, loaded.where)
        return (*loaded.findings, *more)

    def explain(self, purpose: str) -> str:
        """Return in plain sentences what a purpose of the active policy may do, and why; raises NameUnknown."""
        return explain_purpose(self.room.policy(), purpose)

    def compare(self, old: Path | str, new: Path | str) -> Comparison:
        """Return what differs from one policy to another: each a folder, `active`, or the version of one activated.

        Nobody's data are touched, so nothing is logged. Raises PolicyInvalid, NameUnknown and InputInvalid.
        """
        from pellucid.policy.compare import compare  # noqa: PLC0415  -- questions need it not

        return compare(self._named(old), self._named(new))

    def compare_exact(
        self, old: Path | str, new: Path | str, *, actor: Actor
    ) -> tuple[Comparison, tuple[UseGains, ...]]:
        """Return what differs, and how many people would gain or lose which use: an officer's, with its log entry."""
        from pellucid.consent.gains import gains_logged  # noqa: PLC0415  -- as above
        from pellucid.policy.compare import compare  # noqa: PLC0415

        self.room.demand(actor, "consent-coverage-exact")
        before, after = self._named(old), self._named(new)
        with self.room.database.write() as connection:
            counted = gains_logged(connection, before, after, actor, self.room.clock())
        return compare(before, after), counted

    def _named(self, source: Path | str) -> Policy:
        from pellucid.policy.load import ACTIVE, load_policy, names_folder  # noqa: PLC0415  -- YAML and pydantic

        if names_folder(str(source)):
            return replace(load_policy(Path(source)), laws=self._laws())
        if source == ACTIVE:
            return self.room.policy()
        return self._one_version(str(source))

    def _laws(self) -> Laws:
        with self.room.database.read() as connection:
            return laws_now(connection)

    def _one_version(self, start: str) -> Policy:
        with self.room.database.read() as connection:
            found = versions_like(connection, start)
            if len(found) == 1:
                return snapshot(connection, found[0])
        if not found:
            raise NameUnknown("policy version", start, remedy="The log names the versions that were in force.")
        raise InputInvalid(
            f"{len(found)} versions begin with {start!r}: {', '.join(each[:16] for each in found)}.",
            code="policy-version-ambiguous",
            remedy="Write more of its digits.",
        )

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
        except NotJournaled:
            raise  # it is in force
        except PellucidError as error:
            action = "access.refused" if isinstance(error, NotPermitted) else "policy.refused"
            body = {"action": "policy-activate", "outcome": "refused", "reasons": [error.code]}
            with self.room.database.write() as connection:
                append(connection, AuditEntry(action, actor, now, body=body))
            raise
