"""Measure what it takes to decide about everybody anew, as a policy's activation does, and about one person.

    python benchmarks/bulk_decisions.py [--people 5000000]

5 million people and 6 purposes, a third of the people with records, mixed as the demo's households are. Goals: 5 s for
reading and deciding, 50 µs for a single decision, and a change that costs as much as it changes, however many people
there are.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from pellucid.cli.quick import COLLECT_AFTER
from pellucid.consent import register
from pellucid.consent.bulk_heard import Heard
from pellucid.consent.bulk_insert import insert_rows
from pellucid.consent.bulk_read import all_records, people
from pellucid.consent.decider import Decider
from pellucid.consent.facts import all_others
from pellucid.consent.permitted import decide_subject
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.whole import everybody
from pellucid.demo.data import POLICY
from pellucid.demo.people import NOTICE, Choice, choices, household
from pellucid.policy.load import load_policy
from pellucid.policy.model import Actor, Policy
from pellucid.records.columns import to_instant
from pellucid.records.database import Database
from pellucid.records.tables import consent_records, subjects
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys

SPACE = "household"
PURPOSES = 6
MIX = 20_000
"""Households whose choices are worked out by the demo's rule; those of others repeat them."""
COLD_SECONDS, SINGLE_MICROSECONDS = 5.0, 50.0
NAMES = tuple(column.name for column in consent_records.c if column.name != "sequence")


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def mixed() -> tuple[list[tuple[str | None, int | None]], list[tuple[int, Choice]]]:
    """Return facts and choices of MIX households: of every third, what the demo's rule says it chose."""
    homes = [household(f"{number}") for number in range(MIX)]
    said = choices([home for number, home in enumerate(homes) if number % 3 == 0])
    facts = [(home.jurisdiction, home.birth_year) for home in homes]
    return facts, [(int(each.household_id), each) for each in said]


def of_six(policy: Policy) -> Policy:
    """Return the demo's policy with six of its purposes, those that people choose about first."""
    chosen = ["loyalty-offers", "pharmacy-care"]
    names = [*chosen, *(name for name in policy.purposes if name not in chosen)][:PURPOSES]
    return replace(policy, purposes={name: policy.purposes[name] for name in names})


def fill(connection: Connection, count: int) -> int:
    """Write people and what they said, past every door; return how many records."""
    facts, said = mixed()
    records = 0
    for start in range(0, count, MIX):
        size = min(MIX, count - start)
        people_rows = [(SPACE, start + place, f"h{start + place:08}", *facts[place]) for place in range(size)]
        insert_rows(connection, subjects, ("namespace", "id", "natural_key", "jurisdiction", "birth_year"), people_rows)
        rows = [_row(start + place, each) for place, each in said if place < size]
        insert_rows(connection, consent_records, NAMES, rows)
        records += len(rows)
    return records


def _row(subject: int, said: Choice) -> tuple[object, ...]:
    at = to_instant(said.at)
    values = {
        "version": 0,
        "namespace": SPACE,
        "subject": subject,
        "purpose": said.purpose or None,
        "verb": said.verb,
        "explicit": said.explicit,
        "covers": said.covers,
        "notice_version": said.notice_version,
        "channel": said.channel,
        "at": at,
        "without_choice": "",
        "by_whom": "self",
        "recorded_at": at,
    }
    return tuple(values.get(name) for name in NAMES)


def parts_of_deciding(connection: Connection, policy: Policy, now: int) -> None:
    """Tell what reading and deciding take apart, in memory."""
    crowd: list[object] = []
    began = time.process_time()
    facts = timed(lambda: crowd.append(people(connection, SPACE, 0, ids.count(connection, SPACE))))
    heard = timed(lambda: crowd.append((all_records(connection, SPACE), all_others(connection, SPACE))))
    people_, (said, others) = crowd  # type: ignore[misc]
    assert isinstance(said, Heard)
    decider = Decider(policy, now)
    deciding = time.process_time()
    made = [
        timed(lambda name=name: everybody(decider, name, SPACE, people_, said, others))  # type: ignore[misc,arg-type]
        for name in policy.purposes
    ]
    cpu, decided = time.process_time() - began, time.process_time() - deciding
    told = f"{cpu:.2f} s for reading and deciding, {decided:.2f} s for deciding"
    whole = facts + heard + sum(made)
    met = "" if whole <= COLD_SECONDS else f", goal {COLD_SECONDS:g} s missed"
    print(f"reading and deciding: {whole:.2f} s{met}")
    print(f"processor time: {told}; load {os.getloadavg()[0]:.1f}")
    print(f"reading the facts: {facts:.2f} s, the {len(said.subjects):,} records: {heard:.2f} s")
    print(f"deciding: {sum(made):.2f} s for {len(policy.purposes)} purposes ({max(made):.2f} s the slowest)")
    _check(decider, policy, people_, said)  # type: ignore[arg-type]


