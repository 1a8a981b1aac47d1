"""`pellucid serve --workers 2`: two processes at one address that are as one to whoever asks."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx
import pytest

from pellucid.audit.places import CONTROL_URL
from pellucid.errors import WorkspaceUnusable
from pellucid.settings import Settings
from pellucid.web.workers import _Workers, pause_after, serve_by_workers
from tests.web.conftest import API, Process, Shop, Start, bearer, until
from tests.web.test_server import command

CHOICE = {"subject": "h0001", "purpose": "offers", "verb": "withdraw"}


def children(server: Process) -> list[int]:
    """Return the processes of the workers."""
    listed = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    lines = {int(each): Path(f"/proc/{each}/cmdline").read_bytes() for each in listed}
    return [each for each, line in lines.items() if b"spawn_main" in line]


def ready(server: Process, number: int = 2) -> Process:
    """Wait until as many workers answer."""
    deadline = time.monotonic() + 120
    while sum("startup complete" in str(line.get("said", "")) for line in server.lines()) < number:
        assert (server.process.poll(), time.monotonic() < deadline) == (None, True), server.errors.read_text()
        time.sleep(0.1)
    return server


def waits(server: Process, number: int) -> list[float]:
    """Wait until as many workers ended, and return how long each is waited for."""
    deadline = time.monotonic() + 120
    ended: list[float] = []
    while len(ended) < number:
        assert (server.process.poll(), time.monotonic() < deadline) == (None, True), server.errors.read_text()
        time.sleep(0.1)
        ended = [line["again_in"] for line in server.lines() if line.get("event") == "worker-ended"]
    return ended


def figure(server: Process, name: str) -> float:
    """Return a figure of the metrics, summed over labels."""
    text = httpx.get(f"{server.address}/metrics", timeout=60).text
    return sum(float(each) for each in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


@pytest.mark.slow
def test_two_workers_are_one_to_whoever_asks(shop: Shop, start: Start) -> None:
    """In one test, since starting takes long: what one recorded, counted and refused, the other knows."""
    limits = {"PELLUCID_SERVE_FAILURES_PER_MINUTE": "6", "PELLUCID_SERVE_REQUESTS_PER_SECOND": "1000"}
    server = ready(start("--workers", "2", **limits))
    secret = shop.token("consent:write", "consent:why", "consent:changes")
    assert len(children(server)) == 2

    # Whoever withdraws at one is left out at the other: every connection is new, so that both answer.
    assert httpx.post(server.address + API, json=CHOICE, headers=bearer(secret), timeout=60).status_code == 201
    with ThreadPoolExecutor(4) as threads:
        asked = {"subject": "h0001", "purpose": "offers"}
        told = list(
            threads.map(
                lambda _: httpx.post(f"{server.address}{API}/why", json=asked, headers=bearer(secret), timeout=60).text,
                range(24),
            )
        )
    assert len(set(told)) == 1
    assert '"permitted":false' in told[0].replace(" ", "")

    # A limit holds in total: six may fail, not six at each.
    began = time.monotonic()
    statuses = Counter(httpx.get(f"{server.address}{API}/changes", timeout=60).status_code for _ in range(20))
    assert 6 <= statuses[401] <= 6 + (time.monotonic() - began) / 10  # one more each ten seconds
    assert statuses.keys() == {401, 429}

    # Figures are those of both, whichever is asked: of the 45 requests above, each counted once it was answered.
    counted = count(45)
    until(lambda: figure(server, "pellucid_requests_total") == next(counted))

    # A token that is revoked is refused by both within a second.
    assert command(shop, "serve", "token", "revoke", secret.split("_")[1]).returncode == 0
    time.sleep(1.1)
    codes = {
        httpx.get(f"{server.address}{API}/changes", headers=bearer(secret), timeout=60).status_code for _ in range(8)
    }
    assert codes <= {401, 429}

    # Who dies is replaced. Who cannot begin is tried again, later each time, and the other serves meanwhile.
    broken = shop.folder / CONTROL_URL
    broken.write_text("postgresql+psycopg://nowhere/x")  # beside the embedded one: nobody opens such a workspace anew
    os.kill(children(server)[0], signal.SIGKILL)
    assert waits(server, 3) in ([1.0, 2.0, 4.0], [0.0, 1.0, 2.0])  # the latter if the first had served for a minute
    assert {httpx.get(server.address + "/readyz", timeout=60).status_code for _ in range(4)} == {204}
    until(lambda: [figure(server, f"pellucid_workers_{name}") for name in ("wanted", "serving")] == [2, 1])
    assert figure(server, "pellucid_workers_ended_total") >= 3
    broken.unlink()
    ready(server, 3)
    until(lambda: figure(server, "pellucid_workers_serving") == 2)
    assert len(children(server)) == 2

    # Who is told to end ends both.
    assert server.end(signal.SIGTERM) == 0
    assert not Path(f"/proc/{server.process.pid}").exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.address + "/healthz", timeout=60)


@pytest.mark.slow
def test_workers_end_with_a_parent_that_is_killed(shop: Shop, start: Start) -> None:
    server = ready(start("--workers", "2"))
    workers = children(server)
    server.process.kill()
    server.process.wait()

    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{each}").exists() for each in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_worker_that_ends_soon_is_waited_for_twice_as_long_each_time_up_to_a_minute() -> None:
    assert [pause_after(ends) for ends in range(9)] == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert pause_after(10_000) == 60.0


@pytest.mark.slow
def test_workers_that_cannot_begin_end_the_server_when_none_of_them_could(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceUnusable, match="None of the workers could begin to serve") as raised:
        serve_by_workers(tmp_path / "nowhere", Settings(), "127.0.0.1", 0, 2)

    assert raised.value.code == "workers-end"


def test_a_port_that_is_taken_is_told(shop: Shop, start: Start) -> None:
    port = int(start().address.rpartition(":")[2])

    with pytest.raises(WorkspaceUnusable, match="Nothing can listen at port"):
        serve_by_workers(shop.folder, Settings(), "127.0.0.1", port, 2)


def test_a_worker_is_looked_after_also_where_no_figure_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of figures was cleared away, and there is not even a descriptor for a new worker."""

    def nothing_left() -> None:
        raise OSError(24, "Too many open files")

    with socket.socket() as listening:
        found = _Workers(tmp_path, listening, tmp_path / "gone", 1, Settings())
        found._served = True
        monkeypatch.setattr(multiprocessing.get_context("spawn"), "Event", nothing_left)
        found._look(time.monotonic())

    assert (found._ended, found._places[0].ends, found._places[0].process) == (1, 1, None)
