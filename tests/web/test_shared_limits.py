"""Limits that processes share: they hold in total, whoever counts, and tell nobody."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from pellucid.web import shared_limits
from pellucid.web.limits import Buckets
from pellucid.web.shared_limits import SETS, WAYS, SharedBuckets, make_file

SLOW = 1e-6
"""A rate at which nothing fills while a test runs."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    make_file(tmp_path / "limits")
    return tmp_path / "limits"


def test_a_bucket_empties_and_fills_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(shared_limits, "time", SimpleNamespace(monotonic=lambda: now[0]))
    buckets = SharedBuckets(2.0, 3.0, file)

    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.take("b") == 0.0
    now[0] += 0.5
    assert (buckets.wait("a"), buckets.take("a"), buckets.wait("a")) == (0.0, 0.0, 0.5)


def test_it_counts_as_the_buckets_of_one_process_do(file: Path) -> None:
    alone, shared = Buckets(SLOW, 2.0, lambda: 0.0), SharedBuckets(SLOW, 2.0, file)
    for key in ("a", "b", "a", "a", "", "\udcff", "b", "b"):
        assert (alone.take(key) > 0) == (shared.take(key) > 0), key


def test_what_one_takes_another_finds_taken(file: Path) -> None:
    one, other = SharedBuckets(SLOW, 2.0, file), SharedBuckets(SLOW, 2.0, file)

    assert (one.take("a"), other.take("a")) == (0.0, 0.0)
    assert one.take("a") > 0
    assert other.wait("a") > 0


def _take(path: Path, times: int, taken: object) -> None:
    buckets = SharedBuckets(SLOW, 500.0, path)
    count = sum(buckets.take("a") == 0.0 for _ in range(times))
    taken.put(count)  # type: ignore[attr-defined]


def test_processes_and_threads_at_once_take_no_more_than_there_is(file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    taken = context.Queue()
    processes = [context.Process(target=_take, args=(file, 400, taken)) for _ in range(2)]
    threads = [threading.Thread(target=_take, args=(file, 400, taken)) for _ in range(2)]
    for each in (*processes, *threads):
        each.start()
    for each in (*processes, *threads):
        each.join()

    assert sum(taken.get() for _ in range(4)) == 500


def test_an_endless_row_of_keys_takes_no_more_room_and_loses_few_that_wait(file: Path) -> None:
    buckets, size = SharedBuckets(SLOW, 2.0, file), file.stat().st_size
    waiting = [f"waits-{number}" for number in range(100)]
    for key in waiting:
        while buckets.take(key) == 0.0:
            pass
    for number in range(SETS * WAYS // 4):
        buckets.take(str(number))

    assert file.stat().st_size == size
    assert sum(buckets.wait(key) > 0 for key in waiting) >= 95


def test_the_file_tells_no_key_and_is_its_owner_s_alone(file: Path) -> None:
    SharedBuckets(SLOW, 2.0, file).take("203.0.113.9")

    assert b"203.0.113" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_no_two_starts_put_a_key_in_the_same_place(tmp_path: Path) -> None:
    places = set()
    for number in range(5):
        make_file(tmp_path / str(number))
        places.add(SharedBuckets(SLOW, 2.0, tmp_path / str(number))._place_of("a"))

    assert len(places) == 5
