"""A workspace of forty households that keeps a journal, its backup, its keys apart, and restoring it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pellucid.consent.record import ConsentVerb
from pellucid.workspace import restore
from pellucid.workspace.backup import Restored
from tests.insights.conftest import NOW, ROWS, Desk, desk, made, opened_desk, rows_of

__all__ = ["ALICE", "LATER", "NOW", "ROWS", "Saved", "copied", "desk", "made", "rows_of", "saved"]

ALICE = 7
"""The household that says no after the backup."""

LATER = NOW + 3_600_000_000


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    """A copy of the workspace; its records are in SQLite, since a server's are backed up by its own means."""
    return Path(shutil.copytree(made, tmp_path / "workspace"))


@dataclass(frozen=True)
class Saved:
    """A workspace in use, and what was put away of it; everything in one folder."""

    desk: Desk
    folder: Path

    @property
    def backup(self) -> Path:
        return self.folder / "backup"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @property
    def new(self) -> Path:
        return self.folder / "new"

    def withdraw(self, household: int = ALICE) -> None:
        self.desk.say(ConsentVerb.OBJECT, household)

    def restore(self, *since: Path, latest: tuple[Path, ...] = (), loss: str | None = None) -> Restored:
        return restore(
            self.backup,
            self.new,
            keys=self.keys,
            since=since,
            latest=latest,
            accept_loss=loss,
            actor_name="pia",
            clock=lambda: LATER,
        )

    @contextmanager
    def restored(self, *since: Path, **how: Any) -> Iterator[Desk]:
        """Restore and open what became of it."""
        self.restore(*since, **how)
        with opened_desk(self.new, LATER + 1) as found:
            yield found

    def log_of(self, folder: Path) -> list[bytes]:
        return [body for (body,) in rows(folder, "SELECT body FROM log_entries ORDER BY leaf")]


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Read a control database as anybody could."""
    with closing(sqlite3.connect(folder / "control.sqlite")) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def saved(desk: Desk, tmp_path: Path) -> Saved:
    """Back the desk's workspace up, with keys apart and a journal from then on."""
    found = Saved(desk, tmp_path)
    desk.workspace.backup(found.backup, actor=desk.pia, keys=found.keys, journal=found.journal)
    return found
