from pathlib import Path

import pytest

from pellucid.engines.base import Holding
from pellucid.errors import WorkspaceUnusable
from pellucid.holdings.leases import lease, release, unlink_unleased
from pellucid.holdings.publish import (
    Generation,
    SubjectBits,
    file_name,
    next_generation,
    publish,
    published,
    subjects_of,
)
from pellucid.records.database import Database
from pellucid.records.tables import generation_leases, generations


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Path:
    """A workspace with two generations of sales, the second published."""
    (tmp_path / "data").mkdir()
    for number in (1, 2):
        made = Generation("sales", number, file_name("sales", number), 5, "hash", number)
        (tmp_path / made.path).write_bytes(b"rows")
        with database.write() as connection:
            publish(connection, made, {"customer": SubjectBits(1, b"\1")}, replaces=number - 1 or None)
    return tmp_path


def old(folder: Path) -> Holding:
    return Holding("sales", 1, str(folder / "data/sales.1.duckdb"))


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / "data").iterdir())


def test_a_retired_generation_without_leases_goes_and_the_published_one_stays(database: Database, folder: Path) -> None:
    assert unlink_unleased(database, folder, now=5) == ("sales.1.duckdb",)
    assert files(folder) == ["sales.2.duckdb"]
    with database.read() as connection:
        assert subjects_of(connection, "sales", 1) == {}
        assert published(connection, folder)["sales"].generation == 2
    assert unlink_unleased(database, folder, now=5) == ()


def test_a_leased_generation_stays_until_it_is_released(database: Database, folder: Path) -> None:
    with database.write() as connection:
        first = lease(connection, [old(folder)], until=100)
        second = lease(connection, [old(folder)], until=100)
    with database.write() as connection:
        release(connection, first)
    assert unlink_unleased(database, folder, now=5) == ()
    with database.write() as connection:
        release(connection, second)
    assert unlink_unleased(database, folder, now=5) == ("sales.1.duckdb",)


def test_an_expired_lease_holds_nothing(database: Database, folder: Path) -> None:
    with database.write() as connection:
        lease(connection, [old(folder)], until=100)
    assert unlink_unleased(database, folder, now=99) == ()
    assert unlink_unleased(database, folder, now=100) == ("sales.1.duckdb",)


def test_a_generation_that_is_gone_cannot_be_leased(database: Database, folder: Path) -> None:
    unlink_unleased(database, folder, now=5)
    with (
        pytest.raises(WorkspaceUnusable, match="Generation 1 of 'sales' is no longer held"),
        database.write() as connection,
    ):
        lease(connection, [Holding("sales", 2, ""), old(folder)], until=100)
    with database.read() as connection:
        assert connection.execute(generation_leases.select()).all() == []


def test_numbers_are_not_used_twice_even_when_nothing_is_left(database: Database, folder: Path) -> None:
    with database.write() as connection:
        connection.execute(generations.update().values(retired_at=3))
    assert unlink_unleased(database, folder, now=5) == ("sales.1.duckdb", "sales.2.duckdb")
    with database.read() as connection:
        assert published(connection, folder) == {}
        assert next_generation(connection, "sales") == 3


def test_a_file_that_is_already_gone_does_not_stop_the_rest(database: Database, folder: Path) -> None:
    (folder / "data/sales.1.duckdb").unlink()
    assert unlink_unleased(database, folder, now=5) == ("sales.1.duckdb",)
    assert files(folder) == ["sales.2.duckdb"]
