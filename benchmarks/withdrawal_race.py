"""How long withdrawals and questions take while they race, with leases and without.

Two processes withdraw, one withdrawal at a time or by threads, whose withdrawals share transactions; two ask; a run
takes 0.3 s at least. By the rule a question that was overtaken runs again twice, then takes a lease, for which
acknowledgements wait. Whether the promise was kept is judged each time.

    python benchmarks/withdrawal_race.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.races.crowd import Plan, Race, demand_kept, make_crowd, run_race

SECONDS = 10.0
THREADS = 64
"""In each of the two: an acknowledgement waits for leases, and so does the thread that has it in hand."""
PEOPLE = 5_500
RACES = {
    "withdrawals alone, one at a time": Plan(seconds=SECONDS, askers=0, threads=1),
    "withdrawals alone, threads in groups": Plan(seconds=SECONDS, askers=0, threads=THREADS),
    "questions alone": Plan(seconds=SECONDS, writers=0),
    "the rule: run again twice, then a lease": Plan(seconds=SECONDS, threads=THREADS),
    "the same, withdrawals one at a time": Plan(seconds=SECONDS, threads=1),
    "a lease after one overtaken run": Plan(seconds=SECONDS, threads=THREADS, reruns=0),
    "no lease: run again up to 39 times": Plan(seconds=SECONDS, threads=THREADS, reruns=None),
}


def at(share: float, values: Sequence[float]) -> str:
    """Return a percentile in milliseconds."""
    return f"{sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000:7.0f}" if values else "      -"


def line(name: str, race: Race) -> str:
    """Return one row of the table."""
    acknowledged, asked = [each.seconds for each in race.withdrawn], [each.seconds for each in race.answered]
    return (
        f"{name:40} {race.rate if race.withdrawn else 0:6.0f} {at(0.5, acknowledged)} {at(0.99, acknowledged)} "
        f"{len(asked):7} {at(0.5, asked)} {at(0.99, asked)} {race.in_flux:7}"
    )


def main() -> None:
    """Print a table; asked for 500 withdrawals a second, `a second` is what was reached."""
    print("Milliseconds; p99 of few answers is the slowest. `none` are questions that gave up (ConsentInFlux).")
    print(f"{'':40} {'withdrawals':>22} {'answers':>23} {'none':>7}")
    print(f"{'':40} {'/ s':>6} {'p50':>7} {'p99':>7} {'number':>7} {'p50':>7} {'p99':>7}")
    for name, plan in RACES.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "crowd"
            make_crowd(folder, PEOPLE)
            race = run_race(folder, plan, range(PEOPLE))
            if race.failures:
                raise SystemExit(race.failures[0])
            demand_kept(folder, race)
            print(line(name, race), flush=True)


if __name__ == "__main__":
    main()
