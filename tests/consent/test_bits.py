"""A set in chunks says the same as one that is whole, whatever is changed, grown or made anew."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, select

from pellucid.consent.bits import Bitmaps, whole_bitmaps, write_whole
from pellucid.consent.effect import NOTHING, Effect
from pellucid.consent.replica import snapshot
from pellucid.consent.sets import StoredSet, drop_set, put_effects, put_set, read_set
from pellucid.records.database import Database
from pellucid.records.tables import CHUNK_PEOPLE, permitted_chunks
from tests.records.recycling import temporary_control
from tests.records.sqlite import new_control

EDGES = [edge + offset for edge in (0, CHUNK_PEOPLE, 2 * CHUNK_PEOPLE) for offset in (-9, -1, 0, 1, 8)]
PERSON = st.sampled_from([place for place in EDGES if place >= 0]) | st.integers(0, 3 * CHUNK_PEOPLE)
EFFECT = st.builds(Effect, st.booleans(), st.booleans(), st.none() | st.integers(1, 9), st.none() | st.integers(1, 9))
CHANGE = st.tuples(st.just("change"), st.dictionaries(PERSON, EFFECT, max_size=6))
GROW = st.tuples(st.just("grow"), st.integers(1, 2 * CHUNK_PEOPLE))
REBUILD = st.tuples(st.just("rebuild"), st.dictionaries(PERSON, EFFECT, max_size=6))
DROP = st.tuples(st.just("drop"), st.none())
STEPS = st.lists(st.one_of(CHANGE, CHANGE, GROW, REBUILD, DROP), max_size=8)


def play(connection: Connection, steps: list[tuple[str, object]]) -> None:
    """Do the same to what is stored and to a set in memory, beside another purpose's that nothing may touch."""
    put_set(connection, 1, "other", "customer", StoredSet.nobody(CHUNK_PEOPLE + 3))
    put_effects(connection, 1, "other", "customer", {CHUNK_PEOPLE: Effect(True, False, None, None)})
    other, model = read_set(connection, "other", "customer"), StoredSet.nobody(0)
    for version, (step, what) in enumerate(steps, start=2):
        if step == "change":
            assert isinstance(what, dict)
            model.grow(max(what, default=-1) + 1)
            for person, effect in what.items():
                model.put(person, effect)
            put_effects(connection, version, "planning", "customer", what)
        elif step == "drop":
            model = StoredSet.nobody(0)
            drop_set(connection, version, "planning", "customer")
        else:
            made = StoredSet.nobody(0) if step == "rebuild" else model
            people = what if isinstance(what, dict) else {}
            made.grow(max(people, default=-1) + 1 if step == "rebuild" else made.size + int(str(what)))
            for person, effect in people.items():
                made.put(person, effect)
            model = made
            put_set(connection, version, "planning", "customer", model)
        assert read_set(connection, "planning", "customer").equals(model)
        assert read_set(connection, "other", "customer").equals(other)
        for each in snapshot(connection)[2]:
            assert len(each.plain) == len(each.sensitive) == (each.size + 7) // 8


@given(STEPS)
@settings(max_examples=80, deadline=None)
def test_a_set_in_chunks_equals_one_that_is_whole(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = new_control(Path(folder) / "control.sqlite")
        with database.write() as connection:
            play(connection, steps)
        database.close()


@pytest.mark.slow
@given(steps=STEPS)
@settings(max_examples=20, deadline=None)
def test_a_set_in_chunks_equals_one_that_is_whole_on_postgresql(
    postgresql: str, steps: list[tuple[str, object]]
) -> None:
    with temporary_control(postgresql) as database, database.write() as connection:
        play(connection, steps)


def test_one_change_writes_one_chunk(database: Database) -> None:
    ones = b"\xff" * (4 * CHUNK_PEOPLE // 8)
    with database.write() as connection:
        write_whole(connection, ("planning", "customer"), Bitmaps(4 * CHUNK_PEOPLE, ones, ones))
        rows = select(permitted_chunks.c.chunk, permitted_chunks.c.plain).order_by(permitted_chunks.c.chunk)
        before = connection.execute(rows).all()
        put_effects(connection, 1, "planning", "customer", {2 * CHUNK_PEOPLE + 17: NOTHING})
        after = connection.execute(rows).all()
    assert [old.chunk for old, new in zip(before, after, strict=True) if bytes(old.plain) != bytes(new.plain)] == [2]


def test_a_chunk_that_is_missing_or_cut_short_denies_its_people(database: Database) -> None:
    size, place = 3 * CHUNK_PEOPLE, ("planning", "customer")
    ones = b"\xff" * (size // 8)
    with database.write() as connection:
        write_whole(connection, place, Bitmaps(size, ones, ones))
        connection.execute(delete(permitted_chunks).where(permitted_chunks.c.chunk == 1))
        connection.execute(permitted_chunks.update().where(permitted_chunks.c.chunk == 2).values(plain=b"\xff"))
        found = whole_bitmaps(connection)[place]
        stored = read_set(connection, *place)
        assert connection.scalar(select(func.count()).select_from(permitted_chunks)) == 2
    assert len(found.plain) == len(ones)
    assert int(stored.plain.sum()) == CHUNK_PEOPLE + 8
    assert not stored.plain[CHUNK_PEOPLE : 2 * CHUNK_PEOPLE].any()
