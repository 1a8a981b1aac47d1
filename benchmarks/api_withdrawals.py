"""How long a withdrawal takes over HTTP until it is acknowledged, beside the same call in process.

A server process with 100,000 people, a client process that begins so many withdrawals a second, each at its time
whether or not those before are answered; the time of a withdrawal counts from then. No question holds a lease.

    python benchmarks/api_withdrawals.py [--rate 200] [--seconds 20] [--people 100000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from pellucid.workspace import Workspace, create
from tests.insights.conftest import POLICY

CONNECTIONS = 64
WARM_UP = 1.0
SEVERAL = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Load:
    """How many withdrawals a second, for how many seconds, of which people on."""

    rate: float
    seconds: float
    first: int

    @property
    def people(self) -> range:
        """Who withdraws, each once."""
        return range(self.first, self.first + int(self.rate * (self.seconds + WARM_UP)))

    def due(self, number: int) -> float:
        """Return when a withdrawal is begun, in seconds from the start."""
        return number / self.rate

    def counted(self, took: Sequence[float]) -> list[float]:
        """Return the times without those of the first second, sorted."""
        return sorted(took[int(self.rate * WARM_UP) :])


def make_crowd(folder: Path, people: int) -> str:
    """Make a workspace with so many households, and return the secret of a token that may record."""
    create(folder, name="bench/api", actor_name="pia").close()
    (folder / "policy" / "policy.yaml").write_text(POLICY)
    rows = folder / "purchases.csv"
    bought = "".join(f"h{n:06},p0,1,1.00,c,2026-05-20T10:00:00Z\n" for n in range(people))
    rows.write_text("household_id,product_id,week,sales_value,card_number,bought\n" + bought)
    with Workspace(folder) as workspace:
        workspace.policy.activate(actor=workspace.actor("pia"))
        pia = workspace.actor("pia")
        workspace.data.add("purchases", rows, actor=pia)
        return workspace.tokens.create("bench", ["consent:write"], actor=pia).secret


@contextmanager
def served(folder: Path, *, workers: int = 1) -> Iterator[tuple[int, int]]:
    """Run `pellucid serve` on a workspace; its port and its process."""
    with tempfile.TemporaryFile() as told:
        limits = {"PELLUCID_SERVE_REQUESTS_PER_SECOND": "100000"}
        command = [sys.executable, "-m", "pellucid", "-w", str(folder), "serve", "--port", "0"]
        command += ["--workers", str(workers)]
        process = subprocess.Popen(command, stderr=told, env=os.environ | limits)
        found = None
        while found is None:
            if process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.05)
            told.seek(0)
            found = re.search(rb"http://[0-9.]+:(\d+)", told.read())
        try:
            yield int(found.group(1)), process.pid
        finally:
            process.terminate()
            process.wait()


def in_process(folder: Path, load: Load) -> list[float]:
    """Make the same calls from threads of this process."""
    with Workspace(folder) as workspace, ThreadPoolExecutor(CONNECTIONS) as threads:
        pia, began = workspace.actor("pia"), time.perf_counter() + 0.1

        def withdraw(number: int, person: int) -> float:
            workspace.consent.record("object", f"h{person:06}", purpose="planning", actor=pia)
            return time.perf_counter() - began - load.due(number)

        under_way = []
        for number, person in enumerate(load.people):
            time.sleep(max(0.0, began + load.due(number) - time.perf_counter()))
            under_way.append(threads.submit(withdraw, number, person))
        return [each.result() for each in under_way]


def over_http(port: int, secret: str, load: Load, keyed: bool) -> list[float]:
    """Send the withdrawals from a process of its own."""
    with SEVERAL.Pool(1) as pool:
        return pool.apply(_client, (port, secret, load, keyed))


def _client(port: int, secret: str, load: Load, keyed: bool) -> list[float]:
    return asyncio.run(_withdraw_all(port, secret, load, keyed))


async def _withdraw_all(port: int, secret: str, load: Load, keyed: bool) -> list[float]:
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    began = time.perf_counter() + 0.1

    async def withdraw(number: int, person: int) -> float:
        reader, writer = await idle.get()
        writer.write(_request(secret, person, keyed))
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        await reader.readexactly(int(length.group(1)) if length else 0)
        if not head.startswith(b"HTTP/1.1 201"):
            raise SystemExit(head.decode())
        idle.put_nowait((reader, writer))
        return time.perf_counter() - began - load.due(number)

    under_way = []
    for number, person in enumerate(load.people):
        await asyncio.sleep(max(0.0, began + load.due(number) - time.perf_counter()))
        under_way.append(asyncio.create_task(withdraw(number, person)))
    return list(await asyncio.gather(*under_way))


def _request(secret: str, person: int, keyed: bool) -> bytes:
    choice = {"subject": f"h{person:06}", "purpose": "planning", "verb": "object", "channel": "web"}
    body = json.dumps(choice).encode()
    head = (
        "POST /api/v1/consents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {secret}\r\nContent-Length: {len(body)}\r\n"
    )
    return (head + (f"Idempotency-Key: {uuid.uuid4()}\r\n" if keyed else "") + "\r\n").encode() + body


def processor_seconds(process: int) -> float:
    """Return what a process, and those that it started and that run, have used of processors so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    started = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(processor_seconds(int(each)) for each in started)


def main() -> None:
    """Print one table; `cpu` is that of the process that records, for one withdrawal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--people", type=int, default=100_000)
    asked = parser.parse_args()
    print(f"{asked.rate:.0f} withdrawals a second for {asked.seconds:.0f} s, {asked.people:,} people; milliseconds.")
    print(f"{'':44} {'p50':>7} {'p99':>7} {'worst':>7} {'cpu':>6} {'load':>6}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "crowd"
        secret = make_crowd(folder, asked.people)
        with served(folder) as (port, server):
            ways: dict[str, tuple[int, Callable[[Load], list[float]]]] = {
                "in process, by threads": (os.getpid(), lambda load: in_process(folder, load)),
                "over HTTP": (server, lambda load: over_http(port, secret, load, keyed=False)),
                "over HTTP, with idempotency keys": (server, lambda load: over_http(port, secret, load, keyed=True)),
            }
            for turn, (name, (process, way)) in enumerate(ways.items()):
                load = Load(asked.rate, asked.seconds, turn * int(asked.rate * (asked.seconds + WARM_UP + 1)))
                used = processor_seconds(process)
                took = load.counted(way(load))
                used = 1000 * (processor_seconds(process) - used) / len(load.people)
                told = [1000 * took[int(share * (len(took) - 1))] for share in (0.5, 0.99, 1.0)]
                figures = f"{told[0]:7.1f} {told[1]:7.1f} {told[2]:7.1f} {used:6.1f} {os.getloadavg()[0]:6.1f}"
                print(f"{name:44} {figures}", flush=True)


if __name__ == "__main__":
    main()
