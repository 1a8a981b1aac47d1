"""Processes that withdraw as fast as they can while others ask: who was acknowledged before is not in an answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pellucid.workspace import wall_clock
from tests.conftest import Tried
from tests.races.crowd import Plan, Race, demand_kept, make_crowd, overtaken, run_race
from tests.races.soundness import demand_sound

PEOPLE = 5_200
RACES = 5
"""On a busy machine one side may stand still while the other is at work: then nothing is shown, and they race again."""


def race_until(shows: Callable[[Race], bool], folder: Path, plan: Plan, *laws: str) -> tuple[Path, Race]:
    """Return a race that shows what it is for, and where it was run; each must keep the promise."""
    for turn in range(RACES):
        place = folder / f"crowd{turn}"
        make_crowd(place, PEOPLE, *laws)
        race = run_race(place, plan, range(PEOPLE))
        assert (race.failures, race.in_flux) == ([], 0)
        demand_kept(place, race)
        if shows(race):
            return place, race
    raise AssertionError(f"{RACES} races showed nothing")


@pytest.mark.slow
@pytest.mark.promise("withdrawal", "two processes withdraw at up to 500 a second, two ask at 0.3 s a run")
def test_no_process_is_answered_with_people_whose_withdrawal_was_acknowledged_before(
    tmp_path: Path, tried: Tried
) -> None:
    place, race = race_until(lambda race: overtaken(race) > 0, tmp_path, Plan(seconds=10))
    assert len(race.withdrawn) > 0
    demand_sound(place, now=wall_clock())
    told = f"{len(race.withdrawn)} withdrawals ({race.rate:.0f} a second), {len(race.answered)} answers"
    tried(len(race.withdrawn), f"{told}, of which {overtaken(race)} had to run again; each kept it, none gave up")


@pytest.mark.slow
@pytest.mark.promise("withdrawal", "the same with a lease after the first overtaken run, one withdrawal a transaction")
def test_when_leases_are_taken_early_acknowledgements_wait_and_nobody_is_missed(tmp_path: Path, tried: Tried) -> None:

    def waited(race: Race) -> bool:
        return overtaken(race) > 0 and max(each.seconds for each in race.withdrawn) > 0.1

    _, race = race_until(waited, tmp_path, Plan(seconds=6, reruns=0, threads=1, rate=100))
    assert max(answer.runs for answer in race.answered) == 2
    tried(len(race.withdrawn), f"{len(race.answered)} answers, each kept it")


@pytest.mark.slow
@pytest.mark.promise("withdrawal", "the same under two laws that were signed off")
def test_under_laws_nobody_is_answered_with_people_whose_withdrawal_was_acknowledged(
    tmp_path: Path, tried: Tried
) -> None:
    place, race = race_until(lambda race: overtaken(race) > 0, tmp_path, Plan(seconds=6), "eu-gdpr", "us-ca-ccpa")
    demand_sound(place, now=wall_clock())
    tried(
        len(race.withdrawn), f"{len(race.answered)} answers, of which {overtaken(race)} had to run again; each kept it"
    )
