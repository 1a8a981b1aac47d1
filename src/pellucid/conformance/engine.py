"""The suite that every Engine must pass: who is denied, what a change does, how it fails, what two threads see.

Inherit from `EngineConformance` and give a fixture `harness`. Speed is no part of it.
"""
# ruff: noqa: S101, D102 -- these are tests, although they ship: their names are the sentences

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Sequence

import pytest

from pellucid.conformance.harness import DATASET, NAMESPACE, PURPOSE, Harness, Meeting, Visit
from pellucid.conformance.leaks import carried_by
from pellucid.engines.base import Engine, PermittedChange, PermittedSet, Statement
from pellucid.errors import InputInvalid, QueryFailed

SECRET = "alice-hidden-7f3a"  # noqa: S105 -- a row's text, not a password
LONG = 600.0


def permitted(
    subjects: Sequence[int],
    *,
    size: int = 8,
    sensitive: Sequence[int] = (),
    purpose: str = PURPOSE,
    partial: Sequence[PermittedChange] = (),
) -> PermittedSet:
    """Return a permitted set from lists of subjects."""
    return PermittedSet(purpose, NAMESPACE, size, _bitmap(subjects, size), _bitmap(sensitive, size), partial)


def change(subject: int, plain: bool, *, not_before: int | None = None, sensitive: bool = False) -> PermittedChange:
    """Return a change for the suite's purpose and namespace."""
    return PermittedChange(PURPOSE, subject, plain, sensitive, not_before, None, NAMESPACE)


def counted(engine: Engine, statement: Statement, *, purpose: str = PURPOSE) -> int:
    """Run one counting statement and return its count."""
    table = engine.run([statement], purpose=purpose, seconds=LONG).table(statement.name)
    return int(table.column("rows")[0].as_py())


def _bitmap(subjects: Sequence[int], size: int) -> bytes:
    bits = bytearray((size + 7) // 8)
    for subject in subjects:
        bits[subject // 8] |= 1 << subject % 8
    return bytes(bits)


class Denials:
    """Rows that no purpose may read."""

    def test_every_permitted_subject_is_counted_and_no_other(self, harness: Harness) -> None:
        engine = harness.open([Visit(0), Visit(1), Visit(1), Visit(2)])
        engine.load_permitted([permitted([1, 2])], version=1)
        assert counted(engine, harness.count()) == 3

    def test_null_negative_and_out_of_range_subjects_are_denied(self, harness: Harness) -> None:
        engine = harness.open([Visit(None), Visit(-1), Visit(-(2**31)), Visit(8), Visit(2**31 - 1), Visit(7)])
        engine.load_permitted([permitted(range(8))], version=1)
        assert counted(engine, harness.count()) == 1

    @pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 64, 65, 1000])
    def test_the_last_bit_counts_and_the_one_after_does_not(self, harness: Harness, size: int) -> None:
        engine = harness.open([Visit(size - 1), Visit(size), Visit(size + 1), Visit(size + 64)])
        full = b"\xff" * ((size + 7) // 8)  # padding bits set: they must not count
        engine.load_permitted([PermittedSet(PURPOSE, NAMESPACE, size, full, full)], version=1)
        assert counted(engine, harness.count()) == 1

    def test_before_the_first_load_everybody_is_denied(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)])
        assert (engine.replica_version, counted(engine, harness.count())) == (-1, 0)

    def test_an_empty_bitmap_denies_everybody(self, harness: Harness) -> None:
        engine = harness.open([Visit(0), Visit(None)])
        engine.load_permitted([PermittedSet(PURPOSE, NAMESPACE, 0, b"", b"")], version=1)
        assert counted(engine, harness.count()) == 0

    def test_a_purpose_without_a_permitted_set_denies_everybody(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)])
        engine.load_permitted([permitted([0])], version=1)
        assert counted(engine, harness.count(purpose="marketing"), purpose="marketing") == 0

    def test_a_statement_cannot_bring_its_own_permission(self, harness: Harness) -> None:
        engine = harness.open([Visit(9)])
        engine.load_permitted([permitted([0])], version=1)
        honest = harness.count()
        forged = {"_purpose": PURPOSE, f"_open_{DATASET}": "1"}
        assert counted(engine, Statement(honest.name, honest.sql, {**honest.parameters, **forged})) == 0

    def test_one_purposes_rows_cannot_be_read_with_anothers_permission(self, harness: Harness) -> None:
        engine = harness.open([Visit(0), Visit(1)])
        engine.load_permitted([permitted([0]), permitted([0, 1], purpose="marketing")], version=1)
        assert counted(engine, harness.count(), purpose="marketing") == 0
        assert counted(engine, harness.count(purpose="marketing"), purpose="marketing") == 2

    def test_sensitive_rows_follow_their_own_bitmap(self, harness: Harness) -> None:
        engine = harness.open([Visit(0), Visit(1), Visit(2)])
        engine.load_permitted([permitted([0, 1, 2], sensitive=[2])], version=1)
        assert counted(engine, harness.count(sensitive=True)) == 1

    def test_partial_subjects_are_read_from_their_instant_on(self, harness: Harness) -> None:
        engine = harness.open([Visit(0, at=99), Visit(0, at=100), Visit(0, at=101), Visit(1, at=500)])
        engine.load_permitted([permitted([], partial=[change(0, False, not_before=100)])], version=1)
        assert counted(engine, harness.count()) == 2

    @pytest.mark.parametrize("bits", [b"", b"\x01"])
    def test_a_bitmap_shorter_than_its_size_is_refused_as_a_whole(self, harness: Harness, bits: bytes) -> None:
        engine = harness.open([Visit(0)])
        engine.load_permitted([permitted([0])], version=1)
        with pytest.raises(InputInvalid, match="bits, its size is 16"):
            engine.load_permitted([PermittedSet(PURPOSE, NAMESPACE, 16, bits, bits)], version=2)
        assert (engine.replica_version, counted(engine, harness.count())) == (1, 1)

    def test_two_sets_for_one_purpose_are_refused(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)])
        with pytest.raises(InputInvalid, match="Two permitted sets"):
            engine.load_permitted([permitted([0]), permitted([])], version=2)
        assert counted(engine, harness.count()) == 0


