"""How much of a smaller error is luck, how much the bound: noise drawn anew, many times, over values bounded once.

    python benchmarks/error_over_draws.py [--rows 1000000] [--draws 200] [--cache FOLDER]

Two questions of `private_peers.py` over the same orders, epsilon 1 and delta 1e-6: count and sum by country and
category (Q2), customers by country (Q3). No engine runs: each line bounds customers as one does with the caps that all
of them get there, and draws its noise, as said beside it. pellucid's norm is drawn each time, by its own code, and its
sensitivity is its own; Qrlew's scales are those that stand in the SQL it makes, its figures at least 0 as there.

`median group` is what `private_peers.py` prints: the median over groups of |released - exact| / exact. `all groups` is
the sum of |released - exact| over the sum of exact values, `worst group` the largest share, `total` how far off the sum
of all groups is. In %, the median of the draws; in brackets their 5th and 95th in a hundred.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))  # the helpers stand beside, in a folder of their own

from benchmarks.peers.data import CATEGORIES, COUNTRIES, orders
from pellucid.insights.by_caps import people_beyond
from pellucid.records.columns import RHO_SCALE
from pellucid.release.budget import rho_of
from pellucid.release.mechanisms import noise_scale
from pellucid.release.quantile import quantiles
from pellucid.release.sensitivity import measure_sensitivity, subjects_sensitivity
from pellucid.rewrite.caps_frame import OCTAVES
from pellucid.rewrite.governed import OCTAVE, WEIGHT, Grid, Measure, MeasureKind
from pellucid.rewrite.measure_bounds import FINE

CACHE = Path(__file__).parents[1] / "build" / "peers"
RHO = rho_of(1.0, 10**9)
DRAW = RHO // 10 // 2
"""What the draw of each of two norms costs, the first time."""
LARGEST = {"count": 100_000, "sum": 1_000_000_000}
"""The norms declared in `peers.ours.DRAWN`: orders, and cents."""
QRLEW = {"count": (10, 108.56077), "sum": (500_000, 5_428_038.6)}
"""Norm, at 10 rows of at most 500, and noise, sums in cents."""
GROUPS = 10

Numbers = npt.NDArray[np.float64]
Draw = Callable[[], Numbers]
LUCK = np.random.default_rng(20261129)


class Totals:
    """What each customer brings to each cell."""

    def __init__(self, path: Path, cell: str, cells: int) -> None:
        sql = (
            f"SELECT customer, {cell} AS cell, count(*) AS n, CAST(100 * sum(amount) AS BIGINT) AS total "
            f"FROM '{path}' GROUP BY ALL"
        )
        found = duckdb.connect().execute(sql).fetchnumpy()
        _, self.person, self.groups = np.unique(found["customer"], return_inverse=True, return_counts=True)
        self.cell, self.cells = np.asarray(found["cell"], np.int64), cells
        self.values: dict[str, Numbers] = {
            name: np.asarray(found[column], np.float64) for name, column in (("count", "n"), ("sum", "total"))
        }

    def by_cell(self, values: Numbers) -> Numbers:
        """Return the sums by cell of what customers bring."""
        return np.bincount(self.cell, weights=values, minlength=self.cells).astype(np.float64)

    def norms(self, measure: str) -> Numbers:
        """Return the norm of what each customer brings."""
        squares = np.bincount(self.person, weights=self.values[measure] ** 2)
        return np.sqrt(squares.astype(np.float64))

    def scaled(self, measure: str, norm: float) -> Numbers:
        """Return each customer's totals, cut down to a norm."""
        return self.values[measure] * np.minimum(1, norm / self.norms(measure))[self.person]

    def kept(self, order: Numbers) -> Numbers:
        """Return the customers by cell if each is kept in GROUPS cells only, the least in an order."""
        placed = np.lexsort((order, self.person))
        turn = np.empty(len(placed), int)
        turn[placed] = np.arange(len(placed)) - np.repeat(np.cumsum(self.groups) - self.groups, self.groups)
        return self.by_cell((turn < GROUPS).astype(float))


def noisy(values: Numbers, sigma: float) -> Numbers:
    return values + LUCK.normal(0, sigma, len(values))


