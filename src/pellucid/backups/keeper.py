"""Keeping the journal: each process brings it to where the workspace is, whenever one of its transactions committed.

What another process committed and could not carry over any more is carried with it. The form of the file is in
`backups.journal`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, delete, insert

from pellucid.backups.changes import Place, as_line, changes_after, demand_continues, place_of
from pellucid.backups.journal import Seal, journal_key, last_seal, sync
from pellucid.errors import NotJournaled, RecordingFailed, VerificationFailed, WorkspaceUnusable
from pellucid.records.database import Database
from pellucid.records.kept import kept
from pellucid.records.tables import settings_kept

_KEPT = "journal"
_UNREADABLE = (OSError, ValueError, TypeError, KeyError)


def kept_journal(connection: Connection) -> Path | None:
    """Return where the workspace keeps its journal, if it keeps one."""
    found = kept(connection, _KEPT)
    return None if found is None else Path(found)


def keep_journal(connection: Connection, path: Path | None) -> None:
    """Keep the journal there from this transaction on; None: keep none."""
    connection.execute(delete(settings_kept).where(settings_kept.c.name == _KEPT))
    if path is not None:
        connection.execute(insert(settings_kept).values(name=_KEPT, value=str(path)))


class JournalKeeper:
    """Carries what one process commits, and whatever others left, over to the journal; safe with many of both."""

    def __init__(self, database: Database, pseudonym_key: Callable[[], bytes]) -> None:
        self._database = database
        self._pseudonym_key = pseudonym_key
        with database.read() as connection:
            self._path = kept_journal(connection)
        self._tail: tuple[Path, int, Seal] | None = None
        self._sound = True

    def demand_not_behind(self) -> None:
        """Raise WorkspaceUnusable if the journal knows entries that the log has not: the workspace was rolled back."""
        if self._path is None:
            return
        try:
            with self._path.open("rb") as file:
                seal = last_seal(file)[1]
            with self._database.read() as connection:
                demand_continues(connection, seal.place)
        except _UNREADABLE:
            self._sound = False  # writing will be refused; what is there may still be read
        except VerificationFailed:
            raise WorkspaceUnusable(
                "The journal knows of changes that this workspace has not: it was put back to an older state.",
                remedy="Restore it with `pellucid restore BACKUP NEW --since JOURNAL`, which brings them back.",
                code="journal-ahead",
            ) from None

    def before_write(self) -> None:
        """Refuse a write while the journal is out of reach, before anything has happened."""
        if self._path is None:
            return
        try:
            os.close(os.open(self._path, os.O_RDWR))
            if not self._sound:
                self.after_commit()
        except (OSError, NotJournaled):
            raise RecordingFailed(
                "The journal of this workspace is out of reach or damaged, so nothing can be recorded.",
                remedy="Bring its disk back, or begin another: `pellucid backup FOLDER --journal FILE`.",
                code="journal-unreachable",
            ) from None

    def after_commit(self) -> None:
        """Bring the journal to where the workspace is; raises NotJournaled."""
        if self._path is None:
            with self._database.read() as connection:
                self._path = kept_journal(connection)
        self._sound = False
        while self._path is not None and not self._carry(self._path):
            pass
        self._sound = True

    def turn_to(self, path: Path | None) -> None:
        """Take another journal for this process' next write, which will keep it; needs no old one in reach."""
        self._path, self._sound = path, True

    def close_journal(self, path: Path) -> None:
        """Bring a journal that is kept no more to its end and mark it so, if it is still in reach."""
        try:
            with _locked(path) as file, self._database.read() as connection:
                self._append(file, connection, closed=True)
        except (*_UNREADABLE, VerificationFailed):
            return  # it is as good as lost, which is why another one was begun

    def end_of(self, path: Path) -> Place | None:
        """Return how far a journal reaches, or None if nobody can tell."""
        try:
            with path.open("rb") as file:
                return last_seal(file)[1].place
        except _UNREADABLE:
            return None

    def _carry(self, path: Path) -> bool:
        """Return whether that was the journal that is kept; else take note of the one that is."""
        try:
            with _locked(path) as file, self._database.read() as connection:
                kept = kept_journal(connection)
                if kept == path:
                    self._append(file, connection)
                self._path = kept
                return kept == path
        except _UNREADABLE:
            raise _not_journaled("could not be written") from None
        except VerificationFailed:
            raise _not_journaled("is of another state of this workspace, or of another one") from None

    def _append(self, file: IO[bytes], connection: Connection, *, closed: bool = False) -> None:
        end, before = self._seal_in(file)
        if before.closed:
            raise ValueError("nothing may follow in a journal that was ended")
        place = place_of(connection)
        if place == before.place and not closed:
            return
        key = journal_key(self._pseudonym_key())
        file.seek(end)
        file.truncate()
        hashed = sha256()
        for change in changes_after(connection, before.place):
            line = as_line(change.as_json())
            hashed.update(line)
            file.write(line)
        seal = Seal.over(key, before.mac, hashed.digest(), place, closed=closed)
        file.write(seal.line())
        sync(file)
        self._tail = (Path(file.name), file.tell(), seal)

    def _seal_in(self, file: IO[bytes]) -> tuple[int, Seal]:
        size = file.seek(0, os.SEEK_END)
        if self._tail is not None and self._tail[:2] == (Path(file.name), size):
            return size, self._tail[2]
        return last_seal(file)


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb+") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield file


def _not_journaled(why: str) -> NotJournaled:
    return NotJournaled(
        f"The change was made, but the journal {why}, so it is acknowledged to nobody.",
        remedy="Bring the journal's disk back and do it again, or begin another: `pellucid backup FOLDER "
        "--journal FILE`.",
    )
