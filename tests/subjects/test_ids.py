import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, update

from pellucid.consent.facts import facts_of
from pellucid.consent.person import SubjectFacts
from pellucid.errors import InputInvalid
from pellucid.records.database import Database
from pellucid.records.packed import LEARNING
from pellucid.records.tables import subjects
from pellucid.subjects import ids
from tests.records.recycling import temporary_control


def erase(connection: Connection, subject: int) -> None:
    connection.execute(update(subjects).where(subjects.c.id == subject).values(natural_key=None))


def test_new_keys_get_ids_from_zero_in_the_order_of_their_bytes(database: Database) -> None:
    with database.write() as connection:
        given_ids = ids.assign(connection, "customer", pa.array(["mallory", "alice", "bob", "alice"]))
    assert given_ids.to_pylist() == [2, 0, 1, 0]


def test_known_keys_keep_their_ids_and_new_ones_follow(database: Database) -> None:
    with database.write() as connection:
        ids.assign(connection, "customer", pa.array(["bob", "mallory"]))
        assert ids.assign(connection, "customer", pa.array(["alice", "bob"])).to_pylist() == [2, 0]
        assert ids.count(connection, "customer") == 3


def test_each_namespace_counts_from_zero(database: Database) -> None:
    with database.write() as connection:
        ids.assign(connection, "customer", pa.array(["alice", "bob"]))
        assert ids.assign(connection, "household", pa.array(["bob"])).to_pylist() == [0]
        assert ids.find(connection, "customer", "bob") == 1


def test_bytes_that_are_no_text_are_nobodys_key(database: Database) -> None:
    with database.read() as connection:
        assert ids.find(connection, "customer", "c0\udcff") is None


def test_a_key_that_returns_after_erasure_is_a_new_subject(database: Database) -> None:
    with database.write() as connection:
        ids.assign(connection, "customer", pa.array(["alice", "bob"]))
        erase(connection, 1)
        assert ids.find(connection, "customer", "bob") is None
        assert ids.natural_key(connection, "customer", 1) is None
        assert ids.assign(connection, "customer", pa.array(["bob"])).to_pylist() == [2]
        assert ids.count(connection, "customer") == 3


def test_erasing_everybody_frees_no_id(database: Database) -> None:
    with database.write() as connection:
        ids.assign(connection, "customer", pa.array(["alice"]))
        erase(connection, 0)
        assert ids.assign(connection, "customer", pa.array(["alice"])).to_pylist() == [1]


def test_keys_are_exact_texts(database: Database) -> None:
    keys = ["bob", "Bob", " bob", "bob ", "böb", "007", "7"]
    with database.write() as connection:
        assert len(set(ids.assign(connection, "customer", pa.array(keys)).to_pylist())) == len(keys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (pa.array(["alice", None]), "1 of 2 subject keys are NULL"),
        (pa.array(["alice", "", ""]), "2 of 3 subject keys are empty"),
        (pa.array(["al\0ice"]), "1 of 1 subject keys hold a NUL"),
        (pa.array([1, 2]), "Subject keys are texts; these are int64"),
    ],
)
def test_unusable_keys_are_refused_and_nobody_is_added(database: Database, keys: pa.Array, message: str) -> None:
    with pytest.raises(InputInvalid, match=message), database.write() as connection:
        ids.assign(connection, "customer", keys)
    with database.read() as connection:
        assert ids.count(connection, "customer") == 0


def test_no_keys_are_no_subjects(database: Database) -> None:
    with database.write() as connection:
        assert ids.assign(connection, "customer", pa.array([], pa.string())).to_pylist() == []


def test_few_keys_among_many_are_looked_up_one_by_one(database: Database) -> None:
    many = pa.array([f"c{number:05d}" for number in range(5000)])
    with database.write() as connection:
        ids.assign(connection, "customer", many)
        found = ids.assign(connection, "customer", pa.array(["c04000", "zoe", "c00001"]))
    assert found.to_pylist() == [4000, 5000, 1]


def test_a_plan_is_stale_once_somebody_was_added(database: Database) -> None:
    with database.write() as connection:
        planned = ids.plan(connection, "customer", pa.array(["alice"]))
        assert ids.is_current(connection, planned)
        ids.assign(connection, "customer", pa.array(["bob"]))
        assert not ids.is_current(connection, planned)


def test_a_plan_is_stale_once_somebody_was_erased(database: Database) -> None:
    with database.write() as connection:
        ids.assign(connection, "customer", pa.array(["alice", "bob"]))
        planned = ids.plan(connection, "customer", pa.array(["alice"]))
        erase(connection, 0)
        assert not ids.is_current(connection, planned)


