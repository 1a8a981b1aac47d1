"""Ids for one use: tied to nothing else, the same every time, gone with the key."""

import pyarrow as pa
import pytest
from sqlalchemy import func, select

from pellucid.errors import NameUnknown
from pellucid.records.database import Database
from pellucid.records.tables import subject_keys
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.pairwise import pairwise_id

KEYS = SubjectKeys(bytes(range(32)))


@pytest.fixture
def people(database: Database) -> Database:
    with database.write() as connection:
        ids.assign(connection, "customer", pa.array(["alice", "bob"]))
        ids.assign(connection, "household", pa.array(["alice"]))
        for namespace, subject in (("customer", 0), ("customer", 1), ("household", 0)):
            KEYS.pseudonym(connection, namespace, subject)
    return database


def test_an_id_is_the_same_every_time_and_belongs_to_one_subject_and_use(people: Database) -> None:
    with people.read() as connection:
        alice = pairwise_id(connection, KEYS, "customer", 0)
        assert pairwise_id(connection, KEYS, "customer", 0) == alice
        others = {
            pairwise_id(connection, KEYS, "customer", 1),
            pairwise_id(connection, KEYS, "household", 0),
            pairwise_id(connection, KEYS, "customer", 0, b"another use v1\0"),
            KEYS.pseudonym(connection, "customer", 0),
        }
    assert len(bytes.fromhex(alice)) == 32
    assert len(others | {alice}) == 5


def test_after_the_key_is_destroyed_there_is_no_id_and_none_is_made(people: Database) -> None:
    with people.write() as connection:
        KEYS.destroy(connection, "customer", 0)
        with pytest.raises(NameUnknown, match="no key of a subject in 'customer' with the id '0'"):
            pairwise_id(connection, KEYS, "customer", 0)
        assert connection.scalar(select(func.count()).select_from(subject_keys)) == 2
