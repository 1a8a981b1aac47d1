"""What one database keeps the other keeps, and what one refuses the other refuses, in the same words."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from pellucid.errors import RecordingFailed
from pellucid.records.database import Database
from pellucid.records.tables import charges, permitted_chunks, settings_kept, subjects

LARGEST = 2**63 - 1
KEPT = [
    "",
    " ",
    "Alice",
    "alice",
    "ALICE",
    "alice ",
    "Ångström",
    "A\u030angstro\u0308m",
    "\U0001f600",
    "ß",
    "SS",
    "'\"%:;\\",
]


def test_names_that_look_alike_are_kept_apart(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(settings_kept), [{"name": name, "value": name} for name in KEPT])
    with database.read() as connection:
        assert sorted(connection.scalars(select(settings_kept.c.name))) == sorted(KEPT)
        for name in KEPT:
            assert connection.scalars(select(settings_kept.c.value).where(settings_kept.c.name == name)).all() == [name]


@pytest.mark.parametrize("number", [LARGEST, -LARGEST - 1, 2**31, -(2**31) - 1, 0])
def test_large_numbers_read_back_exactly(database: Database, number: int) -> None:
    with database.write() as connection:
        connection.execute(insert(subjects).values(namespace="customer", id=number, natural_key="alice"))
    with database.read() as connection:
        assert connection.scalars(select(subjects.c.id)).one() == number


def test_bytes_of_every_value_read_back_exactly(database: Database) -> None:
    every = bytes(range(256)) * 5000
    row = {"purpose": "p", "namespace": "n", "chunk": 0, "plain": every, "sensitive": b""}
    with database.write() as connection:
        connection.execute(insert(permitted_chunks).values(row))
    with database.read() as connection:
        found = connection.execute(select(permitted_chunks)).one()
    assert (bytes(found.plain), bytes(found.sensitive)) == (every, b"")


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ({"name": "a\0b", "value": ""}, "cannot hold text with a NUL character, so the change was not made"),
        ({"name": "a", "value": "\ud800"}, "cannot hold text that is not valid Unicode, so the change was not made"),
        ({"name": None, "value": ""}, "did not accept the change, so it was not made"),
    ],
)
def test_what_cannot_be_kept_everywhere_is_refused_everywhere(
    database: Database, row: dict[str, object], match: str
) -> None:
    with pytest.raises(RecordingFailed, match=match), database.write() as connection:
        connection.execute(insert(settings_kept), [{"name": "first", "value": ""}, row])
    with database.read() as connection:
        assert connection.scalars(select(settings_kept.c.name)).all() == []


@pytest.mark.parametrize("number", [LARGEST + 1, -LARGEST - 2])
def test_a_number_of_more_than_64_bits_is_refused(database: Database, number: int) -> None:
    row = {"id": "r", "namespace": "n", "purpose": "p", "actor": "ana", "rho": number, "delta": 0, "state": "reserved"}
    with (
        pytest.raises(RecordingFailed, match="cannot hold an integer of more than 64 bits") as refused,
        database.write() as connection,
    ):
        connection.execute(insert(charges).values(row | {"reserved_at": 0}))
    assert refused.value.code == "value-not-storable"
