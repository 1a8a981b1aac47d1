from pathlib import Path

import pytest

from pellucid.records.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """An empty control database."""
    made = Database.at(tmp_path / "control.sqlite")
    made.create()
    return made
