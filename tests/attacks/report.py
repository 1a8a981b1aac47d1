"""Run every attack many times and print what each gained, beside what the budget promises: the table of the docs.

    python -m tests.attacks.report --trials 400 --thousands 20 --json build/attacks.json

`test_reconstruction.py` runs the same with fewer trials.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.attacks.advantage import Advantage, any_bound, gaussian_bound, promised_bound
from tests.attacks.neighbours import Purpose, World, governed, ungoverned
from tests.attacks.oracles import LIGHT, ORACLES, choices_that_show, exhaustion, heavy, timing
from tests.attacks.strategies import STRATEGIES, Strategy

CHUNK = 50
MANY = 100
"""A strategy of more parts than this takes a thousand questions a trial, and gets fewer trials."""
EPSILONS = {Purpose.USUAL: 4.0, Purpose.GENEROUS: 8.0}
DELTA = 1e-7


@dataclass(frozen=True)
class Measured:
    """What one strategy gained: counts over all trials, rho and delta spent by the dearest trial."""

    strategy: str
    purpose: str
    right: int
    trials: int
    control_right: int
    control_trials: int
    asked: int
    answered: int
    refused: int
    rho: float
    delta: float
    steps: int

    @property
    def advantage(self) -> Advantage:
        return Advantage(self.right, self.trials)

    @property
    def bound(self) -> float:
        return gaussian_bound(self.rho, self.delta, people=self.steps)

    def as_json(self) -> dict[str, object]:
        """Return everything, the interval at 95 % and every bound."""
        epsilon = EPSILONS[Purpose(self.purpose)]
        return asdict(self) | {
            "advantage": self.advantage.estimate,
            "interval_95": self.advantage.interval(),
            "bound": self.bound,
            "bound_any_zcdp": any_bound(self.rho, self.delta, people=self.steps),
            "bound_epsilon_delta": promised_bound(epsilon * self.steps, DELTA),
        }


def measure(strategy: Strategy, purpose: Purpose, trials: int, seed: int) -> Measured:
    """Run trials, each with a fresh allowance and a fair coin for the world; and the control without a gate."""
    pick = random.Random(f"{strategy.name} {purpose.value} {seed}")
    right = asked = answered = refused = rho = delta = 0
    for _ in range(trials):
        world = strategy.worlds[pick.randrange(2)]
        mallory = governed(world, purpose)
        mallory.begin()
        right += strategy.guess(mallory, mallory.share(strategy.parts)) is world
        asked, answered = asked + mallory.asked, answered + mallory.answered
        refused += mallory.refused
        spent = mallory.spent()
        rho, delta = max(rho, spent.rho), max(delta, spent.delta)
    control_right = sum(_control(strategy, strategy.worlds[pick.randrange(2)]) for _ in range(10))
    return Measured(
        strategy.name, purpose.value, right, trials, control_right, 10, asked, answered, refused,
        rho / 1e12, delta / 1e15, strategy.steps,
    )  # fmt: skip


def _control(strategy: Strategy, world: World) -> bool:
    mallory = ungoverned(world)
    mallory.begin()
    return strategy.guess(mallory, None, direct=True) is world


def measure_all(trials: int, thousands: int, purposes: Sequence[Purpose], workers: int = 2) -> list[Measured]:
    """Measure every strategy under every purpose, in `workers` processes."""
    tasks = list(_tasks(trials, thousands, purposes))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        parts = list(pool.map(_measured, tasks))
    merged: dict[tuple[str, str], Measured] = {}
    for part in parts:
        key = part.strategy, part.purpose
        merged[key] = _added(merged[key], part) if key in merged else part
    return list(merged.values())


def _tasks(trials: int, thousands: int, purposes: Sequence[Purpose]) -> Iterator[tuple[int, Purpose, int, int]]:
    longest_first = sorted(range(len(STRATEGIES)), key=lambda number: -STRATEGIES[number].parts)
    for purpose in purposes:
        for number in longest_first:
            many = STRATEGIES[number].parts > MANY
            left, chunk = (thousands, 1) if many else (trials, CHUNK)
            for start in range(0, left, chunk):
                yield number, purpose, min(chunk, left - start), start


def _measured(task: tuple[int, Purpose, int, int]) -> Measured:
    number, purpose, trials, seed = task
    return measure(STRATEGIES[number], purpose, trials, seed)


def _added(one: Measured, other: Measured) -> Measured:
    sums = ("right", "trials", "control_right", "control_trials", "asked", "answered", "refused")
    added = {name: getattr(one, name) + getattr(other, name) for name in sums}
    return Measured(
        **asdict(one) | added | {name: max(getattr(one, name), getattr(other, name)) for name in ("rho", "delta")}
    )


def oracles(repeats: int) -> list[dict[str, object]]:
    """Return for each oracle how many questions showed something else in the two worlds, and its control."""
    found: list[dict[str, object]] = []
    for oracle in ORACLES:
        differing, asked = oracle.differing(World.ABSENT, World.PHARMACY, Purpose.GENEROUS, repeats)
        without = oracle.differing_ungoverned(World.ABSENT, World.PHARMACY)
        found.append({"oracle": oracle.name, "differing": differing, "asked": asked, "control": without})
    return found


def times(questions: int) -> list[dict[str, object]]:
    """Return the advantage by elapsed time alone, of an ordinary question and of one made for it."""
    named = (("an ordinary question", LIGHT), ("each of her rows meets 46,656 others", heavy(6)))
    return [
        {
            "question": name,
            "advantage": gained.estimate,
            "interval_95": gained.interval(),
            "trials": gained.trials,
            "control": timing(sql, None, questions).estimate,
        }
        for name, sql in named
        for gained in [timing(sql, Purpose.GENEROUS, questions)]
    ]


def markdown(measured: Sequence[Measured], looked: list[dict[str, object]], timed: list[dict[str, object]]) -> str:
    """Return the three tables."""
    lines = [
        "| Attack | ε allowed | Advantage (95 % interval) | Bound | Without a gate | Answered a trial | Trials |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in measured:
        low, high = each.advantage.interval()
        control = Advantage(each.control_right, each.control_trials).estimate
        lines.append(
            f"| {each.strategy} | {EPSILONS[Purpose(each.purpose)]:g} | {each.advantage.estimate:.2f} "
            f"({low:.2f} to {high:.2f}) | {each.bound:.2f} | {control:.2f} | "
            f"{each.answered / each.trials:.0f} of {each.asked / each.trials:.0f} | {each.trials} |"
        )
    lines += ["", "| Oracle | Differing, of those asked in both worlds | Without a gate |", "| --- | --- | --- |"]
    for row in looked:
        different, asked = row["control"]  # type: ignore[misc]
        lines.append(f"| {row['oracle']} | {row['differing']} of {row['asked']} | {different} of {asked} |")
    lines += [
        "",
        "| Time taken by | Advantage (95 % interval) | Without a gate | Trials |",
        "| --- | --- | --- | --- |",
    ]
    for row in timed:
        low, high = row["interval_95"]  # type: ignore[misc]
        lines.append(
            f"| {row['question']} | {row['advantage']:.2f} ({low:.2f} to {high:.2f}) | {row['control']:.2f} "
            f"| {row['trials']} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure every attack.")
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--thousands", type=int, default=10)
    parser.add_argument("--times", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    measured = measure_all(asked.trials, asked.thousands, list(Purpose))
    looked, timed = oracles(asked.repeats), times(asked.times)
    told = {
        "attacks": [each.as_json() for each in measured],
        "oracles": looked,
        "times": timed,
        "exhaustion tells": exhaustion(),
        "an objection shows in": choices_that_show(),
    }
    if asked.json is not None:
        asked.json.write_text(json.dumps(told, indent=1) + "\n")
    print(markdown(measured, looked, timed))
    print(json.dumps({name: told[name] for name in ("exhaustion tells", "an objection shows in")}, indent=1))


if __name__ == "__main__":
    main()
