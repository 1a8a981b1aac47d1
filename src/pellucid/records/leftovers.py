"""What deleted rows leave behind in a control database, and getting rid of it: free pages, write-ahead log, dead rows.

SQLite overwrites what is deleted with zeros (`secure_delete`) in the file; its write-ahead log holds old pages until it
is cut. PostgreSQL keeps dead rows until the table is written anew; its own log and archives cannot be reached here.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from pellucid.records.database import Database

PART = 1 << 24
STATISTICS = "pg_statistic"
_READS_OLD = """
SELECT EXISTS (SELECT 1 FROM pg_stat_activity
               WHERE pid <> pg_backend_pid() AND (age(backend_xmin) > age(%(began)s::xid)
                     OR (datname = current_database() AND query = '<insufficient privilege>')))
    OR EXISTS (SELECT 1 FROM pg_prepared_xacts WHERE age(transaction) > age(%(began)s::xid))
    OR EXISTS (SELECT 1 FROM pg_replication_slots WHERE age(xmin) > age(%(began)s::xid))
"""
"""Whether a transaction that began earlier may still read what was deleted, or may not be seen by us."""
_COPY = "import shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), sys.stdout.buffer)"


def cut(database: Database) -> bool:
    """Empty the write-ahead log of SQLite; return whether that was possible: a reader may still need it."""
    if not database.is_sqlite:
        return True
    with closing(database.connect_sqlite()) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def write_anew(database: Database, tables: Collection[str]) -> list[str]:
    """Write SQLite's whole file, or some tables of PostgreSQL, anew, so that nothing of what was deleted is in them.

    Return the tables of PostgreSQL in which it still may be: they were not written anew, or somebody's transaction from
    before may still read what was deleted. Run it again then.
    """
    if database.is_sqlite:
        with closing(database.connect_sqlite()) as connection:
            connection.execute("VACUUM")
        cut(database)
        return []
    engine = create_engine(database.url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            return _write_tables_anew(connection, sorted(tables))
    finally:
        engine.dispose()


def let_go(database: Database, tables: Collection[str]) -> None:
    """Let go of what was just deleted from some tables, as far as it lies in files beside what is held."""
    if database.is_sqlite:
        cut(database)
    else:
        write_anew(database, tables)


def _write_tables_anew(connection: Connection, tables: Sequence[str]) -> list[str]:
    """Write tables anew with what PostgreSQL knows of their values: its statistics hold the values that are common.

    The server only warns of a table that it may not write anew, so that is told by its file.
    """
    every = [*tables, STATISTICS]
    began = connection.exec_driver_sql("SELECT pg_current_xact_id()::xid").scalar_one()
    before = _files_of(connection, every)
    for table in tables:
        connection.exec_driver_sql(f'VACUUM FULL "{table}"')
    for table in tables:
        _forget_values(connection, table)
        connection.exec_driver_sql(f'ANALYZE "{table}"')
    connection.exec_driver_sql(f"VACUUM FULL {STATISTICS}")
    # Only a checkpoint lets go of the old files, and what is in them.
    with suppress(ProgrammingError):
        connection.exec_driver_sql("CHECKPOINT")
    if connection.exec_driver_sql(_READS_OLD, {"began": began}).scalar_one():
        return every
    after = _files_of(connection, every)
    return [table for table in every if before[table] == after[table]]


def _files_of(connection: Connection, tables: Sequence[str]) -> dict[str, int]:
    number = text("SELECT pg_relation_filenode(CAST(:name AS regclass))")
    return {table: connection.execute(number, {"name": table}).scalar_one() for table in tables}


def _forget_values(connection: Connection, table: str) -> None:
    """Remove the statistics of a table's columns: of an empty table ANALYZE leaves those that were.

    Giving a column the type that it has does so on every version of PostgreSQL, and takes no more than the right of the
    table's owner.
    """
    known = text(
        "SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a "
        "JOIN pg_stats AS s ON s.attname = a.attname AND s.tablename = :table AND s.schemaname = current_schema() "
        "WHERE a.attrelid = CAST(:table AS regclass) AND NOT a.attisdropped"
    )
    columns = connection.execute(known, {"table": table}).all()
    if columns:
        changes = ", ".join(f"ALTER COLUMN {name} TYPE {kind}" for name, kind in columns)
        connection.exec_driver_sql(f'ALTER TABLE "{table}" {changes}')


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
