"""What every desk of a workspace shares: folder, control database, keys, clock, and the question who may do what."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.audit.places import KEYS, LOG_KEY
from pellucid.consent.recorder import Recorder
from pellucid.errors import NameUnknown, NotPermitted, WorkspaceUnusable
from pellucid.governance.activate import active_policy
from pellucid.policy.decide import may
from pellucid.policy.model import Actor, Policy
from pellucid.records.database import Database
from pellucid.records.only_reading import only_reading
from pellucid.records.rights_tables import tombstones
from pellucid.settings import Settings
from pellucid.subjects.keys import SubjectKeys, load_or_create_key

if TYPE_CHECKING:
    from pellucid.audit.keys import SigningKey

POLICY = "policy"
DATA = "data"
PSEUDONYM_KEY = "pseudonyms.key"
TOMBSTONE_KEY = "tombstones.key"

T = TypeVar("T")


@dataclass(frozen=True)
class Room:
    """The shared parts of an open workspace."""

    folder: Path
    database: Database
    settings: Settings
    clock: Callable[[], int]

    def only_reading(self, wanted: bool) -> AbstractContextManager[None]:
        """Refuse within the block every write but that something was refused, if `wanted` (`records.only_reading`)."""
        return only_reading(wanted)

    @cached_property
    def subject_keys(self) -> SubjectKeys:
        """The keys of single people, wrapped by the workspace's."""
        return SubjectKeys(load_or_create_key(self.folder / KEYS / PSEUDONYM_KEY))

    @cached_property
    def recorder(self) -> Recorder:
        """Where all threads of this process hand in what people say."""
        return Recorder(self.database, self.subject_keys, self.clock)

    @cached_property
    def log_key(self) -> SigningKey:
        """The key that signs the log's checkpoints."""
        from pellucid.audit.keys import load_signing_key  # noqa: PLC0415  -- slow, and a question signs nothing

        return load_signing_key(self.folder / KEYS / LOG_KEY)

    def tombstone_key(self) -> bytes:
        """Return the key of the hashes of who was erased; empty before anybody was.

        Raises WorkspaceUnusable if it is gone while such hashes are kept: erased people's old rows would come in again.
        """
        path = self.folder / KEYS / TOMBSTONE_KEY
        if not path.exists():
            with self.database.read() as connection:
                kept = connection.scalar(select(tombstones.c.namespace).limit(1))
            if kept is not None:
                raise WorkspaceUnusable(
                    f"The key file {TOMBSTONE_KEY} is gone, so nobody can tell who was erased.",
                    remedy="Restore the keys folder from its backup.",
                    code="key-file",
                )
            return b""
        return load_or_create_key(path)

    def policy_in_force(self) -> Policy | None:
        """Return the active policy, or None before the first activation."""
        with self.database.read() as connection:
            return active_policy(connection)

    def policy(self) -> Policy:
        """Return the active policy; raises WorkspaceUnusable before the first activation."""
        return _demand_any(self.policy_in_force())

    def policy_of(self, connection: Connection) -> Policy:
        """Return the active policy, read in the caller's transaction; raises WorkspaceUnusable before the first."""
        return _demand_any(active_policy(connection))

    def actor(self, name: str | None = None) -> Actor:
        """Return who acts: a person of the active policy by name (default: the operating-system user).

        Embedded, this is a label recorded with the operating-system user, not authentication. Before the first policy
        there are no people, and the name stands alone. Raises NameUnknown.
        """
        user = getpass.getuser()
        name = user if name is None else name
        policy = self.policy_in_force()
        if policy is None:
            return Actor("staff", name, (), f"os-user:{user}")
        person = policy.people.get(name)
        if person is None:
            raise NameUnknown("person", name, tuple(policy.people), remedy="Say who acts with --as NAME.")
        return Actor("staff", name, person.roles, f"os-user:{user}")

    def demand(self, actor: Actor, action: str) -> Policy:
        """Return the active policy if the actor may do this; else log the refusal and raise NotPermitted."""
        return self.demand_and_look(actor, action, lambda _connection, _policy: None)[0]

    def demand_and_look(self, actor: Actor, action: str, look: Callable[[Connection, Policy], T]) -> tuple[Policy, T]:
        """Do as `demand`, and look something up in the same snapshot if the actor may do this."""
        with self.database.read() as connection:
            policy = _demand_any(active_policy(connection))
            refused = may(policy, actor, action)
            if refused is None:
                return policy, look(connection, policy)
        body = {"action": action, "reasons": [refused.code], "outcome": "refused"}
        with self.database.write(of_refusal=True) as connection:
            append(connection, AuditEntry("access.refused", actor, self.clock(), body=body))
        raise NotPermitted(refused.message, remedy=refused.remedy)


def _demand_any(policy: Policy | None) -> Policy:
    if policy is None:
        raise WorkspaceUnusable(
            "No policy is in force in this workspace.",
            code="policy-missing",
            remedy="Run `pellucid policy check`, then `pellucid policy activate`.",
        )
    return policy
