"""Unnoised answers. They exist between the engine and the release rule, and nowhere else.

There is no serialiser and the `repr` shows shapes only, so that neither a log line nor a traceback can carry a cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NoReturn

import pyarrow as pa


class ExactAnswer:
    """One Arrow table a block, with the version of the permitted bits that all of them rest on."""

    __slots__ = ("_tables", "replica_version")

    def __init__(self, tables: Mapping[str, pa.Table], *, replica_version: int) -> None:
        self._tables = dict(tables)
        self.replica_version = replica_version

    def table(self, block: str) -> pa.Table:
        """Return a block's exact cells, for a release rule only."""
        return self._tables[block]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __repr__(self) -> str:
        return f"ExactAnswer({len(self._tables)} blocks, values withheld)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("An ExactAnswer cannot be serialised: exact values leave only through a release rule.")
