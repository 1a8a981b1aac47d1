"""What every measured engine's process does: load the orders once, then answer questions read from standard input.

Runs in each peer's own environment, so it needs nothing but Python. A line in is a JSON object with `question`, `caps`
and `variant`; a line out has the cells, what it took, and what was spent; or `cannot`, with the reason.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

EPSILON, DELTA = 1.0, 1e-6
KEYS = {"Q1": ("country",), "Q2": ("country", "category"), "Q3": ("country",), "Q4": ()}


class Cannot(Exception):
    """A question that this engine cannot answer, and why."""


@dataclass(frozen=True)
class Asked:
    """A question and the bounds on one customer: groups, and in each rows and amount."""

    question: str
    groups: int
    rows: int
    amount: float
    variant: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns it groups by."""
        return KEYS[self.question]


@dataclass(frozen=True)
class Answer:
    """Released values by cell (keys joined by "|"), the epsilon and delta they cost, and what to know of them."""

    cells: Mapping[str, list[float]]
    epsilon: float = 0.0
    delta: float = 0.0
    note: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)


def cells_of(rows: object, keys: int) -> dict[str, list[float]]:
    """Return rows of (key, ..., value, ...) by cell."""
    found = {}
    for row in rows:  # type: ignore[attr-defined]
        found["|".join(map(str, row[:keys]))] = [
            float("nan") if value is None else float(value) for value in row[keys:]
        ]
    return found


def all_cells(question: str) -> list[tuple[str, ...]]:
    """Return every public cell of a question, by its keys."""
    countries, categories = [f"N{number:02}" for number in range(20)], [f"c{number:02}" for number in range(50)]
    if len(KEYS[question]) == 2:
        return [(country, category) for country in countries for category in categories]
    return [(country,) for country in countries] if KEYS[question] else []


def serve(load: Callable[[Path], Callable[[Asked], Answer]]) -> None:
    """Load the file named on the command line, then answer until standard input ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def say(**told: object) -> None:
        out.write(json.dumps(told) + "\n")
        out.flush()

    started = time.perf_counter()
    answer = load(Path(sys.argv[1]))
    say(loaded=time.perf_counter() - started, resident=_megabytes("VmRSS"))
    for line in sys.stdin:
        say(**_measured(answer, Asked(**json.loads(line))))


def _measured(answer: Callable[[Asked], Answer], asked: Asked) -> dict[str, object]:
    _forget_peak()
    clock, processors = time.perf_counter(), _processors()
    try:
        given = answer(asked)
    except Cannot as error:
        return {"cannot": str(error)}
    except BaseException as error:  # Rust panics are no Exceptions
        if isinstance(error, KeyboardInterrupt):
            raise
        traceback.print_exc()
        return {"cannot": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]}
    return {
        "wall": time.perf_counter() - clock,
        "processors": _processors() - processors,
        "peak": _megabytes("VmHWM"),
        "cells": given.cells,
        "epsilon": given.epsilon,
        "delta": given.delta,
        "note": given.note,
        "stages": given.stages,
    }


def _processors() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _forget_peak() -> None:
    """Make the kernel count the largest memory anew (Linux); elsewhere it is that of the whole process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _megabytes(name: str) -> float:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
