"""Measure how fast a file of consents is imported, exported and imported again, and how long others wait meanwhile.

    python benchmarks/bulk_consents.py [--records 1000000] [--mixed]

Three records a person, in the order of people or `--mixed`. Somebody else, in a process of their own, withdraws all the
while: goal, none of them waits longer than 2 s. It tells what 10 million records would take, at the rate of the last.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb

import pellucid
from pellucid.cli.quick import COLLECT_AFTER
from pellucid.consent.bulk_file import REQUIRED
from pellucid.workspace import Workspace, create
from pellucid.workspace.consent_files import ConsentFiles, Imported

SHOP = Path(__file__).parents[1] / "examples" / "corner-shop"
GOAL_WAIT = 2.0
EACH = 3
SAID = (("newsletter", "give", "held_data"), ("range-planning", "object", ""), ("newsletter", "withdraw", ""))


def make_shop(folder: Path, people: int) -> None:
    """Import one purchase a person."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""COPY (SELECT 'c' || printf('%08d', i) AS customer, 'milk' AS product, 1.00::DECIMAL(9, 2) AS price,
                             TIMESTAMP '2026-06-01' + to_seconds(i % 1000000) AS bought
                      FROM range({people}) AS t(i)) TO '{folder / "purchases.parquet"}' (FORMAT parquet)"""
        )
    with create(folder / "shop") as workspace:
        workspace.policy.activate(folder=SHOP / "policy", actor=workspace.actor("pia"))
        workspace.data.add("products", SHOP / "products.csv", actor=workspace.actor("dan"))
        workspace.data.add("purchases", folder / "purchases.parquet", actor=workspace.actor("dan"))


def write_file(path: Path, records: int, mixed: bool) -> None:
    people = list(range(records // EACH))
    if mixed:
        random.Random(7).shuffle(people)
    with path.open("w") as file:
        file.write(",".join(REQUIRED) + "\n")
        for who in people:
            at = f"T{who % 24:02}:{who // 24 % 60:02}:{who // 1440 % 60:02}+00:00"
            for day, (purpose, verb, covers) in enumerate(SAID, start=1):
                file.write(f"c{who:08},{purpose},{verb},{covers},,1,web,2026-07-{day:02}{at}\n")


def withdraw_meanwhile(folder: Path, stop: Event, told: multiprocessing.Queue[list[float]]) -> None:
    """Withdraw for somebody every quarter of a second; tell how long each took to be acknowledged."""
    took = []
    with pellucid.open(folder) as workspace:
        pia = workspace.actor("pia")
        while not stop.is_set():
            started = time.perf_counter()
            workspace.consent.record("object", "c00000000", purpose="range-planning", actor=pia)
            took.append(time.perf_counter() - started)
            time.sleep(0.25)
    told.put(took)


def measured(what: str, records: int, work: Callable[[], object]) -> float:
    started, busy = time.perf_counter(), time.process_time()
    found = work()
    rate, busy = records / (time.perf_counter() - started), (time.process_time() - busy) / records * 1e6
    told = f"{found.recorded:,} recorded, {found.known:,} known" if isinstance(found, Imported) else f"{found:,} rows"
    took = f"{rate:9,.0f} a second, {busy:4.0f} µs of processor time a record"
    print(f"{what:20} {took}; {told}; peak memory {_peak():.0f} MB; load {os.getloadavg()[0]:.1f}")
    return rate


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(folder: Path, workspace: Workspace, records: int) -> None:
    files, pia = ConsentFiles(workspace.room), workspace.actor("pia")
    said = folder / "said.csv"
    measured("dry run", records, lambda: files.import_records(said, actor=pia, dry_run=True))
    stop, told = multiprocessing.Event(), multiprocessing.Queue()  # type: ignore[var-annotated]
    other = multiprocessing.Process(target=withdraw_meanwhile, args=(folder / "shop", stop, told))
    other.start()
    rate = measured("import", records, lambda: files.import_records(said, actor=pia))
    stop.set()
    took = sorted(told.get())
    other.join()
    met = "" if took[-1] <= GOAL_WAIT else f", goal {GOAL_WAIT:g} s missed"
    print(f"a withdrawal meanwhile: p50 {took[len(took) // 2]:.2f} s, longest {took[-1]:.2f} s of {len(took)}{met}")
    print(f"10 million records at this rate: {10_000_000 / rate / 60:.1f} minutes")
    measured("the same file again", records, lambda: files.import_records(said, actor=pia))
    measured("export, CSV", records, lambda: files.export(folder / "all.csv", actor=pia))
    measured("export, Parquet", records, lambda: files.export(folder / "all.parquet", actor=pia))
    measured("its import", records, lambda: files.import_records(folder / "all.parquet", actor=pia))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--mixed", action="store_true")
    arguments = parser.parse_args()
    gc.set_threshold(COLLECT_AFTER, 20, 20)  # as the command line does
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_shop(folder, arguments.records // EACH + 1)
        write_file(folder / "said.csv", arguments.records, arguments.mixed)
        with pellucid.open(folder / "shop") as workspace:
            run(folder, workspace, arguments.records)


if __name__ == "__main__":
    main()
