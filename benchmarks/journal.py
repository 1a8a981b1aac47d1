"""Measure what a journal costs a transaction, and what looking for one costs where none is kept.

Each kind of transaction appends one entry; they take turns, so that a busy machine slows all alike. Times are medians.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.backups.changes import place_of
from pellucid.backups.journal import create_journal, journal_key
from pellucid.backups.keeper import JournalKeeper, keep_journal
from pellucid.policy.model import Actor
from pellucid.records.database import Database

ROUNDS = 400
PIA = Actor("staff", "pia", (), "benchmark")
KEY = b"k" * 32


def database(folder: Path, name: str, *, watched: bool, journal: bool) -> Database:
    made = Database.at(folder / f"{name}.sqlite")
    made.create()
    if journal:
        with made.write() as connection:
            place = place_of(connection)
            create_journal(folder / name, journal_key(KEY), "benchmark/log", place)
            keep_journal(connection, folder / name)
    if watched:
        keeper = JournalKeeper(made, lambda: KEY)
        made.before_write, made.after_commit = keeper.before_write, keeper.after_commit
    return made


def transaction(made: Database) -> Callable[[], None]:
    def append_one() -> None:
        with made.write() as connection:
            append(connection, AuditEntry("access.refused", PIA, 0))

    return append_one


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        kinds = {
            "nothing looked for": transaction(database(folder, "plain", watched=False, journal=False)),
            "no journal kept": transaction(database(folder, "watched", watched=True, journal=False)),
            "a journal on the same disk": transaction(database(folder, "journaled", watched=True, journal=True)),
        }
        took: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):
            for name, run in kinds.items():
                began = time.perf_counter()
                run()
                took[name].append(time.perf_counter() - began)
        least = statistics.median(took["nothing looked for"])
        print(f"{'a transaction with':30} {'ms':>6} {'ratio':>6}")
        for name, found in took.items():
            print(f"{name:30} {statistics.median(found) * 1000:6.2f} {statistics.median(found) / least:6.2f}")


if __name__ == "__main__":
    main()
