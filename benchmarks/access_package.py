"""Whether making the package of one person takes memory that grows with their rows, and how long it takes.

    python benchmarks/access_package.py --rows 10000 100000 1000000

Each size runs in a process of its own over a workspace made for it, in which the person has that many rows and as many
more are other people's. Told are the peak of resident memory, processor seconds, and the size of the archive.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import insert

from pellucid.records.rights_tables import packages, rights_requests
from pellucid.rights.stored import load
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace, create

EXAMPLE = Path(__file__).parents[1] / "examples" / "corner-shop"
OTHERS = 1_000


def make(folder: Path, rows: int) -> None:
    """Make the corner shop with so many purchases of one person, and as many of others, and file a request."""
    with create(folder, name="bench/package") as made:
        made.policy.activate(actor=made.actor(), folder=EXAMPLE / "policy")
        dan = made.actor("dan")
        made.data.add("products", EXAMPLE / "products.csv", actor=dan)
        file = folder.parent / "purchases.parquet"
        who = ["c000"] * rows + [f"c{number % OTHERS + 1}" for number in range(rows)]
        at = [1_700_000_000_000_000 + number * 1_000_000 for number in range(rows)] * 2
        table = {
            "customer": pa.array(who),
            "product": pa.array(["bread", "milk"] * rows),
            "price": pa.array([1.25, 2.5] * rows),
            "bought": pa.array(at, pa.timestamp("us", "UTC")),
        }
        pq.write_table(pa.table(table), file)
        del table, who, at
        made.data.add("purchases", file, actor=dan)
        with made.room.database.write() as connection:
            values = {
                "id": "r000000000001",
                "right": "access",
                "namespace": "customer",
                "by_whom": "self",
                "channel": "web",
                "subject": find(connection, "customer", "c000"),
                "state": "in_progress",
                "reason": "",
                "due": "",
                "verification": "shown",
                "strength": 1,
                "verified_strength": 2,
                "received_at": 1,
                "acknowledged_at": 1,
            }
            connection.execute(insert(rights_requests).values(values))


def measure(folder: Path) -> dict[str, float]:
    """Make the package in this process, and tell what it took."""
    with Workspace(folder) as workspace:
        with workspace.room.database.read() as connection:
            asked = load(connection, "r000000000001")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun, processor = time.perf_counter(), time.process_time()
        workspace.access.fulfil(asked, workspace.actor("pia"), workspace.room.clock())
        wall, processor = time.perf_counter() - begun, time.process_time() - processor
        with workspace.room.database.read() as connection:
            (path,) = connection.scalars(packages.select().with_only_columns(packages.c.path))
        size = (folder / path / "package.zip").stat().st_size
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"peak": peak / 1024, "before": before / 1024, "wall": wall, "cpu": processor, "zip": size / 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.inside is not None:
        made = make(chosen.inside, chosen.make) if chosen.make else measure(chosen.inside)
        sys.stdout.write(json.dumps(made))
        return
    print("Peak MB: resident memory of the whole process; before: with the workspace open and nothing made.")
    print(f"{'rows':>9} {'peak MB':>8} {'before':>7} {'cpu s':>7} {'wall s':>7} {'zip MB':>7} {'rows/cpu s':>10}")
    for rows in chosen.rows:
        with TemporaryDirectory() as place:
            inside = [sys.executable, __file__, "--inside", str(Path(place) / "shop")]
            subprocess.run([*inside, "--make", str(rows)], check=True, capture_output=True)
            done = subprocess.run(inside, check=True, capture_output=True, text=True)
        told = json.loads(done.stdout)
        print(
            f"{rows:>9,} {told['peak']:>8.0f} {told['before']:>7.0f} {told['cpu']:>7.1f} {told['wall']:>7.1f} "
            f"{told['zip']:>7.1f} {rows / told['cpu']:>10,.0f}"
        )


if __name__ == "__main__":
    main()
