"""Noise: the only importer of OpenDP, and the only source of randomness for what leaves.

Integer vectors get the discrete Gaussian under zCDP, unknown keys the Gaussian threshold. Every call states its
sensitivity and is checked against OpenDP's own privacy map before any noise is drawn. OpenDP takes 200-300 ms to
import, so it is imported at the first draw: planning and previewing never need it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

from pellucid.errors import InputInvalid, QueryFailed
from pellucid.records.columns import RHO_SCALE
from pellucid.release.budget import DELTA_SCALE, PrivacyBudget, delta_units_up, rho_units_up

LARGEST_VECTOR = 100_000
"""Most cells that get noise in one answer: the discrete Gaussian takes about 12 µs a cell."""

SMALLEST_THRESHOLD_DELTA = 1e-12
"""OpenDP's threshold map is computed in doubles and cannot certify a delta near 1e-16."""

_MAP_ERROR = 2.3e-16  # what OpenDP's map of a threshold loses to double rounding, a group
_SCALE_MARGIN = 1e-12  # keeps OpenDP's upward rounding within the rho that was planned
_WIDE = 20.0  # beyond this sigma a discrete Gaussian's quantiles are the normal's


@dataclass(frozen=True, slots=True)
class Noised:
    """Noisy integers, the sigma they were drawn with, and what that cost (rounded up)."""

    values: tuple[int, ...]
    sigma: float
    spent: PrivacyBudget


@dataclass(frozen=True, slots=True)
class Thresholded:
    """Noisy counts of the cells that reached `threshold`, by their position in the input."""

    counts: dict[int, int]
    sigma: float
    threshold: int
    spent: PrivacyBudget


@lru_cache(maxsize=4096)
def noise_scale(sensitivity: float, rho: int) -> float:
    """Return the discrete Gaussian's sigma for an L2 sensitivity at `rho` (units of 1e-12); 0 if nothing can move."""
    if not (math.isfinite(sensitivity) and sensitivity >= 0):
        raise ValueError(f"a sensitivity must be finite and at least 0, got {sensitivity!r}")
    if sensitivity == 0:
        return 0.0
    if rho <= 0:
        raise InputInvalid(
            "The privacy budget of this question is too small to be shared among its measures.",
            code="epsilon-too-small",
            remedy="Ask with a larger epsilon, or for fewer measures.",
        )
    return sensitivity / math.sqrt(2 * (rho / RHO_SCALE)) * (1 + _SCALE_MARGIN)


@lru_cache(maxsize=4096)
def half_width(sigma: float) -> float:
    """Return the discrete Gaussian's 95 % half-width: 1.96 sigma, or the exact integer one while sigma is small."""
    if sigma == 0:
        return 0.0
    if sigma > _WIDE:
        return 1.96 * sigma
    weights = [math.exp(-(step**2) / (2 * sigma**2)) for step in range(1, int(10 * sigma) + 3)]
    total, inside = 1 + 2 * sum(weights), 1.0
    for step, weight in enumerate(weights):
        if inside >= 0.95 * total:
            return float(step)
        inside += 2 * weight
    return float(len(weights))


@lru_cache(maxsize=4096)
def key_threshold(sigma: float, max_groups: int, delta: int) -> int:
    """Return the noisy count that cells of one subject alone reach with probability at most `delta` (units of 1e-15).

    The discrete tail P(X >= m) is at most the normal's P(N >= m - 1) (Canonne, Kamath, Steinke 2020); a draw checks
    it against OpenDP's map. Raises InputInvalid if delta is below 1e-12, or too small to share among the groups.
    """
    usable = delta / DELTA_SCALE - (max_groups + 2) * _MAP_ERROR
    if delta < SMALLEST_THRESHOLD_DELTA * DELTA_SCALE or usable <= 0:
        raise InputInvalid(
            f"threshold_delta must be at least {SMALLEST_THRESHOLD_DELTA:g} for each thresholded block, "
            f"got {delta / DELTA_SCALE:g}.",
            code="delta-out-of-range",
            remedy="Raise threshold_delta in the purpose's release rule, for example to 1e-8.",
        )
    each = -math.expm1(math.log1p(-usable) / max_groups)
    return math.ceil(2 - sigma * NormalDist().inv_cdf(each * (1 - 1e-9)))


def gaussian(values: Sequence[int], *, sensitivity: float, rho: int) -> Noised:
    """Return the values with discrete Gaussian noise for at most `rho` (units of 1e-12).

    With a sensitivity of 0 no subject can contribute anything, so zeros are returned without looking at the values.
    Raises QueryFailed (`too-many-cells`) beyond LARGEST_VECTOR.
    """
    sigma = noise_scale(sensitivity, rho)
    if sigma == 0 or not values:
        return Noised((0,) * len(values), sigma, PrivacyBudget(0) if sigma == 0 else _gaussian_cost(sigma, sensitivity))
    if len(values) > LARGEST_VECTOR:
        raise too_many_cells(LARGEST_VECTOR)
    cost = _gaussian_cost(sigma, sensitivity)
    _check_cost(cost, PrivacyBudget(rho))
    return Noised(tuple(_gaussian_measurement(sigma)(list(values))), sigma, cost)


