"""How fast the log takes entries, proves and verifies them: `python benchmarks/log_append_and_verify.py`.

Prints times and what they come to for an entry; times on a shared machine are rough, ratios between rows are not.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pellucid.audit.checkpoint import sign_checkpoint
from pellucid.audit.entry import AuditEntry
from pellucid.audit.keys import create_signing_key
from pellucid.audit.log import append, append_all, inclusion_proof
from pellucid.audit.read import verify_database
from pellucid.audit.treehead import TrustKeys
from pellucid.policy.model import Actor
from pellucid.records.database import Database

ANA = Actor("staff", "ana", ("analyst",), "os-user:bench")


def entry(number: int) -> AuditEntry:
    body = {"outcome": "released", "datasets": ["transactions"], "number": number}
    return AuditEntry(
        "query.released", ANA, 1_700_000_000_000_000 + number, "range-planning", body=body, details={"sql": "?"}
    )


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def hash_alone(entries: int) -> None:
    for number in range(entries):
        hashlib.sha256(b"\0" + b"x" * 400 + str(number).encode()).digest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--singles", type=int, default=500)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key = create_signing_key(folder / "keys" / "log.key", "bench/log")
        database = Database.at(folder / "control.sqlite")
        database.create()
        measure(database, folder, key, chosen.entries, chosen.singles)
        database.close()


def measure(database: Database, folder: Path, key: object, entries: int, singles: int) -> None:
    def bulk() -> None:
        with database.write() as connection:
            append_all(connection, (entry(number) for number in range(entries)))

    def one_by_one() -> None:
        for number in range(singles):
            with database.write() as connection:
                append(connection, entry(entries + number))

    def sign() -> None:
        with database.write() as connection:
            sign_checkpoint(connection, key, 1_800_000_000_000_000)  # type: ignore[arg-type]

    def prove() -> None:
        with database.read() as connection:
            inclusion_proof(connection, entries // 2, entries)

    def verify() -> None:
        verify_database(folder / "control.sqlite", TrustKeys(key.verifier)).demand()  # type: ignore[attr-defined]

    floor = timed(lambda: hash_alone(entries))
    print(f"{'what':<34}{'entries':>10}{'seconds':>10}{'µs each':>10}{'x hashing':>10}")
    for what, number, work in (
        ("append, one transaction", entries, bulk),
        ("append, a transaction each", singles, one_by_one),
        ("sign a checkpoint", entries, sign),
        ("one inclusion proof", entries, prove),
        ("verify everything", entries, verify),
    ):
        seconds = timed(work)
        ratio = seconds / number / (floor / entries)
        print(f"{what:<34}{number:>10,}{seconds:>10.3f}{seconds / number * 1e6:>10.1f}{ratio:>10.1f}")


if __name__ == "__main__":
    main()
