"""Quantiles: the place of a grid that splits the weights of values best, drawn with noise (an exponential mechanism).

A cell's answer is the place whose share of weight below and above misses the wanted share least, or that misses the
wanted weight above it least. One subject with weight w moves each score by at most w times the larger part, so a vector
of cells is as sensitive as the counts of values that subjects may bring in: noise of that scale costs as much rho as
the discrete Gaussian on those counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

from pellucid.release.mechanisms import Noised, choose, noise_scale
from pellucid.rewrite.governed import OCTAVE, WEIGHT, Grid

_LARGEST_SCORE = 2**62
"""Scores beyond this are cut off, which moves no two of them further apart."""


def quantiles(cells: Sequence[Mapping[int, int]], grid: Grid, *, sensitivity: float, rho: int) -> Noised:
    """Return one value of the grid a cell (units of 10**-scale), for at most `rho` (units of 1e-12).

    `cells` give the weight at each place; `sensitivity` is the L2 sensitivity of the counts of values by cell.
    """
    scale = noise_of(grid, sensitivity, rho)
    drawn = choose([scores(cell, grid) for cell in cells], scale=scale, moved=_moved(grid, sensitivity), rho=rho)
    return Noised(tuple(_value(place, grid) for place in drawn.values), scale, drawn.spent)


def scores(cell: Mapping[int, int], grid: Grid) -> list[int]:
    """Return how well each place splits the weights: 0 at best, less by what is on the wrong side of it."""
    at = [int(cell.get(place, 0)) for place in range(grid.steps + 1)]
    up_to = list(accumulate(at))
    total = up_to[-1]
    if grid.above:
        wanted = grid.above * WEIGHT
        return [-min(abs(total - reached - wanted), _LARGEST_SCORE) for reached in up_to]
    found = []
    for weight, reached in zip(at, up_to, strict=True):
        too_many_below = grid.whole * (reached - weight) - grid.part * total
        too_few_up_to = grid.part * total - grid.whole * reached
        found.append(-min(max(0, too_many_below, too_few_up_to), _LARGEST_SCORE))
    return found


def rank_half_width(grid: Grid, scale: float) -> float:
    """Return how many values the rank of an answer is off by, at most, in 95 of 100 draws."""
    return scale * math.log((grid.steps + 1) / 0.05) / (WEIGHT * (1 if grid.above else grid.whole))


def noise_of(grid: Grid, sensitivity: float, rho: int) -> float:
    """Return the scale of the noise on the scores for an L2 sensitivity of the counts of values."""
    return noise_scale(_moved(grid, sensitivity), rho)


def resolution(grid: Grid) -> float:
    """Return the distance of two places of the grid, in units of 10**-scale."""
    return (grid.upper - grid.lower) / grid.steps


def _moved(grid: Grid, sensitivity: float) -> int:
    """Return by how much one subject moves the scores of all cells together, in the L2 norm."""
    larger = 1 if grid.above else max(grid.part, grid.whole - grid.part)
    return math.ceil(sensitivity * WEIGHT * larger)


def _value(place: int, grid: Grid) -> int:
    if grid.geometric:
        return max(grid.lower, int(grid.upper * math.exp2((place - grid.steps) / OCTAVE)))
    return grid.lower + round(place * (grid.upper - grid.lower) / grid.steps)
