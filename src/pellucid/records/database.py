"""The control database: SQLite embedded, PostgreSQL in production. A read is a snapshot, a write one transaction.

Writers are serialised from their first statement: on SQLite by BEGIN IMMEDIATE (deferred transactions lost 5,890 of
6,000 concurrent writes; how they wait is `records.turn`), on PostgreSQL by a table lock taken before the snapshot. So a
writer sees what the last one committed. Tables: `records.tables`; the number of their schema: `records.schema`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from pellucid.errors import PellucidError, RecordingFailed, WorkspaceUnusable
from pellucid.records import schema
from pellucid.records.only_reading import demand_may_write
from pellucid.records.sqlite_engine import sqlite_engine
from pellucid.records.storable import not_storable, refuse_unstorable
from pellucid.records.turn import begin_writing, end_writing

BUSY_SECONDS = 30
"""How long a writer waits for another one before RecordingFailed with code `database-busy`."""
KEPT, AT_MOST = 5, 15
"""Connections to a server that a process keeps, and has at once; who gets none in that time is told `database-full`."""
NONE_FREE = "Every connection to the control database is in use."
WAIT = "Try again; if it stays so, look for what keeps its server busy."


class Database:
    """A control database. `read()` gives a snapshot, `write()` a transaction that commits on leaving without an error.

    One thread has at most one of them open at a time: hand the connection on instead of opening a second.
    `before_write` is called before each write and may refuse it; `after_commit` once one has committed, before whoever
    wrote goes on: what it raises says that the change was made, but not carried over to where it also belongs.
    """

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.busy_seconds = busy_seconds
        self.before_write: Callable[[], None] | None = None
        self.after_commit: Callable[[], None] | None = None
        self._open = threading.local()
        self._inherited: list[Engine] = []
        self._process = os.getpid()
        self._engine, self._reader = self._make_engines()

    @classmethod
    def at(cls, path: Path, *, busy_seconds: float = BUSY_SECONDS) -> Database:
        """Open the SQLite control database in a file; readable by its owner only."""
        if path.exists() and path.stat().st_mode & 0o077:
            _make_private(path)
        return cls(f"sqlite:///{path}", busy_seconds=busy_seconds)

    def create(self) -> None:
        """Create all tables that are missing, with the schema number and the empty log; for new workspaces.

        Raises WorkspaceUnusable if the database cannot be written.
        """
        if self.is_sqlite:
            self._create_private_file()
        try:
            with self._transaction("SELECT pg_advisory_xact_lock(7365677)", writes=True) as connection:
                schema.create(connection)
                connection.commit()
        except DBAPIError as error:
            raise _unreadable() from error

    def demand_current(self) -> None:
        """Raise WorkspaceUnusable, with a remedy, unless the schema is the one that this version works with."""
        with self.read() as connection:
            schema.demand_current(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection inside one consistent read transaction, which cannot write.

        Raises WorkspaceUnusable if the database cannot be read.
        """
        try:
            with self._transaction("SET TRANSACTION READ ONLY", writes=False) as connection:
                yield connection
        except DBAPIError as error:
            raise _unreadable() from error
        except NoneFree:
            raise WorkspaceUnusable(NONE_FREE, remedy=WAIT, code="database-full") from None

    @contextmanager
    def write(self, *, of_refusal: bool = False) -> Iterator[Connection]:
        """Give a connection inside one write transaction; commits unless an error leaves the block.

        Raises RecordingFailed if the database refuses (code `database-busy` if another writer kept it too long), or
        within `only_reading` unless what is noted is that something was refused: nothing of the block has then
        happened. NotJournaled alone, from `after_commit`, says that it has.
        """
        if not of_refusal:
            demand_may_write()
        if self.before_write is not None:
            self.before_write()
        try:
            with self._transaction("LOCK TABLE log_head IN EXCLUSIVE MODE", writes=True) as connection:
                yield connection
                connection.commit()
        except DBAPIError as error:
            raise _refused(error) from error
        except NoneFree:
            raise RecordingFailed(f"{NONE_FREE} The change was not made.", remedy=WAIT, code="database-full") from None
        except UnicodeEncodeError:
            raise not_storable("text that is not valid Unicode") from None
        if self.after_commit is not None:
            self.after_commit()

    def demand_copyable(self) -> None:
        """Raise WorkspaceUnusable unless `copy_to` can copy this database."""
        if not self.is_sqlite:
            raise WorkspaceUnusable(
                "A control database in PostgreSQL cannot be copied from here.",
                remedy="Back it up with pg_dump, and stop imports until the data files are copied too.",
                code="backup-postgresql",
            )

    def copy_to(self, path: Path) -> None:
        """Copy the whole database, as one snapshot, into a new file of its own (0600); nobody has to wait.

        Raises WorkspaceUnusable for PostgreSQL, and for what cannot be read or written.
        """
        self.demand_copyable()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            with closing(self.connect_sqlite()) as source, closing(sqlite3.connect(path)) as target:
                source.backup(target)  # in one step, hence of one snapshot
        except (OSError, sqlite3.Error):
            raise WorkspaceUnusable(
                "The control database could not be copied.",
                remedy="Check the space and the permissions of the disk that is copied to.",
                code="database-uncopied",
            ) from None

    def close(self) -> None:
        """Close pooled connections."""
        self._current_engine(writes=True).dispose()
        self._current_engine(writes=False).dispose()

    @contextmanager
    def _transaction(self, postgresql_start: str, *, writes: bool) -> Iterator[Connection]:
        engine = self._current_engine(writes=writes)
        if getattr(self._open, "yes", False):
            raise _nested()
        self._open.yes = True
        try:
            with engine.connect() as connection:
                if not self.is_sqlite:
                    connection.exec_driver_sql(postgresql_start)
                elif writes:
                    begin_writing(connection, self._path().parent, self.busy_seconds)
                else:
                    _begin_reading(connection)
                try:
                    yield connection
                finally:
                    connection.rollback()
                    if self.is_sqlite and writes:
                        end_writing(connection)
        finally:
            self._open.yes = False

    def _current_engine(self, *, writes: bool) -> Engine:
        if self._process != os.getpid():
            # A SQLite connection must not be used, nor even closed, in a forked child: the parent's are only kept.
            self._inherited += [self._engine, self._reader]
            self._process = os.getpid()
            self._open = threading.local()
            self._engine, self._reader = self._make_engines()
        return self._engine if writes else self._reader

    def _make_engines(self) -> tuple[Engine, Engine]:
        """Return what writes, and what reads: on PostgreSQL the same, on SQLite connections that cannot write.

        To switch one back and forth would have SQLite parse every statement anew, a third of what a page reads.
        """
        if not self.is_sqlite:
            wait = f"-c lock_timeout={int(self.busy_seconds * 1000)}"
            engine = create_engine(
                self.url,
                isolation_level="REPEATABLE READ",
                connect_args={"options": wait},
                pool_size=KEPT,
                max_overflow=AT_MOST - KEPT,
                pool_timeout=self.busy_seconds,
            )
            return (self._watched(engine),) * 2
        return self._watched(sqlite_engine(self.connect_sqlite)), self._watched(sqlite_engine(self._connect_reader))

    def _watched(self, engine: Engine) -> Engine:
        event.listen(engine, "before_cursor_execute", refuse_unstorable)
        # A database that is dropped without close() must not leave connections to be warned about.
        weakref.finalize(self, _dispose_own, engine, os.getpid())
        return engine

    def _path(self) -> Path:
        return Path(make_url(self.url).database or "").absolute()

    def connect_sqlite(self) -> sqlite3.Connection:
        """Return a new connection to the SQLite file, outside any transaction."""
        # mode=rw: a missing file is an error, not a new empty database. Connections wander between the pool's threads.
        connection = sqlite3.connect(
            f"{self._path().as_uri()}?mode=rw",
            uri=True,
            timeout=self.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _connect_reader(self) -> sqlite3.Connection:
        connection = self.connect_sqlite()
        connection.execute("PRAGMA query_only=ON")
        return connection

    def _create_private_file(self) -> None:
        path = self._path()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError:
            raise WorkspaceUnusable(
                "The control database cannot be made in that folder.",
                remedy="Name a folder that exists and that you may write to.",
            ) from None
        _make_private(path)


def _dispose_own(engine: Engine, process: int) -> None:
    if process == os.getpid():
        engine.dispose()


def _begin_reading(connection: Connection) -> None:
    # Past SQLAlchemy, whose bookkeeping takes ten times as long; it does not touch the file, so it cannot fail.
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101  -- for the type checker
    driver.execute("BEGIN")


def _make_private(path: Path) -> None:
    try:
        path.chmod(0o600)
    except OSError:
        raise WorkspaceUnusable(
            "The control database may be read by other users of this machine.",
            remedy=f"Have its owner run `chmod 600 {path.name}`.",
            code="workspace-exposed",
        ) from None


def _refused(error: DBAPIError) -> RecordingFailed:
    if _is_busy(error):
        return RecordingFailed(
            "The control database is busy: another writer kept it too long, so the change was not made.",
            remedy="Try again; if it stays so, look for a process that hangs.",
            code="database-busy",
        )
    if _is_full(error):
        return RecordingFailed(
            "The disk did not take the change, so it was not made.",
            remedy="Make room on the disk of the workspace, then do it again.",
            code="disk-full",
        )
    return RecordingFailed(
        "The control database did not accept the change, so it was not made.",
        remedy="Check the disk and the permissions of control.sqlite, or its server; then try again.",
    )


def _is_busy(error: DBAPIError) -> bool:
    original = error.orig
    if isinstance(original, sqlite3.OperationalError):
        return original.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(original, "sqlstate", None) in ("55P03", "40001", "40P01")


def _is_full(error: DBAPIError) -> bool:
    original = error.orig
    if isinstance(original, sqlite3.OperationalError):
        return original.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
    return getattr(original, "sqlstate", None) == "53100"


def _unreadable() -> WorkspaceUnusable:
    return WorkspaceUnusable(
        "The control database cannot be read.",
        remedy="Check that control.sqlite is there, whole, yours, with room on its disk; or its server.",
        code="database-unreadable",
    )


def _nested() -> PellucidError:
    return RecordingFailed(
        "A transaction of the control database was opened inside another one of the same thread.",
        remedy="This is a defect of the calling code: hand on the connection that is open.",
        code="nested-transaction",
    )
