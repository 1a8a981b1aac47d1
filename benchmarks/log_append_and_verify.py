"""How fast the log takes entries, proves and verifies them, and in how much memory: `log_append_and_verify.py`.

Prints wall-clock seconds, processor seconds (of all processes; what counts on a shared machine), and how these compare
with hashing the entries alone in the same run. Verifying is measured as somebody does it: by a process that is started
for it, its start included, with the most memory that it and those it starts held.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pellucid.audit.checkpoint import sign_checkpoint
from pellucid.audit.entry import AuditEntry
from pellucid.audit.export import export_bundle
from pellucid.audit.keys import SigningKey, create_signing_key
from pellucid.audit.log import append, append_all, inclusion_proof
from pellucid.policy.model import Actor
from pellucid.records.database import Database

ANA = Actor("staff", "ana", ("analyst",), "os-user:bench")
BATCH = 10_000


def entry(number: int) -> AuditEntry:
    body = {"outcome": "released", "datasets": ["transactions"], "number": number}
    return AuditEntry(
        "query.released", ANA, 1_700_000_000_000_000 + number, "range-planning", body=body, details={"sql": "?"}
    )


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall-clock and processor seconds."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def hash_alone(entries: int) -> None:
    for number in range(entries):
        hashlib.sha256(b"\0" + b"x" * 400 + str(number).encode()).digest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--singles", type=int, default=500)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key = create_signing_key(folder / "keys" / "log.key", "bench/log")
        database = Database.at(folder / "control.sqlite")
        database.create()
        measure(database, folder, key, chosen.entries, chosen.singles)
        database.close()


def measure(database: Database, folder: Path, key: SigningKey, entries: int, singles: int) -> None:
    def bulk() -> None:
        for start in range(0, entries, BATCH):
            with database.write() as connection:
                append_all(connection, [entry(number) for number in range(start, min(start + BATCH, entries))])

    def one_by_one() -> None:
        for number in range(singles):
            with database.write() as connection:
                append(connection, entry(entries + number))

    def sign() -> None:
        with database.write() as connection:
            sign_checkpoint(connection, key, 1_800_000_000_000_000)

    def prove() -> None:
        with database.read() as connection:
            inclusion_proof(connection, entries // 2, entries)

    def export(name: str, *, details: bool) -> None:
        with database.read() as connection:
            export_bundle(connection, folder / name, with_details=details)

    _, floor = timed(lambda: hash_alone(entries))
    print(f"{'what':<44}{'entries':>10}{'seconds':>9}{'a second':>10}{'processor':>10}{'x hashing':>10}{'MB':>6}")
    for what, number, work in (
        (f"append, {BATCH:,} a transaction", entries, bulk),
        ("append, a transaction each", singles, one_by_one),
        ("sign a checkpoint", entries, sign),
        ("one inclusion proof", entries, prove),
        ("export", entries, lambda: export("bundle", details=False)),
        ("export with details", entries, lambda: export("detailed", details=True)),
    ):
        tell(what, number, *timed(work), floor / entries)
    for what, place in (
        ("verify the export", folder / "bundle"),
        ("verify the export with details", folder / "detailed"),
        ("verify the workspace", folder),
    ):
        for processes in sorted({1, os.cpu_count() or 1}):
            seconds, used, megabytes = verify(place, str(key.verifier), processes)
            title = f"{what}, {processes} process{'es' * (processes > 1)}"
            tell(title, entries, seconds, used, floor / entries, megabytes)


def tell(what: str, number: int, seconds: float, used: float, hashing: float, megabytes: float | None = None) -> None:
    print(
        f"{what:<44}{number:>10,}{seconds:>9.2f}{number / seconds:>10,.0f}{used:>10.2f}{used / number / hashing:>10.1f}"
        + ("" if megabytes is None else f"{megabytes:>6.0f}")
    )


VERIFY = """
import re, resource, sys
from pathlib import Path
from pellucid.audit.read import verify_place

def held():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

if __name__ == "__main__":
    processes = int(sys.argv[3])
    verify_place(Path(sys.argv[1]), log_key=sys.argv[2], processes=processes).demand()
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = [each.ru_utime + each.ru_stime for each in (resource.getrusage(resource.RUSAGE_SELF), started)]
    print(sum(used), held() + (processes * started.ru_maxrss / 1024 if processes > 1 else 0))
"""


def verify(place: Path, key: str, processes: int) -> tuple[float, float, float]:
    """Return wall-clock and processor seconds and the most megabytes held, by the process and those it started."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", VERIFY, str(place), key, str(processes)], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - start
    used, megabytes = done.stdout.split()
    return seconds, float(used), float(megabytes)


if __name__ == "__main__":
    main()