def by_drawn_norm(totals: Totals, measure: str, unit: float) -> Draw:
    """Return how pellucid bounds by a norm of its own drawing, where what a customer brings to a cell is cut to units
    (rows of counts, cents of sums).
    """
    largest = LARGEST[measure]
    people = people_beyond(totals.cells, RHO // 2 / RHO_SCALE, DRAW / RHO_SCALE)
    grid = Grid(max(1, largest >> OCTAVES), largest, OCTAVES * OCTAVE, 1, 1, above=people, geometric=True)
    places = np.ceil(np.log2(np.maximum(totals.norms(measure), grid.lower) / largest) * OCTAVE) + grid.steps
    spread = {
        int(place): int(many) * WEIGHT for place, many in zip(*np.unique(places, return_counts=True), strict=True)
    }
    bounded: dict[int, Numbers] = {}

    def draw() -> Numbers:
        (norm,) = quantiles([spread], grid, sensitivity=1.0, rho=DRAW).values
        if norm not in bounded:
            scaled = totals.scaled(measure, norm)
            bounded[norm] = totals.by_cell(np.trunc(scaled / unit) * unit)
        one = Measure("m0", MeasureKind.SUM, "", 0, -norm, norm, norm=norm)
        return noisy(bounded[norm], noise_scale(measure_sensitivity(one, totals.cells), RHO // 2))

    return draw


def by_qrlew(totals: Totals, measure: str) -> Draw:
    norm, sigma = QRLEW[measure]
    bounded = totals.by_cell(totals.scaled(measure, norm))
    return lambda: np.maximum(0, noisy(bounded, sigma))


def ways_of_figures(totals: Totals, measure: str) -> Iterator[tuple[str, Draw]]:
    unit = 10.0**-FINE if measure == "count" else 1.0
    yield "pellucid: a norm that is drawn", by_drawn_norm(totals, measure, unit)
    yield "the same, cut to whole units", by_drawn_norm(totals, measure, 1.0)
    yield f"Qrlew: a norm of {QRLEW[measure][0]:,}", by_qrlew(totals, measure)


def ways_of_people(totals: Totals) -> Iterator[tuple[str, Draw]]:
    def told(bounded: Numbers, groups: int) -> Draw:
        return lambda: noisy(bounded, noise_scale(subjects_sensitivity(groups), RHO))

    everybody = totals.by_cell(np.ones(len(totals.cell)))
    first = totals.kept(totals.cell.astype(float))
    yield "pellucid: 10 countries of each, drawn", told(totals.kept(LUCK.random(len(totals.cell))), GROUPS)
    yield "OpenDP: the first 10 by name, noise for 11", told(first, GROUPS + 1)
    yield "pellucid: all 20 countries", told(everybody, COUNTRIES)
    yield "OpenDP: all 20 countries, noise for 21", told(everybody, COUNTRIES + 1)


def show(name: str, exact: Numbers, draw: Draw, draws: int) -> None:
    there = exact > 0
    found = []
    for _ in range(draws):
        off = draw() - exact
        shares = np.abs(off[there]) / exact[there]
        found.append((np.median(shares), np.abs(off).sum() / exact.sum(), shares.max(), abs(off.sum()) / exact.sum()))
    low, middle, high = 100 * np.quantile(np.array(found), [0.05, 0.5, 0.95], axis=0)
    told = "".join(f" {m:7.2f} ({a:.2f} .. {b:.2f})".ljust(26) for a, m, b in zip(low, middle, high, strict=True))
    print(f"   {name:44}{told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the orders are kept")
    arguments = parser.parse_args()
    path = orders(arguments.cache, arguments.rows)
    country, category = (f"CAST(substr({name}, 2) AS INTEGER)" for name in ("country", "category"))
    head = "".join(each.ljust(26) for each in ("median group", "all groups", "worst group", "total"))
    print(f"{arguments.rows:,} orders, about; {arguments.draws} draws\n   {'':45}{head}")
    both = Totals(path, f"{country} * {CATEGORIES} + {category}", COUNTRIES * CATEGORIES)
    for measure, values in both.values.items():
        print(f"Q2, {measure}")
        for name, draw in ways_of_figures(both, measure):
            show(name, both.by_cell(values), draw, arguments.draws)
    print("Q3, customers")
    alone = Totals(path, country, COUNTRIES)
    exact = alone.by_cell(np.ones(len(alone.cell)))
    for name, draw in ways_of_people(alone):
        show(name, exact, draw, arguments.draws)


if __name__ == "__main__":
    main()
