from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import select, update

from pellucid.errors import NameUnknown, VerificationFailed, WorkspaceUnusable
from pellucid.records.database import Database
from pellucid.records.tables import subject_keys, subjects
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys, load_or_create_key
from tests.conftest import MakeControl

WRAP = bytes(range(32))


@pytest.fixture
def people(database: Database) -> Database:
    with database.write() as connection:
        ids.assign(connection, "customer", pa.array(["alice", "bob"]))
        ids.assign(connection, "household", pa.array(["alice"]))
    return database


def test_a_pseudonym_stays_the_same_and_belongs_to_one_subject(people: Database) -> None:
    with people.write() as connection:
        alice = SubjectKeys(WRAP).pseudonym(connection, "customer", 0)
        bob = SubjectKeys(WRAP).pseudonym(connection, "customer", 1)
        elsewhere = SubjectKeys(WRAP).pseudonym(connection, "household", 0)
    with people.write() as connection:
        assert SubjectKeys(WRAP).pseudonyms(connection, "customer", [1, 0, 1]) == [bob, alice, bob]
    assert len({alice, bob, elsewhere}) == 3
    assert len(bytes.fromhex(alice)) == 32


def test_the_same_subject_in_another_workspace_has_another_pseudonym(
    people: Database, make_control: MakeControl
) -> None:
    other = make_control()
    with other.write() as connection:
        ids.assign(connection, "customer", pa.array(["alice"]))
        theirs = SubjectKeys(WRAP).pseudonym(connection, "customer", 0)
    with people.write() as connection:
        assert SubjectKeys(WRAP).pseudonym(connection, "customer", 0) != theirs


def test_after_its_key_is_destroyed_an_old_pseudonym_cannot_be_made_again(people: Database) -> None:
    keys = SubjectKeys(WRAP)
    with people.write() as connection:
        before = keys.pseudonym(connection, "customer", 0)
        keys.destroy(connection, "customer", 0)
        assert keys.pseudonym(connection, "customer", 0) != before


def test_an_erased_subject_gets_no_new_key(people: Database) -> None:
    with people.write() as connection:
        connection.execute(update(subjects).values(natural_key=None))
    with pytest.raises(NameUnknown, match="no subject in 'customer' with the id '0'"), people.write() as connection:
        SubjectKeys(WRAP).pseudonym(connection, "customer", 0)


def test_an_id_that_was_never_given_has_no_pseudonym(people: Database) -> None:
    with pytest.raises(NameUnknown, match="'7'"), people.write() as connection:
        SubjectKeys(WRAP).pseudonyms(connection, "customer", [0, 7])


def test_keys_are_not_stored_in_the_clear_and_open_under_their_own_wrap_key_only(people: Database) -> None:
    with people.write() as connection:
        SubjectKeys(WRAP).pseudonym(connection, "customer", 0)
    with people.write() as connection:
        wrapped = connection.scalars(select(subject_keys.c.wrapped)).one()
        assert len(wrapped) == 12 + 32 + 16
        with pytest.raises(VerificationFailed, match="does not open under this workspace's"):
            SubjectKeys(bytes(32)).pseudonym(connection, "customer", 0)


def test_a_key_moved_to_another_subject_does_not_open(people: Database) -> None:
    with people.write() as connection:
        SubjectKeys(WRAP).pseudonym(connection, "customer", 0)
        connection.execute(update(subject_keys).values(id=1))
        with pytest.raises(VerificationFailed, match="does not open"):
            SubjectKeys(WRAP).pseudonym(connection, "customer", 1)


def test_a_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    key = load_or_create_key(path)
    assert (len(key), path.stat().st_mode & 0o777) == (32, 0o600)
    assert load_or_create_key(path) == key
    assert [file.name for file in tmp_path.iterdir()] == ["pseudonym.key"]


def test_two_makers_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _n: load_or_create_key(tmp_path / "pseudonym.key"), range(40)))
    assert len(keys) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_a_key_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pseudonym.key"
    load_or_create_key(path)
    path.chmod(mode)
    with pytest.raises(WorkspaceUnusable, match=r"pseudonym\.key can be read by others"):
        load_or_create_key(path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_file_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "pseudonym.key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(WorkspaceUnusable, match="does not hold exactly 32 bytes"):
        load_or_create_key(path)


def test_a_key_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    load_or_create_key(tmp_path / "real.key")
    (tmp_path / "pseudonym.key").symlink_to("real.key")
    with pytest.raises(WorkspaceUnusable, match="cannot be opened as a plain file"):
        load_or_create_key(tmp_path / "pseudonym.key")
