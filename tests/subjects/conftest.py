import pytest

from pellucid.records.database import Database


@pytest.fixture
def database(control: Database) -> Database:
    """An empty control database, on SQLite and PostgreSQL."""
    return control
