"""Runs the product's own questions and withdrawals one step at a time, in an order that a schedule chooses.

Each actor is a thread; it pauses before every transaction, around every run of the engine and
whenever it sleeps, and only one is ever awake. So an order of steps can be repeated, and time is the schedule's.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection

from pellucid.audit import log
from pellucid.consent.leases import acknowledge
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.register import record
from pellucid.engines.base import Engine, Holding, PermittedChange, PermittedSet, Statement
from pellucid.engines.exact import ExactAnswer
from pellucid.errors import ConsentInFlux
from pellucid.governance.activate import active_policy
from pellucid.insights.answer import RERUNS, Parts, answer
from pellucid.insights.query import InsightQuery
from pellucid.insights.replica import Replica
from pellucid.records.database import Database
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace
from tests.insights.conftest import TOTAL

SECOND = 1_000_000
SECONDS = 2.0
"""Time limit of a question, by the stage's clock."""
LONG = 600.0
"""What the engine, which goes by the machine's clock, is given in its place."""

TIME_PASSES = (
    {byte: 8 * SECOND for byte in range(236, 248)}
    | {byte: -3 * SECOND for byte in range(248, 252)}
    | {byte: SECOND for byte in range(252, 256)}
)
"""What some bytes of a schedule do to the clock: a lease expires, or nearly so, or the clock is set back."""


