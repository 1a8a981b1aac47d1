"""Inserting many rows without SQLAlchemy's work on each value, which costs more than the database's own.

Only for columns whose values the drivers take as they are: integers, texts, truth values and NULL.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table, insert


def insert_rows(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[tuple[object, ...]]
) -> None:
    """Insert rows, each the values of these columns, which are named in the table's order."""
    if not rows:
        return
    if names != tuple(column.name for column in table.c if column.name in names):
        raise ValueError(f"not the order of {table.name}: {names}")
    compiled = insert(table).compile(dialect=connection.dialect, column_keys=list(names))
    told = rows if compiled.positional else [dict(zip(names, row, strict=True)) for row in rows]
    connection.exec_driver_sql(str(compiled), list(told))
