"""What every page asks goes past SQLAlchemy on SQLite: it answers and refuses as what goes through it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import BindParameter, Column, Integer, MetaData, Select, Table, bindparam, insert, select

from pellucid.errors import RecordingFailed, WorkspaceUnusable
from pellucid.records.asked import Asked
from pellucid.records.database import Database
from pellucid.records.tables import subjects
from pellucid.records.web_tables import web_sessions

SPACE: BindParameter[str] = bindparam("space")
FACTS = select(subjects, subjects.c.natural_key.is_(None)).where(subjects.c.namespace == SPACE).order_by(subjects.c.id)
SHOWN = select(web_sessions).where(web_sessions.c.digest == bindparam("shown"))
FIRST = select(subjects.c.natural_key).where(subjects.c.namespace == SPACE).order_by(subjects.c.id).limit(1)
NOWHERE = Table("nowhere", MetaData(), Column("id", Integer))


@pytest.fixture
def held(database: Database) -> Database:
    """A database with two people, of whom one is erased, and a session."""
    known = {"jurisdiction": "DE", "birth_year": 1980, "vulnerable": True}
    session = {"id": "s", "digest": b"\0\xff", "namespace": "household", "subject": 2**40, "address": b""}
    times = {"how": "code", "strength": 1, "made_at": 1, "seen_at": 2, "ends_at": 2**50}
    with database.write() as connection:
        connection.execute(insert(subjects).values(namespace="household", id=0, natural_key="h0", **known))
        connection.execute(insert(subjects).values(namespace="household", id=1))
        connection.execute(insert(web_sessions).values(**session, **times))
    return database


@pytest.mark.parametrize(
    ("statement", "values", "found"),
    [
        (FACTS, {"space": "household"}, 2),
        (FACTS, {"space": "nobody"}, 0),
        (SHOWN, {"shown": b"\0\xff"}, 1),
        (SHOWN, {"shown": b"\0"}, 0),
        (FIRST, {"space": "household"}, 1),
    ],
)
def test_the_rows_are_those_that_sqlalchemy_gives_with_their_types(
    held: Database, statement: Select[Any], values: dict[str, Any], found: int
) -> None:
    asked = Asked(statement)
    for begin in (held.read, held.write, held.read):
        with begin() as connection:
            expected = [[(type(each), each) for each in row] for row in connection.execute(statement, values)]
            assert [[(type(each), each) for each in row] for row in asked(connection, **values)] == expected
            assert len(expected) == found


def test_the_columns_of_a_row_have_their_names(held: Database) -> None:
    with held.read() as connection:
        (row,) = Asked(SHOWN)(connection, shown=b"\0\xff")
    assert (row.id, row.subject, row.address, row.ended_at) == ("s", 2**40, b"", None)


def test_what_no_database_can_hold_is_not_asked_for(held: Database) -> None:
    with pytest.raises(RecordingFailed, match="text with a NUL character") as caught, held.read() as connection:
        Asked(FACTS)(connection, space="house\0hold")
    assert caught.value.code == "value-not-storable"


def test_what_cannot_be_read_is_told_as_of_any_other_statement(held: Database) -> None:
    with pytest.raises(WorkspaceUnusable, match="cannot be read") as caught, held.read() as connection:
        Asked(select(NOWHERE))(connection)
    assert caught.value.code == "database-unreadable"
    assert "nowhere" not in caught.value.diagnostics()
