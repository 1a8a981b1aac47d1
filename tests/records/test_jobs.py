"""Jobs on both databases: each is held by one worker at a time, settled once, and never lost."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import select

from pellucid.errors import NameUnknown, RecordingFailed
from pellucid.records import jobs
from pellucid.records.database import Database
from pellucid.records.jobs import FIRST_WAIT, LONGEST_WAIT, MOST_ATTEMPTS, SECOND, Claim, Job
from pellucid.records.rights_tables import jobs as table

NOW = 1_760_000_000_000_000
KINDS = ("mail",)


@pytest.fixture
def database(control: Database) -> Database:
    return control


def put(database: Database, about: str = "one", due_at: int = NOW, kind: str = "mail") -> bool:
    with database.write() as connection:
        return jobs.put(connection, kind, about, due_at)


def claim(database: Database, now: int, *, worker: str = "w", seconds: float = 60) -> Job | None:
    with database.write() as connection:
        return jobs.claim(connection, KINDS, worker, now, seconds)


def claimed(database: Database, now: int) -> Job:
    job = claim(database, now)
    assert job is not None
    return job


def done(database: Database, job: Job, now: int = NOW) -> None:
    with database.write() as connection:
        jobs.done(connection, job, now)


def fail(database: Database, job: Job, now: int, *, for_good: bool = False) -> Job:
    with database.write() as connection:
        return jobs.fail(connection, job, "mail-unreachable", now, for_good=for_good)


def unsettled(database: Database) -> list[Job]:
    with database.read() as connection:
        return list(jobs.unsettled(connection))


def test_a_job_is_put_once_however_often_it_is_put(database: Database) -> None:
    assert [put(database), put(database), put(database, "two")] == [True, False, True]
    assert {job.about for job in unsettled(database)} == {"one", "two"}


def test_a_job_that_was_done_is_not_put_again(database: Database) -> None:
    put(database)
    done(database, claimed(database, NOW))
    assert put(database) is False
    assert claim(database, NOW + 10**12) is None
    with database.read() as connection:
        assert jobs.known(connection, "mail", ["one", "two"]) == {"one"}


def test_a_job_of_a_transaction_that_fails_is_not_there(database: Database) -> None:
    with pytest.raises(KeyError, match="cause"), database.write() as connection:
        jobs.put(connection, "mail", "one", NOW)
        raise KeyError("cause")
    assert unsettled(database) == []


def test_what_is_due_the_longest_comes_first_and_what_is_not_due_does_not(database: Database) -> None:
    put(database, "late", NOW + 2)
    put(database, "early", NOW - 5)
    put(database, "middle", NOW - 1)
    assert [claimed(database, NOW).about, claimed(database, NOW).about] == ["early", "middle"]
    assert claim(database, NOW) is None
    with database.read() as connection:
        assert [jobs.is_due(connection, KINDS, at) for at in (NOW, NOW + 2)] == [False, True]


def test_a_job_of_another_kind_is_left_to_others(database: Database) -> None:
    put(database, kind="erasure")
    assert claim(database, NOW) is None
    assert [(job.kind, job.attempts) for job in unsettled(database)] == [("erasure", 0)]


def test_a_claimed_job_is_nobody_elses_until_the_claim_runs_out(database: Database) -> None:
    put(database)
    first = claimed(database, NOW)
    assert claim(database, NOW + 60 * SECOND - 1) is None
    second = claim(database, NOW + 60 * SECOND)
    assert second is not None
    assert (second.id, second.attempts, second.token != first.token) == (first.id, 2, True)


def test_whoever_lost_a_claim_settles_nothing(database: Database) -> None:
    put(database)
    first = claimed(database, NOW)
    second = claimed(database, NOW + 60 * SECOND)
    for late in (lambda: done(database, first), lambda: fail(database, first, NOW)):
        with pytest.raises(RecordingFailed, match="ran out and somebody else took it"):
            late()
    with pytest.raises(RecordingFailed, match="ran out and somebody else took it"):
        Claim(database, first, lambda: NOW, 60).renew()
    done(database, second)
    with pytest.raises(RecordingFailed, match="ran out"):
        done(database, second)


def test_a_renewed_claim_lasts_and_a_clock_gone_back_never_shortens_it(database: Database) -> None:
    put(database)
    job = claimed(database, NOW)
    clock = iter([NOW + 50 * SECOND, NOW - 3600 * SECOND])
    claim_ = Claim(database, job, lambda: next(clock), 60)
    claim_.renew()
    assert claim(database, NOW + 109 * SECOND) is None
    claim_.renew()
    assert claim(database, NOW + 59 * SECOND) is None


def test_a_clock_gone_back_gives_no_claim_away(database: Database) -> None:
    put(database)
    claimed(database, NOW)
    assert [claim(database, now) for now in (NOW - 86_400 * SECOND, NOW - 1, NOW + 30 * SECOND)] == [None] * 3
    assert claim(database, NOW + 61 * SECOND) is not None


def test_a_failed_job_waits_twice_as_long_each_time_up_to_a_cap(database: Database) -> None:
    put(database)
    now, waits = NOW, []
    for _ in range(13):
        failed = fail(database, claimed(database, now), now)
        waits.append(failed.due_at - now)
        assert claim(database, failed.due_at - 1) is None
        now = failed.due_at
    assert waits == [min(LONGEST_WAIT, FIRST_WAIT * 2**n) for n in range(13)]
    assert waits[-1] == LONGEST_WAIT
    assert [(job.error, job.state) for job in unsettled(database)] == [("mail-unreachable", "due")]


def test_a_job_is_given_up_after_the_last_attempt_and_may_be_begun_anew(database: Database) -> None:
    put(database)
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        failed = fail(database, claimed(database, now), now)
        now += LONGEST_WAIT
    assert (failed.state, failed.error, failed.attempts) == ("given-up", "mail-unreachable", MOST_ATTEMPTS)
    assert claim(database, now + 10**12) is None
    with database.write() as connection:
        jobs.retry(connection, failed.id, now)
    assert claimed(database, now).attempts == 1
    with pytest.raises(NameUnknown, match="There is no given-up job with the id"), database.write() as connection:
        jobs.retry(connection, failed.id, now)


def test_a_job_that_failed_for_good_is_given_up_at_once(database: Database) -> None:
    put(database)
    assert fail(database, claimed(database, NOW), NOW, for_good=True).state == "given-up"


def test_settling_in_a_transaction_that_fails_settles_nothing(database: Database) -> None:
    put(database)
    held = Claim(database, claimed(database, NOW), lambda: NOW, 60)
    with pytest.raises(KeyError, match="late"), database.write() as connection:
        held.done(connection)
        raise KeyError("late")
    assert [job.state for job in unsettled(database)] == ["due"]


def test_of_a_hundred_jobs_and_four_workers_each_is_claimed_once(database: Database) -> None:
    for number in range(100):
        put(database, str(number))
    taken: list[str] = []

    def work(name: str) -> None:
        while (job := claim(database, NOW, worker=name, seconds=3600)) is not None:
            taken.append(job.about)
            done(database, job)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken) == Counter(str(number) for number in range(100))
    with database.read() as connection:
        assert Counter(connection.scalars(select(table.c.attempts).where(table.c.state == "done"))) == {1: 100}
