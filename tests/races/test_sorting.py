"""Sorts beside imports and questions in processes of their own: no row is lost or doubled, and no answer changes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pellucid.workspace import Workspace, wall_clock
from tests.conftest import Tried
from tests.races.kiosk import PURCHASES, command
from tests.races.soundness import demand_sound
from tests.races.test_two_processes import Asker, askers, clipped, do, files, kiosk, made

__all__ = ["askers", "kiosk", "made"]

TURNS = 12


def start(kiosk: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command(*words)],
        env={"PELLUCID_WORKSPACE": str(kiosk), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.promise("whole", "imports and sorts of one dataset at once: one wins cleanly, and no import is lost")
def test_of_an_import_and_a_sort_at_once_none_is_lost(kiosk: Path, tried: Tried) -> None:
    rows = len(PURCHASES.read_text().splitlines()) - 1
    ends: Counter[tuple[str, str]] = Counter()
    for turn in range(TURNS):
        more = kiosk / "more.csv"
        more.write_text(f"customer,product,price,bought\nc00{turn % 10},bread,1.50,2026-10-17T01:45:00+00:00\n")
        sort = start(kiosk, "data", "sort", "purchases", "--as", "dan")
        add = start(kiosk, "data", "add", "purchases", str(more), "--as", "dan")
        for name, process in (("sort", sort), ("add", add)):
            said = process.communicate(timeout=300)[1]
            code = re.findall(r"error \[([^]]*)\]", said)
            assert (process.returncode, code) in ((0, []), (6, ["import-running"]), (6, ["import-overtaken"])), said
            ends[name, code[0] if code else "done"] += 1
        with Workspace(kiosk) as workspace:
            held = {each.dataset: each.rows for each in workspace.data.list(actor=workspace.actor("dan"))}
        assert held["purchases"] == rows + ends["add", "done"]
    demand_sound(kiosk, now=wall_clock(), swept=True)
    assert len(files(kiosk)) == 1
    told = ", ".join(f"{name} {end} {count} times" for (name, end), count in sorted(ends.items()))
    tried(2 * TURNS, f"{told}; every row that an import took is there once")


@pytest.mark.slow
@pytest.mark.promise("whole", "sorts by command while two processes keep asking: no error, and the same answer")
def test_nobody_who_asks_notices_a_sort(kiosk: Path, askers: tuple[Asker, Asker], tried: Tried) -> None:
    do(kiosk, "consent", "object", "c007", "--purpose", "range-planning", "--as", "pia")
    told = [each.ask() for each in askers]
    for each in askers:
        each.begin()
    for _ in range(4):
        do(kiosk, "data", "sort", "purchases", "--as", "dan")
    told += [answer for each in askers for answer in each.end()]
    last = [each.ask() for each in askers]
    assert {(answer.error, answer.rows) for answer in told + last} == {("", clipped(kiosk, 1000, without=(7,)))}
    assert [{answer.generation for answer in each} for each in (told[:2], last)] == [{1}, {5}]
    assert files(kiosk) == ["purchases.5.duckdb"]
    demand_sound(kiosk, now=wall_clock(), swept=True)
    tried(len(told), f"{len(told)} answers over {len({each.generation for each in told})} generations, all the same")
