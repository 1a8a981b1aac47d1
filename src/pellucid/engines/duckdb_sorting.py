"""The rows of a generation written anew in another order, and proof that they are the same rows. Decides nothing."""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from pellucid.engines.duckdb_casts import quoted
from pellucid.engines.duckdb_private import EngineLimits, PrivateEngine, quietly
from pellucid.engines.duckdb_writing import ROWS, Order, Written, finish_generation, subject_columns, write_generation
from pellucid.engines.members import Members
from pellucid.policy.model import Dataset


class Sort:
    """One sort of a generation file, as a context manager: `write`, `same_rows`, `finish`, in this order."""

    def __init__(self, dataset: Dataset, held: Path, limits: EngineLimits) -> None:
        self._dataset = dataset
        self._columns = [*(quoted(name) for name in dataset.columns), *subject_columns(dataset)]
        self._engine = PrivateEngine(limits)
        self._held = held

    def __enter__(self) -> Sort:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.close()

    def write(self, target: Path, order: Order) -> Written:
        """Write all rows held to a new file, in this order. Raises DataRefused if that cannot be done."""
        with quietly("The sorted generation could not be written.", writing=True):
            held = self._engine.attach(self._held)
            rows = f"SELECT {', '.join(self._columns)} FROM {held}"
            size = self._engine.number(f"SELECT count(*) FROM {held}")
            return write_generation(self._engine, self._dataset, target, rows, size, order)

    def same_rows(self) -> bool:
        """Return whether the written rows are those held, each as often, whatever their order."""
        with quietly("The sorted rows could not be compared with those held."):
            held, written = self._engine.attach(self._held), ROWS
            return fingerprint(self._engine, held, self._columns) == fingerprint(self._engine, written, self._columns)

    def finish(self, target: Path) -> None:
        """Detach the written file, make it read-only (0444) and durable."""
        finish_generation(self._engine, target)


def fingerprint(engine: PrivateEngine, table: str, columns: Sequence[str]) -> tuple[int, int, int]:
    """Return the number of rows, and two sums over all of them of a row's 64-bit hashes, which no order changes.

    It is against faults, not against somebody who looks for two rows with the same hash.
    """
    row = ", ".join(columns)
    ((rows, one, other),) = engine.run(
        f"SELECT count(*), coalesce(sum(hash({row})), 0), coalesce(sum(hash('again', {row})), 0) FROM {table}"
    )
    return int(rows), int(one), int(other)


def members_of(path: Path, limits: EngineLimits) -> Members | None:
    """Return the members of a generation file; None if its rows are about nobody. Raises DataRefused."""
    with quietly("The generation's file cannot be read."):
        engine = PrivateEngine(limits)
        try:
            return engine.members(path)
        finally:
            engine.close()
