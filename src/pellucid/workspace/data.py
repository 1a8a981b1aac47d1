"""The data desk of a workspace: what is held, and bringing more in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from pellucid.consent.register import subjects_added
from pellucid.policy.model import Actor
from pellucid.workspace.room import Room

if TYPE_CHECKING:
    from pellucid.collect.imports import ImportReport, Progress
    from pellucid.collect.listing import DataHeld

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
        from pellucid.collect.import_place import ImportPlace  # noqa: PLC0415  -- slow, and no question needs it
        from pellucid.collect.imports import add_data  # noqa: PLC0415

        policy = self.room.demand(actor, "data-add")
        now = self.room.clock()

        def added(connection: Connection, namespace: str, first: int, count: int, changed: Sequence[int]) -> None:
            subjects_added(connection, policy, namespace, first, count, changed, now)

        settings = self.room.settings
        place = ImportPlace(self.room.database, self.room.folder, settings.memory_limit, settings.threads)
        return add_data(
            place,
            policy,
            dataset,
            path,
            actor=actor,
            now=now,
            subjects_added=added,
            replace=replace,
            max_rejected_share=max_rejected_share,
            progress=progress,
        )

    def list(self, *, actor: Actor) -> list[DataHeld]:
        """Return what is held of each dataset."""
        from pellucid.collect.listing import list_data  # noqa: PLC0415  -- slow

        policy = self.room.demand(actor, "data-list")
        with self.room.database.read() as connection:
            return list_data(connection, policy)
