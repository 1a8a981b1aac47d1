"""Engines by name. Importing this module loads no driver."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.errors import NameUnknown

if TYPE_CHECKING:
    from pellucid.engines.base import Engine, Holding, ReleasedCells
    from pellucid.engines.duckdb_person import DuckDBPerson

ENGINES = ("duckdb",)


def open_engine(
    kind: str,
    holdings: Sequence[Holding],
    *,
    temp_directory: Path,
    memory_limit: str,
    spill_limit: str,
    threads: int,
) -> Engine:
    """Open an engine over the published generations; raises NameUnknown, or WorkspaceUnusable for a bad file."""
    _known(kind)
    from pellucid.engines.duckdb import DuckDBEngine  # noqa: PLC0415 -- duckdb takes 90 ms, --help must not wait

    return DuckDBEngine(
        holdings,
        temp_directory=temp_directory,
        memory_limit=memory_limit,
        spill_limit=spill_limit,
        threads=threads,
    )


def open_released_cells(kind: str, *, memory_limit: str = "1GB") -> ReleasedCells:
    """Open the empty engine in which `post` runs over released cells; raises NameUnknown."""
    _known(kind)
    from pellucid.engines.duckdb import DuckDBReleasedCells  # noqa: PLC0415 -- as above

    return DuckDBReleasedCells(memory_limit=memory_limit)


def open_person(kind: str, holdings: Sequence[Holding], *, temp_directory: Path, spill_limit: str) -> DuckDBPerson:
    """Open what reads single people's rows of generations; raises NameUnknown, or WorkspaceUnusable for a bad file."""
    _known(kind)
    from pellucid.engines.duckdb_person import DuckDBPerson  # noqa: PLC0415 -- as above

    return DuckDBPerson(holdings, temp_directory=temp_directory, spill_limit=spill_limit)


def _known(kind: str) -> None:
    if kind not in ENGINES:
        raise NameUnknown("engine", kind, ENGINES)
