"""Statements that every page asks, made once: on SQLite they go to the driver without SQLAlchemy's bookkeeping.

That took several times as long as the answers. What comes back is the same, and so is what is refused: transactions are
`records.database`'s. On PostgreSQL they go as all others do: there, waiting for the server is what takes the time.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError

from pellucid.records.storable import refuse_unstorable

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A statement as it is sent to SQLite: its text, and which values have to be converted on their way in and out."""

    text: str
    values: tuple[tuple[str, Any, Convert | None], ...]
    read: tuple[tuple[int, Convert], ...]

    @classmethod
    def of(cls, statement: Select[Any], dialect: Dialect) -> _Sent:
        """Compile a statement."""
        made = statement.compile(dialect=dialect)
        values = []
        for name in made.positiontup or ():
            bind = made.binds[name]
            values.append((bind.key, bind.value, bind.type.dialect_impl(dialect).bind_processor(dialect)))
        types = [each.type.dialect_impl(dialect) for each in statement.selected_columns]
        converts = [(place, each.result_processor(dialect, None)) for place, each in enumerate(types)]
        return cls(str(made), tuple(values), tuple((place, each) for place, each in converts if each is not None))

    def bound(self, values: dict[str, Any]) -> tuple[Any, ...]:
        """Return values in the order of their places; those that are not given are the statement's own."""
        found = ((values.get(name, own), convert) for name, own, convert in self.values)
        return tuple(value if convert is None else convert(value) for value, convert in found)

    def converted(self, row: tuple[Any, ...]) -> list[Any]:
        """Return a row as the types of its columns have it."""
        found = list(row)
        for place, convert in self.read:
            found[place] = convert(found[place])
        return found


def _row_of(statement: Select[Any]) -> Any:
    names = statement.selected_columns.keys()
    return namedtuple("Row", names, rename=True)


class Asked:
    """A statement that is asked again and again, without lists in it; values are given by the names of its binds."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._sent: _Sent | None = None
        self._row = _row_of(statement)

    def __call__(self, connection: Connection, **values: Any) -> list[Any]:
        """Return all rows, tuples with the names of the columns; raises as `Connection.execute` does."""
        if connection.dialect.name != "sqlite":
            return [self._row._make(row) for row in connection.execute(self._statement, values)]
        if self._sent is None:
            self._sent = _Sent.of(self._statement, connection.dialect)
        sent, driver = self._sent, connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101  -- for the type checker
        given = sent.bound(values)
        refuse_unstorable(connection, driver, sent.text, given, None, False)
        try:
            rows = driver.execute(sent.text, given).fetchall()
        except sqlite3.Error as error:
            raise DBAPIError.instance(sent.text, None, error, sqlite3.Error, dialect=connection.dialect) from error
        return [self._row._make(sent.converted(row) if sent.read else row) for row in rows]
