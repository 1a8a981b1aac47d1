"""What threads hand in together is recorded together: nothing is lost, and nobody pays for another's fault."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select, update

from pellucid.audit import log
from pellucid.consent import recorder as module
from pellucid.consent import register
from pellucid.consent.leases import take_lease
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.recorder import Recorder
from pellucid.consent.sets import read_set
from pellucid.consent.submission import Submission
from pellucid.errors import NameUnknown, NotJournaled, PellucidError, RecordingFailed, VerificationFailed
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.records.kept import keep as keep_value
from pellucid.records.kept import kept
from pellucid.records.tables import consent_records, subject_keys
from pellucid.records.tables import register as register_table
from pellucid.subjects.keys import SubjectKeys
from tests.conftest import Tried
from tests.records.sqlite import new_control

from .conftest import ADULT_YEAR, ALICE, BOB, CUSTOMER, NOW, PIA, add_subjects, make_policy

PEOPLE = 60
KEYS = SubjectKeys(b"k" * 32)


@pytest.fixture
def crowd(database: Database, policy: Policy) -> Database:
    add_subjects(database, *[("DE", ADULT_YEAR)] * PEOPLE)
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, PEOPLE, (), NOW)
    return database


def no(subject: int, purpose: str = "loyalty", policy: Policy | None = None, **values: object) -> Submission:
    said = ConsentRecord(CUSTOMER, subject, purpose, ConsentVerb.OBJECT, at=NOW)
    return Submission(policy or make_policy(), (replace(said, **values),), PIA)  # type: ignore[arg-type]


def together(
    database: Database, recorder: Recorder, submissions: Sequence[Submission]
) -> list[module.Recorded | Exception]:
    """Hand in from a thread each while another writer has the database: all are in one group, but for what is alone."""

    def hand_in(submission: Submission) -> module.Recorded | Exception:
        try:
            return recorder.record(submission)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(submissions)) as threads:
        with database.write():
            running = [threads.submit(hand_in, each) for each in submissions]
            while len(recorder._waiting) < len(submissions):
                threading.Event().wait(0.001)
        return [each.result() for each in running]


def objected(database: Database) -> list[int]:
    with database.read() as connection:
        records = list(connection.scalars(select(consent_records.c.subject)))
        stored = read_set(connection, "loyalty", CUSTOMER)
        entries = log.size(connection)
    assert sorted(records) == [subject for subject in range(PEOPLE) if not stored.plain[subject]]
    assert entries == len(records)
    return sorted(records)


def versions(database: Database) -> int:
    with database.read() as connection:
        return int(connection.scalar(select(register_table.c.version)) or 0)


@pytest.mark.promise("withdrawal", "threads that withdraw at once share a transaction")
def test_all_that_threads_hand_in_at_once_is_in_the_register_by_one_transaction(crowd: Database, tried: Tried) -> None:
    before, recorder = versions(crowd), Recorder(crowd, KEYS, lambda: NOW)
    found = together(crowd, recorder, [no(subject) for subject in range(PEOPLE)])
    receipts = [each.receipts[0] for each in found if isinstance(each, module.Recorded)]
    assert [each.record.subject for each in receipts] == list(range(PEOPLE))  # each thread got its own
    assert sorted(each.log.leaf for each in receipts) == list(range(PEOPLE))
    assert {each.register_version for each in receipts} == {before + 1}
    assert versions(crowd) == before + 1
    assert objected(crowd) == list(range(PEOPLE))
    tried(PEOPLE, f"{PEOPLE} withdrawals by as many threads in one transaction; all in the register, set and log")


def test_a_large_crowd_goes_in_several_groups(crowd: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_GROUP", 7)
    before = versions(crowd)
    together(crowd, Recorder(crowd, KEYS, lambda: NOW), [no(subject) for subject in range(PEOPLE)])
    assert objected(crowd) == list(range(PEOPLE))
    assert versions(crowd) == before + 9


def test_what_is_wrong_with_one_is_told_to_that_one_alone(crowd: Database) -> None:
    before = versions(crowd)
    bad = [
        no(1, purpose="no-such-purpose"),
        no(PEOPLE + 5),
        no(2, namespace="nowhere"),
        no(3, at=NOW + 1),
        no(4, policy=make_policy(version="b" * 64)),
        Submission(make_policy(), (no(5).records[0], no(6, purpose="no-such-purpose").records[0]), PIA),
    ]
    with crowd.write() as connection:  # a policy is in force, so that another one is out of date
        connection.exec_driver_sql(f"INSERT INTO policy_activations (version, at) VALUES ('{'a' * 64}', 1)")
    found = together(crowd, Recorder(crowd, KEYS, lambda: NOW), [no(0), *bad, no(7)])
    assert [type(each) for each in (found[0], found[-1])] == [module.Recorded] * 2
    told = [each.code for each in found if isinstance(each, PellucidError)]
    expected = ["name-unknown", "name-unknown", "name-unknown", "input-invalid", "policy-overtaken", "name-unknown"]
    assert told == expected
    assert isinstance(found[1], NameUnknown)
    assert "no-such-purpose" in found[1].message
    assert objected(crowd) == [0, 7]
    assert versions(crowd) == before + 1


@pytest.mark.parametrize("what", ["a damaged key", "text that cannot be stored"])
def test_one_that_breaks_the_transaction_breaks_only_its_own(crowd: Database, what: str) -> None:
    recorder = Recorder(crowd, KEYS, lambda: NOW)
    recorder.record(no(BOB, purpose="care"))
    with crowd.write() as connection:
        connection.execute(update(subject_keys).values(wrapped=b"damaged"))
    bad = no(BOB) if what == "a damaged key" else no(BOB, channel="a\0b")
    found = together(crowd, recorder, [no(ALICE), bad, no(2)])
    assert isinstance(found[1], VerificationFailed if what == "a damaged key" else RecordingFailed)
    assert [type(found[0]), type(found[2])] == [module.Recorded] * 2
    with crowd.read() as connection:
        said = connection.execute(select(consent_records.c.subject, consent_records.c.purpose)).all()
    assert sorted(tuple(row) for row in said) == [(ALICE, "loyalty"), (BOB, "care"), (2, "loyalty")]


def test_a_defect_is_raised_where_it_belongs(crowd: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    real = module.record_each

    def breaks(connection: Connection, keys: SubjectKeys, submissions: Sequence[Submission], now: int) -> object:
        found = real(connection, keys, submissions, now)
        if any(item.subject == BOB for each in submissions for item in each.records):
            raise ZeroDivisionError
        return found

    monkeypatch.setattr(module, "record_each", breaks)
    found = together(crowd, Recorder(crowd, KEYS, lambda: NOW), [no(0), no(BOB), no(2)])
    assert [type(each) for each in found] == [module.Recorded, ZeroDivisionError, module.Recorded]
    assert objected(crowd) == [0, 2]


def test_what_is_written_beside_is_there_if_the_records_are_and_is_not_asked_for_of_what_is_refused(
    crowd: Database,
) -> None:
    asked: list[int] = []

    def keep(connection: Connection, receipts: tuple[ConsentReceipt, ...]) -> None:
        asked.extend(each.record.subject for each in receipts)
        keep_value(connection, "beside", str(receipts[0].log.leaf))

    submissions = [replace(each, beside=keep) for each in (no(ALICE), no(BOB, purpose="no-such-purpose"))]
    found = together(crowd, Recorder(crowd, KEYS, lambda: NOW), submissions)
    with crowd.read() as connection:
        assert kept(connection, "beside") == "0"
    assert [type(each) for each in found] == [module.Recorded, NameUnknown]
    assert asked == [ALICE]
    assert objected(crowd) == [ALICE]


def test_what_is_raised_beside_refuses_its_own_submission_alone(crowd: Database) -> None:
    def refuse(connection: Connection, receipts: tuple[ConsentReceipt, ...]) -> None:
        keep_value(connection, "beside", "written")
        raise ZeroDivisionError

    submissions = [no(ALICE), replace(no(BOB), beside=refuse), no(2)]
    found = together(crowd, Recorder(crowd, KEYS, lambda: NOW), submissions)
    with crowd.read() as connection:
        assert kept(connection, "beside") is None
    assert [type(each) for each in found] == [module.Recorded, ZeroDivisionError, module.Recorded]
    assert objected(crowd) == [ALICE, 2]


def in_threads(act: Callable[[], None]) -> Callable[[], None]:
    """Return what does nothing for the test's own writes."""
    return lambda: None if threading.current_thread() is threading.main_thread() else act()


