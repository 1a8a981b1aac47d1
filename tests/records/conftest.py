"""Control databases without tables yet: what creates and migrates them is tested here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.records.database import Database
from tests.records.postgresql import drop_database, new_database


@pytest.fixture
def url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, on SQLite or PostgreSQL."""
    if dialect == "sqlite":
        path = tmp_path / "empty.sqlite"
        path.touch(0o600)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgresql")
    made = new_database(server)
    yield made
    drop_database(server, made)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    database.create()
    yield database
    database.close()
