from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.engines.base import Holding
from pellucid.errors import DataRefused
from pellucid.holdings.publish import (
    Generation,
    SubjectBits,
    datasets_with,
    file_name,
    generation_published,
    next_generation,
    publish,
    published,
    remove_leftovers,
    subjects_of,
)
from pellucid.records.database import Database


def made(generation: int, *, at: int = 10) -> Generation:
    return Generation("sales", generation, file_name("sales", generation), 5, "hash", at)


def test_a_dataset_starts_at_generation_one_and_nothing_is_published(database: Database, tmp_path: Path) -> None:
    with database.read() as connection:
        assert next_generation(connection, "sales") == 1
        assert published(connection, tmp_path) == {}
        assert generation_published(connection, "sales") is None


def test_publishing_retires_the_generation_before(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        publish(connection, made(1), {}, replaces=None)
    with database.write() as connection:
        publish(connection, made(2, at=20), {}, replaces=1)
        assert published(connection, tmp_path) == {
            "sales": Holding("sales", 2, str(tmp_path.resolve() / "data/sales.2.duckdb"))
        }
        assert generation_published(connection, "sales") == made(2, at=20)
        assert next_generation(connection, "sales") == 3


def test_who_has_rows_is_kept_with_the_generation(database: Database) -> None:
    held = SubjectBits.of(np.array([0, 9]), 10)
    with database.write() as connection:
        publish(connection, made(1), {"customer": held}, replaces=None)
        assert subjects_of(connection, "sales", 1) == {"customer": SubjectBits(10, bytes([0b1, 0b10]))}


def test_a_subject_is_found_in_the_datasets_that_are_published_with_rows_of_theirs(control: Database) -> None:
    def held(*ids: int) -> dict[str, SubjectBits]:
        return {"customer": SubjectBits.of(np.array(ids), 20), "device": SubjectBits.of(np.array([3]), 4)}

    with control.write() as connection:
        publish(connection, made(1), held(1, 9), replaces=None)
        publish(connection, made(2, at=20), held(0, 8, 19), replaces=1)
        publish(connection, replace(made(1), dataset="cards"), held(8), replaces=None)
    with control.read() as connection:
        found = {each: datasets_with(connection, "customer", each) for each in (0, 1, 8, 9, 19, 20, 2**30)}
        assert datasets_with(connection, "device", 3) == {"cards", "sales"}
        assert datasets_with(connection, "device", 8) == frozenset()

    both, none = frozenset({"cards", "sales"}), frozenset[str]()
    assert found == {0: {"sales"}, 1: none, 8: both, 9: none, 19: {"sales"}, 20: none, 2**30: none}


@pytest.mark.parametrize(("generation", "replaces"), [(2, None), (1, 1), (3, 1)])
def test_an_import_made_for_another_state_is_not_published(
    database: Database, generation: int, replaces: int | None
) -> None:
    with database.write() as connection:
        publish(connection, made(1), {}, replaces=None)
    with pytest.raises(DataRefused, match="published or retired meanwhile"), database.write() as connection:
        publish(connection, made(generation), {}, replaces=replaces)
    with database.read() as connection:
        assert generation_published(connection, "sales") == made(1)


def test_files_of_a_crashed_import_are_cleared_and_published_ones_stay(database: Database, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    names = ["sales.1.duckdb", "sales.2.duckdb", "sales.2.duckdb.draft", "sales.2.duckdb.draft.wal", ".import.lock"]
    for name in names:
        (data / name).write_bytes(b"rows")
    with database.write() as connection:
        publish(connection, made(1), {}, replaces=None)
    with database.read() as connection:
        assert remove_leftovers(connection, tmp_path) == tuple(names[1:4])
    assert sorted(file.name for file in data.iterdir()) == [".import.lock", "sales.1.duckdb"]


@given(st.sets(st.integers(0, 200)), st.integers(201, 300))
def test_a_bitmap_gives_back_the_ids_it_was_made_of(ids: set[int], size: int) -> None:
    bits = SubjectBits.of(np.array(sorted(ids), dtype=np.int64), size)
    assert bits.ids().tolist() == sorted(ids)
    assert len(bits.bits) == (size + 7) // 8
    assert all(bool(bits.bits[i // 8] >> (i % 8) & 1) == (i in ids) for i in range(size))
