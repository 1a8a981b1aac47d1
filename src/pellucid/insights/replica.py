"""Keeps one engine a process at the published generations and at the register's version.

No flag, no event, no cache purge: each question compares what the engine stands at with what the control database says,
and brings over what differs. Time counts too: when the register's next due instant has come, time is let act first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from pellucid.consent.register import advance, is_due
from pellucid.consent.replica import changes_since, snapshot
from pellucid.engines.base import Engine, Holding
from pellucid.errors import PellucidError, WorkspaceUnusable
from pellucid.failpoints import reach
from pellucid.holdings.leases import lease, release, unlink_unleased
from pellucid.holdings.publish import published
from pellucid.policy.model import Policy
from pellucid.policy.stamp import Stamp
from pellucid.records.database import Database

LEASE_MICROSECONDS = 24 * 3_600_000_000
NO_LAWS = "none"
"""What a stamp says where no law was signed off."""

ActivePolicy = Callable[[Connection], Policy | None]
OpenEngine = Callable[[list[Holding]], Engine]


@dataclass(frozen=True, slots=True)
class Fresh:
    """An engine brought to a state of the register, and that state. `counted` keeps numbers of statements over public
    tables, which do not change while the engine is open.
    """

    engine: Engine
    policy: Policy
    generations: dict[str, int]
    counted: dict[str, int] = field(default_factory=dict)

    def stamp(self, datasets: tuple[str, ...], *, register: int, now: int) -> Stamp:
        """Return the stamp of an answer that read these datasets with the bits of this register version."""
        read = {name: self.generations[name] for name in datasets if name in self.generations}
        return Stamp(register, self.policy.version, self.policy.laws.version or NO_LAWS, read, now)


class Replica:
    """The process's engine. Safe to use from many threads."""

    def __init__(
        self, database: Database, folder: Path, *, active_policy: ActivePolicy, open_engine: OpenEngine
    ) -> None:
        self._database = database
        self._folder = folder
        self._active_policy = active_policy
        self._open_engine = open_engine
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._held: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        self._leases: tuple[str, ...] = ()
        self._leased_until = self._now = 0

    def policy(self) -> Policy:
        """Return the policy in force; raises WorkspaceUnusable before the first activation."""
        with self._database.read() as connection:
            return self._demand_policy(connection)

    def fresh(self, now: int) -> Fresh:
        """Return the engine at the published generations and the register's version as of `now`."""
        with self._lock:
            self._now = now
            self._let_time_act()
            with self._database.read() as connection:
                policy = self._demand_policy(connection)
                generations = _numbers(published(connection, self._folder))
            engine = self._engine
            if engine is None or generations != self._held or now >= self._leased_until:
                engine, policy = self._open()
            self._follow(engine)
            return Fresh(engine, policy, dict(self._held), self._counted)

    def apart(self) -> Replica:
        """Return another one over the same workspace, whose engine is nobody else's; whoever asks for it closes it."""
        return Replica(self._database, self._folder, active_policy=self._active_policy, open_engine=self._open_engine)

    def close(self) -> None:
        """Close the engine and give its leases back."""
        with self._lock:
            self._let_go()

    def _demand_policy(self, connection: Connection) -> Policy:
        policy = self._active_policy(connection)
        if policy is None:
            raise WorkspaceUnusable(
                "No policy is in force in this workspace, so nothing may be asked.",
                code="policy-missing",
                remedy="Run `pellucid policy check`, then `pellucid policy activate`.",
            )
        return policy

    def _let_time_act(self) -> None:
        with self._database.read() as connection:
            due = is_due(connection, self._now)
        if due:
            with self._database.write() as connection:
                advance(connection, self._demand_policy(connection), self._now)

    def _open(self) -> tuple[Engine, Policy]:
        """Open an engine over what is published, and return it with the policy that was in force then."""
        until = self._now + LEASE_MICROSECONDS
        # Read and leased in one transaction, so that no import gives a file up in between.
        with self._database.write() as connection:
            policy = self._demand_policy(connection)
            holdings = published(connection, self._folder)
            leases = lease(connection, holdings.values(), until=until)
        reach("query.engine-leased")
        try:
            engine = self._open_engine(list(holdings.values()))
        except BaseException:
            with suppress(PellucidError):
                self._release(leases)
            raise
        reach("query.engine-opened")
        self._let_go()
        self._engine, self._held, self._leases, self._leased_until = engine, _numbers(holdings), leases, until
        self._counted = {}
        return engine, policy

    def _let_go(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        if self._leases:
            self._release(self._leases)
            self._leases = ()

    def _release(self, leases: tuple[str, ...]) -> None:
        """Give leases back; a generation that was only kept for them goes."""
        with self._database.write() as connection:
            release(connection, leases)
        with suppress(OSError):  # a file that stays is removed by the next import
            unlink_unleased(self._database, self._folder, now=self._now)

    def _follow(self, engine: Engine) -> None:
        """Bring the engine's permitted bits to the register's version."""
        with self._database.read() as connection:
            version, _, changes = changes_since(connection, engine.replica_version)
            if changes is None or engine.replica_version < 0:
                version, _, sets = snapshot(connection)
                engine.load_permitted(sets, version=version)
            elif changes or version != engine.replica_version:
                engine.permit(changes, version=version)


def _numbers(holdings: Mapping[str, Holding]) -> dict[str, int]:
    return {name: holding.generation for name, holding in holdings.items()}
