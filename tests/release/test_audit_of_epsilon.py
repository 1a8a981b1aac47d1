"""The privacy loss of the whole path, measured from outside: how well can one tell whether a person is in the data?

Each question goes through the gate and the engine, over the shop and over the shop without one person, whose rows
fill the bounds. The exact cells of both are released hundreds of times; the best test between the two (the likelihood
ratio, with a threshold chosen on other draws) gives a lower bound on what was really spent, by Clopper and Pearson.

Gaussian noise that costs rho lets two worlds be told apart no better than two normals sqrt(2 rho) apart, so that is
what the bound must stay under. Stated power, where the person fills the bounds: with noise 1.5 times too small it comes
out above in at least 95 of 100 runs. False alarms: at most one in 20,000 a question.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import pytest

from pellucid.engines.exact import ExactAnswer
from pellucid.policy.model import ReleaseRule
from pellucid.release import mechanisms, private
from pellucid.release.plan import ReleasePlan, plan
from pellucid.release.private import ReleasedBlocks, release
from pellucid.rewrite.governed import Block, GovernedQuery
from tests.rewrite.shop import ALL, Permitted, Shop, Stock, load_policy

pytestmark = [pytest.mark.slow]

PERSON = 4
DRAWS = 600
PILOT = 200
SALTS = 4
UNSURE = 2.5e-5
"""Chance that one of the two shares lies outside its bound; two shares a question."""
EPSILON = 12.0
QUESTIONS = {
    "a count by rows": "SELECT COUNT(*) FROM purchases",
    "a count of people": "SELECT COUNT(DISTINCT household_id) FROM purchases",
    "a sum by its norm": "SELECT SUM(sales_value) FROM purchases",
    "a sum by group": "SELECT week, SUM(quantity) FROM purchases GROUP BY week",
    "a sum by its norm over groups": "SELECT week, SUM(sales_value) FROM purchases GROUP BY week",
    "an average": "SELECT AVG(sales_value) FROM purchases",
    "shared values": "SELECT COUNT(DISTINCT product_id) FROM purchases",
    "a variance": "SELECT VARIANCE(sales_value) FROM purchases",
    "several measures": "SELECT COUNT(*), SUM(quantity), SUM(weight), COUNT(DISTINCT shelf) FROM purchases",
    "groups that are data": "SELECT shelf, COUNT(*), COUNT(DISTINCT household_id) FROM purchases GROUP BY shelf",
    "two blocks": "WITH a AS (SELECT COUNT(*) AS n FROM purchases), b AS (SELECT SUM(quantity) AS s FROM purchases) "
    "SELECT a.n, b.s FROM a, b",
}


@dataclass
class Worlds:
    """One question with its exact answers with the person and without, by salt."""

    query: GovernedQuery
    plan: ReleasePlan
    present: list[ExactAnswer]
    absent: list[ExactAnswer]

    def outcomes(self, exact: Sequence[ExactAnswer], draws: int) -> Iterator[tuple[int, ReleasedBlocks]]:
        for number in range(draws):
            salt = number % len(exact)
            yield salt, release(exact[salt], self.query, self.plan)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("audit")
    made = Shop(load_policy(folder / "policy"), filled(Stock.made(3, purchases=300)), folder / "data")
    yield made
    made.close()


def filled(stock: Stock) -> Stock:
    """Give the person so many rows on every shelf and in every week that every bound is met."""
    kept = [each for each in stock.rows["purchases"] if each[0] != (PERSON,)]
    like = next(row for owner, row in stock.rows["purchases"] if owner == (PERSON,))
    for number in range(400):
        row = list(like)
        row[2], row[3], row[4], row[5] = f"p{number % 9}", 1 + number % 4, 6, 40
        row[6], row[8], row[10] = 15.0, ("top", "low")[number % 2], row[10]
        kept.append(((PERSON,), (*row[:9], *like[9:])))
    stock.rows["purchases"] = kept
    return stock


def worlds_of(shop: Shop, question: str, rule: ReleaseRule) -> Worlds:
    governed = shop.govern(question, "tight")
    found: list[list[ExactAnswer]] = []
    for who in (ALL, ALL - {PERSON}):
        shop.permit(Permitted(plain=who))
        salts = [shop.exact(governed, salt=f"s{salt}") for salt in range(SALTS)]
        found.append([ExactAnswer(tables, replica_version=1) for tables in salts])
    cells = {block.name: _cells(found[0][0], block).num_rows for block in governed.blocks if block.public_cells}
    return Worlds(governed, plan(governed, rule, EPSILON, cells=cells), *found)


def _cells(exact: ExactAnswer, block: Block) -> Any:
    table = exact.table(block.name)
    return table.filter([value == 0 for value in table.column("_row").to_pylist()])


def _numbers(table: Any, block: Block, names: Sequence[str]) -> dict[tuple[Any, ...], list[int]]:
    keys = [key.name for key in block.keys]
    return {
        tuple(row[key] for key in keys): [int(row[name] * 10 ** _scale(block, name)) for name in names]
        for row in table.to_pylist()
    }


def _scale(block: Block, name: str) -> int:
    return next(measure.scale for measure in block.measures if measure.name == name)


def likelihood(worlds: Worlds) -> Callable[[int, ReleasedBlocks], float]:
    """Return the logarithm of how much likelier an outcome is with the person: linear in what was released."""
    directions = [
        [_direction(worlds, block, salt) for block in worlds.query.blocks] for salt in range(len(worlds.present))
    ]

    def statistic(salt: int, got: ReleasedBlocks) -> float:
        total = 0.0
        for block, (names, moved, middle) in zip(worlds.query.blocks, directions[salt], strict=True):
            for key, values in _numbers(got.tables[block.name], block, names).items():
                for value, shift, mid in zip(values, moved.get(key, ()), middle.get(key, ()), strict=False):
                    total += shift * (value - mid)
        return total

    return statistic


def _direction(
    worlds: Worlds, block: Block, salt: int
) -> tuple[list[str], dict[Any, list[float]], dict[Any, list[float]]]:
    planned = worlds.plan.block(block.name)
    names = [measure.name for measure in block.measures]
    sigmas = [planned.measure(name).sigma or 1.0 for name in names]
    with_, without = ({}, {})
    for into, exact in ((with_, worlds.present[salt]), (without, worlds.absent[salt])):
        for row in _cells(exact, block).to_pylist():
            into[tuple(row[key.name] for key in block.keys)] = [row[name] for name in names]
    zeros = [0] * len(names)
    moved, middle = {}, {}
    for key in {*with_, *without}:
        one, other = with_.get(key, zeros), without.get(key, zeros)
        moved[key] = [(x - y) / sigma**2 for x, y, sigma in zip(one, other, sigmas, strict=True)]
        middle[key] = [(x + y) / 2 for x, y in zip(one, other, strict=True)]
    return names, moved, middle


def told_apart(worlds: Worlds, draws: int = DRAWS) -> float:
    """Return a lower bound on the distance of the two normals that the outcomes could have come from."""
    statistic = likelihood(worlds)
    present, absent = (
        [statistic(salt, got) for salt, got in worlds.outcomes(exact, draws + PILOT)]
        for exact in (worlds.present, worlds.absent)
    )
    cut = _best_cut(present[:PILOT], absent[:PILOT])
    hits = sum(value > cut for value in present[PILOT:])
    alarms = sum(value > cut for value in absent[PILOT:])
    normal = NormalDist()
    return normal.inv_cdf(_least(hits, draws)) - normal.inv_cdf(_most(alarms, draws))


def _best_cut(present: Sequence[float], absent: Sequence[float]) -> float:
    return max(
        sorted({*present, *absent}), key=lambda cut: sum(v > cut for v in present) - sum(v > cut for v in absent)
    )


def _least(hits: int, draws: int) -> float:
    """Return the smallest share with which so many hits are not too unlikely (Clopper and Pearson)."""
    low, high = 0.0, 1.0
    for _ in range(60):
        share = (low + high) / 2
        low, high = (share, high) if _at_least(hits, draws, share) < UNSURE else (low, share)
    return max(low, 1e-9)


def _most(hits: int, draws: int) -> float:
    return 1 - _least(draws - hits, draws)


def _at_least(hits: int, draws: int, share: float) -> float:
    """Return the chance of so many hits or more."""
    if not 0 < share < 1:
        return float(share >= 1 or hits == 0)
    ways = math.lgamma(draws + 1)
    return sum(
        math.exp(
            ways
            - math.lgamma(k + 1)
            - math.lgamma(draws - k + 1)
            + k * math.log(share)
            + (draws - k) * math.log1p(-share)
        )
        for k in range(hits, draws + 1)
    )


@pytest.fixture
def rule(shop: Shop) -> ReleaseRule:
    declared = shop.policy.purposes["tight"].release
    allowance = replace(declared.allowance, epsilon=EPSILON)
    return replace(declared, epsilon_max=EPSILON, allowance=allowance, clipping_share=0.0)


def claimed(worlds: Worlds) -> float:
    return math.sqrt(2 * worlds.plan.cost.rho / 10**12)


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.promise("hidden", "an audit of the whole path: telling a person's presence from hundreds of releases")
def test_nobodys_presence_shows_more_than_the_charge_says(
    shop: Shop, rule: ReleaseRule, name: str, tried: Callable[[int, str], None]
) -> None:
    worlds = worlds_of(shop, QUESTIONS[name], rule)
    found = told_apart(worlds)
    assert found <= claimed(worlds)
    tried(2 * DRAWS, f"{name}: told apart by at least {max(found, 0):.2f}, allowed {claimed(worlds):.2f}")


@pytest.mark.parametrize(
    "name", ["a count by rows", "a sum by its norm over groups", "a variance", "a count of people"]
)
def test_noise_that_is_too_small_by_half_is_found_out(
    shop: Shop, rule: ReleaseRule, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power that is stated, in five runs of each question: 20 of 20."""
    worlds = worlds_of(shop, QUESTIONS[name], rule)
    weaken(monkeypatch, 1.5)
    assert all(told_apart(worlds, draws=DRAWS) > claimed(worlds) for _ in range(5))


def weaken(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    """Draw noise that is too small, and let the check against OpenDP's map not see it."""
    real = mechanisms.noise_scale
    monkeypatch.setattr(mechanisms, "noise_scale", lambda sensitivity, rho: real(sensitivity, rho) / factor)
    monkeypatch.setattr(mechanisms, "_check_cost", lambda cost, planned: None)
    monkeypatch.setattr(private.PrivacyBudget, "covers", lambda self, other: True)


def test_the_person_fills_the_bounds(shop: Shop, rule: ReleaseRule) -> None:
    """Otherwise the audit would have no power: the distance must be near what was charged for the measures."""
    worlds = worlds_of(shop, QUESTIONS["a sum by its norm over groups"], rule)
    block = worlds.query.blocks[0]
    _, moved, _ = _direction(worlds, block, 0)
    sigma = worlds.plan.block(block.name).measures[0].sigma
    distance = math.sqrt(sum((shift * sigma) ** 2 for shifts in moved.values() for shift in shifts))
    assert 0.95 * claimed(worlds) <= distance <= claimed(worlds)