class Stage:
    """Wakes one actor at a time. `time` is everybody's clock; each step takes a microsecond."""

    def __init__(self, time: int) -> None:
        self.time = time
        self._awake: dict[str, threading.Event] = {}
        self._paused = threading.Event()
        self._local = threading.local()
        self._ended: set[str] = set()

    def clock(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        """Pause, and let at least this long pass before going on."""
        until = self.time + round(seconds * SECOND)
        self.pause()
        self.time = max(self.time, until)

    def pause(self) -> None:
        """Give the turn back and wait for the next; nothing for a thread that is no actor."""
        me = getattr(self._local, "name", None)
        if me is None:
            return
        self._awake[me].clear()
        self._paused.set()
        self._awake[me].wait()

    def play(self, actors: Mapping[str, Callable[[], None]], schedule: bytes, dawdle: Callable[[], bool]) -> None:
        """Run all actors to their end.

        Each byte of the schedule picks who goes next, or from TIME_PASSES on lets time pass; then they take turns.
        """
        self._ended = set()
        turns = (256 + turn for turn in itertools.count())
        steps = itertools.chain(schedule, turns)
        threads = {name: self._start(name, act) for name, act in actors.items()}
        left = list(threads)
        while left:
            step = next(steps)
            if step in TIME_PASSES:
                self.time += TIME_PASSES[step]
                continue
            # Questions go often enough to be overtaken before the writers are done; under a lease they dawdle.
            questions = [name for name in left if name.startswith("question")]
            among = questions if questions and step % (8 if dawdle() else 2) == 1 else left
            chosen = among[step // 8 % len(among)]
            self.time += 1
            self._paused.clear()
            self._awake[chosen].set()
            assert self._paused.wait(600), "an actor neither paused nor ended"
            if chosen in self._ended:
                threads[chosen].join()
                left.remove(chosen)

    def _start(self, name: str, act: Callable[[], None]) -> threading.Thread:
        self._awake[name] = threading.Event()

        def run() -> None:
            self._local.name = name
            self._awake[name].wait()
            try:
                act()
            finally:
                self._ended.add(name)
                self._paused.set()

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread


class StepwiseDatabase(Database):
    """The control database, with a pause before each transaction."""

    stage: Stage

    def connect_sqlite(self) -> sqlite3.Connection:
        connection = super().connect_sqlite()
        connection.execute("PRAGMA synchronous=OFF")  # no power fails here, and there are thousands of commits
        return connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self.stage.pause()
        with super().read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self.stage.pause()
        with super().write() as connection:
            yield connection


class StepwiseLock:
    """A lock whose waiting is a pause: two questions of one process share a replica."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._lock = stage, threading.Lock()

    def __enter__(self) -> None:
        while not self._lock.acquire(blocking=False):
            self._stage.pause()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


@dataclass
class Seen:
    """What the engine answered last to each question, and how often it ran."""

    answers: dict[str, ExactAnswer] = field(default_factory=dict)
    runs: Counter[str] = field(default_factory=Counter)


class StepwiseEngine:
    """The real engine, with a pause before and after each run; keeps what each question's last run answered."""

    def __init__(self, engine: Engine, stage: Stage, seen: Seen) -> None:
        self._engine, self._stage, self._seen = engine, stage, seen

    @property
    def replica_version(self) -> int:
        return self._engine.replica_version

    @property
    def holdings(self) -> Any:
        return self._engine.holdings

    def load_permitted(self, sets: Sequence[PermittedSet], *, version: int) -> None:
        self._stage.pause()
        self._engine.load_permitted(sets, version=version)

    def permit(self, changes: Sequence[PermittedChange], *, version: int) -> None:
        self._stage.pause()
        self._engine.permit(changes, version=version)

    def run(self, statements: Sequence[Statement], *, purpose: str, seconds: float) -> ExactAnswer:
        self._stage.pause()
        found = self._engine.run(statements, purpose=purpose, seconds=LONG)
        self._seen.answers[threading.current_thread().name] = found
        self._seen.runs[threading.current_thread().name] += 1
        self._stage.pause()
        return found

    def close(self) -> None:
        self._engine.close()


@dataclass
class Play:
    """What came of one schedule: answers, withdrawals, and how long writers waited (simulated seconds)."""

    released: list[Released] = field(default_factory=list)
    withdrawn: list[Withdrawn] = field(default_factory=list)
    in_flux: int = 0
    longest_wait: float = 0.0
    failures: list[BaseException] = field(default_factory=list)

    def broken(self) -> list[tuple[Released, Withdrawn]]:
        """Return the answers that went out after a withdrawal was acknowledged, and without it."""
        return [
            (answered, withdrawn)
            for answered in self.released
            for withdrawn in self.withdrawn
            if answered.leaf >= withdrawn.log_size and answered.register < withdrawn.version
        ]


@dataclass(frozen=True, slots=True)
class Released:
    """An answer: its place in the log, the version of the bits it was made with, the exact rows it counted."""

    leaf: int
    register: int
    rows: int
    under_lease: bool


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A withdrawal: the version it made, and how many entries the log had when it was acknowledged."""

    household: int
    version: int
    leaf: int
    log_size: int


class Theatre:
    """A workspace in which many schedules are played, each with people who have not objected yet."""

    def __init__(self, folder: Path, now: int) -> None:
        self.stage = Stage(now)
        self.workspace = Workspace(folder, clock=self.stage.clock)
        self.database = StepwiseDatabase.at(folder / "control.sqlite")
        self.database.stage = self.stage
        self.seen = Seen()
        self.processes = [self._process() for _ in range(2)]
        self.ana, self.pia = self.workspace.actor("ana"), self.workspace.actor("pia")

    def close(self) -> None:
        for process in self.processes:
            process.replica.close()
        self.database.close()
        self.workspace.close()

    def question(self, play: Play, process: int, name: str) -> Callable[[], None]:
        """Return an actor that asks one question in one of the processes."""

        def ask() -> None:
            self.seen.runs[name] = 0
            try:
                parts = self.processes[process]
                release = answer(parts, InsightQuery(TOTAL, "planning", self.ana, 0.001, {}))
                exact, under_lease = self.seen.answers[name], self.seen.runs[name] == RERUNS + 2
                rows = next(row["m0"] for row in exact.table(next(iter(exact))).to_pylist() if row["_row"] == 0)
                play.released.append(Released(release.receipt.leaf, release.stamp.register, rows, under_lease))
            except ConsentInFlux:
                play.in_flux += 1
            except BaseException as error:
                play.failures.append(error)

        return ask

    def writer(self, play: Play, households: Sequence[int]) -> Callable[[], None]:
        """Return an actor in whose hands these households object, one after the other, each acknowledged."""

        def write() -> None:
            try:
                for household in households:
                    self._withdraw(play, household)
            except BaseException as error:
                play.failures.append(error)

        return write

    def under_lease(self) -> bool:
        """Return whether a question that has run as often as it may without a lease is still under way."""
        return any(runs == RERUNS + 1 for runs in self.seen.runs.values())

    def restore(self, households: Sequence[int]) -> None:
        """Let these households agree again, so that the next schedule begins like the one before."""
        self.stage.time += 60 * SECOND  # after all that a clock set back may have left behind it
        self._say(ConsentVerb.GIVE, households, self.database)

    def _withdraw(self, play: Play, household: int) -> None:
        receipts = self._say(ConsentVerb.OBJECT, [household], self.database)
        slept = [0.0]

        def sleep(seconds: float) -> None:
            slept[0] += seconds
            self.stage.sleep(seconds)

        (receipt,) = acknowledge(self.database, receipts, self.stage.clock, sleep)
        play.longest_wait = max(play.longest_wait, slept[0])
        with self.workspace.room.database.read() as connection:  # no pause: this is the instant of acknowledgement
            size = log.size(connection)
        play.withdrawn.append(Withdrawn(household, receipt.register_version, receipt.log.leaf, size))

    def _say(self, verb: ConsentVerb, households: Sequence[int], database: Database) -> tuple[ConsentReceipt, ...]:
        room, policy = self.workspace.room, self.workspace.policy.active()
        with room.database.read() as connection:
            ids = [find(connection, "household", f"h{household}") for household in households]
        with database.write() as connection:
            now = self.stage.time
            said = [
                ConsentRecord("household", found, "planning", verb, covers=Covers.HELD_DATA, at=now)
                for found in ids
                if found is not None
            ]
            return record(connection, room.subject_keys, policy, said, self.pia, now)

    def _process(self) -> Parts:
        def opened(holdings: list[Holding]) -> Engine:
            return StepwiseEngine(self.workspace._open_engine(holdings), self.stage, self.seen)

        replica = Replica(self.database, self.workspace.folder, active_policy=active_policy, open_engine=opened)
        replica._lock = StepwiseLock(self.stage)  # type: ignore[assignment]
        return replace(self.workspace._parts, database=self.database, replica=replica, seconds=SECONDS)
