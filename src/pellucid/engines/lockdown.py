"""Locking a DuckDB instance: no files, no network, no extensions, no settings. Opening and querying are not here.

The lock is the second wall. The first is that only generated SQL reaches the engine: a locked DuckDB still runs
catalog functions and in-memory DDL, and it may read the bytes of a file that it has attached.
`disabled_filesystems` would close that last gap, but with it a query can no longer spill (measured on DuckDB 2.0.0).
"""

from __future__ import annotations

import os

import duckdb

# GLOBAL throughout: a plain SET of TimeZone or python_enable_replacements holds for one cursor and not for the next.
_SEALED = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
    "SET GLOBAL allow_community_extensions = false",
    "SET GLOBAL allow_persistent_secrets = false",
    "SET GLOBAL allow_extension_repositories = 'forbidden'",
    "SET GLOBAL python_enable_replacements = false",  # else Python variables can be read as tables
    "SET GLOBAL enable_external_access = false",  # last: what is attached stays readable, nothing else is
    "SET GLOBAL lock_configuration = true",
)


def quoted(text: str) -> str:
    """Return a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def lock_down(
    connection: duckdb.DuckDBPyConnection,
    *,
    memory_limit: str,
    threads: int,
    temp_directory: str = "",
    spill_limit: str = "0B",
) -> None:
    """Set the limits, switch everything external off and lock the configuration.

    Attach before: afterwards nothing can be. `threads` 0 means one for each processor; `temp_directory` "" means no
    spilling at all. DuckDB's own default would spill customers' rows into the working directory.
    """
    limits = (
        f"SET GLOBAL temp_directory = {quoted(temp_directory)}",
        f"SET GLOBAL max_temp_directory_size = {quoted(spill_limit)}",
        f"SET GLOBAL memory_limit = {quoted(memory_limit)}",
        f"SET GLOBAL threads = {threads or os.cpu_count() or 1}",
    )
    for setting in (*limits, *_SEALED):
        connection.execute(setting)
