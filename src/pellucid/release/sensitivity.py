"""How far one subject can move the vector of a measure's exact cells: its L2 sensitivity, add or remove one subject.

Pure arithmetic on what the gate declares about a block. That the engine's SQL keeps to it is shown by the rewrite's
tests; that the arithmetic is right is shown here against brute force.
"""

from __future__ import annotations

import math

from pellucid.rewrite.governed import Block, Measure, Ranked

NORM_RELATIVE_MARGIN = 2.0**-40
"""Allowance for the engine's floating-point scaling, about 1e-12 of the norm: some 8,000 roundings to doubles."""

_ROUNDING = 2.0**-52
"""What one addition more to the sum of squares may lose, twice over: its terms are not negative, so in any order."""


def block_sensitivity(block: Block, measure: Measure, cells: int | None = None) -> float:
    """Return the L2 sensitivity of a measure's cells in its block, by person and cell or by stored rank."""
    if block.ranked is None:
        return measure_sensitivity(measure, block.max_groups, cells if block.keys else 1)
    return ranked_sensitivity(max(abs(measure.lower), abs(measure.upper)), block.ranked, cells if block.keys else 1)


def ranked_sensitivity(largest: int, ranked: Ranked, cells: int | None = None) -> float:
    """Return the L2 sensitivity of sums over ranked rows, each at most `largest` in size.

    All rows of a subject that count may fall into one cell, but rows of two months not where cells are `apart`. With a
    dimension's rank every value of it may have so many rows: there are at most as many as `cells`, which must be known.
    """
    in_one = largest * ranked.rows * (1 if ranked.apart else ranked.months)
    if ranked.by is None:
        return _root_up(in_one * in_one * (ranked.months if ranked.apart else 1))
    if cells is None:
        return math.inf
    return _root_up(in_one * in_one * max(1, cells))


def clipping_sensitivity(block: Block, cells: int | None = None) -> float:
    """Return the L2 sensitivity of a block's two counts: of people and of those clipped, or of rows ranked first and of
    those just beyond the bound, of which a subject has one in each month (and value of the dimension).
    """
    if block.ranked is None:
        return subjects_sensitivity(2)
    each = block.ranked.months * (1 if block.ranked.by is None else max(1, cells or 1))
    return _root_up(2 * each * each)


def measure_sensitivity(measure: Measure, max_groups: int, cells: int | None = None) -> float:
    """Return the L2 sensitivity of a measure's cells, in units of 10**-scale, rounded up.

    A subject is in at most `max_groups` of the `cells` (None: unknown). With a clamp its total in each cell is at most
    max(|lower|, |upper|) in size. With a norm the vector is scaled to that norm and cut off to integers towards zero,
    which lengthens no vector, so only the doubles that it is scaled with need a margin. Rounding to the nearest would
    need one of sqrt(groups) / 2 besides: as much as the norm itself where that is of counts.
    """
    groups = groups_touched(max_groups, cells)
    if measure.norm is not None:
        longest = math.nextafter(measure.norm * (1 + NORM_RELATIVE_MARGIN + groups * _ROUNDING), math.inf)
        return longest if measure.norm else 0.0
    largest = max(abs(measure.lower), abs(measure.upper))
    return _root_up(largest * largest * groups)


def subjects_sensitivity(max_groups: int, cells: int | None = None) -> float:
    """Return the L2 sensitivity of counts of subjects by cell: sqrt of the groups one subject may be in."""
    return _root_up(groups_touched(max_groups, cells))


def groups_touched(max_groups: int, cells: int | None) -> int:
    """Return in how many cells one subject can be at most, at least 1."""
    return max(1, max_groups if cells is None else min(max_groups, cells))


def _root_up(square: int) -> float:
    root = math.isqrt(square)
    if root * root == square and root < 2**53:
        return float(root)
    return math.nextafter(math.sqrt(square), math.inf)
