"""Processes that withdraw consent and processes that ask, all at once on one workspace; and the judgement of both.

The questions are held back to a given time after the engine has answered, inside the spine, so that there is something
to overtake. Each also reads whose rows may be read in the engine's own transaction: the exact set it was made with.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from pellucid.audit import log
from pellucid.engines.base import Engine, Holding, Statement
from pellucid.engines.exact import ExactAnswer
from pellucid.errors import ConsentInFlux, PellucidError
from pellucid.governance.activate import active_policy
from pellucid.insights import answer as spine
from pellucid.insights.query import InsightQuery
from pellucid.insights.replica import Replica
from pellucid.policy.model import Actor, Policy
from pellucid.rewrite.permit_rows import governed_sql
from pellucid.workspace import Workspace, create
from tests.insights.conftest import POLICY, TOTAL, Watch, WatchedEngine

PURPOSE = "planning"
EPSILON = 0.0005
SEVERAL = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many processes withdraw and ask, at how many withdrawals a second together, for how long (seconds).

    A writer has so many `threads`, each with one withdrawal at a time in hand, as a web server has.
    `held_back` is how long a run takes at least; `reruns` how often a question runs again before it takes a lease;
    None: it never does, and gives up after the fortieth run.
    """

    writers: int = 2
    askers: int = 2
    rate: float = 500.0
    threads: int = 16
    seconds: float = 6.0
    held_back: float = 0.3
    reruns: int | None = spine.RERUNS


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A withdrawal: person (dense id), the version it made, entries in the log when it was acknowledged, seconds."""

    person: int
    version: int
    log_size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: its place in the log, its stamp's version, who was permitted in its run, rows counted, seconds."""

    leaf: int
    version: int
    permitted: frozenset[int]
    rows: int
    runs: int
    seconds: float


@dataclass
class Race:
    """What came of it."""

    withdrawn: list[Withdrawn] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    in_flux: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Withdrawals acknowledged a second."""
        return len(self.withdrawn) / self.seconds


def make_crowd(folder: Path, people: int, *laws: str) -> None:
    """Make a workspace with so many households of one row each, who may be used for planning until they object, also
    under these laws.
    """
    create(folder, name="test/crowd", actor_name="pia").close()
    policy = POLICY.replace("    minimum_age: 0\n", "    minimum_age: 0\n    kinds: [own_analytics]\n")
    (folder / "policy" / "policy.yaml").write_text(policy)
    rows = folder / "purchases.csv"
    with rows.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["household_id", "product_id", "week", "sales_value", "card_number", "bought"])
        writer.writerows((f"h{n:06}", "p0", 1, "1.00", "c", "2026-05-20T10:00:00Z") for n in range(people))
    with Workspace(folder) as workspace:
        workspace.policy.activate(actor=workspace.actor("pia"))
        workspace.data.add("purchases", rows, actor=workspace.actor("pia"))
        for law in laws:
            workspace.laws.sign_off(workspace.laws.pack(law), "read by counsel", actor=workspace.actor("pia"))


def run_race(folder: Path, plan: Plan, people: Sequence[int]) -> Race:
    """Let the processes loose and return what they saw; `people` (dense ids) withdraw, each once at most."""
    start = SEVERAL.Barrier(plan.writers + plan.askers)
    shares = [people[number :: plan.writers] for number in range(plan.writers)]
    works: list[tuple[Any, tuple[Any, ...]]] = [(_withdraw, (share,)) for share in shares]
    works += [(_ask, ())] * plan.askers
    race, running = Race(seconds=plan.seconds), []
    for work, arguments in works:
        here, there = SEVERAL.Pipe(duplex=False)
        process = SEVERAL.Process(target=_work, args=(work, there, folder, plan, start, *arguments), daemon=True)
        process.start()
        there.close()
        running.append((process, here))
    for process, pipe in running:
        found: Race = pipe.recv()
        process.join()
        race.withdrawn += found.withdrawn
        race.answered += found.answered
        race.in_flux += found.in_flux
        race.failures += found.failures
        race.seconds = max(race.seconds, found.seconds)
    return race


def demand_kept(folder: Path, race: Race) -> None:
    """Raise AssertionError unless every answer was made with exactly its stamp's people, and keeps the promise.

    The order of events is the log's: an answer whose entry follows those that were there when a withdrawal was
    acknowledged committed after it.
    """
    objected = _objections(folder)
    assert all(objected[each.person] == each.version for each in race.withdrawn)
    everybody = frozenset(range(_people(folder)))
    for answer in race.answered:
        gone = {person for person, version in objected.items() if version <= answer.version}
        assert answer.permitted == everybody - gone
        assert answer.rows == len(answer.permitted)
        for each in race.withdrawn:
            assert not (each.log_size <= answer.leaf and each.person in answer.permitted)


def overtaken(race: Race) -> int:
    """Return how many answers stand in the log after a withdrawal that was acknowledged while they were made."""
    return sum(answer.runs > 1 for answer in race.answered)


def _work(work: Any, pipe: Pipe, folder: Path, plan: Plan, start: Any, *arguments: Any) -> None:
    race = Race()
    with Workspace(folder) as workspace:
        try:
            work(workspace, plan, race, start, *arguments)
        except BaseException as error:
            race.failures.append(f"{type(error).__name__}: {error}")
    pipe.send(race)
    pipe.close()


def _withdraw(workspace: Workspace, plan: Plan, race: Race, start: Any, people: Sequence[int]) -> None:
    pia = workspace.actor("pia")
    hands = [_Hand(workspace, plan, pia, number, people[number :: plan.threads]) for number in range(plan.threads)]
    with ThreadPoolExecutor(plan.threads) as threads:
        start.wait(300)
        began = time.perf_counter()
        for withdrawn in threads.map(lambda hand: hand.withdraw(began), hands):
            race.withdrawn += withdrawn
    race.seconds = time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class _Hand:
    """A thread of a writer: it begins its withdrawals in time for the plan's rate, one at a time."""

    workspace: Workspace
    plan: Plan
    pia: Actor
    number: int
    people: Sequence[int]

    def withdraw(self, began: float) -> list[Withdrawn]:
        done, room = [], self.workspace.room
        apart = self.plan.writers * self.plan.threads / self.plan.rate
        for turn, person in enumerate(self.people):
            time.sleep(max(0.0, began + (turn + self.number / self.plan.threads) * apart - time.perf_counter()))
            asked = time.perf_counter()
            if asked > began + self.plan.seconds:
                break
            receipt = self.workspace.consent.record("object", f"h{person:06}", purpose=PURPOSE, actor=self.pia)
            seconds = time.perf_counter() - asked
            with room.database.read() as connection:
                size = log.size(connection)
            done.append(Withdrawn(receipt.record.subject, receipt.register_version, size, seconds))
        return done