class Crowds:
    """Rows enough for engines that skip or take many at once."""

    def test_whoever_is_withheld_anywhere_in_a_crowd_is_left_out(self, harness: Harness) -> None:
        engine = harness.open([Visit(subject) for subject in range(300) for _ in range(50)])
        for withheld in ([], [0], [299], [150], range(40, 90), range(1, 300), range(300)):
            engine.load_permitted([permitted([n for n in range(300) if n not in withheld], size=300)], version=1)
            assert counted(engine, harness.count()) == 50 * (300 - len(withheld))

    def test_changes_in_a_crowd_are_seen_by_the_next_question(self, harness: Harness) -> None:
        engine = harness.open([Visit(subject) for subject in range(300) for _ in range(50)])
        engine.load_permitted([permitted(range(300), size=300)], version=1)
        seen = []
        for version, (subject, on) in enumerate(
            [(7, False), (299, False), (7, True), (0, False), (299, True)], start=2
        ):
            engine.permit([change(subject, on)], version=version)
            seen.append(counted(engine, harness.count()) // 50)
        assert seen == [299, 298, 299, 298, 299]

    def test_nobody_unknown_is_read_among_a_crowd(self, harness: Harness) -> None:
        crowd = [Visit(subject) for subject in range(200) for _ in range(50)]
        engine = harness.open([Visit(None), Visit(-1), *crowd, Visit(200), Visit(2**31 - 1), *[Visit(None)] * 5000])
        engine.load_permitted([permitted(range(200), size=200)], version=1)
        assert counted(engine, harness.count()) == len(crowd)

    def test_sensitive_rows_of_a_crowd_follow_their_own_bitmap(self, harness: Harness) -> None:
        engine = harness.open([Visit(subject) for subject in range(300) for _ in range(50)])
        engine.load_permitted([permitted(range(300), size=300, sensitive=range(100, 300))], version=1)
        assert counted(engine, harness.count(sensitive=True)) == 50 * 200
        engine.permit([change(200, True), change(3, True, sensitive=True)], version=2)
        assert counted(engine, harness.count(sensitive=True)) == 50 * 200
        assert counted(engine, harness.count()) == 50 * 300


class Together:
    """Rows about two people need both."""

    def test_both_people_of_a_row_must_be_permitted(self, harness: Harness) -> None:
        pairs = [Meeting(0, 1), Meeting(1, 0), Meeting(0, 2), Meeting(2, 2), Meeting(0, None), Meeting(None, 0)]
        engine = harness.open([], pairs)
        engine.load_permitted([permitted([0, 1])], version=1)
        assert counted(engine, harness.count_meetings()) == 2
        engine.permit([change(2, True), change(1, False)], version=2)
        assert counted(engine, harness.count_meetings()) == 2

    def test_the_later_of_two_peoples_instants_counts(self, harness: Harness) -> None:
        engine = harness.open([], [Meeting(0, 1, at) for at in (5, 15, 25)] + [Meeting(0, 2, 9), Meeting(1, 3, 99)])
        partial = [change(0, False, not_before=10), change(1, False, not_before=20)]
        engine.load_permitted([permitted([2], partial=partial)], version=1)
        assert counted(engine, harness.count_meetings()) == 1
        engine.permit([change(1, True)], version=2)
        assert counted(engine, harness.count_meetings()) == 2


class Changes:
    """What `permit` does to the next question."""

    def test_a_change_is_seen_by_the_next_question(self, harness: Harness) -> None:
        engine = harness.open([Visit(0), Visit(1)])
        engine.load_permitted([permitted([0, 1])], version=1)
        engine.permit([change(1, False)], version=2)
        assert (engine.replica_version, counted(engine, harness.count())) == (2, 1)

    def test_of_several_changes_for_one_subject_the_last_counts(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)])
        engine.load_permitted([permitted([])], version=1)
        engine.permit([change(0, True), change(0, False)], version=2)
        assert counted(engine, harness.count()) == 0

    def test_a_subject_beyond_the_end_makes_the_bitmap_grow(self, harness: Harness) -> None:
        engine = harness.open([Visit(3), Visit(70_000), Visit(70_001), Visit(69_999)])
        engine.load_permitted([permitted([3])], version=1)
        engine.permit([change(70_000, True)], version=2)
        engine.permit([change(70_001, True)], version=3)
        assert counted(engine, harness.count()) == 3

    def test_a_change_for_a_purpose_never_loaded_permits_only_that_subject(self, harness: Harness) -> None:
        engine = harness.open([Visit(0), Visit(1), Visit(2)])
        engine.permit([change(1, True)], version=5)
        assert counted(engine, harness.count()) == 1

    def test_many_changes_at_once_equal_one_after_another(self, harness: Harness) -> None:
        engine = harness.open([Visit(subject) for subject in range(200)])
        engine.load_permitted([permitted(range(100), size=100)], version=1)
        engine.permit([change(subject, subject % 3 == 0) for subject in range(50, 150)], version=2)
        expected = 50 + sum(subject % 3 == 0 for subject in range(50, 150))
        assert counted(engine, harness.count()) == expected

    def test_a_not_before_instant_comes_moves_and_goes(self, harness: Harness) -> None:
        engine = harness.open([Visit(0, at=10), Visit(0, at=20)])
        engine.load_permitted([permitted([0])], version=1)
        seen = []
        for version, instant in enumerate([15, 5, 25, None], start=2):
            engine.permit([change(0, False, not_before=instant)], version=version)
            seen.append(counted(engine, harness.count()))
        assert seen == [1, 2, 0, 0]

    def test_an_impossible_subject_changes_nothing(self, harness: Harness) -> None:
        engine = harness.open([Visit(0), Visit(1)])
        engine.load_permitted([permitted([0])], version=1)
        with pytest.raises(InputInvalid, match="ids are from 0"):
            engine.permit([change(1, True), change(-1, True)], version=2)
        assert (engine.replica_version, counted(engine, harness.count())) == (1, 1)

    def test_a_load_replaces_everything(self, harness: Harness) -> None:
        engine = harness.open([Visit(0, at=10), Visit(1, at=10), Visit(2, at=10)])
        engine.load_permitted([permitted([0], partial=[change(1, False, not_before=5)])], version=1)
        engine.load_permitted([permitted([2])], version=7)
        assert (engine.replica_version, counted(engine, harness.count())) == (7, 1)


