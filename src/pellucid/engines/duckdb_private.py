"""A private in-memory DuckDB for one import or sort: spills into the workspace only; none of its words leave it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pellucid.engines.duckdb_casts import literal
from pellucid.engines.duckdb_layout import read_members
from pellucid.engines.members import Members
from pellucid.errors import DataRefused, PellucidError


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What an import or sort may take: a folder to spill into (0700), memory as DuckDB writes it, threads (0: all)."""

    spill: Path
    memory: str = "4GB"
    threads: int = 0


class PrivateEngine:
    """A fresh in-memory DuckDB. Attached files get names of our own, one a file."""

    def __init__(self, limits: EngineLimits) -> None:
        settings: dict[str, Any] = {
            "temp_directory": str(limits.spill),
            "memory_limit": limits.memory,
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        }
        if limits.threads:
            settings["threads"] = limits.threads
        self._attached: dict[Path, str] = {}
        with quietly("The engine could not be started."):
            self._connection = duckdb.connect(":memory:", config=settings)
            self.run("SET TimeZone = 'UTC'")

    def run(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement of our own making and return all its rows."""
        # The rows are always fetched: the engine allows no other work while a result is unread.
        return self._connection.execute(sql, dict(values) if values else None).fetchall()

    def number(self, sql: str) -> int:
        """Run a statement that returns one number."""
        ((found,),) = self.run(sql)
        return int(found)

    def table(self, sql: str) -> pa.Table:
        """Run a statement without parameters and return its rows as Arrow."""
        return self._connection.sql(sql).to_arrow_table()

    def column(self, sql: str) -> pa.Array:
        """Run a statement with one column and return it as one Arrow array."""
        return self.table(sql).column(0).combine_chunks()

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run a statement without parameters and yield its rows, some at a time, as Arrow."""
        yield from self._connection.sql(sql).to_arrow_reader(rows)

    def offer(self, name: str, table: pa.Table | pa.RecordBatchReader) -> None:
        """Make an Arrow table readable under a name; a reader can be read once."""
        self._connection.register(name, table)

    def attach(self, path: Path) -> str:
        """Attach a generation file read-only and return the name of its table of rows."""
        return f"{self._database(path)}.main.rows"

    def members(self, path: Path) -> Members | None:
        """Attach a generation file read-only and return its members; None if its rows are about nobody."""
        return read_members(self._connection, self._database(path))

    def close(self) -> None:
        """Release memory and files."""
        self._connection.close()

    def _database(self, path: Path) -> str:
        if path not in self._attached:
            name = f"held{len(self._attached)}"
            self.run(f"ATTACH {literal(str(path))} AS {name} (READ_ONLY)")
            self._attached[path] = name
        return self._attached[path]


_DISK = (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException, OSError)
"""What a disk that takes no more raises. A private engine has one writer, so no commit fails for another cause."""


@contextmanager
def quietly(message: str, *, writing: bool = False) -> Iterator[None]:
    """Turn every engine error into one of ours, without the engine's words: they may quote a row.

    `writing` says that a file of ours is written, so that the disk is the likeliest cause.
    """
    try:
        yield
    except PellucidError:
        raise
    except duckdb.OutOfMemoryException:
        raise DataRefused(
            f"{message} It needs more memory than is allowed.",
            remedy="Raise PELLUCID_MEMORY_LIMIT; a file may also be imported in parts.",
            code="import-memory",
        ) from None
    except (duckdb.Error, pa.ArrowException, UnicodeError, OSError) as error:
        if writing and isinstance(error, _DISK):
            raise DataRefused(
                f"{message} The disk did not take it.",
                remedy="Make room on the disk of the workspace, then run the command again.",
                code="disk-full",
            ) from None
        raise DataRefused(
            message,
            remedy="Check that the file is whole and that its columns and types are as the policy declares them.",
            code="import-failed",
        ) from None