def threshold_counts(counts: Sequence[int], *, max_groups: int, rho: int, delta: int) -> Thresholded:
    """Return noisy counts of subjects for the cells that reach the threshold; one subject is in at most `max_groups`.

    There is no limit on the number of cells, since failing beyond one would itself tell about the data.
    """
    sensitivity = _root_above(max_groups)
    sigma = noise_scale(sensitivity, rho)
    threshold = key_threshold(sigma, max_groups, delta)
    measurement = _threshold_measurement(sigma, threshold)
    spent_rho, spent_delta = measurement.map((max_groups, sensitivity, 1.0))
    cost = PrivacyBudget(rho_units_up(spent_rho), delta_units_up(spent_delta))
    _check_cost(cost, PrivacyBudget(rho, delta))
    kept: dict[int, int] = {}
    for start in range(0, len(counts), LARGEST_VECTOR):
        chunk = counts[start : start + LARGEST_VECTOR]
        kept.update(measurement(dict(enumerate(chunk, start))))
    return Thresholded(dict(sorted(kept.items())), sigma, threshold, cost)


def choose(scores: Sequence[Sequence[int]], *, scale: float, moved: int, rho: int) -> Noised:
    """Return for each list of scores the place of its largest, after noise of `scale`, for at most `rho` in all.

    `moved` is the root of the summed squares of what one subject moves a score of each list by: under zCDP the
    cost of one list is quadratic in that, so the lists together cost what a single one would that is moved so far.
    """
    if len(scores) > LARGEST_VECTOR:
        raise too_many_cells(LARGEST_VECTOR)
    if scale == 0:
        return Noised((0,) * len(scores), scale, PrivacyBudget(0))
    measurement = _choice_measurement(scale)
    cost = PrivacyBudget(rho_units_up(measurement.map(moved)))
    _check_cost(cost, PrivacyBudget(rho))
    return Noised(tuple(measurement(list(each)) for each in scores), scale, cost)


def too_many_cells(allowed: int) -> QueryFailed:
    """Return the error for an answer with more cells than can be released."""
    return QueryFailed(
        f"The answer has more than {allowed:,} cells, the most that can be released at once.",
        code="too-many-cells",
        remedy="Group by fewer or coarser columns, or restrict the keys.",
    )


def _gaussian_cost(sigma: float, sensitivity: float) -> PrivacyBudget:
    return PrivacyBudget(rho_units_up(_gaussian_measurement(sigma).map(sensitivity)))


def _check_cost(cost: PrivacyBudget, planned: PrivacyBudget) -> None:
    if not planned.covers(cost):
        raise QueryFailed(
            f"The noise would cost rho {cost.rho}, delta {cost.delta}; planned were {planned.rho} and {planned.delta}. "
            "Nothing was released.",
            code="noise-not-calibrated",
            remedy="Report this: it is a defect in pellucid.",
        )


def _root_above(square: int) -> float:
    root = math.sqrt(square)
    return root if root.is_integer() else math.nextafter(root, math.inf)


@cache
def _opendp() -> SimpleNamespace:
    from opendp import domains, measurements, measures, metrics, mod  # noqa: PLC0415  # 200-300 ms

    mod.enable_features("contrib")
    return SimpleNamespace(domains=domains, measurements=measurements, measures=measures, metrics=metrics)


@lru_cache(maxsize=256)
def _gaussian_measurement(sigma: float) -> Any:
    dp = _opendp()
    # T="i64" always: T=int is 32 bits wide, and sums of cents overflow it
    integers = dp.domains.vector_domain(dp.domains.atom_domain(T="i64"))
    return dp.measurements.make_gaussian(integers, dp.metrics.l2_distance(T=float), scale=sigma)


@lru_cache(maxsize=256)
def _choice_measurement(scale: float) -> Any:
    dp = _opendp()
    integers = dp.domains.vector_domain(dp.domains.atom_domain(T="i64"))
    rho = dp.measures.zero_concentrated_divergence()
    return dp.measurements.make_noisy_max(integers, dp.metrics.linf_distance(T="i64"), rho, scale=scale)


@lru_cache(maxsize=256)
def _threshold_measurement(sigma: float, threshold: int) -> Any:
    dp = _opendp()
    integer = dp.domains.atom_domain(T="i64")
    counts = dp.domains.map_domain(integer, integer)
    metric = dp.metrics.l02inf_distance(dp.metrics.absolute_distance(T=float))
    return dp.measurements.make_gaussian_threshold(counts, metric, scale=sigma, threshold=threshold)
