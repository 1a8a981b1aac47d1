from __future__ import annotations

import json
from hashlib import sha256
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from pellucid.audit import log, merkle
from pellucid.audit.canonical import canonical_bytes
from pellucid.audit.entry import AuditEntry
from pellucid.errors import NameUnknown, RecordingFailed
from pellucid.policy.stamp import Stamp
from pellucid.records.database import Database
from pellucid.records.tables import log_details, log_entries, log_head, settings_kept
from tests.audit.conftest import NOON, PIA, Filled, entry

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
).filter(lambda value: "\ud800" not in repr(value))


def test_the_bytes_of_an_entry_are_exactly_these(database: Database) -> None:
    stamp = Stamp(register=7, policy="aa", regulations="bb", generations={"sales": 2}, as_of=5)
    written = AuditEntry("insight.release", PIA, NOON, "range-planning", "f00d", stamp, {"zoë": [1, True, None]}, {})
    with database.write() as connection:
        receipt = log.append(connection, written)
        body = log.entry_at(connection, 0).body
    assert (
        body
        == (
            '{"action":"insight.release","actor":{"authenticated":"os-user:pia","kind":"staff","name":"pia",'
            '"roles":["privacy-officer"]},"at":1767268800000000,"body":{"zoë":[1,true,null]},"commitment":null,'
            '"purpose":"range-planning","stamp":{"as_of":5,"generations":{"sales":2},"policy":"aa","register":7,'
            '"regulations":"bb"},"subject":"f00d","v":1}'
        ).encode()
    )
    assert (receipt.leaf, receipt.leaf_hash) == (0, sha256(b"\x00" + body).hexdigest())


def test_details_are_kept_apart_under_a_commitment_and_can_be_erased(database: Database, fill: Filled) -> None:
    fill(2)
    with database.write() as connection:
        (held,) = log.details(connection)
        assert (held.leaf, held.fields()) == (1, {"words": "What does household 1 buy?"})
        stored = log.entry_at(connection, 1)
        assert stored.fields()["commitment"] == held.commitment() == sha256(held.nonce + held.details).hexdigest()
        assert stored.body.count(b"household") == 0
        before = log.root(connection)
        connection.execute(delete(log_details))
    with database.read() as connection:
        assert (tuple(log.details(connection)), log.root(connection)) == ((), before)


def test_equal_details_have_unequal_commitments(database: Database) -> None:
    with database.write() as connection:
        log.append_all(connection, [entry(1), entry(1)])
        first, second = (stored.fields()["commitment"] for stored in log.entries(connection))
    assert first != second


def test_one_by_one_or_at_once_the_head_is_that_of_the_stored_bytes(database: Database, fill: Filled) -> None:
    for count in (1, 1, 5, 0, 13):
        fill(count)
        with database.read() as connection:
            stored = list(log.entries(connection))
            root = merkle.root_from_leaves([merkle.leaf_hash(found.body) for found in stored])
            assert (log.size(connection), log.root(connection)) == log.head(connection) == (len(stored), root)
            assert [found.leaf for found in stored] == list(range(len(stored)))


def test_entries_are_read_from_start_to_before_stop(database: Database, fill: Filled) -> None:
    fill(6)
    with database.read() as connection:
        assert [found.leaf for found in log.entries(connection, 2, 4)] == [2, 3]
        assert [found.leaf for found in log.details(connection, 2, 4)] == [3]
        assert log.actions(connection, 4) == ("consent.withdraw", "consent.withdraw")
        with pytest.raises(NameUnknown, match="There is no log entry '6'"):
            log.entry_at(connection, 6)


def test_an_entry_is_gone_when_its_transaction_fails(database: Database, fill: Filled) -> None:
    fill(3)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(insert(settings_kept).values(name="half", value="done"))
        log.append(connection, entry(3))
        raise ZeroDivisionError
    fill(1)
    with database.read() as connection:
        assert (log.size(connection), [found.leaf for found in log.entries(connection)]) == (4, [0, 1, 2, 3])