def test_facts_are_set_one_by_one_and_left_alone_where_none_are_given(database: Database) -> None:
    with database.write() as connection:
        numbers = ids.assign(connection, "customer", pa.array(["alice", "bob"]))
        ids.set_facts(
            connection, "customer", numbers, jurisdiction=pa.array(["DE", None]), birth_year=pa.array([1980, 2011])
        )
        ids.set_facts(connection, "customer", pa.array([1]), jurisdiction=pa.array(["FR"]))
        assert ids.facts(connection, "customer").to_pylist() == [
            {"id": 0, "jurisdiction": "DE", "birth_year": 1980, "vulnerable": None, "estimated": 0},
            {"id": 1, "jurisdiction": "FR", "birth_year": 2011, "vulnerable": None, "estimated": 0},
        ]


def test_estimates_are_marked_and_what_is_set_without_marks_is_known(database: Database) -> None:
    with database.write() as connection:
        numbers = ids.assign(connection, "customer", pa.array(["alice", "bob"]))
        ids.set_facts(
            connection,
            "customer",
            numbers,
            birth_year=pa.array([1980, 2011]),
            vulnerable=pa.array([False, True]),
            estimated=pa.array([2, 6]),
        )
        ids.set_facts(connection, "customer", pa.array([1]), birth_year=pa.array([2012]))
        assert ids.facts(connection, "customer").to_pylist() == [
            {"id": 0, "jurisdiction": None, "birth_year": 1980, "vulnerable": False, "estimated": 2},
            {"id": 1, "jurisdiction": None, "birth_year": 2012, "vulnerable": True, "estimated": 4},
        ]


def test_facts_of_very_many_are_those_that_were_stored(database: Database) -> None:
    rows = [
        {
            "id": number,
            "jurisdiction": (None, "DE", "FR")[number % 3],
            "birth_year": None if number % 7 == 0 else 1930 + number % 80,
            "vulnerable": (None, False, True, True)[number % 4],
            "estimated": (None, 0, 7)[number % 5 % 3],
        }
        for number in range(2 * LEARNING)
        if number % 11
    ]
    with database.write() as connection:
        connection.execute(insert(subjects), [{"namespace": "customer", **row} for row in rows])
        found = ids.facts(connection, "customer")
    assert found.to_pylist() == [{**row, "estimated": row["estimated"] or 0} for row in rows]
    assert found.column_names == ["id", "jurisdiction", "birth_year", "vulnerable", "estimated"]


def test_the_marks_of_estimates_are_those_that_decisions_read(database: Database) -> None:
    with database.write() as connection:
        numbers = ids.assign(connection, "customer", pa.array(["alice", "bob", "mallory"]))
        bits = pa.array([ids.ESTIMATED[fact] for fact in ("jurisdiction", "birth_year", "vulnerable")])
        ids.set_facts(
            connection,
            "customer",
            numbers,
            jurisdiction=pa.array(["DE"] * 3),
            birth_year=pa.array([1980] * 3),
            vulnerable=pa.array([True] * 3),
            estimated=bits,
        )
        assert facts_of(connection, "customer", range(3)) == {
            0: SubjectFacts("DE", 1980, vulnerable=True, place_estimated=True),
            1: SubjectFacts("DE", 1980, vulnerable=True, age_estimated=True),
            2: SubjectFacts("DE", 1980, vulnerable=True, vulnerable_estimated=True),
        }


BATCHES = st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), max_size=8))


@pytest.mark.slow
@given(BATCHES)
def test_ids_are_dense_and_stable_whatever_arrives(batches: list[list[str]]) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        subjects.create(connection)
        assign_all(connection, batches)
    engine.dispose()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(batches=BATCHES)
def test_ids_are_dense_and_stable_on_postgresql(postgresql: str, batches: list[list[str]]) -> None:
    with temporary_control(postgresql) as database, database.write() as connection:
        assign_all(connection, batches)


def assign_all(connection: Connection, batches: list[list[str]]) -> None:
    first: dict[str, int] = {}
    for batch in batches:
        given_ids = ids.assign(connection, "customer", pa.array(batch, pa.string())).to_pylist()
        for key, subject in zip(batch, given_ids, strict=True):
            assert first.setdefault(key, subject) == subject
    assert sorted(first.values()) == list(range(ids.count(connection, "customer")))


def test_a_key_that_one_database_could_not_index_is_refused_on_both(database: Database) -> None:
    random = "".join(chr(33 + (n * n * 7919) % 89) for n in range(2001))  # does not compress away
    with database.write() as connection:
        assert ids.assign(connection, "customer", pa.array([random[:2000]])).to_pylist() == [0]
    with (
        pytest.raises(InputInvalid, match="1 of 1 subject keys have more than 2000 bytes"),
        database.write() as connection,
    ):
        ids.assign(connection, "customer", pa.array([random]))
