"""How long it takes to list 1,000 open requests with what sets their days, and to work a request's days out by law.

Processor time, over a database on disk; all shipped laws that are no drafts are signed off.

    python benchmarks/requests_clock.py [--requests 1000] [--rounds 7]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))
from pellucid.records.database import Database
from pellucid.regulations.load import shipped
from pellucid.rights import stored
from pellucid.rights.asking import Asking
from pellucid.rights.clock import dates_of, day_of
from pellucid.rights.covering import covering_laws
from pellucid.rights.request import Right
from pellucid.rights.showing import views
from tests.consent.conftest import CUSTOMER, add_subjects
from tests.rights.conftest import PIA, Shop, make_shop

PLACES = ("DE", "US-CA", "FR", None)
RIGHTS = tuple(Right)


def fill(folder: Path, requests: int) -> Shop:
    """Make a database with so many open requests, each of another person."""
    database = Database.at(folder / "control.sqlite")
    database.create()
    shop = make_shop(database, *(law.id for law in shipped().values() if not law.draft))
    add_subjects(database, *((PLACES[n % 4], 1980) for n in range(requests)), first=10)
    for start in range(0, requests, 100):
        with shop.book(PIA) as book:
            for n in range(start, min(start + 100, requests)):
                asked = {"changes": [{"dataset": "baskets", "column": "household", "value": "x"}]}
                book.file(Asking(RIGHTS[n % len(RIGHTS)], CUSTOMER, 10 + n, shop.time[0], asked=asked))
    return shop


def timed(rounds: int, work: Callable[[], object]) -> float:
    """Return the median processor time of some work, in milliseconds."""
    took = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        took.append((time.process_time() - start) * 1_000)
    return median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        shop = fill(Path(folder), asked.requests)
        filing = (time.process_time() - start) * 1_000
        with shop.database.read() as connection:
            raw = timed(asked.rounds, lambda: stored.all_requests(connection))
            listed = timed(asked.rounds, lambda: views(connection, shop.time[0]))
            found = stored.all_requests(connection)

            def all_dates() -> None:
                for each in found:
                    day = day_of(each.received_at)
                    covered = covering_laws(connection, shop.policy, each.namespace, each.subject, day)
                    dates_of(shop.policy, covered, each, (), shop.terms)

            dates = timed(asked.rounds, all_dates)
        shop.database.close()
    print(f"{asked.requests:,} open requests, processor time, median of {asked.rounds}")
    print(f"   {'step':40} {'ms':>9} {'ms each':>9} {'x rows':>7}")
    for name, took in (
        ("read the rows", raw),
        ("list them with law, days left, missing", listed),
        ("work all their days out anew by law", dates),
        ("file them all (with the log), once", filing),
    ):
        print(f"   {name:40} {took:9.1f} {took / asked.requests:9.3f} {took / raw:7.1f}")


if __name__ == "__main__":
    main()
