"""How long people wait for pages of the privacy centre, fifty at once, over a million people and ten million rows.

    python benchmarks/pages_at_once.py [--people 1000000] [--rows 10000000] [--at-once 50] [--seconds 20]
        [--workers 2] [--keep FOLDER]

A server of some workers, and a client process on the same processors. Paced: each person opens a page a second, whether
or not the last one was answered; a page's time counts from when it was due. Without a pause: as soon as a page is there
the next person asks on the same connection, since one alone may not open that many. Goals: overview p95 100 ms, both
ways; switch p99 50 ms, the log's entry included, while no question holds a lease. `cpu` is the server's for one page,
`client` what asking for it took beside.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.api_withdrawals import SEVERAL, processor_seconds, served
from pellucid.governance import sessions
from pellucid.governance.sessions import CENTRE
from pellucid.subjects import ids
from pellucid.web import cookies
from pellucid.workspace import Workspace, create
from tests.web.visitors import POLICY

PURPOSE, NOTICE = "offers", "2026-11"
SHARE = 4
"""People who take turns on a connection that never rests."""
WARM_UP = 2.0
BOUGHT = np.datetime64("2026-01-01T00:00:00", "us")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in: their cookie, and the token of their forms."""

    cookie: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """Which page is asked for on how many connections, for how many seconds, how often on each (0: without a pause)."""

    name: str
    path: str
    at_once: int
    per_second: float
    seconds: float
    posts: bool = False


def make_crowd(folder: Path, people: int, rows: int) -> None:
    """Make the workspace: every person has equally many purchases, and is a member."""
    create(folder, name="bench/pages", actor_name="pia").close()
    (folder / "policy" / "policy.yaml").write_text(POLICY)
    keys = pa.array([f"h{n:07}" for n in range(people)])
    with Workspace(folder) as workspace:
        pia = workspace.actor("pia")
        workspace.policy.activate(actor=pia)
        whose = pa.array(np.arange(rows) % people)
        bought = pa.array(BOUGHT + np.arange(rows).astype("timedelta64[s]"), pa.timestamp("us", "UTC"))
        columns = {
            "household_id": keys.take(whose),
            "sales_value": pa.array(np.full(rows, "2.00")).cast(pa.decimal128(10, 2)),
            "product": pa.array(np.full(rows, "bread")),
            "bought": bought,
        }
        _add(workspace, folder, "purchases", columns)
        nothing = pa.nulls(people, pa.string())
        place = pa.array(np.full(people, "DE"))
        _add(workspace, folder, "members", {"household_id": keys, "email": nothing, "second": nothing, "place": place})


def _add(workspace: Workspace, folder: Path, name: str, columns: dict[str, pa.Array]) -> None:
    file = folder / "rows.parquet"
    pq.write_table(pa.table(columns), file)
    workspace.data.add(name, file, actor=workspace.actor("pia"))
    file.unlink()


def sign_in(folder: Path, people: int, number: int) -> list[Person]:
    """Begin sessions of so many people, spread over all."""
    with Workspace(folder) as workspace, workspace.room.database.write() as connection:
        made = []
        for each in range(number):
            subject = ids.find(connection, "household", f"h{each * (people // number):07}")
            who = {"namespace": "household", "subject": subject, "address": b""}
            key, now = workspace.doors.key, workspace.room.clock()
            made.append(Person(sessions.begin(connection, CENTRE, key, who, "code", 1, now).secret))
        return made


def measure(port: int, people: Sequence[Person], load: Load) -> tuple[list[float], float]:
    """Return the times of all pages but those of the first seconds, sorted, and what the client used of processors.

    The client is a process of its own.
    """
    with SEVERAL.Pool(1) as pool:
        return pool.apply(_client, (port, list(people), load))


def _client(port: int, people: list[Person], load: Load) -> tuple[list[float], float]:
    before = time.process_time()
    return asyncio.run(_all(port, people, load)), time.process_time() - before