class _SlowEngine(WatchedEngine):
    """The real engine; each run also tells who was permitted in its transaction, and takes a while."""

    def __init__(self, engine: Engine, watch: Watch, held_back: float, policy: Policy) -> None:
        super().__init__(engine, watch)
        self._held_back = held_back
        readable = governed_sql(policy.datasets["purchases"], policy.purposes[PURPOSE], ())
        self._who = Statement("who", f"SELECT DISTINCT _subject FROM ({readable})", {})

    def run(self, statements: Sequence[Statement], *, purpose: str, seconds: float) -> ExactAnswer:
        began = time.perf_counter()
        found = super().run([*statements, self._who], purpose=purpose, seconds=seconds)
        time.sleep(max(0.0, began + self._held_back - time.perf_counter()))
        return found


def _ask(workspace: Workspace, plan: Plan, race: Race, start: Any) -> None:
    spine.RERUNS = 38 if plan.reruns is None else plan.reruns
    if plan.reruns is None:  # then the last run, too, goes without
        spine.holds_lease = lambda *_: False  # type: ignore[assignment]
        spine.take_lease = lambda *_: ""  # type: ignore[assignment]
    watch = Watch()

    def opened(holdings: list[Holding]) -> Engine:
        return _SlowEngine(workspace._open_engine(holdings), watch, plan.held_back, workspace.room.policy())

    replica = Replica(workspace.room.database, workspace.folder, active_policy=active_policy, open_engine=opened)
    parts = dataclasses.replace(workspace._parts, replica=replica)
    question = InsightQuery(TOTAL, PURPOSE, workspace.actor("ana"), EPSILON, {})
    replica.fresh(workspace.room.clock())
    start.wait(300)
    began = time.perf_counter()
    while (asked := time.perf_counter()) < began + plan.seconds:
        watch.answers.clear()
        try:
            release = spine.answer(parts, question)
        except ConsentInFlux:
            race.in_flux += 1
            continue
        except PellucidError as error:
            race.failures.append(f"{error.code}: {error.message}")
            continue
        seconds = time.perf_counter() - asked
        exact = watch.answers[-1]
        rows = _rows(exact)
        race.answered.append(
            Answered(release.receipt.leaf, release.stamp.register, _who(exact), rows, len(watch.answers), seconds)
        )
    replica.close()


def _rows(exact: ExactAnswer) -> int:
    name = next(name for name in exact if name != "who")
    return int(next(row["m0"] for row in exact.table(name).to_pylist() if row["_row"] == 0))


def _who(exact: ExactAnswer) -> frozenset[int]:
    return frozenset(exact.table("who").column("_subject").to_pylist())


def _objections(folder: Path) -> dict[int, int]:
    """Return the register version that each person's objection made."""
    from sqlalchemy import select

    from pellucid.records.tables import consent_records

    with Workspace(folder) as workspace, workspace.room.database.read() as connection:
        rows = connection.execute(select(consent_records.c.version, consent_records.c.subject)).all()
        entries = [json.loads(entry.body) for entry in log.entries(connection)]
    logged = {each["body"]["register_version"] for each in entries if each["action"] == "consent.object"}
    assert logged == {row.version for row in rows}
    return {row.subject: row.version for row in rows}


def _people(folder: Path) -> int:
    with Workspace(folder) as workspace:
        (held,) = workspace.data.list(actor=workspace.actor("pia"))[-1:]
    return held.rows
