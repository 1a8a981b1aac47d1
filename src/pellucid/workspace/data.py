"""The data desk of a workspace: what is held, bringing more in, and sorting it anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from pellucid.audit.places import KEYS
from pellucid.consent.register import subjects_added
from pellucid.errors import InputInvalid
from pellucid.policy.decide import may
from pellucid.policy.model import Actor, Policy
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace.room import PSEUDONYM_KEY, Room

if TYPE_CHECKING:
    from pellucid.collect.imports import ImportReport
    from pellucid.collect.listing import DataHeld
    from pellucid.collect.placing import Progress
    from pellucid.collect.publication import Also
    from pellucid.collect.sorting import SortReport
    from pellucid.holdings.place import ImportPlace

MOST_REJECTED = 0.05
"""As in `collect.imports`, whose import a question need not wait for."""


@dataclass(frozen=True, slots=True)
class DataDesk:
    """`workspace.data`."""

    room: Room

    def add(
        self,
        dataset: str,
        path: Path,
        *,
        actor: Actor,
        replace: bool = False,
        max_rejected_share: float = MOST_REJECTED,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import a file as the dataset's next generation; people who are new get their permission at once."""
        policy = self.room.demand(actor, "data-add")
        if dataset in policy.datasets and policy.datasets[dataset].built is not None:
            raise InputInvalid(
                f"{dataset!r} is a derived table: it is built of other datasets, not brought in.",
                remedy=f"Build it: pellucid build {dataset}.",
                code="dataset-built",
            )
        return bring_in(
            self.room, policy, dataset, path, actor=actor, replace=replace, share=max_rejected_share, progress=progress
        )

    def sort(self, *datasets: str, actor: Actor, progress: Progress | None = None) -> tuple[SortReport, ...]:
        """Sort datasets' rows anew by what people say now, each as its next generation; no answer changes.

        Without a name, all about people whose questions that makes cheaper. Raises InputInvalid or DataRefused; what
        was sorted before stays so.
        """
        policy = self.room.demand(actor, "data-add")
        return self._sort(policy, datasets or self._worth_sorting(policy, None, actor), actor, progress)

    def sort_touched(
        self, *, namespace: str | None, actor: Actor, progress: Progress | None = None
    ) -> tuple[SortReport, ...]:
        """After many people of a namespace (None: any) said something, sort those of their datasets that it helps.

        Does nothing for an actor who may not add data.
        """
        policy = self.room.policy()
        if may(policy, actor, "data-add") is not None:
            return ()
        return self._sort(policy, self._worth_sorting(policy, namespace, actor), actor, progress)

    def list(self, *, actor: Actor) -> list[DataHeld]:
        """Return what is held of each dataset; to those who may add data, also how much of it is mixed for consent."""
        from pellucid.collect.listing import list_data, with_mixed  # noqa: PLC0415  -- slow

        policy = self.room.demand(actor, "data-list")
        with self.room.database.read() as connection:
            held = list_data(connection, policy)
        return held if may(policy, actor, "data-add") is not None else with_mixed(place_of(self.room), policy, held)

    def _worth_sorting(self, policy: Policy, namespace: str | None, actor: Actor) -> Sequence[str]:
        from pellucid.collect.sorting import worth_sorting  # noqa: PLC0415  -- slow

        return worth_sorting(place_of(self.room), policy, namespace, actor=actor, now=self.room.clock())

    def _sort(
        self, policy: Policy, datasets: Sequence[str], actor: Actor, progress: Progress | None
    ) -> tuple[SortReport, ...]:
        from pellucid.collect.sorting import sort_data  # noqa: PLC0415  -- slow

        return tuple(
            sort_data(place_of(self.room), policy, name, actor=actor, now=self.room.clock(), progress=progress)
            for name in dict.fromkeys(datasets)
        )


def bring_in(
    room: Room,
    policy: Policy,
    dataset: str,
    path: Path,
    *,
    actor: Actor,
    replace: bool,
    share: float,
    progress: Progress | None = None,
    also: Also | None = None,
) -> ImportReport:
    """Import a file for somebody who was found to be permitted to; `also` is called in the same transaction."""
    from pellucid.collect.imports import add_data  # noqa: PLC0415  -- slow, and no question needs it

    now = room.clock()

    def added(connection: Connection, namespace: str, first: int, count: int, changed: Sequence[int]) -> None:
        subjects_added(connection, policy, namespace, first, count, changed, now)

    return add_data(
        place_of(room),
        policy,
        dataset,
        path,
        actor=actor,
        now=now,
        subjects_added=added,
        replace=replace,
        max_rejected_share=share,
        progress=progress,
        also=also,
    )


def place_of(room: Room) -> ImportPlace:
    """Return where imports and sorts of a workspace happen."""
    from pellucid.holdings.place import ImportPlace  # noqa: PLC0415  -- slow, and no question needs it

    settings = room.settings
    secret = load_or_create_key(room.folder / KEYS / PSEUDONYM_KEY)
    key = room.tombstone_key()
    return ImportPlace(room.database, room.folder, settings.memory_limit, settings.threads, secret, key)
