"""The insight desk of a workspace: exact figures that one person proposes, another approves, and then may be run."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.log import append
from pellucid.audit.places import KEYS
from pellucid.errors import NameUnknown, PellucidError
from pellucid.governance.activate import snapshot
from pellucid.insights import approvals
from pellucid.insights.answer import Beside, Parts, answer
from pellucid.insights.approvals import Approved, Proposal, identity_of
from pellucid.insights.query import InsightQuery
from pellucid.policy.compare import Change, compare
from pellucid.policy.model import Actor, Policy
from pellucid.release.result import Release
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace.room import PSEUDONYM_KEY, Room

if TYPE_CHECKING:
    from pellucid.insights.attacks.found import AttackReport

THIRTY_DAYS = 30 * 86_400_000_000
"""Microseconds."""

_CONTEXT = b"pellucid insight v1\0"


@dataclass(frozen=True, slots=True)
class Changed:
    """What differs since an insight was proposed: changes of the policy; and the SQL that was approved before, if its
    name stood for another.
    """

    policy: tuple[Change, ...]
    sql: str | None


@dataclass(frozen=True, slots=True)
class InsightDesk:
    """`workspace.insights`."""

    room: Room
    parts: Callable[[], Parts]

    def propose(self, name: str, sql: str, *, purpose: str, actor: Actor, title: str = "") -> Proposal:
        """Propose SQL whose exact figures may leave once somebody else approved it. Attacks are tried on it first.

        Raises InputInvalid for the name, NotPermitted, UseRefused with every reason, QueryFailed and ConsentInFlux.
        """
        from pellucid.insights.propose import propose  # noqa: PLC0415  -- no question needs it

        self.room.demand(actor, "insight-propose")
        approvals.demand_name(name)
        query = InsightQuery(sql, purpose, actor)
        return propose(self.parts(), query, name, title, self._secret(sql, purpose))

    def approve(self, name: str, *, seen: str, actor: Actor) -> LogReceipt:
        """Approve a proposal of somebody else: this SQL, for this purpose, under the policy in force.

        `seen` is the fingerprint of what they looked at: a name may stand for another proposal since. Raises
        NotPermitted for the proposer or without the permission, NameUnknown, and InputInvalid if it is decided or
        another.
        """
        policy = self.room.demand(actor, "insight-approve")
        with self._refusals(actor, "insight-approve"), self.room.database.write() as connection:
            return approvals.approve(connection, name, actor, policy.version, self.room.clock(), seen)

    def reject(self, name: str, *, reason: str, actor: Actor) -> LogReceipt:
        """Reject a proposal, or end an approval. Raises as `approve` does, but that anybody permitted may do it."""
        policy = self.room.demand(actor, "insight-approve")
        with self._refusals(actor, "insight-reject"), self.room.database.write() as connection:
            return approvals.reject(connection, name, actor, policy.version, self.room.clock(), reason)

    def run(self, name: str, *, actor: Actor, beside: Beside | None = None) -> Release:
        """Return the figures of an approved insight as they are now, but for cells that tell of too few people.

        Raises NotPermitted unless it is approved under the policy in force, UseRefused, ConsentInFlux and QueryFailed.
        """
        policy = self.room.demand(actor, "insight-run")
        with self._refusals(actor, "insight-run"), self.room.database.read() as connection:
            found = approvals.approved(connection, name, policy.version)
        identity = identity_of(found.sql, found.purpose)
        bound = Approved(found.sequence, found.fingerprint, identity, self._secret(found.sql, found.purpose))
        return answer(self.parts(), InsightQuery(found.sql, found.purpose, actor), bound, beside)

    def list(self, *, actor: Actor) -> list[Proposal]:
        """Return the newest proposal of each name, as it stands under the policy in force."""
        policy = self.room.demand(actor, "insight-list")
        with self.room.database.write() as connection:
            append(connection, AuditEntry("insight.listed", actor, self.room.clock()))
            return approvals.proposals(connection, policy.version)

    def show(self, name: str, *, actor: Actor) -> Proposal:
        """Return a proposal: its SQL, its plan, the attacks that were tried. Raises NameUnknown."""
        policy = self.room.demand(actor, "insight-list")
        with self._refusals(actor, "insight-show"), self.room.database.write() as connection:
            found = approvals.current(connection, name, policy.version)
            body = {"fingerprint": found.fingerprint}
            append(connection, AuditEntry("insight.shown", actor, self.room.clock(), found.purpose, body=body))
            return found

    def changed(self, name: str, *, actor: Actor) -> Changed:
        """Return what changed since an insight was proposed, and since one was approved under its name before."""
        policy = self.room.demand(actor, "insight-list")
        with self._refusals(actor, "insight-show"), self.room.database.read() as connection:
            found = approvals.current(connection, name, policy.version)
            before = approvals.former(connection, found, policy.version)
            same = found.policy == policy.version
            changes = () if same else compare(snapshot(connection, found.policy), policy).changes
        return Changed(changes, None if before is None or before.sql == found.sql else before.sql)

    def attack(
        self,
        *,
        actor: Actor,
        since: int | None = None,
        purpose: str | None = None,
        last: int = 12,
        trials: int = 200,
        people: int = 6,
        progress: Callable[[str, float], None] | None = None,
    ) -> AttackReport:
        """Attack what left since an instant (UTC µs; default: in the last 30 days), and return what was gained.

        At most the `last` answers by noise and runs of insights are attacked, of one purpose or of all. Each attack
        makes so many `trials`; `people` are drawn at random, and never told. No figure leaves, nothing is charged.
        Raises NotPermitted, NameUnknown for the purpose, InputInvalid for a number out of range, and QueryFailed.
        """
        from pellucid.insights.attacks.attack import AttackPlan, attack  # noqa: PLC0415  -- no question needs it
        from pellucid.insights.attacks.inside import Inside  # noqa: PLC0415

        policy, parts, now = self.room.demand(actor, "attack"), self.parts(), self.room.clock()
        if purpose is not None and purpose not in policy.purposes:
            raise NameUnknown("purpose", purpose, tuple(policy.purposes))
        plan = AttackPlan(now - THIRTY_DAYS if since is None else since, purpose, last, trials, people)
        replica = parts.replica.apart()
        inside = Inside(self.room.database, replica, parts.gate, parts.limits, self._policy_of, parts.seconds, now)
        try:
            return attack(inside, plan, actor, secret=self._secret, pick=random.SystemRandom(), progress=progress)
        finally:
            replica.close()

    def _policy_of(self, version: str) -> Policy:
        with self.room.database.read() as connection:
            return snapshot(connection, version)

    def _secret(self, sql: str, purpose: str) -> str:
        """Return the key under which an insight's releases are compared; it is not in the control database."""
        key = load_or_create_key(self.room.folder / KEYS / PSEUDONYM_KEY)
        return hmac.new(key, _CONTEXT + identity_of(sql, purpose).encode(), hashlib.sha256).hexdigest()

    def _refusals(self, actor: Actor, action: str) -> _Refusals:
        return _Refusals(self.room, actor, action)


@dataclass(frozen=True, slots=True)
class _Refusals:
    """Logs what is refused inside it."""

    room: Room
    actor: Actor
    action: str

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PellucidError):
            body = {"action": self.action, "reasons": [error.code], "outcome": "refused"}
            with self.room.database.write() as connection:
                append(connection, AuditEntry("insight.refused", self.actor, self.room.clock(), body=body))
