"""The product's own questions and withdrawals, step by step in many orders: the promise holds, and everybody ends.

The same search finds the fault as soon as one of the rules is taken out of the code, so it can tell.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pellucid.consent import leases
from pellucid.insights import answer
from pellucid.insights.answer import LEASE_SLACK
from tests.conftest import Tried
from tests.insights.conftest import NOW, ROWS, made, rows_of
from tests.races.interleaving import SECONDS, Play, Theatre

__all__ = ["made"]

FIRST, SECOND = range(8), range(20, 28)
"""Households who object, in the hands of two writers."""

QUICK, MANY = 25, 100
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""No shrinking: plays share a workspace, so a shorter schedule begins from another state, and each takes a while."""

schedules = st.binary(min_size=60, max_size=400)


@pytest.fixture(scope="module")
def theatre(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    folder = tmp_path_factory.mktemp("theatre") / "workspace"
    shutil.copytree(made, folder)
    opened = Theatre(folder, NOW + 1)
    yield opened
    opened.close()


def play(theatre: Theatre, schedule: bytes, *, processes: tuple[int, ...] = (0,)) -> Play:
    """Play one schedule: a question in each of these processes, and two writers with eight objections each."""
    found = Play()
    theatre.restore([*FIRST, *SECOND])
    actors = {f"question {n}": theatre.question(found, each, f"question {n}") for n, each in enumerate(processes)}
    actors |= {"writer 1": theatre.writer(found, FIRST), "writer 2": theatre.writer(found, SECOND)}
    theatre.seen.runs.clear()
    theatre.stage.play(actors, schedule, theatre.under_lease)
    assert found.failures == []
    return found


def demand_kept(found: Play) -> None:
    """Every answer counted exactly who had not objected by its stamp, and nobody acknowledged before it is in it."""
    assert found.broken() == []
    assert len(found.withdrawn) == len(FIRST) + len(SECOND)
    for answered in found.released:
        gone = [each.household for each in found.withdrawn if each.version <= answered.register]
        assert answered.rows == ROWS - sum(map(rows_of, gone))
    assert found.longest_wait <= SECONDS + LEASE_SLACK + 0.1


@pytest.mark.slow
@pytest.mark.promise("withdrawal", "Hypothesis orders every step of a question and two writers, and sets the clock")
@given(schedule=schedules)
@settings(max_examples=QUICK, phases=PHASES)
def test_a_withdrawal_acknowledged_before_a_release_commits_is_honoured_in_it(
    theatre: Theatre, schedule: bytes
) -> None:
    found = play(theatre, schedule)
    demand_kept(found)
    assert len(found.released) + found.in_flux == 1


@pytest.mark.slow
@pytest.mark.promise("withdrawal", "the same with two and three questions, in one process and in two")
@given(schedule=schedules, processes=st.sampled_from([(0, 0), (0, 1), (0, 0, 1)]))
@settings(max_examples=MANY, phases=PHASES)
def test_so_it_is_with_several_questions_in_one_process_and_in_two(
    theatre: Theatre, schedule: bytes, processes: tuple[int, ...]
) -> None:
    found = play(theatre, schedule, processes=processes)
    demand_kept(found)
    assert len(found.released) + found.in_flux == len(processes)


def search(theatre: Theatre, *, most: int, until: Callable[[Play], object]) -> int | None:
    """Return after how many random schedules one was found in which this is true; None if in none."""
    for seed in range(most):
        if until(play(theatre, random.Random(seed).randbytes(300))):
            return seed + 1
    return None


def test_the_search_meets_leases_that_are_held_and_leases_that_are_taken_away(theatre: Theatre) -> None:
    assert search(theatre, most=40, until=lambda found: any(each.under_lease for each in found.released))
    assert search(theatre, most=60, until=lambda found: found.in_flux)


@dataclass(frozen=True)
class Without:
    """A rule taken out of the code: what is replaced where, and by what."""

    rule: str
    module: object
    name: str
    stand_in: object


WITHOUT = [
    Without("the commit looks for changes since the stamp", answer, "_overtaken", lambda *_: False),
    Without("a lease that is gone stops the commit", answer, "holds_lease", lambda *_: True),
    Without("an acknowledgement waits for leases", leases, "await_leases", lambda *_: None),
]


@pytest.mark.promise("withdrawal", "the same search with a rule taken out of the code: it must find the fault")
@pytest.mark.parametrize("without", WITHOUT, ids=lambda each: each.rule)
def test_the_search_finds_the_fault_when_a_rule_is_taken_out(
    theatre: Theatre, without: Without, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    monkeypatch.setattr(without.module, without.name, without.stand_in)
    needed = search(theatre, most=80, until=lambda found: found.broken())
    assert needed is not None
    tried(needed, f'without "{without.rule}" found after {needed}')
