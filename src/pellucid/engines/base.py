"""What an engine must do, in words that fit DuckDB, PostgreSQL and Spark: data versions, permitted bits, statements.

Engines know nothing of SQL trees, purposes' meaning or release rules: they get generated SQL and bound values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from pellucid.engines.exact import ExactAnswer


@dataclass(frozen=True, slots=True)
class Holding:
    """A published generation of a dataset as an engine needs it: logical name, number, file."""

    dataset: str
    generation: int
    path: str


@dataclass(frozen=True, slots=True)
class PermittedChange:
    """One subject's effective permission for a purpose. Instants are UTC µs; None means no such permission.

    `not_before` / `sensitive_not_before` are set when only rows from that instant on may be read (and the bit is off).
    Subject ids are dense within `namespace`; the register always fills it.
    """

    purpose: str
    subject: int
    plain: bool
    sensitive: bool
    not_before: int | None = None
    sensitive_not_before: int | None = None
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class PermittedSet:
    """A purpose's whole permission state: little-endian bitmaps (bit i of byte i//8 is subject i), `size` in bits."""

    purpose: str
    namespace: str
    size: int
    plain: bytes
    sensitive: bytes
    partial: Sequence[PermittedChange] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A generated statement and the values bound to its named parameters."""

    name: str
    sql: str
    parameters: Mapping[str, object] = field(default_factory=dict)


class Engine(Protocol):
    """Where customer data live. Every method raises only `PellucidError`s: engine text stays inside."""

    @property
    def replica_version(self) -> int:
        """The register version that the engine's permitted bits stand at; -1 before the first load."""

    @property
    def holdings(self) -> Mapping[str, int]:
        """The generation attached of each dataset."""

    @property
    def ranks(self) -> Mapping[str, str]:
        """How the rows of each attached dataset are ranked, as `policy.ranks.rank_rule` says it; or nothing."""

    def load_permitted(self, sets: Sequence[PermittedSet], *, version: int) -> None:
        """Replace the whole replica of permitted bits."""

    def permit(self, changes: Sequence[PermittedChange], *, version: int) -> None:
        """Apply changes in order, all or none, and move the replica to `version`; the next `run` sees them."""

    def run(self, statements: Sequence[Statement], *, purpose: str, seconds: float) -> ExactAnswer:
        """Run the exact blocks of one question in one transaction, over one state of the permitted bits.

        Raises QueryFailed on time, memory or any engine error, never with the engine's words.
        """

    def close(self) -> None:
        """Release files and memory."""


class ReleasedCells(Protocol):
    """An empty engine in which `post` runs over released cells only."""

    def run(self, statement: Statement, tables: Mapping[str, pa.Table], *, seconds: float) -> pa.Table:
        """Run one statement over the given tables and nothing else."""
