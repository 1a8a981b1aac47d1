"""What deleted rows leave behind in a control database, and getting rid of it: free pages, write-ahead log, dead rows.

SQLite overwrites what is deleted with zeros (`secure_delete`) in the file; its write-ahead log holds old pages until it
is cut. PostgreSQL keeps dead rows until the table is written anew; its own log and archives cannot be reached here.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine, make_url

from pellucid.records.database import Database

PART = 1 << 24
_COPY = "import shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), sys.stdout.buffer)"


def cut(database: Database) -> bool:
    """Empty the write-ahead log of SQLite; return whether that was possible: a reader may still need it."""
    if not database.is_sqlite:
        return True
    with closing(database.connect_sqlite()) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def write_anew(database: Database, tables: Collection[str]) -> None:
    """Write SQLite's whole file, or some tables of PostgreSQL, anew, so that nothing of what was deleted is in them."""
    if database.is_sqlite:
        with closing(database.connect_sqlite()) as connection:
            connection.execute("VACUUM")
        cut(database)
        return
    engine = create_engine(database.url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for table in sorted(tables):
                connection.exec_driver_sql(f'VACUUM FULL "{table}"')
    finally:
        engine.dispose()


def files(database: Database) -> list[Path]:
    """Return the files of a SQLite database that are there; none for PostgreSQL."""
    if not database.is_sqlite:
        return []
    path = Path(make_url(database.url).database or "").absolute()
    names = (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal"))
    return [each for each in names if each.exists()]


def raw(file: Path, overlap: int) -> Iterator[bytes]:
    """Yield a file's bytes in parts, each of which begins with the last `overlap` bytes of the one before.

    Another process reads them: if this one opened and closed the file, SQLite would lose its locks on it.
    """
    command = [sys.executable, "-I", "-c", _COPY, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:  # noqa: S603  -- our own words, no shell
        assert child.stdout is not None  # noqa: S101  -- for the type checker
        before = b""
        while part := child.stdout.read(PART):
            yield before + part
            before = part[-overlap:] if overlap else b""
    if child.returncode:
        raise OSError("the file could not be read")
