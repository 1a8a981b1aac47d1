"""How long it takes to tell one person how their data were used, in a log of many releases.

    python benchmarks/uses_of_a_person.py --releases 100000 --share 10

The log is synthetic: releases over three years under two purposes, in entries as the product writes them, over 200
generations of a dataset with a million people, and among them as many entries about single people. The person has rows
in one of `--share` generations, so that one release of `--share` is told. `worst` is a person of whom nobody knows any
more where they had rows: every release is told. `with a no` objected after the first year, so that each release is
judged. Told are processor seconds of this process, the least of some runs, beside the reading of the whole log that it
takes without an index.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import delete, insert

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append_all
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.register import record
from pellucid.consent.replica import current
from pellucid.holdings.publish import Generation, SubjectBits, publish
from pellucid.policy.load import load_policy
from pellucid.policy.model import Actor, Policy
from pellucid.policy.stamp import Stamp
from pellucid.records.database import Database
from pellucid.records.tables import generation_subjects, subjects
from pellucid.subjects.keys import SubjectKeys
from pellucid.transparency.told_uses import UsesPage, page
from pellucid.transparency.use_index import UseIndex, catch_up
from pellucid.transparency.uses import Uses

EXAMPLE = Path(__file__).parents[1] / "examples" / "corner-shop" / "policy"
PEOPLE, GENERATIONS, NAMED = 1_000_000, 200, 1_000
PERSON = 500_000
START, DAY = 1_700_000_000_000_000, 86_400_000_000
SPAN = 3 * 365 * DAY
ANA, PIA = Actor("staff", "ana", ("analyst",), "os-user:bench"), Actor("staff", "pia", ("officer",), "os-user:bench")
COLUMNS = ("customer", "product", "price", "bought")
KEYS = SubjectKeys(b"k" * 32)


def make(database: Database, policy: Policy, releases: int, share: int, *, objects: bool) -> None:
    """Fill a control database: generation after generation, each with its part of the releases."""
    ids = [PERSON, *range(NAMED)]
    rows = [{"namespace": "customer", "id": id, "natural_key": f"c{id}", "jurisdiction": "DE"} for id in ids]
    with database.write() as connection:
        connection.execute(insert(subjects), rows)
    crowd, each = np.arange(PEOPLE, dtype=np.int64), releases // GENERATIONS
    for number in range(1, GENERATIONS + 1):
        now = START + number * SPAN // GENERATIONS
        held = crowd if number % share == 0 else np.delete(crowd, PERSON)
        with database.write() as connection:
            made = Generation("purchases", number, f"data/purchases.{number}", PEOPLE, "", now)
            publish(connection, made, {"customer": SubjectBits.of(held, PEOPLE)}, replaces=number - 1 or None)
        if objects and number == GENERATIONS // 3:
            said = ConsentRecord("customer", PERSON, "range-planning", ConsentVerb.OBJECT, at=now)
            with database.write() as connection:
                record(connection, KEYS, policy, [said], PIA, now)
        with database.write() as connection:
            stamp = Stamp(current(connection)[0], policy.version, policy.laws.version or "none", {}, now)
            pseudonyms = KEYS.pseudonyms(connection, "customer", ids)
            append_all(connection, entries(stamp, number, each, pseudonyms))


def entries(stamp: Stamp, number: int, count: int, pseudonyms: list[str]) -> Iterator[AuditEntry]:
    """Give a generation's releases, and as many entries about single people."""
    for place in range(count):
        at = stamp.as_of + place * SPAN // GENERATIONS // count
        seen = Stamp(stamp.register, stamp.policy, stamp.regulations, {"purchases": number}, at)
        columns = [f"purchases.{name}" for name in COLUMNS[: 1 + place % 4]]
        body = {
            "datasets": ["purchases", "products"],
            "columns": columns,
            "shape": "SELECT COUNT(*) AS n FROM purchases JOIN products USING (product) GROUP BY department",
            "blocks": [
                {"keys": [["products.department"]], "public": True, "measures": [{"kind": "rows", "of": columns}]}
            ],
            "outcome": "released",
            "rows": 3,
            "charge": f"{number:016x}{place:016x}",
            "rho": 10**9,
            "delta": 10**5,
            "obligations": ["release-private", "log", "permit-rows:purchases", "retain-rows:purchases"],
            "people": {"purchases": "between 500,000 and 1,000,000"},
        }
        purpose = ("range-planning", "newsletter")[place % 2]
        yield AuditEntry("query.released", ANA, at, purpose, stamp=seen, body=body)
        yield AuditEntry("consent.shown", PIA, at, subject=pseudonyms[(number + place) % len(pseudonyms)])


def ask(database: Database, policy: Policy) -> UsesPage:
    """Return the person's first page."""
    with database.write() as connection:
        pseudonyms = {("customer", PERSON): KEYS.pseudonym(connection, "customer", PERSON)}
    with database.read() as connection:
        return page(Uses(UseIndex.at(connection), policy, pseudonyms))


def seconds(database: Database, policy: Policy, times: int) -> tuple[float, UsesPage]:
    """Return the least processor seconds of some runs, and what the last returned."""
    taken = []
    for _ in range(times):
        begun = time.process_time()
        told = ask(database, policy)
        taken.append(time.process_time() - begun)
    return min(taken), told


def line(name: str, found: tuple[float, UsesPage]) -> None:
    taken, told = found
    used = sum(group.times for group in told.groups if group.alike.sort == "used")
    print(f"{name:<22} {taken:>8.3f} {used:>9,} {told.left_out:>9,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=int, default=100_000)
    parser.add_argument("--share", type=int, default=10)
    parser.add_argument("--times", type=int, default=5)
    chosen = parser.parse_args()
    policy = load_policy(EXAMPLE)
    print(f"{chosen.releases:,} releases, and as many entries about people; one release in {chosen.share} is theirs.")
    print("used and left out: of the releases, on the first page of 50 groups a month.")
    print(f"{'':<22} {'cpu s':>8} {'used':>9} {'left out':>9}")
    for objects in (False, True):
        with TemporaryDirectory() as place:
            database = Database.at(Path(place) / "control.sqlite")
            database.create()
            make(database, policy, chosen.releases, chosen.share, objects=objects)
            if not objects:
                line("without an index", seconds(database, policy, 1))
            begun = time.process_time()
            catch_up(database)
            taken = time.process_time() - begun
            if not objects:
                print(f"{'index made, once':<22} {taken:>8.3f}")
            line("with a no" if objects else "a person", seconds(database, policy, chosen.times))
            with database.write() as connection:
                connection.execute(delete(generation_subjects))
            if not objects:
                line("worst: all unknown", seconds(database, policy, chosen.times))
            database.close()


if __name__ == "__main__":
    main()