def test_nobody_is_told_that_it_is_done_before_the_commit_and_the_journal(crowd: Database) -> None:
    done: list[int] = []
    seen: list[tuple[list[int], list[int]]] = []
    recorder = Recorder(crowd, KEYS, lambda: NOW)
    crowd.after_commit = in_threads(lambda: seen.append((objected(crowd), list(done))))

    def hand_in(subject: int) -> None:
        recorder.record(no(subject))
        done.append(subject)

    with ThreadPoolExecutor(2) as threads:
        with crowd.write():
            running = [threads.submit(hand_in, subject) for subject in (0, 1)]
            while len(recorder._waiting) < 2:
                threading.Event().wait(0.001)
        for each in running:
            each.result()
    assert seen == [([0, 1], [])]
    assert sorted(done) == [0, 1]


def test_a_journal_that_fails_acknowledges_nobody_who_shared_the_transaction(crowd: Database) -> None:
    recorder = Recorder(crowd, KEYS, lambda: NOW)

    def fail() -> None:
        raise NotJournaled("The change was made, but not journaled.")

    crowd.after_commit = in_threads(fail)
    found = together(crowd, recorder, [no(0), no(1)])
    assert [type(each) for each in found] == [NotJournaled] * 2
    assert objected(crowd) == [0, 1]  # recorded once, and not again each alone