def test_proofs_of_every_entry_and_size_verify(database: Database, fill: Filled) -> None:
    fill(9)
    with database.read() as connection:
        stored = list(log.entries(connection))
        for size in range(1, 10):
            root = merkle.root_from_leaves([found.leaf_hash for found in stored[:size]])
            merkle.verify_consistency(size, root, 9, log.root(connection), log.consistency_proof(connection, size, 9))
            for leaf in range(size):
                path = log.inclusion_proof(connection, leaf, size)
                merkle.verify_inclusion(stored[leaf].leaf_hash, leaf, size, path, root)


def test_proofs_beyond_the_log_are_refused(database: Database, fill: Filled) -> None:
    fill(2)
    with database.read() as connection:
        with pytest.raises(NameUnknown, match="no log entry '2'"):
            log.inclusion_proof(connection, 2, 2)
        with pytest.raises(NameUnknown, match="no log entry '0'"):
            log.inclusion_proof(connection, 0, 3)
        with pytest.raises(NameUnknown, match="no log size '2'"):
            log.consistency_proof(connection, 2, 1)


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (float("nan"), "a number that is not finite at '.body.x'"),
        (float("-inf"), "a number that is not finite"),
        (b"bytes", "cannot hold bytes"),
        (2**63, "an integer beyond ±9223372036854775807"),
        pytest.param(10**5000, "an integer beyond", id="5001 digits"),
        ({1: 2}, "a key of type int"),
        ({"set"}, "cannot hold set"),
        ("\ud800", "text that is not valid Unicode"),
    ],
)
def test_what_json_cannot_hold_exactly_is_not_recorded(database: Database, value: object, match: str) -> None:
    with pytest.raises(RecordingFailed, match=match) as caught, database.write() as connection:
        log.append(connection, AuditEntry("x", PIA, NOON, body={"x": value}))
    assert caught.value.code == "entry-unrecordable"
    with database.read() as connection:
        assert log.size(connection) == 0


def test_endless_nesting_is_not_recorded() -> None:
    nested: dict[str, object] = {}
    nested["again"] = nested
    with pytest.raises(RecordingFailed, match="nesting deeper than 32"):
        canonical_bytes(nested)


@given(st.dictionaries(st.text(max_size=5), PLAIN, max_size=4))
def test_canonical_bytes_read_back_and_do_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    written = canonical_bytes(value)
    assert json.loads(written) == value
    assert canonical_bytes(dict(reversed(value.items()))) == written
    assert b"\n" not in written


def test_a_log_whose_head_is_gone_or_cannot_be_records_nothing(database: Database, fill: Filled) -> None:
    fill(3)
    with database.write() as connection:
        connection.execute(update(log_head).values(size=4))
    with pytest.raises(RecordingFailed, match="has a head that cannot belong to its size"):
        fill(1)
    with database.write() as connection:
        connection.execute(delete(log_head))
    with pytest.raises(RecordingFailed, match="has no head") as caught:
        fill(1)
    assert caught.value.code == "log-damaged"


def test_a_rolled_back_head_cannot_overwrite_entries(database: Database, fill: Filled) -> None:
    fill(3)
    with database.write() as connection:
        connection.execute(update(log_head).values(size=0, frontier=b""))
    with pytest.raises(RecordingFailed, match="did not accept the change"):
        fill(1)


def test_a_gap_in_the_leaves_is_found_when_proving(database: Database, fill: Filled) -> None:
    fill(4)
    with database.write() as connection:
        connection.execute(delete(log_entries).where(log_entries.c.leaf == 1))
    with database.read() as connection, pytest.raises(RecordingFailed, match="has a gap in its leaf indexes"):
        log.inclusion_proof(connection, 0, 4)


def append_some(url: str, times: int) -> None:
    database = Database(url)
    for number in range(times):
        with database.write() as connection:
            log.append_all(connection, [entry(number)] * (1 + number % 3))


@pytest.mark.slow
def test_several_processes_append_without_gap_or_loss(database: Database) -> None:
    context = get_context("spawn")
    workers = [context.Process(target=append_some, args=(database.url, 30)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    with database.read() as connection:
        stored = list(log.entries(connection))
        assert [found.leaf for found in stored] == list(range(4 * 60))
        root = merkle.root_from_leaves([merkle.leaf_hash(found.body) for found in stored])
        assert log.head(connection) == (240, root)
