"""Empty control databases on SQLite, copied from one that was made as a workspace makes its own.

Making one takes thirty times as long. What makes one is tested by `test_database.py`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pellucid.records.database import BUSY_SECONDS, Database


def new_control(path: Path, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Make an empty control database in a new file, readable by its owner only."""
    path.touch(0o600, exist_ok=False)
    path.write_bytes(_empty())
    return Database.at(path, busy_seconds=busy_seconds)


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "control.sqlite"
        made = Database.at(path)
        made.create()
        made.close()
        return path.read_bytes()
