"""What every new generation is written on, imported, sorted or swept: the state it builds on, its place, a crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pellucid.engines.base import Holding
from pellucid.engines.duckdb_writing import Written, sync
from pellucid.errors import DataRefused
from pellucid.failpoints import reach
from pellucid.holdings.place import ImportPlace, rejected_file
from pellucid.holdings.publish import (
    Generation,
    file_name,
    generation_published,
    next_generation,
    published,
    remove_leftovers,
)
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.model import Dataset


@dataclass(frozen=True, slots=True)
class Ground:
    """The state a new generation builds on, and its number; publishing fails if that changed meanwhile."""

    place: ImportPlace
    dataset: Dataset
    number: int
    before: Generation | None
    holdings: dict[str, Holding]

    @property
    def held(self) -> Path | None:
        """The file of the generation that is published."""
        name = self.dataset.name
        return Path(self.holdings[name].path) if name in self.holdings else None

    @property
    def target(self) -> Path:
        """Where the new generation's file will be."""
        return self.place.folder / file_name(self.dataset.name, self.number)

    @property
    def draft(self) -> Path:
        """Where it is written first."""
        return self.target.with_name(f"{self.target.name}.draft")

    def demand_same_schema(self) -> None:
        """Raise DataRefused if the policy has come to declare the dataset otherwise."""
        if self.before is not None and self.before.schema_hash != schema_hash(self.dataset):
            raise DataRefused(
                f"The policy now declares {self.dataset.name!r} otherwise than when its {self.before.rows} rows were "
                "imported.",
                remedy="Import all rows anew with --replace.",
                code="schema-changed",
            )

    def demand_all_rows(self, written: Written, expected: int) -> None:
        """Raise DataRefused unless a file holds as many rows as expected."""
        if written.rows != expected:
            raise DataRefused(
                f"The new file holds {written.rows} rows where {expected} were expected, so it was not published.",
                remedy="Run the command again; if this returns, report it.",
                code="rows-lost",
            )

    def put_in_place(self, finish: Callable[[Path], None]) -> None:
        """Let `finish` close the draft durably, then give it its name."""
        finish(self.draft)
        reach("publish.draft-durable")
        self.draft.rename(self.target)
        sync(self.target.parent)  # or a power failure could leave a published generation under its draft's name
        reach("publish.in-place")

    def clear(self) -> None:
        """Remove what a failure left; should the transaction have gone through after all, the file has its row."""
        with self.place.database.read() as connection:
            remove_leftovers(connection, self.place.folder)
            before = generation_published(connection, self.dataset.name)
        if before is None or before.generation != self.number:
            rejected_file(self.place, self.dataset.name, self.number).unlink(missing_ok=True)


def survey(place: ImportPlace, dataset: Dataset) -> Ground:
    """Return what a new generation builds on, with what crashes left cleared away. Only under the place's lock."""
    with place.database.read() as connection:
        remove_leftovers(connection, place.folder)
        holdings = published(connection, place.folder)
        before = generation_published(connection, dataset.name)
        number = next_generation(connection, dataset.name)
    rejected_file(place, dataset.name, number).unlink(missing_ok=True)
    return Ground(place, dataset, number, before, holdings)
