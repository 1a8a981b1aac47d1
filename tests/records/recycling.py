"""Databases on PostgreSQL that a test leaves as it found them, so that the next one need not make its own.

Making a database and dropping it takes many times as long as emptying the few tables that a test wrote to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, NullPool, create_engine

from pellucid.records.database import Database
from tests.records.postgresql import TEMPLATE, database_url, drop_database, new_database

_SHAPE = """
SELECT md5(string_agg(told, chr(10) ORDER BY told)) FROM (
    SELECT concat_ws(' ', 'relation', c.relname, c.relkind, c.reloptions) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'column', c.relname, a.attname, a.attnum, a.atttypid, a.attnotnull,
            pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT concat_ws(' ', 'index', indexdef) FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(' ', 'function', pg_get_functiondef(oid)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'schema', nspname) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
    UNION ALL SELECT concat_ws(' ', 'setting', setconfig) FROM pg_db_role_setting
) AS shape(told)
"""
_OTHERS = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_USED = (
    "SELECT quote_ident(relname) FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0"
)


@dataclass(frozen=True, slots=True)
class Content:
    """What stands in a database: its shape, its tables' rows as JSON where there are any, how far it has counted."""

    shape: str
    rows: Mapping[str, str | None]
    counted: Mapping[str, int | None]


def taken(server: str, template: str) -> str:
    """Return the URL of a database that is as the template is: one that was given back, or a new one."""
    spare = _spare(server, template)
    return spare.pop() if spare else new_database(server, template)


def give_back(server: str, template: str, url: str) -> None:
    """Take a database back. Whoever is still connected is not any more; one that changed its shape is dropped."""
    if _is_as_before(url, content_of(database_url(server, template))):
        _spare(server, template).append(url)
    else:
        drop_database(server, url)


@contextmanager
def temporary_control(server: str) -> Iterator[Database]:
    """Give an empty control database for as long as the block lasts."""
    database = Database(taken(server, TEMPLATE))
    try:
        yield database
    finally:
        database.close()
        give_back(server, TEMPLATE, database.url)


@cache
def content_of(url: str) -> Content:
    """Return what stands in a template, which changes no more."""
    with _connected(url) as connection:
        return content(connection)


@cache
def _spare(server: str, template: str) -> list[str]:
    return []


def _is_as_before(url: str, content: Content) -> bool:
    with _connected(url) as connection:
        connection.exec_driver_sql(_OTHERS)
        if connection.exec_driver_sql(_SHAPE).scalar_one() != content.shape:
            return False
        # Neither the triggers of what is only ever appended to, nor keys between tables, hold while this is set.
        connection.exec_driver_sql("SET session_replication_role = replica")
        # Not deleted: rows would take the places of deleted ones, and be read in another order than in a new database.
        if used := _names(connection, _USED):
            connection.exec_driver_sql(f"TRUNCATE {', '.join(used)} CASCADE")
        for table, rows in content.rows.items():
            if rows is not None:
                connection.exec_driver_sql(
                    f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s)", (rows,)
                )
        for name, last in content.counted.items():
            connection.exec_driver_sql("SELECT setval(%s, %s, %s)", (name, last or 1, last is not None))
    return True


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """Give a connection that is gone afterwards; what it did is there if all of it was done."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def content(connection: Connection) -> Content:
    """Return what stands in a database."""
    rows = {
        table: connection.exec_driver_sql(f"SELECT json_agg(t)::text FROM {table} AS t").scalar_one()
        for table in _names(connection, "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    }
    counted = connection.exec_driver_sql(
        "SELECT quote_ident(sequencename), last_value FROM pg_sequences WHERE schemaname = 'public'"
    )
    return Content(connection.exec_driver_sql(_SHAPE).scalar_one(), rows, {name: last for name, last in counted})


def _names(connection: Connection, query: str) -> Sequence[str]:
    return connection.exec_driver_sql(query).scalars().all()
