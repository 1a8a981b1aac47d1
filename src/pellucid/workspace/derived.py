"""The desk of derived tables: building them by the questions of the policy, and whether they are still true."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, insert, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import DataRefused, InputInvalid, NameUnknown
from pellucid.holdings.drafts import drafts
from pellucid.holdings.publish import generations_published
from pellucid.policy.model import Actor, Built, Dataset, Policy
from pellucid.records.rights_tables import derived_builds
from pellucid.workspace.data import bring_in
from pellucid.workspace.room import Room

if TYPE_CHECKING:
    from pellucid.collect.imports import ImportReport
    from pellucid.collect.publication import Publication
    from pellucid.insights.answer import Parts
    from pellucid.insights.derive import Derived


@dataclass(frozen=True, slots=True)
class DerivedState:
    """A derived table: under which purpose it is built, its generation and rows (None, 0: not built yet), why it
    may be true no more.
    """

    dataset: str
    purpose: str
    generation: int | None
    rows: int
    built_at: int | None
    stale: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DerivedDesk:
    """`workspace.derived`."""

    room: Room
    parts: Callable[[], Parts]

    def build(self, dataset: str, *, actor: Actor) -> ImportReport:
        """Build a derived table anew, as its next generation; it takes the place of the one before.

        Raises UseRefused where the question is refused, DataRefused where a row is not fit, InputInvalid for a dataset
        that is not derived; each leaves what was held.
        """
        from pellucid.insights.derive import derive  # noqa: PLC0415  -- slow, and no question needs it

        policy = self.room.demand(actor, "data-build")
        declared, built = _derived(policy, dataset)
        with drafts(self.room.folder) as folder:
            file = folder / "rows.parquet"
            made = derive(self.parts(), declared, built, actor, file)

            def built_now(connection: Connection, published: Publication) -> None:
                self._record(connection, published, made, built, actor)

            return bring_in(self.room, policy, dataset, file, actor=actor, replace=True, share=0.0, also=built_now)

    def all(self, *, actor: Actor) -> tuple[DerivedState, ...]:
        """Return every derived table of the policy, and whether what it was made of has changed since."""
        policy = self.room.demand(actor, "data-list")
        with self.room.database.read() as connection:
            numbers = {each.dataset: each for each in generations_published(connection)}
            builds = {(row.dataset, row.generation): row for row in connection.execute(select(derived_builds))}
        found = []
        for dataset in policy.datasets.values():
            if dataset.built is None:
                continue
            held = numbers.get(dataset.name)
            row = builds.get((dataset.name, held.generation)) if held is not None else None
            current = {name: each.generation for name, each in numbers.items()}
            stale = _why_stale(dataset.built, row, current)
            rows, generation = (0, None) if held is None else (held.rows, held.generation)
            at = None if row is None else row.built_at
            found.append(DerivedState(dataset.name, dataset.built.purpose, generation, rows, at, stale))
        return tuple(found)

    def _record(
        self, connection: Connection, published: Publication, made: Derived, built: Built, actor: Actor
    ) -> None:
        """Note the build in the transaction that publishes it. Nobody comes in by a derived table."""
        if any(len(plan.new_keys) for plan in published.plans):
            raise DataRefused(
                "People of whom rows were read were erased meanwhile, so the table was not built.",
                remedy="Build it again.",
                code="built-overtaken",
            )
        stamp = made.stamp.as_json()
        name, now = published.dataset.name, self.room.clock()
        connection.execute(
            insert(derived_builds).values(
                dataset=name,
                generation=published.number,
                question=made.question,
                stamp=json.dumps(stamp, sort_keys=True),
                built_at=now,
            )
        )
        body: dict[str, object] = {
            "dataset": name,
            "generation": published.number,
            "purpose": built.purpose,
            "question": made.question,
        }
        append(
            connection, AuditEntry("data.built", actor, now, body=body | {"stamp": stamp, "reads": list(built.reads)})
        )


def _derived(policy: Policy, name: str) -> tuple[Dataset, Built]:
    dataset = policy.datasets.get(name)
    names = [each.name for each in policy.datasets.values() if each.built is not None]
    if dataset is None:
        raise NameUnknown("dataset", name, names, remedy="Name a derived table of the policy in force.")
    if dataset.built is None:
        raise InputInvalid(
            f"{name!r} is not derived: its rows are brought in.",
            remedy=f"Derived tables: {', '.join(names) or 'none; declare one with `built`'}.",
            code="dataset-not-built",
        )
    return dataset, dataset.built


def _why_stale(built: Built, row: Row[Any] | None, current: Mapping[str, int]) -> tuple[str, ...]:
    if row is None:
        return ("it was not built under this policy",)
    stamp = json.loads(row.stamp)
    found = [] if row.question == built.question else ["its question has changed"]
    found += [
        f"{name} has newer rows" for name, number in sorted(stamp["generations"].items()) if current.get(name) != number
    ]
    return tuple(found)
