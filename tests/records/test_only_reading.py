"""Within `only_reading` nothing is written, by threads neither, but that something was refused."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread
import pytest
from sqlalchemy import insert, select

from pellucid.errors import RecordingFailed
from pellucid.records.database import Database
from pellucid.records.only_reading import only_reading
from pellucid.records.tables import settings_kept

REFUSED = "only asked what it is like"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database.at(tmp_path / "control.sqlite")
    made.create()
    return made


def write(database: Database, name: str, *, of_refusal: bool = False) -> None:
    with database.write(of_refusal=of_refusal) as connection:
        connection.execute(insert(settings_kept).values(name=name, value="x"))


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(select(settings_kept.c.name).where(settings_kept.c.value == "x")))


def test_a_write_is_refused_and_what_is_read_is_told(database: Database) -> None:
    with only_reading(), pytest.raises(RecordingFailed, match=REFUSED):
        write(database, "a")
    with only_reading():
        assert names(database) == []


def test_what_is_begun_within_a_block_and_is_none_of_it_may_write(database: Database) -> None:
    with only_reading(), only_reading(False):
        write(database, "a")

    assert names(database) == ["a"]


def test_that_something_was_refused_is_written(database: Database) -> None:
    with only_reading():
        write(database, "a", of_refusal=True)

    assert names(database) == ["a"]


def test_it_holds_for_threads_that_work_for_the_block_and_ends_with_it(database: Database) -> None:
    async def asked() -> None:
        with only_reading():
            await anyio.to_thread.run_sync(write, database, "a")

    with pytest.raises(RecordingFailed, match=REFUSED):
        anyio.run(asked)
    write(database, "b")

    assert names(database) == ["b"]