def test_where_nobody_can_begin_all_who_wait_are_told_at_once(crowd: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = Database(crowd.url, busy_seconds=0.1)
    recorder, begin, tries = Recorder(impatient, KEYS, lambda: NOW), impatient.write, []

    def begun() -> AbstractContextManager[Connection]:
        while len(recorder._waiting) < 8:
            threading.Event().wait(0.001)
        tries.append(len(recorder._waiting))
        return begin()

    monkeypatch.setattr(impatient, "write", begun)
    with crowd.write(), ThreadPoolExecutor(8) as threads:
        errors = [each.exception() for each in [threads.submit(recorder.record, no(n)) for n in range(8)]]
    assert [getattr(error, "code", "") for error in errors] == ["database-busy"] * 8
    assert tries == [8]  # each by themselves, they would have waited eight times as long
    assert objected(crowd) == []
    impatient.close()


def test_who_leads_and_is_interrupted_leaves_nobody_waiting(crowd: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder, real = Recorder(crowd, KEYS, lambda: NOW), module.record_each

    def interrupted(*_: object) -> object:
        monkeypatch.setattr(module, "record_each", real)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "record_each", interrupted)
    ended: list[BaseException] = []

    def hand_in(submission: Submission) -> None:
        try:
            recorder.record(submission)
        except BaseException as error:
            ended.append(error)

    threads = [threading.Thread(target=hand_in, args=(no(subject),)) for subject in (0, 1)]
    with crowd.write():
        for thread in threads:
            thread.start()
        while len(recorder._waiting) < 2:
            threading.Event().wait(0.001)
    for thread in threads:
        thread.join(300)
    assert sorted(type(error).__name__ for error in ended) == ["KeyboardInterrupt", "RecordingFailed"]
    (told,) = [error for error in ended if isinstance(error, RecordingFailed)]
    assert (told.code, told.remedy) == ("recording-interrupted", "Record it again: what was said twice counts once.")
    assert objected(crowd) == []
    recorder.record(no(2))
    assert objected(crowd) == [2]


def test_the_leases_of_the_commit_come_with_it(crowd: Database) -> None:
    recorder = Recorder(crowd, KEYS, lambda: NOW)
    assert recorder.record(no(0)).standing == {}
    with crowd.write() as connection:
        lease = take_lease(connection, "loyalty", NOW, 60)
    assert list(recorder.record(no(1)).standing) == [lease]


def test_a_forked_child_records_for_itself(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> None:
    database = new_control(tmp_path_factory.mktemp("forked") / "control.sqlite")
    add_subjects(database, *[("DE", ADULT_YEAR)] * PEOPLE)
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, PEOPLE, (), NOW)
    recorder = Recorder(database, KEYS, lambda: NOW)
    with recorder._guard:  # as another thread of the parent may have it
        child = os.fork()
        if child == 0:
            code = 1
            try:
                recorder.record(no(0))
                code = 0
            finally:
                os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    recorder.record(no(1))
    assert objected(database) == [0, 1]
