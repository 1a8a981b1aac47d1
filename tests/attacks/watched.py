"""Attempts by the thousand in processes that are watched: a crash, a death or a hang is a finding with its seed.

A fuzzer is three functions of a module: `prepare` makes what attempts share, `attempt` makes one and says how it ended
or raises, `show` says what the attempt was.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import multiprocessing
import queue
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HANGS = 180.0
"""Seconds one attempt may take on a busy machine that stands still for a while."""
BATCH = 250
SHOWN = 1_500


class Finding(Exception):
    """An attempt did what none may do."""


@dataclass(frozen=True)
class Fuzzer:
    """How to prepare in an empty folder, to make the attempt of a seed, and to show it. Functions of modules only."""

    prepare: Callable[[Path], Any]
    attempt: Callable[[Any, int], str]
    show: Callable[[int], str]


@dataclass
class Outcome:
    """How many attempts ended how, and every finding with its seed."""

    ended: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0


def run(
    fuzzer: Fuzzer, first: int, attempts: int, workers: int = 2, *, tell: Callable[[str], None] = lambda _found: None
) -> Outcome:
    """Make the attempts of `attempts` seeds from `first` on, in `workers` processes; `tell` hears findings at once."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    todo = [(start, min(start + BATCH, first + attempts)) for start in range(first, first + attempts, BATCH)][::-1]
    began, outcome = time.monotonic(), Outcome()
    crew = [_Worker(context, fuzzer, told) for _ in range(min(workers, len(todo)))]
    for worker in crew:
        worker.take(todo)
    heard = 0
    while any(worker.batch for worker in crew):
        _gather(told, outcome, crew, todo)
        for number, worker in enumerate(crew):
            lost = worker.lost()
            if lost is not None:
                seed, what = lost
                outcome.findings.append(f"seed {seed}: {what}: {_shown(fuzzer, seed)}")
                outcome.ended["FINDING"] += 1
                if worker.batch and seed + 1 < worker.batch[1]:
                    todo.append((seed + 1, worker.batch[1]))
                crew[number] = _Worker(context, fuzzer, told)
                crew[number].take(todo)
        for finding in outcome.findings[heard:]:
            tell(finding)
        heard = len(outcome.findings)
    for worker in crew:
        worker.end()
    outcome.seconds = time.monotonic() - began
    return outcome


def run_here(fuzzer: Fuzzer, first: int, attempts: int, folder: Path) -> Outcome:
    """Make attempts in this process, for a few that are known not to hang."""
    outcome, state = Outcome(), fuzzer.prepare(folder)
    for seed in range(first, first + attempts):
        _attempt(fuzzer, state, seed, outcome)
    return outcome


def _attempt(fuzzer: Fuzzer, state: Any, seed: int, outcome: Outcome) -> None:
    began = time.monotonic()
    try:
        outcome.ended[fuzzer.attempt(state, seed)] += 1
    except Exception as error:  # whatever it is: a finding, with the seed to see it again
        outcome.ended["FINDING"] += 1
        told = f"{type(error).__name__}: {str(error)[:400]}"
        outcome.findings.append(f"seed {seed}: {told}: {_shown(fuzzer, seed)}")
    outcome.slowest = max(outcome.slowest, time.monotonic() - began)


def _shown(fuzzer: Fuzzer, seed: int) -> str:
    return ascii(fuzzer.show(seed)[:SHOWN])


def _gather(told: Any, outcome: Outcome, crew: list[_Worker], todo: list[tuple[int, int]]) -> None:
    try:
        name, part = told.get(timeout=1)
    except queue.Empty:
        return
    outcome.ended.update(part.ended)
    outcome.findings += part.findings
    outcome.slowest = max(outcome.slowest, part.slowest)
    worker = next((each for each in crew if each.process.pid == name), None)
    if worker is not None and part.seconds:  # the last of its batch
        worker.batch = None
        worker.take(todo)


class _Worker:
    """A process that makes batches of attempts, and the seed it is at."""

    def __init__(self, context: Any, fuzzer: Fuzzer, told: Any) -> None:
        self.batch: tuple[int, int] | None = None
        self._at = context.Value(ctypes.c_longlong, -1, lock=False)
        self._since = context.Value(ctypes.c_double, 0.0, lock=False)
        self._batches = context.Queue()
        arguments = (fuzzer, self._batches, told, self._at, self._since)
        self.process = context.Process(target=_work, args=arguments, daemon=True)
        self.process.start()

    def take(self, todo: list[tuple[int, int]]) -> None:
        if todo:
            self.batch = todo.pop()
            self._batches.put(self.batch)

    def lost(self) -> tuple[int, str] | None:
        """Return the seed and what happened, if the process died or hangs; then it is ended."""
        seed = self._at.value
        if self.batch and not self.process.is_alive():
            return (seed if seed >= 0 else self.batch[0]), f"the process died with {self.process.exitcode}"
        if seed >= 0 and time.monotonic() - self._since.value > HANGS:
            self.end()
            return seed, f"longer than {HANGS:g} s"
        return None

    def end(self) -> None:
        self.process.kill()
        self.process.join()


def _work(fuzzer: Fuzzer, batches: Any, told: Any, at: Any, since: Any) -> None:
    with TemporaryDirectory() as folder:
        state = fuzzer.prepare(Path(folder))
        while True:
            start, stop = batches.get()
            began = time.monotonic()
            outcome = Outcome()
            for seed in range(start, stop):
                since.value = time.monotonic()  # first: whoever looks in between sees no attempt that began long ago
                at.value = seed
                _attempt(fuzzer, state, seed, outcome)
                if outcome.findings:  # told at once: the next attempt may end the process
                    told.put((multiprocessing.current_process().pid, outcome))
                    outcome = Outcome()
            at.value = -1
            outcome.seconds = max(time.monotonic() - began, 1e-9)
            told.put((multiprocessing.current_process().pid, outcome))


def main(fuzzer: Fuzzer, description: str) -> None:
    """Run a fuzzer from the command line; ends with 1 if there was a finding."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--attempts", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    outcome = run(fuzzer, asked.first, asked.attempts, asked.workers, tell=lambda found: print(found, flush=True))
    told = {"ended": dict(outcome.ended), "findings": len(outcome.findings), "seconds": round(outcome.seconds)}
    print(json.dumps(told | {"slowest": round(outcome.slowest, 1)}))
    sys.exit(bool(outcome.findings))
