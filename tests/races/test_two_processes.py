"""Two long-running processes and the command line on one workspace: each answer rests on what was last done."""

from __future__ import annotations

import dataclasses
import multiprocessing
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from pellucid.engines.base import Engine, Holding
from pellucid.errors import PellucidError
from pellucid.governance.activate import active_policy
from pellucid.insights.answer import answer
from pellucid.insights.query import InsightQuery
from pellucid.insights.replica import Replica
from pellucid.workspace import Workspace, wall_clock
from tests.conftest import Tried
from tests.insights.conftest import Watch, WatchedEngine
from tests.races.kiosk import PURCHASES, TOTAL, command, make_kiosk, run
from tests.races.soundness import demand_sound

SEVERAL = multiprocessing.get_context("spawn")
ONE, MANY, MOST = 1, 2, 1000
EPSILON = 0.0005
"""So small that as many answers as one process gives at most do not spend the allowance."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an asking process was answered: the stamp's parts and the exact count, or an error's code."""

    generation: int = 0
    register: int = 0
    policy: str = ""
    rows: int = 0
    error: str = ""


def keep_asking(folder: Path, pipe: Connection) -> None:
    """Hold the workspace open; answer each 1 with an answer, each 2 with those had until the next word; end at 0."""
    with Workspace(folder) as workspace:
        watch = Watch()

        def opened(holdings: list[Holding]) -> Engine:
            return WatchedEngine(workspace._open_engine(holdings), watch)

        replica = Replica(workspace.room.database, folder, active_policy=active_policy, open_engine=opened)
        parts = dataclasses.replace(workspace._parts, replica=replica)
        while word := pipe.recv():
            told: list[Told] = []
            while not told or (word == MANY and len(told) < MOST and not pipe.poll()):
                question = InsightQuery(TOTAL, "range-planning", workspace.actor("ana"), EPSILON, {})
                try:
                    stamp = answer(parts, question).stamp
                except PellucidError as error:
                    told.append(Told(error=error.code))
                    continue
                exact = watch.answers[-1]
                rows = next(row["m0"] for row in exact.table(next(iter(exact))).to_pylist() if row["_row"] == 0)
                told.append(Told(stamp.generations["purchases"], stamp.register, stamp.policy, rows))
            if word == MANY:
                pipe.recv()
            pipe.send(told)
        replica.close()


class Asker:
    """One long-running process."""

    def __init__(self, folder: Path) -> None:
        self._pipe, there = SEVERAL.Pipe()
        self._process = SEVERAL.Process(target=keep_asking, args=(folder, there), daemon=True)
        self._process.start()
        there.close()

    def begin(self) -> None:
        self._pipe.send(MANY)

    def end(self) -> list[Told]:
        self._pipe.send(ONE)
        return self._told()

    def ask(self) -> Told:
        self._pipe.send(ONE)
        (told,) = self._told()
        return told

    def _told(self) -> list[Told]:
        assert self._pipe.poll(300), "the process did not answer"
        told: list[Told] = self._pipe.recv()
        return told

    def stop(self) -> int | None:
        self._pipe.send(0)
        self._process.join(300)
        return self._process.exitcode


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two") / "kiosk"
    make_kiosk(folder)
    return folder


@pytest.fixture
def kiosk(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "kiosk")
    return tmp_path / "kiosk"


@pytest.fixture
def askers(kiosk: Path) -> Iterator[tuple[Asker, Asker]]:
    pair = Asker(kiosk), Asker(kiosk)
    yield pair
    assert [each.stop() for each in pair] == [0, 0]


def do(kiosk: Path, *words: str) -> None:
    ended = run(command(*words), kiosk)
    assert (ended.code, ended.err) == (0, "")


def files(kiosk: Path) -> list[str]:
    return sorted(file.name for file in (kiosk / "data").glob("purchases.*"))


def write_rows(kiosk: Path, of: int) -> tuple[Path, int]:
    """Write the rows of the first so many customers; return the file and how many rows they are."""
    header, *rows = PURCHASES.read_text().splitlines()
    kept = [row for row in rows if int(row[1:4]) < of]
    path = kiosk / f"first-{of}.csv"
    path.write_text("\n".join([header, *kept]) + "\n")
    return path, len(kept)


def clipped(kiosk: Path, of: int, *, without: tuple[int, ...] = ()) -> int:
    """Return how many rows are counted: at most four of each customer."""
    rows = [int(row[1:4]) for row in PURCHASES.read_text().splitlines()[1:]]
    return sum(min(4, rows.count(one)) for one in set(rows) if one < of and one not in without)


@pytest.mark.slow
@pytest.mark.promise("withdrawal", "commands import, activate and withdraw beside two processes that keep asking")
def test_the_next_answer_of_each_process_rests_on_what_the_command_line_did(
    kiosk: Path, askers: tuple[Asker, Asker]
) -> None:
    first, second = askers
    everybody = [each.ask() for each in askers]
    assert {(told.generation, told.rows) for told in everybody} == {(1, clipped(kiosk, 1000))}

    path, _ = write_rows(kiosk, 50)
    do(kiosk, "data", "add", "purchases", str(path), "--replace", "--as", "dan")
    assert files(kiosk) == ["purchases.1.duckdb", "purchases.2.duckdb"]  # both still hold the first
    assert (first.ask().generation, files(kiosk)) == (2, ["purchases.1.duckdb", "purchases.2.duckdb"])
    told = second.ask()
    assert (told.generation, told.rows) == (2, clipped(kiosk, 50))
    assert files(kiosk) == ["purchases.2.duckdb"]  # the last lease is gone, and with it the file

    do(kiosk, "consent", "object", "c007", "--purpose", "range-planning", "--as", "pia")
    after = [each.ask() for each in askers]
    assert {each.rows for each in after} == {clipped(kiosk, 50, without=(7,))}
    assert {each.register for each in after} == {everybody[0].register + 1}

    draft = kiosk / "policy" / "policy.yaml"
    draft.write_text(draft.read_text().replace("Which departments sell", "Which departments sell well"))
    do(kiosk, "policy", "activate", "--as", "pia")
    with Workspace(kiosk) as workspace:
        version = workspace.policy.active().version
    assert version != everybody[0].policy
    assert {each.ask().policy for each in askers} == {version}
    demand_sound(kiosk, now=wall_clock())


@pytest.mark.slow
@pytest.mark.promise(
    "whole", "imports and withdrawals by command while two processes keep asking: no error, no locked database"
)
def test_nobody_meets_an_error_while_commands_import_and_withdraw(
    kiosk: Path, askers: tuple[Asker, Asker], tried: Tried
) -> None:
    told = [each.ask() for each in askers]
    for each in askers:
        each.begin()
    for turn in range(4):
        path, _ = write_rows(kiosk, 40 + turn)
        do(kiosk, "data", "add", "purchases", str(path), "--replace", "--as", "dan")
        do(kiosk, "consent", "object", f"c{turn:03}", "--purpose", "range-planning", "--as", "pia")
    told += [answer for each in askers for answer in each.end()]
    last = [each.ask() for each in askers]
    assert {answer.error for answer in told + last} == {""}
    generations = {answer.generation for answer in told + last}
    assert generations >= {1, 5}
    assert {answer.rows for answer in last} == {clipped(kiosk, 43, without=(0, 1, 2, 3))}
    assert files(kiosk) == ["purchases.5.duckdb"]
    demand_sound(kiosk, now=wall_clock(), swept=True)
    tried(len(told), f"{len(told)} answers over {len(generations)} generations, no error")