async def _all(port: int, people: list[Person], load: Load) -> list[float]:
    began = time.perf_counter() + 0.2
    shares = [people[number :: load.at_once] for number in range(load.at_once)]
    asking = [_one(port, each, load, began + number / load.at_once) for number, each in enumerate(shares)]
    return sorted(took for each in await asyncio.gather(*asking) for took in each)


async def _one(port: int, people: Sequence[Person], load: Load, first: float) -> list[float]:
    await asyncio.sleep(max(0.0, first - time.perf_counter()))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = await _fields(reader, writer, people[0]) if load.posts else None
    turns, took, due, ends = cycle(people), [], first, first + WARM_UP + load.seconds
    while due < ends:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked = due if load.per_second else time.perf_counter()
        await _exchange(reader, writer, next(turns), load.path, body)
        done = time.perf_counter()
        if asked >= first + WARM_UP:
            took.append(done - asked)
        due = due + 1 / load.per_second if load.per_second else done
    writer.close()
    return took


async def _fields(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, person: Person) -> bytes:
    page = await _exchange(reader, writer, person, "/privacy/choices", None)
    token = re.search(rb'name="_token" value="([^"]+)"', page)
    if token is None:
        raise SystemExit("there is no form on the page")
    return urlencode({"_token": token[1].decode(), "choice": "no", "notice": NOTICE}).encode()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, person: Person, path: str, body: bytes | None
) -> bytes:
    head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head += f"Cookie: {cookies.CENTRE}={person.cookie}\r\n"
    if body is not None:
        head += "Origin: http://127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"\r\n" + (body or b""))
    answer = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", answer)
    page = await reader.readexactly(int(length[1]) if length else 0)
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 303 ")) or b"location: /privacy/sign-in" in answer:
        raise SystemExit(answer.decode())
    return page


def main() -> None:
    """Print one table, in milliseconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="make the workspace here once, and use it again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = asked.keep or Path(place) / "crowd"
        if not (folder / "control.sqlite").exists():
            make_crowd(folder, asked.people, asked.rows)
        people = sign_in(folder, asked.people, SHARE * asked.at_once)
        print(f"{asked.people:,} people, {asked.rows:,} purchases, {asked.at_once} people at once; milliseconds.")
        heads = " ".join(f"{each:>7}" for each in ("p50", "p95", "p99", "worst", "rate", "cpu", "client", "load"))
        print(f"{'':28} {heads}")
        with served(folder, workers=asked.workers) as (port, server):
            _warm_up(port, people, asked.at_once)
            at_once, seconds = asked.at_once, asked.seconds
            for load in (
                Load("overview, paced", "/privacy", at_once, 1.0, seconds),
                Load("choices, paced", "/privacy/choices", at_once, 1.0, seconds),
                Load("switch, paced", f"/privacy/choices/{PURPOSE}", at_once, 1.0, seconds, posts=True),
                Load("overview, without a pause", "/privacy", at_once, 0.0, seconds),
            ):
                _tell(port, server, people, load)


def _warm_up(port: int, people: Sequence[Person], at_once: int) -> None:
    """Have every worker make pages before anything is counted."""
    measure(port, people, Load("begin", "/privacy", at_once, 0.0, 1.0))


def _tell(port: int, server: int, people: Sequence[Person], load: Load) -> None:
    used = processor_seconds(server)
    took, client = measure(port, people if load.per_second == 0 else people[: load.at_once], load)
    asked = len(took) * (1 + WARM_UP / load.seconds)
    told = [1000 * took[int(share * (len(took) - 1))] for share in (0.5, 0.95, 0.99, 1.0)]
    told += [len(took) / load.seconds, 1000 * (processor_seconds(server) - used) / asked, 1000 * client / asked]
    figures = " ".join(f"{each:7.2f}" if each < 10 else f"{each:7.1f}" for each in (*told, os.getloadavg()[0]))
    print(f"{load.name:28} {figures}", flush=True)


if __name__ == "__main__":
    main()