class Answers:
    """Transactions, threads and what an answer shows of itself."""

    def test_the_version_reported_is_that_of_the_bits_used(self, harness: Harness) -> None:
        last = 150
        engine = harness.open([Visit(subject) for subject in range(last + 1)])
        engine.load_permitted([permitted([0], size=last + 1)], version=0)
        wrong: list[tuple[int, ...]] = []
        asked = [-1]
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                answer = engine.run([harness.count("a"), harness.count("b")], purpose=PURPOSE, seconds=LONG)
                counts = [int(answer.table(block).column("rows")[0].as_py()) for block in answer]
                asked.append(answer.replica_version)
                if counts != [answer.replica_version + 1] * 2:
                    wrong.append((answer.replica_version, *counts))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for version in range(1, last + 1):
            engine.permit([change(version, True)], version=version)
            time.sleep(0.002)
            while version % 50 == 0 and asked[-1] <= version - 50 and any(each.is_alive() for each in threads):
                time.sleep(0.002)  # or all is over before the second question
        done.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(set(asked)) > 3

    def test_two_writers_do_not_conflict(self, harness: Harness) -> None:
        engine = harness.open([Visit(subject) for subject in range(40)])
        engine.load_permitted([permitted([], size=40)], version=0)
        failures: list[BaseException] = []

        def permit_all(subjects: range) -> None:
            try:
                for subject in subjects:
                    engine.permit([change(subject, True)], version=subject)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=permit_all, args=(range(start, 40, 2),)) for start in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert counted(engine, harness.count()) == 40

    def test_an_answer_shows_no_value_and_cannot_be_serialised(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)] * 4321)
        engine.load_permitted([permitted([0])], version=1)
        answer = engine.run([harness.count()], purpose=PURPOSE, seconds=LONG)
        assert answer.table("count").column("rows").to_pylist() == [4321]
        assert "4321" not in f"{answer!r}{answer!s}{answer}"
        with pytest.raises(TypeError, match="cannot be serialised"):
            pickle.dumps(answer)

    def test_the_generations_attached_are_told(self, harness: Harness) -> None:
        assert list(harness.open([Visit(0)]).holdings) == [DATASET]