def _check(decider: Decider, policy: Policy, crowd: object, said: Heard) -> None:
    """Compare a sample with deciding singly."""
    for name in policy.purposes:
        made, _ = everybody(decider, name, SPACE, crowd, said, {})  # type: ignore[arg-type]
        for subject in np.linspace(0, made.size - 1, 2_000).astype(int).tolist():
            facts = crowd.kinds[crowd.group[subject]]  # type: ignore[attr-defined]
            if made.effect(subject) != decider.outcome(name, facts, said.get(subject, ())).effect:
                raise SystemExit(f"subject {subject} is decided about otherwise for {name}")


def singly(policy: Policy, now: int) -> None:
    """Tell what a single decision takes, of somebody who said three things."""
    facts = SubjectFacts("DE", 1970)
    yes = ConsentRecord(SPACE, 0, "loyalty-offers", ConsentVerb.GIVE, False, Covers.HELD_DATA, NOTICE, at=now - 5)
    said = [yes, replace(yes, purpose="pharmacy-care", explicit=True), replace(yes, verb=ConsentVerb.WITHDRAW, at=now)]
    purpose = policy.purposes["loyalty-offers"]
    took = sorted(timed(lambda: decide_subject(policy, purpose, facts, said, now)) * 1e6 for _ in range(20_000))
    met = "" if statistics.median(took) <= SINGLE_MICROSECONDS else f", goal {SINGLE_MICROSECONDS:g} µs missed"
    print(f"a single decision: p50 {statistics.median(took):.1f} µs, p99 {took[len(took) * 99 // 100]:.1f} µs{met}")


def changes(database: Database, policy: Policy, now: int, count: int) -> None:
    """Tell what recording some people's withdrawals takes, with the sets of so many people kept up."""
    keys, pia = SubjectKeys(b"k" * 32), Actor("staff", "pia", (), "benchmark")
    for number in (1, 10, 100, 1_000):
        took = []
        for turn in range(5):
            said = [
                ConsentRecord(
                    SPACE, (turn * 104_729 + each * 7) % count, "loyalty-offers", ConsentVerb.WITHDRAW, at=now
                )
                for each in range(number)
            ]

            def record(said: list[ConsentRecord] = said) -> None:
                with database.write() as connection:
                    register.record(connection, keys, policy, said, pia, now)

            took.append(timed(record))
        print(f"{number:5,} changes in a transaction: {statistics.median(took) * 1e3:8.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5_000_000)
    arguments = parser.parse_args()
    gc.set_threshold(COLLECT_AFTER, 20, 20)  # as the command line does
    policy, now = of_six(load_policy(POLICY)), time.time_ns() // 1000
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as folder:
        database = Database.at(Path(folder) / "control.sqlite")
        database.create()
        with database.write() as connection:
            records = fill(connection, arguments.people)
        print(f"{arguments.people:,} people, {records:,} records, {len(policy.purposes)} purposes")

        def rebuild() -> None:
            with database.write() as connection:
                register.rebuild(connection, policy, now)

        began = time.process_time()
        took = timed(rebuild)
        told = f"{took:.2f} s, {time.process_time() - began:.2f} s of processor time"
        print(f"every set made anew, cold, reading and storing included: {told}")
        with database.read() as connection:
            parts_of_deciding(connection, policy, now)
        singly(policy, now)
        changes(database, policy, now, arguments.people)
        database.close()


if __name__ == "__main__":
    main()
