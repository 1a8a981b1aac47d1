"""Runs questions that left before once more, over the data of today, with everybody or without one person.

It has an engine of its own, whose permitted bits it may change: no question of anybody else sees that. Nothing that it
returns may leave; what does is the attacks' gain.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from pellucid.consent.effect import Effect
from pellucid.consent.sets import StoredSet, read_set, unpack
from pellucid.engines.base import PermittedChange, Statement
from pellucid.engines.exact import ExactAnswer
from pellucid.holdings.publish import subjects_of
from pellucid.insights.by_caps import Caps, caps_bound
from pellucid.insights.query import InsightQuery
from pellucid.insights.replica import Fresh, Replica
from pellucid.policy.model import Policy, Standing
from pellucid.records.columns import from_instant
from pellucid.records.database import Database
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import Block, GovernedQuery
from pellucid.rewrite.parse import Limits
from pellucid.rewrite.pipeline import Gate

_COUNT_CELLS = "SELECT COUNT(*) AS cells FROM ({})"
Use = tuple[str, tuple[str, ...]]
FEWEST = 20
"""People that there are at least before some are drawn: of fewer, a gain would be about them."""


@dataclass(slots=True)
class Inside:
    """The gate and an engine apart, at one instant (UTC µs)."""

    database: Database
    replica: Replica
    gate: Gate
    limits: Limits
    policy_of: Callable[[str], Policy]
    seconds: float
    now: int
    _fresh: Fresh | None = field(default=None, init=False)
    _sets: dict[tuple[str, str], StoredSet] = field(default_factory=dict, init=False)

    @property
    def fresh(self) -> Fresh:
        """The engine, brought to the register once."""
        if self._fresh is None:
            self._fresh = self.replica.fresh(self.now)
        return self._fresh

    def govern(self, query: InsightQuery, policy: Policy, action: str) -> GovernedQuery:
        """Return a question as the gate lets it pass under a policy, for whoever asked it; raises UseRefused."""
        context = Context(policy, query.actor, query.purpose, Standing(), self.limits, action)
        return self.gate.govern(query.sql, context)

    def exact(self, governed: GovernedQuery, purpose: str, salt: str, caps: Caps) -> ExactAnswer:
        """Run the exact blocks, with the norms that were drawn for them; raises QueryFailed."""
        drawn = {name: caps_bound(caps.get(name, {})) for name in (block.name for block in governed.blocks)}
        parts = [(block.name, block.sql, block.parameters) for block in governed.blocks]
        return self._run(parts, purpose, salt, drawn)

    def count_cells(self, blocks: Sequence[Block], purpose: str, salt: str) -> dict[str, int]:
        """Return the number of public cells by block, which touches nobody's data."""
        public = [block for block in blocks if block.cells_sql is not None]
        if not public:
            return {}
        statements = [(block.name, _COUNT_CELLS.format(block.cells_sql), block.cells_parameters) for block in public]
        counted = self._run(statements, purpose, salt)
        return {block.name: int(counted.table(block.name).column("cells")[0].as_py()) for block in public}

    def drawn(self, namespace: str, uses: Iterable[Use], people: int, pick: random.Random) -> list[int]:
        """Return ids of people drawn at random among those with rows that some use may read; none of too few.

        A use is a purpose and the datasets that it read.
        """
        ids: set[int] = set()
        for purpose, datasets in uses:
            held = self._set(purpose, namespace)
            may = {*np.flatnonzero(held.plain | held.sensitive).tolist(), *held.partial}
            for dataset in datasets:
                ids |= may & self._present(dataset, namespace)
        return pick.sample(sorted(ids), min(people, len(ids))) if len(ids) >= FEWEST else []

    def _present(self, dataset: str, namespace: str) -> set[int]:
        with self.database.read() as connection:
            found = subjects_of(connection, dataset, self.fresh.generations.get(dataset, -1)).get(namespace)
        return set() if found is None else set(np.flatnonzero(unpack(found.bits, found.size)).tolist())

    @contextmanager
    def without(self, subject: int, namespace: str, purposes: Iterable[str]) -> Iterator[None]:
        """Let one person not be read for these purposes, in this engine alone, and be read again at the end."""
        engine, named = self.fresh.engine, sorted(purposes)
        gone = [PermittedChange(name, subject, False, False, namespace=namespace) for name in named]
        back = [_as_it_is(name, namespace, subject, self._set(name, namespace).effect(subject)) for name in named]
        engine.permit(gone, version=engine.replica_version)
        try:
            yield
        finally:
            engine.permit(back, version=engine.replica_version)

    def _set(self, purpose: str, namespace: str) -> StoredSet:
        key = purpose, namespace
        if key not in self._sets:
            with self.database.read() as connection:
                self._sets[key] = read_set(connection, purpose, namespace)
        return self._sets[key]

    def _run(
        self,
        parts: Sequence[tuple[str, str, tuple[str, ...]]],
        purpose: str,
        salt: str,
        drawn: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
    ) -> ExactAnswer:
        always: dict[str, object] = {"_now": from_instant(self.now).replace(tzinfo=None), "_salt": salt}
        statements = []
        for name, sql, names in parts:
            bound = always | dict(drawn.get(name, {}))
            statements.append(Statement(name, sql, {each: bound[each] for each in names if each in bound}))
        return self.fresh.engine.run(statements, purpose=purpose, seconds=self.seconds)


def _as_it_is(purpose: str, namespace: str, subject: int, effect: Effect) -> PermittedChange:
    since = effect.not_before, effect.sensitive_not_before
    return PermittedChange(purpose, subject, effect.plain, effect.sensitive, *since, namespace)
