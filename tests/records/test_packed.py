"""Rows read in columns are the rows there are, whatever values were seen before, on both databases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, Connection, delete, insert

from pellucid.errors import WorkspaceUnusable
from pellucid.records.database import Database
from pellucid.records.packed import LARGEST_NUMBER, MOST_VALUES, WIDEST, read_rows
from pellucid.records.tables import subjects

LARGEST = 2**31 - 1
PLACES = st.one_of(
    st.none(), st.sampled_from(["DE", "de", "DE ", "US-CA", "", ",", "1,2", "'; --", "Å", "\U0001f600"]), st.text("ab")
)
YEARS = st.one_of(st.none(), st.integers(1900, 2030), st.sampled_from([-LARGEST - 1, -1, 0, LARGEST]))
ROWS = st.lists(
    st.tuples(st.sampled_from(["customer", "household"]), PLACES, YEARS, st.booleans() | st.none(), st.booleans()),
    max_size=60,
)
COLUMNS = subjects.c
OTHERS = (COLUMNS.jurisdiction, COLUMNS.birth_year, COLUMNS.vulnerable, COLUMNS.natural_key.is_(None))

Row = tuple[object, ...]


def put(connection: Connection, rows: Sequence[Row], *, gap: int = 1) -> list[Row]:
    """Add subjects, the later the lower their id, and return the customers by id."""
    made, kept = [], []
    for number, (namespace, place, born, vulnerable, erased) in enumerate(rows):
        subject = (len(rows) - number) * gap
        row = {"namespace": namespace, "id": subject, "natural_key": None if erased else f"key-{subject}"}
        made.append(row | {"jurisdiction": place, "birth_year": born, "vulnerable": vulnerable})
        kept += [(subject, place, born, vulnerable, erased)] if namespace == "customer" else []
    if made:
        connection.execute(insert(subjects), made)
    return kept[::-1]


def read(
    connection: Connection,
    stop: int,
    *,
    others: Sequence[ColumnElement[object]] = OTHERS,
    learning: int = 50,
    stretch: int = 100,
) -> list[Row]:
    where = (COLUMNS.namespace == "customer",)
    rows = read_rows(connection, (COLUMNS.id,), others, where, range(stop), learning=learning, stretch=stretch)
    assert len(set(rows.kinds)) == len(rows.kinds)
    found = zip(rows.integers[0].tolist(), rows.kind.tolist(), strict=True)
    return [(subject, *rows.kinds[kind]) for subject, kind in found]


@given(ROWS, st.integers(1, 10), st.integers(1, 40), st.sampled_from([1, 1, 3]))
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_columns_hold_what_the_rows_hold(
    database: Database, rows: list[Row], learning: int, stretch: int, gap: int
) -> None:
    with database.write() as connection:
        connection.execute(delete(subjects))
        expected = put(connection, rows, gap=gap)
        # Before it is committed: a change counts from the moment its own transaction made it.
        assert read(connection, len(rows) * gap + 1, learning=learning, stretch=stretch) == expected


def test_rows_with_more_values_than_are_packed_are_all_there(database: Database) -> None:
    rows: list[Row] = [
        ("customer", f"place {number % (3 * MOST_VALUES)}", (None, -1, 7 * WIDEST, 1900)[number % 4], None, False)
        for number in range(400)
    ]
    with database.write() as connection:
        expected = put(connection, rows)
        assert read(connection, 401) == expected


def test_values_that_are_new_in_the_midst_of_many_are_there(database: Database) -> None:
    rows: list[Row] = [("customer", "DE", 1980, None, False)] * 300
    rows[40] = ("customer", "FR", 1850, True, True)
    with database.write() as connection:
        expected = put(connection, rows)
        assert read(connection, 301) == expected


def test_many_columns_of_many_values_still_make_a_number_of_64_bits(database: Database) -> None:
    rows: list[Row] = [("customer", None, 1 if number % 2 else WIDEST, None, False) for number in range(200)]
    others = (COLUMNS.birth_year,) * 6
    assert WIDEST ** len(others) > LARGEST_NUMBER
    with database.write() as connection:
        expected = [(row[0], *([row[2]] * len(others))) for row in put(connection, rows)]
        assert read(connection, 201, others=others) == expected


def test_an_integer_that_is_missing_is_never_passed_over(database: Database) -> None:
    rows: list[Row] = [("customer", "DE", None if number == 20 else 1980, None, False) for number in range(200)]
    with database.write() as connection:
        put(connection, rows)
        with pytest.raises(WorkspaceUnusable, match="gave other rows than it counted"):
            read_rows(connection, (COLUMNS.id, COLUMNS.birth_year), (COLUMNS.vulnerable,), (), range(201), learning=50)
