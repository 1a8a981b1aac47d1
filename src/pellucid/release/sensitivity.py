"""How far one subject can move the vector of a measure's exact cells: its L2 sensitivity, add or remove one subject.

Pure arithmetic on what the gate declares about a block. That the engine's SQL keeps to it is shown by the rewrite's
tests; that the arithmetic is right is shown here against brute force.
"""

from __future__ import annotations

import math

from pellucid.rewrite.governed import Measure

NORM_RELATIVE_MARGIN = 2.0**-40
"""Allowance for the engine's floating-point norm and scaling, about 1e-12 of the norm."""


def measure_sensitivity(measure: Measure, max_groups: int, cells: int | None = None) -> float:
    """Return the L2 sensitivity of a measure's cells, in units of 10**-scale, rounded up.

    A subject is in at most `max_groups` of the `cells` (None: unknown). With a clamp its total in each cell is at most
    max(|lower|, |upper|) in size. With a norm the vector is scaled to that norm and then rounded to integers, each
    moving by less than 1, hence the margin of sqrt(groups) and NORM_RELATIVE_MARGIN of the norm.
    """
    groups = groups_touched(max_groups, cells)
    if measure.norm is not None:
        exact = measure.norm * (1 + NORM_RELATIVE_MARGIN) + _root_up(groups)
        return math.nextafter(exact, math.inf) if measure.norm else 0.0
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
