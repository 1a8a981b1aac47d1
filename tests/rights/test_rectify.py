"""A correction alters the values that are wrong and nothing else, and leaves no old value behind, also in the log."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from sqlalchemy import insert, select, update

from pellucid.engines.duckdb_correcting import Asked, Correct, Found, stay_as_often
from pellucid.engines.duckdb_private import EngineLimits
from pellucid.engines.duckdb_writing import Order, Written
from pellucid.errors import DataRefused, InputInvalid, RecordingFailed
from pellucid.holdings.leases import lease
from pellucid.holdings.publish import published, subjects_of
from pellucid.policy.load import load_folder
from pellucid.policy.model import Dataset
from pellucid.records.rights_tables import derived_builds, statements
from pellucid.records.tables import generations, metadata, subject_keys, subjects
from pellucid.rights import rectify as module
from pellucid.rights import stored
from pellucid.rights.clock import Event
from pellucid.rights.rectify import commitment_bytes
from pellucid.rights.request import Right
from pellucid.rights.statement import Statement, statements_of
from pellucid.subjects.ids import find
from pellucid.subjects.keys import COMMITMENT_CONTEXT
from tests.rights.counter import (
    ALICE,
    BOB,
    CANARY,
    MEMBER_ROWS,
    NOW,
    SECOND,
    Counter,
    counter,
    counter_made,
    counter_on_server,
    either_counter,
)

__all__ = ["counter", "counter_made", "counter_on_server", "either_counter"]

OLD_NOTE, NEW_NOTE = "note 5", "canary-new-31d7"


def change(column: str, value: object, dataset: str = "members", row: object = None) -> dict[str, object]:
    more = {} if row is None else {"row": row}
    return {"dataset": dataset, "column": column, "value": value, **more}


def file(counter: Counter, *changes: Mapping[str, object], member: str = ALICE) -> str:
    return counter.file("rectification", member, {"changes": list(changes)})


def correct(counter: Counter, *changes: Mapping[str, object], member: str = ALICE) -> str:
    request = file(counter, *changes, member=member)
    assert counter.carry_out(request) == "fulfilled"
    return request


def test_the_persons_row_has_the_new_value_and_all_other_rows_are_the_same(either_counter: Counter) -> None:
    counter = either_counter
    before = counter.rows("members")
    correct(counter, change("note", NEW_NOTE), change("city", "Kiel"))
    after = counter.rows("members")
    assert set(before) - set(after) == {(ALICE, "Bonn", "DE", 1955, OLD_NOTE, 5)}
    assert set(after) - set(before) == {(ALICE, "Kiel", "DE", 1955, NEW_NOTE, 5)}
    assert len(after) == len(before) == len(MEMBER_ROWS)


def test_of_several_rows_those_are_corrected_that_were_picked_and_ranks_and_people_stay(counter: Counter) -> None:
    columns = ("_subject0", "member", "product", "price", "bought", "_rank")
    before = counter.rows("purchases", columns)
    correct(counter, change("price", "1.25", "purchases", {"product": "milk", "price": "6.50"}))
    after = counter.rows("purchases", columns)
    others = [row for row in before if row[1] != ALICE]
    assert [row for row in after if row[1] != ALICE] == others
    mine = [(row[2], str(row[3])) for row in after if row[1] == ALICE]
    assert sorted(mine) == [
        *(("bread", price) for price in ("6.50", "7.50", "8.50")),
        *(("milk", price) for price in ("1.25", "7.50", "8.50")),
    ]
    assert sorted(row[5] for row in after if row[1] == ALICE) == sorted(row[5] for row in before if row[1] == ALICE)
    with counter.workspace.room.database.read() as connection:
        held = subjects_of(connection, "purchases", 2)
    assert list(held["member"].ids()) == list(range(len(MEMBER_ROWS)))


def test_without_a_row_all_rows_of_the_person_are_corrected_and_none_holds_the_old_value(counter: Counter) -> None:
    correct(counter, change("product", "rye", "purchases"))
    assert {row[0] for row in counter.rows("purchases", ("product",))} == {"bread", "milk", "rye"}
    assert {row[1] for row in counter.rows("purchases", ("member", "product")) if row[0] == ALICE} == {"rye"}


def test_no_byte_of_the_workspace_holds_the_old_value_and_the_log_holds_neither(counter: Counter) -> None:
    folder = counter.workspace.folder
    assert _files_with(folder, CANARY) == ["data/members.1.duckdb"]  # the search finds what is there
    correct(counter, change("note", NEW_NOTE), member=BOB)
    assert _files_with(folder, CANARY) == []
    assert _files_with(folder / "data", NEW_NOTE) == ["members.2.duckdb"]
    assert [found for found in _cells(counter) if CANARY.encode() in found[1]] == []
    # Word to a recipient holds the new value until it is settled, and nothing else does.
    assert [table for table, held in _cells(counter) if NEW_NOTE.encode() in held] == ["deliveries"]


def _cells(counter: Counter) -> list[tuple[str, bytes]]:
    """Return every text and every bytes of the control database, with its table."""
    found = []
    with counter.workspace.room.database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                texts = [each.encode() if isinstance(each, str) else each for each in row]
                found += [(table.name, bytes(each)) for each in texts if isinstance(each, bytes | memoryview)]
    return found


def _files_with(folder: Path, text: str) -> list[str]:
    """Return the files that hold a text, as it stands or in two bytes a letter."""
    wanted = [text.encode(), text.encode("utf-16-le")]
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [str(file.relative_to(folder)) for file in files if any(each in file.read_bytes() for each in wanted)]


def test_the_log_commits_to_both_values_under_the_persons_key(counter: Counter) -> None:
    request = correct(counter, change("note", NEW_NOTE))
    (entry,) = counter.log("data.corrected")
    body = entry["body"]
    assert {name: body[name] for name in ("request", "dataset", "generation", "corrected_from")} == {
        "request": request,
        "dataset": "members",
        "generation": 2,
        "corrected_from": 1,
    }
    room = counter.workspace.room
    with room.database.write() as connection:
        found = find(connection, "member", ALICE)
        assert found is not None
        assert room.subject_keys.pseudonym(connection, "member", found) == entry["subject"]
        key = room.subject_keys._held(connection, "member", [found])[found]
    assert body["columns"] == {
        "note": {
            which: hmac.digest(
                key, COMMITMENT_CONTEXT + commitment_bytes("members", "note", which, [value]), "sha256"
            ).hex()
            for which, value in (("old", OLD_NOTE), ("new", NEW_NOTE))
        }
    }


def test_a_fact_that_was_corrected_decides_anew_about_the_person(either_counter: Counter) -> None:
    counter = either_counter
    assert counter.counted("scoring") == len(MEMBER_ROWS)
    correct(counter, change("born", 2015))
    assert counter.counted("scoring") == len(MEMBER_ROWS) - 1  # a minor
    correct(counter, change("country", None), change("born", "1990"))
    with counter.workspace.room.database.read() as connection:
        row = connection.execute(select(subjects).where(subjects.c.natural_key == ALICE)).one()
    assert (row.jurisdiction, row.birth_year) == (None, 1990)
    assert counter.counted("scoring") == len(MEMBER_ROWS)


def test_what_was_derived_of_the_dataset_is_stale_and_what_was_derived_of_that(counter: Counter) -> None:
    def build(dataset: str, *read: str) -> dict[str, object]:
        stamp = json.dumps({"register": 1, "generations": dict.fromkeys(read, 1)})
        return {"dataset": dataset, "generation": 1, "question": "q", "stamp": stamp, "built_at": NOW}

    builds = [build("first", "members"), build("second", "first"), build("other", "purchases")]
    with counter.workspace.room.database.write() as connection:
        connection.execute(insert(derived_builds), builds)
    request = correct(counter, change("note", NEW_NOTE))
    assert counter.events(request, "rectified")[0]["stale"] == ["first", "second"]


def test_recipients_are_told_the_new_values_that_they_may_have_been_given(counter: Counter) -> None:
    request = correct(counter, change("note", NEW_NOTE), change("price", "1.25", "purchases", {"price": "6.50"}))
    told = [(about, content["notice"]["keys"], content["notice"]["changed"]) for _, about, content in counter.sent()]
    assert told == [
        (f"rectification:{request}-0", [ALICE], {"note": NEW_NOTE}),
        (f"rectification:{request}-1", [ALICE], {"price": "1.25"}),
    ]


def test_a_statement_is_kept_beside_what_is_held_and_only_committed_to_in_the_log(either_counter: Counter) -> None:
    counter = either_counter
    text = "I moved there in 2019."
    request = correct(counter, {"statement": text, "dataset": "members"})
    with counter.workspace.room.database.read() as connection:
        found = find(connection, "member", ALICE)
        assert found is not None
        (kept,) = statements_of(connection, "member", found)
        assert connection.scalars(select(statements.c.text)).all() == [text]
    assert (kept.dataset, kept.text, kept.request) == ("members", text, request)
    assert text not in repr(Statement("members", text, 0, request))
    (entry,) = counter.log("data.completed")
    assert (entry["body"].keys(), len(entry["body"]["statement"])) == ({"request", "dataset", "statement"}, 64)
    assert counter.file_of("members").name == "members.1.duckdb"


BAD: dict[str, tuple[list[Any], str, str]] = {
    "a column that is not declared": ([change("shoe", 7)], "name-unknown", "There is no column 'shoe'"),
    "a dataset that is not declared": ([change("note", "x", "shoes")], "name-unknown", "There is no dataset 'shoes'"),
    "another type": ([change("born", "soon")], "correction-unfit", "born: it is not of the declared type"),
    "a year that cannot be": ([change("born", 1066)], "correction-unfit", "born: it is out of range"),
    "nothing where something is needed": ([change("note", None)], "correction-unfit", "note: a value is needed"),
    "none of the declared values": ([change("city", "Rome")], "correction-unfit", "none of the declared values"),
    "a third of a cent": (
        [change("price", "1.333", "purchases")],
        "correction-unfit",
        "price: it has more decimals than are kept",
    ),
    "the key": ([change("member", BOB)], "column-identifies", "member of 'members' identifies or dates"),
    "the subject": ([change("member", BOB, "purchases")], "column-identifies", "member of 'purchases' identifies"),
    "the time": ([change("bought", "2026-01-01", "purchases")], "column-identifies", "bought of 'purchases'"),
    "somebody else's row": ([change("note", "x", row={"member": BOB})], "row-not-theirs", "No row of this person"),
    "nobody's row": ([change("note", "x", row={"member": "none"})], "row-not-theirs", "No row of this person"),
    "a picking value of another type": (
        [change("note", "x", row={"born": "soon"})],
        "correction-unfit",
        "born: it is not of the declared type",
    ),
    "a picking column that is not declared": (
        [change("note", "x", row={"shoe": 7})],
        "name-unknown",
        "no column 'shoe'",
    ),
    "the value that is there": ([change("note", OLD_NOTE)], "nothing-to-correct", "have the new values already"),
    "one column twice": ([change("note", "x"), change("note", "y")], "request-asks", "cannot be read"),
    "a list as a value": ([change("note", ["x"])], "request-asks", "cannot be read"),
    "a row that is no object": ([change("note", "x", row=[1])], "request-asks", "cannot be read"),
    "words more": ([{**change("note", "x"), "why": "x"}], "request-asks", "cannot be read"),
    "no column": ([{"dataset": "members"}], "request-asks", "cannot be read"),
    "no object": (["note"], "request-asks", "cannot be read"),
    "an empty statement": ([{"statement": "  "}], "request-asks", "cannot be read"),
    "an endless statement": ([{"statement": "x" * 10_001}], "request-asks", "cannot be read"),
    "a statement on nothing": ([{"statement": "x", "dataset": "shoes"}], "name-unknown", "There is no dataset 'shoes'"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_corrected_is_refused_and_nothing_changes(counter: Counter, what: str) -> None:
    asked, code, words = BAD[what]
    request, before = file(counter, *asked), counter.rows("members")
    with pytest.raises(InputInvalid, match=words) as caught:
        counter.carry_out(request)
    assert caught.value.code == code
    assert OLD_NOTE not in caught.value.diagnostics()
    assert (counter.rows("members"), counter.request(request).state) == (before, "in_progress")
    assert counter.events(request, "stopped") == [{"error": code}]
    assert [file.name for file in sorted((counter.workspace.folder / "data").glob("*.duckdb*"))] == [
        "members.1.duckdb",
        "purchases.1.duckdb",
    ]


def test_rows_that_are_declared_otherwise_now_are_not_corrected(counter: Counter) -> None:
    request = file(counter, change("note", NEW_NOTE))
    with counter.workspace.room.database.write() as connection:
        connection.execute(update(generations).values(schema_hash="another"))
    with pytest.raises(DataRefused, match="now declares 'members' otherwise"):
        counter.carry_out(request)


def test_a_dataset_that_came_to_hold_nothing_has_nothing_to_correct(counter: Counter) -> None:
    request = file(counter, change("note", NEW_NOTE))
    with counter.workspace.room.database.write() as connection:
        connection.execute(update(generations).values(retired_at=NOW))
    with pytest.raises(DataRefused, match="There are no rows of 'members' to correct"):
        counter.carry_out(request)


def test_a_part_that_was_done_stays_done_and_the_rest_goes_on_after_a_fault(counter: Counter) -> None:
    request = file(counter, change("note", NEW_NOTE), change("price", "6.50", "purchases", {"price": "6.50"}))
    with pytest.raises(InputInvalid, match="have the new values already"):
        counter.carry_out(request)
    with pytest.raises(InputInvalid, match="have the new values already"):
        counter.carry_out(request)
    assert [told["dataset"] for told in counter.events(request, "rectified")] == ["members"]
    assert counter.file_of("members").name == "members.2.duckdb"
    assert len(counter.log("data.corrected")) == 1


def test_of_two_who_carry_it_out_at_once_one_publishes(counter: Counter) -> None:
    request = counter.request(file(counter, change("note", NEW_NOTE)))
    fulfil = counter.workspace.remedies.fulfillers()[Right.RECTIFICATION]

    written = module._publish

    def overtaken(connection: Any, job: Any, made: Any) -> None:
        stored.note(connection, request.id, Event("rectified", job.now, "pia", {"part": 0}))
        written(connection, job, made)

    with pytest.MonkeyPatch.context() as patched, pytest.raises(RecordingFailed, match="was carried out meanwhile"):
        patched.setattr(module, "_publish", overtaken)
        fulfil(request, counter.omar, counter.time[0])
    assert counter.file_of("members").name == "members.1.duckdb"


def test_while_somebody_asks_the_old_file_stays_and_the_answer_says_so(counter: Counter) -> None:
    request, room = file(counter, change("note", NEW_NOTE)), counter.workspace.room
    with room.database.write() as connection:
        lease(connection, [published(connection, room.folder)["members"]], until=counter.time[0] + 10**9 * SECOND)
    counter.carry_out(request)
    assert counter.events(request, "fulfilled")[0]["old_files_gone"] is False
    assert (counter.workspace.folder / "data" / "members.1.duckdb").exists()


def test_a_destroyed_key_takes_the_commitments_with_it(counter: Counter) -> None:
    correct(counter, change("note", NEW_NOTE))
    (before,) = counter.log("data.corrected")
    room = counter.workspace.room
    with room.database.write() as connection:
        connection.execute(subject_keys.delete())
        found = find(connection, "member", ALICE)
        assert found is not None
        old = commitment_bytes("members", "note", "old", [OLD_NOTE])
        assert (
            room.subject_keys.commitment(connection, "member", found, old) != before["body"]["columns"]["note"]["old"]
        )


# -- the engine's own proofs ----------------------------------------------------------------------------------------


Fault = tuple[str, str, str]
"""A column, whose rows get something else there, and what."""


class Faulty(Correct):
    """A correction whose writing alters more than it should; comparing goes by what it should have been."""

    def __init__(self, dataset: Dataset, held: Path, asked: Asked, limits: EngineLimits, fault: Fault) -> None:
        super().__init__(dataset, held, asked, limits)
        self._fault: Fault | None = fault

    def write(self, target: Path, order: Order) -> Written:
        written = super().write(target, order)
        self._fault = None
        return written

    def _corrected(self) -> list[str]:
        told = super()._corrected()
        if self._fault is not None:
            name, whose, into = self._fault
            place = list(self._dataset.columns).index(name)
            told[place] = f"CASE WHEN {whose} THEN {into} ELSE {name} END AS {name}"
        return told


@pytest.mark.parametrize(
    "fault",
    [
        ("note", "_subject0 = 8", "'x'"),
        ("city", "_subject0 = 8", "'Kiel'"),
        ("city", "_subject0 = 5", "'Kiel'"),
        ("note", "_subject0 = 5", "'another'"),
        ("note", "FALSE", "''"),
    ],
)
def test_a_file_that_differs_by_more_or_less_than_the_correction_is_noticed(
    counter: Counter, tmp_path: Path, fault: Fault
) -> None:
    policy = load_folder(counter.workspace.folder / "policy").policy
    assert policy is not None
    limits = EngineLimits(tmp_path)
    asked = Asked((("member", 5),), {"note": NEW_NOTE}, {})
    with Faulty(policy.datasets["members"], counter.file_of("members"), asked, limits, fault) as engine:
        assert engine.check(NOW) == []
        engine.find()
        engine.write(tmp_path / "draft.duckdb", Order(pa.array([0] * len(MEMBER_ROWS), pa.int32()), "k"))
        assert engine.only_that() is False


def test_an_old_value_that_is_left_is_noticed_over_a_fresh_connection(counter: Counter, tmp_path: Path) -> None:
    policy = load_folder(counter.workspace.folder / "policy").policy
    assert policy is not None
    asked = Asked((("member", 5),), {"note": NEW_NOTE}, {})
    found = Found(1, 1, {"note": {OLD_NOTE: 0}}, {"note": NEW_NOTE})
    check = (counter.file_of("members"), policy.datasets["members"], asked)
    assert stay_as_often(*check, found, EngineLimits(tmp_path)) is False
    correct(counter, change("note", NEW_NOTE))
    check = (counter.file_of("members"), policy.datasets["members"], asked)
    assert stay_as_often(*check, found, EngineLimits(tmp_path)) is True
    with duckdb.connect(str(counter.file_of("members")), read_only=True) as engine:
        assert engine.execute("SELECT note FROM rows WHERE _subject0 = 5").fetchall() == [(NEW_NOTE,)]
