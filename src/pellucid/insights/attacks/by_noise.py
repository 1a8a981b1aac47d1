"""Attacks on private answers: differencing, membership and reconstruction against noise drawn anew at the same price.

The attacker knows everything of everybody but whether one person is there, and guesses by a likelihood ratio, so nobody
who sees the same figures does better; quantiles and the share clipped are not looked at. Each trial draws the answer as
the product does, with the person or without, by a fair coin.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pellucid.engines.exact import ExactAnswer
from pellucid.insights.attacks.found import Attacked, Guarantee, Kind
from pellucid.insights.attacks.gain import Gain, Told, bound_of
from pellucid.insights.attacks.worlds import Bench, Seen, Sheet, released
from pellucid.release.budget import PrivacyBudget, delta_as_float, epsilon_of
from pellucid.release.plan import ReleasePlan
from pellucid.rewrite.governed import GovernedQuery

MADE_UP = 16
"""Made-up people an answer, of whom each trial takes one."""
MOST_PAIRS = 3
World = Sequence[Sheet]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answer:
    """A private answer as it can be drawn again. `away` holds its exact cells without each person drawn at random."""

    leaf: int
    cost: PrivacyBudget
    governed: GovernedQuery
    plan: ReleasePlan
    benches: tuple[Bench, ...]
    true: World = field(repr=False)
    away: Sequence[World] = field(repr=False, default=())

    @property
    def has_public_cells(self) -> bool:
        """Whether all its cells are shown whoever is in them, so that figures can be solved for people."""
        return all(bench.plan.threshold is None for bench in self.benches)

    def draw(self, world: World) -> list[Seen]:
        """Draw the answer in a world."""
        tables = {bench.block.name: sheet.table for bench, sheet in zip(self.benches, world, strict=True)}
        shown = released(self.governed, self.plan, tables)
        return [bench.seen(shown[bench.block.name]) for bench in self.benches]

    def score(self, seen: Sequence[Seen], without: World, with_: World) -> float:
        """Return how much likelier what was seen is with a person than without, as a logarithm."""
        parts = zip(self.benches, seen, without, with_, strict=True)
        return sum(bench.score(shown, one, other) for bench, shown, one, other in parts)

    def made_up(self, pick: random.Random) -> World:
        """Return the world with a made-up person more."""
        return [bench.made_up(sheet, pick) for bench, sheet in zip(self.benches, self.true, strict=True)]

    def too_far(self) -> int:
        """Return for how many people drawn at random the exact cells move further than the noise was made for."""
        return sum(
            any(bench.too_far(*pair) for bench, *pair in zip(self.benches, self.true, world, strict=True))
            for world in self.away
        )


@dataclass(frozen=True, slots=True)
class Trials:
    """How many trials an attack makes, how its choices are drawn, and the chance of a false alarm a test."""

    number: int
    pick: random.Random
    chance: float

    def coins(self) -> Flags:
        """Draw a fair coin a trial."""
        return np.array([self.pick.random() < 0.5 for _ in range(self.number)])

    def guesses(self, scores: NDArray[np.float64]) -> Flags:
        """Say yes where the score is above 0; at 0, guess."""
        ties = np.array([self.pick.random() < 0.5 for _ in range(len(scores))])
        return np.where(scores == 0, ties, scores > 0)


def attack_private(answers: Sequence[Answer], trials: Trials) -> list[Attacked]:
    """Run every attack on answers about the same kind of people, whose losses add up on each of them."""
    found = [*_subtracted(answers, trials), *_made_up(answers, trials)]
    if answers[0].away:
        found += [_people(answers, trials).coarse(), _far(answers)]
        solvable = [answer for answer in answers if answer.has_public_cells]
        found += [_reconstructed(solvable, trials).coarse()] if solvable else []
    return found


# -- membership --------------------------------------------------------------------------------------------------------


def _made_up(answers: Sequence[Answer], trials: Trials) -> list[Attacked]:
    """Tell whether a made-up person is there who moves everything as far as the bounds allow."""
    coins = trials.coins()
    scores = np.zeros((len(answers), trials.number))
    for place, answer in enumerate(answers):
        worlds = [answer.made_up(trials.pick) for _ in range(MADE_UP)]
        for trial, coin in enumerate(coins):
            with_ = trials.pick.choice(worlds)
            scores[place, trial] = answer.score(answer.draw(with_ if coin else answer.true), answer.true, with_)
    one = [_Test([answer], coins, trials.guesses(row)) for answer, row in zip(answers, scores, strict=True)]
    all_ = [_Test(answers, coins, trials.guesses(scores.sum(axis=0)))] if len(answers) > 1 else []
    who = "a made-up person, as exposed as the bounds allow"
    rows = [_row(Kind.MEMBERSHIP, f"{who}; each answer by itself", one, trials.chance)]
    rows += [_row(Kind.MEMBERSHIP, f"{who}; all answers together", [each], trials.chance) for each in all_]
    public = all(answer.has_public_cells for answer in answers)
    return rows if public else [row.coarse() for row in rows]  # how many cells there are shows in the gain


def _people(answers: Sequence[Answer], trials: Trials) -> Attacked:
    """Tell whether people drawn at random are there, from all answers together."""
    coins = trials.coins()
    chosen = [trials.pick.randrange(len(answers[0].away)) for _ in coins]
    scores = np.zeros(trials.number)
    for answer in answers:
        for trial, (coin, person) in enumerate(zip(coins, chosen, strict=True)):
            away = answer.away[person]
            scores[trial] += answer.score(answer.draw(answer.true if coin else away), away, answer.true)
    test = _Test(answers, coins, trials.guesses(scores))
    return _row(Kind.MEMBERSHIP, "people drawn at random; all answers together", [test], trials.chance)


def _far(answers: Sequence[Answer]) -> Attacked:
    """Compare how far people drawn at random move the exact cells with what the noise was made for."""
    tried, beyond = sum(len(answer.away) for answer in answers), [answer for answer in answers if answer.too_far()]
    far = sum(answer.too_far() for answer in answers)
    return Attacked(
        Guarantee.PRIVATE, Kind.MEMBERSHIP, "people drawn at random, who move an answer further than its bounds",
        tried, far / tried, far / tried, far / tried, 0.0, far, leaves=tuple(answer.leaf for answer in beyond),
    )  # fmt: skip


# -- differencing ------------------------------------------------------------------------------------------------------


def _subtracted(answers: Sequence[Answer], trials: Trials) -> list[Attacked]:
    """Subtract one answer from another of the same shape that lacks a made-up person, knowing nothing of all others."""
    pairs = [pair for pair in combinations(answers, 2) if _alike(*pair)]
    tests = []
    for one, other in trials.pick.sample(pairs, min(MOST_PAIRS, len(pairs))):
        coins, scores = trials.coins(), np.zeros(trials.number)
        for trial, coin in enumerate(coins):
            with_ = one.made_up(trials.pick)
            first, second = one.draw(with_ if coin else one.true), other.draw(other.true)
            scores[trial] = _difference(one, other, first, second, with_)
        tests.append(_Test([one, other], coins, trials.guesses(scores)))
    over = f"pairs of answers, one of them without a made-up person ({len(pairs)} pairs fit)"
    return [_row(Kind.DIFFERENCING, over, tests, trials.chance)] if tests else []


def _alike(one: Answer, other: Answer) -> bool:
    """Return whether two answers have the same public cells and figures, so that they can be subtracted."""
    blocks = list(zip(one.benches, other.benches, strict=False))
    public = one.has_public_cells and other.has_public_cells
    return (
        public
        and len(one.benches) == len(other.benches)
        and all(
            first.places == second.places
            and [(each.kind, each.origins, each.scale) for each in first.measures]
            == [(each.kind, each.origins, each.scale) for each in second.measures]
            for first, second in blocks
        )
    )


def _difference(one: Answer, other: Answer, first: list[Seen], second: list[Seen], with_: World) -> float:
    found = 0.0
    for place, bench in enumerate(one.benches):
        step = with_[place].figures - one.true[place].figures
        known = one.true[place].figures - other.true[place].figures
        spread = bench.sigmas**2 + other.benches[place].sigmas ** 2
        apart = first[place].figures - second[place].figures - known - step / 2
        found += float((apart * step / np.where(spread > 0, spread, np.inf)).sum())
    return found


# -- reconstruction ----------------------------------------------------------------------------------------------------


def _reconstructed(answers: Sequence[Answer], trials: Trials) -> Attacked:
    """Work out by least squares which of the people drawn at random are there, all at once; one of them is checked."""
    people = len(answers[0].away)
    bits = np.array([[trials.pick.random() < 0.5 for _ in range(people)] for _ in range(trials.number)])
    rows, seen = [], []
    for answer in answers:
        moves = [
            [true.figures - away.figures for true, away in zip(answer.true, each, strict=True)] for each in answer.away
        ]
        weights = [np.where(bench.sigmas > 0, 1 / np.maximum(bench.sigmas, 1e-300), 0) for bench in answer.benches]
        rows.append(np.array([_flat(parts, weights) for parts in moves]).T)
        whole = _flat([sheet.figures for sheet in answer.true], weights)
        shown = [answer.draw(_missing(answer, moves, there)) for there in bits]
        seen.append(np.array([_flat([part.figures for part in each], weights) - whole for each in shown]))
    checked = np.array([trials.pick.randrange(people) for _ in bits])
    matrix, values = np.vstack(rows), np.hstack(seen)
    found = np.linalg.lstsq(matrix, (values + 0.5 * matrix.sum(axis=1)).T, rcond=None)[0]
    scores = np.where(np.abs(found) < 1e-12, 0, found)[checked, np.arange(trials.number)]
    coins = bits[np.arange(trials.number), checked]
    test = _Test(answers, coins, trials.guesses(scores))
    return _row(Kind.RECONSTRUCTION, f"who of {people} people drawn at random is there", [test], trials.chance)


def _missing(answer: Answer, moves: Sequence[Sequence[NDArray[np.float64]]], there: Flags) -> World:
    """Return the world without those who are not there."""
    world = []
    for place, (bench, sheet) in enumerate(zip(answer.benches, answer.true, strict=True)):
        gone = sum((moves[person][place] for person in np.flatnonzero(~there).tolist()), np.zeros_like(sheet.figures))
        world.append(bench.moved(sheet, np.zeros_like(sheet.people), -gone))
    return world


def _flat(parts: Sequence[NDArray[np.float64]], weights: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate([(part * weight).ravel() for part, weight in zip(parts, weights, strict=True)])


# -- what it came to ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Test:
    """Guesses about one secret a trial, from the answers that they rest on."""

    answers: Sequence[Answer]
    coins: Flags
    guesses: Flags

    @property
    def gain(self) -> Gain:
        return Gain(int((self.coins == self.guesses).sum()), len(self.coins))

    @property
    def bound(self) -> float:
        return bound_of([answer.cost for answer in self.answers])

    @property
    def epsilons(self) -> tuple[float, float]:
        """What the guesses prove, and what was promised."""
        delta = self.answers[0].plan.conversion_delta
        spent = sum((answer.cost for answer in self.answers), PrivacyBudget(0))
        yes, there = self.guesses, self.coins
        told = Told(int(there.sum()), int((yes & there).sum()), int((~there).sum()), int((yes & ~there).sum()))
        return told.epsilon(delta_as_float(delta + spent.delta)), epsilon_of(spent.rho, delta)


def _row(kind: Kind, over: str, tests: Sequence[_Test], chance: float) -> Attacked:
    """Return what tests came to: each is judged by itself, and all together against the middle of their bounds, unless
    groups are data: then a yes and a no are not equally often right, and tests that share a coin hang together.
    """
    beyond = [test for test in tests if test.gain.surely_above(test.bound, chance)]
    pooled = Gain(sum(test.gain.right for test in tests), sum(test.gain.trials for test in tests))
    bound = sum(test.bound for test in tests) / len(tests)
    together = len(tests) == 1 or all(answer.has_public_cells for test in tests for answer in test.answers)
    if not beyond and together and pooled.surely_above(bound, chance):
        beyond = list(tests)
    seen_from = [pooled.seen_from(bound, chance)] if together else [t.gain.seen_from(t.bound, chance) for t in tests]
    shown, promised = max(test.epsilons for test in tests)
    low, high = pooled.interval()
    return Attacked(
        guarantee=Guarantee.PRIVATE,
        attack=kind,
        over=over,
        tried=pooled.trials,
        gain=pooled.estimate,
        low=low,
        high=high,
        bound=bound,
        beyond=len(beyond),
        seen_from=max(seen_from),
        epsilon_shown=shown,
        epsilon_promised=promised,
        leaves=tuple(sorted({answer.leaf for test in beyond for answer in test.answers})),
    )


def tables_of(answer: ExactAnswer, benches: Sequence[Bench]) -> World:
    """Return the exact blocks of a world as sheets."""
    return [bench.sheet(answer.table(bench.block.name)) for bench in benches]
