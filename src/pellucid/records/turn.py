"""Whose turn it is to write on SQLite: waiting is short, and nobody is overtaken for long.

SQLite's own waiting sleeps longer the longer one has waited, up to 0.1 s at a time, so whoever comes last goes first.
Here one process at a time stands at the door: it holds an advisory lock on the database's folder and looks often. Who
has just written has to get in line behind it. The lock on the folder is a courtesy only; what keeps writers apart is
SQLite's lock. (The database file itself must never be opened for this: closing it would give up SQLite's locks on it.)
"""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

IN_LINE_SECONDS = 0.001
"""About how long a process sleeps before it looks again whether the door is free."""

AT_THE_DOOR_SECONDS = 0.0002
"""How long the one at the door sleeps before it tries again to begin."""

LONGEST_SLEEP_SECONDS = 0.005
"""Who waits long, as during an import, looks less often."""

COURTESY_SECONDS = 1.0
"""How long one stays in line; then the door counts as held by a process that hangs, and is walked past."""


WRITER_CACHE, CACHE = 64_000, 2_000
"""Kilobytes of pages that a connection holds while it writes, and otherwise: SQLite's own measure.

In that, the pages of long indexes come and go, each time through the disk: 650,000 rows with two took 4.3 s of the
processor instead of 2.3. There is one writer at a time, and any number of others.
"""


def begin_writing(connection: Connection, folder: Path, seconds: float) -> None:
    """Begin a write transaction on SQLite, waiting at most so many seconds for other writers.

    Raises DBAPIError as SQLite does, SQLITE_BUSY after that time.
    """
    deadline = time.monotonic() + seconds
    driver = _driver(connection)
    driver.execute("PRAGMA busy_timeout=0")
    try:
        with _at_the_door(folder, min(deadline, time.monotonic() + COURTESY_SECONDS)):
            _until(deadline, AT_THE_DOOR_SECONDS, lambda: _begins(driver))
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises what SQLAlchemy's callers know
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
    driver.execute(f"PRAGMA cache_size=-{WRITER_CACHE}")


def end_writing(connection: Connection) -> None:
    """Give up the memory that writing took, after the transaction."""
    _driver(connection).execute(f"PRAGMA cache_size=-{CACHE}")


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101  -- for the type checker
    return driver


@contextmanager
def _at_the_door(folder: Path, deadline: float) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _until(deadline, IN_LINE_SECONDS * random.uniform(0.5, 1.5), lambda: _is_free(descriptor))  # noqa: S311
        yield
    finally:
        os.close(descriptor)  # and with it the lock goes


def _until(deadline: float, pause: float, succeeds: Callable[[], bool]) -> None:
    while not succeeds() and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 1.05, LONGEST_SLEEP_SECONDS)


def _is_free(descriptor: int) -> bool:
    """Return whether nobody else stands at the door; where a file system has no such locks, nobody ever does."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _begins(driver: sqlite3.Connection) -> bool:
    """Return whether waiting is over: the transaction has begun, or cannot for another reason than a writer."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY
    return True