class Failures:
    """How an engine fails: coded, silent about rows, and usable afterwards."""

    def test_an_error_that_quotes_a_row_carries_nothing_of_it(self, harness: Harness) -> None:
        engine = harness.open([Visit(0, secret=SECRET)])
        engine.load_permitted([permitted([0])], version=1)
        with pytest.raises(QueryFailed, match="could not answer") as raised:
            engine.run([harness.quoting()], purpose=PURPOSE, seconds=LONG)
        assert raised.value.code == "query-failed"
        assert SECRET not in carried_by(raised.value)
        assert (raised.value.__cause__, raised.value.__context__) == (None, None)

    def test_a_question_that_takes_too_long_is_stopped(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)])
        engine.load_permitted([permitted([0])], version=1)
        started = time.monotonic()
        with pytest.raises(QueryFailed, match=r"longer than 0\.3 s") as raised:
            engine.run([harness.endless()], purpose=PURPOSE, seconds=0.3)
        assert raised.value.code == "query-timeout"
        assert time.monotonic() - started < LONG
        assert counted(engine, harness.count()) == 1

    def test_one_questions_time_limit_does_not_stop_another(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)])
        engine.load_permitted([permitted([0])], version=1)
        codes: list[str] = []

        def ask_for_ever() -> None:
            try:
                engine.run([harness.endless()], purpose=PURPOSE, seconds=0.5)
            except QueryFailed as error:
                codes.append(error.code)

        thread = threading.Thread(target=ask_for_ever)
        thread.start()
        counts = {counted(engine, harness.count()) for _ in range(5)}
        thread.join()
        assert (codes, counts) == (["query-timeout"], {1})

    def test_a_question_that_needs_too_much_memory_says_so(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)])
        engine.load_permitted([permitted([0])], version=1)
        with pytest.raises(QueryFailed, match="more memory") as raised:
            engine.run([harness.greedy()], purpose=PURPOSE, seconds=LONG)
        assert raised.value.code == "query-memory"
        assert counted(engine, harness.count()) == 1

    def test_what_no_rewrite_makes_is_refused_and_changes_nothing(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)])
        engine.load_permitted([permitted([0])], version=1)
        for statement in harness.wrong():
            with pytest.raises(QueryFailed, match="could not answer"):
                engine.run([statement], purpose=PURPOSE, seconds=LONG)
        assert (engine.replica_version, counted(engine, harness.count())) == (1, 1)

    def test_a_closed_engine_says_so(self, harness: Harness) -> None:
        engine = harness.open([Visit(0)])
        engine.close()
        engine.close()
        with pytest.raises(QueryFailed, match="has been closed"):
            engine.run([harness.count()], purpose=PURPOSE, seconds=LONG)


class EngineConformance(Denials, Crowds, Together, Changes, Answers, Failures):
    """Everything an Engine must pass; give it a fixture `harness`."""
