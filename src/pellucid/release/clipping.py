"""What bounding took away: how many people were clipped, by a noisy count, and how much of a figure that can have been.

The bias of clipping is not in an error bar of noise. It is bounded here from one side only, with 95 % confidence, and
only where the policy declares the largest that one subject's rows sum to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pellucid.release.figures import six_digits
from pellucid.release.mechanisms import half_width
from pellucid.rewrite.governed import COUNTS, Block, Measure

_ONE_SIDED = 1.645
"""A normal value is larger in 5 of 100 draws. A discrete Gaussian's tail is no heavier, but for less than 1."""

KEPT = "kept for the same question for 30 days, whatever people say meanwhile"
"""What is told of norms that were drawn: `insights.by_caps.DAYS_KEPT`."""


@dataclass(frozen=True, slots=True)
class Bias:
    """How much smaller or larger clipping can have made a measure, over all groups together, with 95 % confidence, in
    its own units; None where that is not bounded.
    """

    measure: str
    most: float | None


@dataclass(frozen=True, slots=True)
class Clipping:
    """How one subject's contribution was bounded, the fraction clipped to that and its 95 % half-width, if measured.

    The fraction is of people, or of people's months where a stored rank bounds. `text` is for people to read.
    """

    block: str
    fraction: float | None
    half_width: float | None
    text: str
    bounding: str = ""
    bias: tuple[Bias, ...] = ()

    @property
    def is_bounded(self) -> bool:
        """Whether the bias of every measure is bounded."""
        return bool(self.bias) and all(each.most is not None for each in self.bias)

    @classmethod
    def not_measured(cls, block: Block) -> Clipping:
        """Return the entry of a block for which the policy allows no spending on clipping."""
        told = bounding_of(block)
        text = f"{told.sentence} How many people that clipped was not measured: the purpose has no clipping_share."
        return cls(block.name, None, None, text, told.name)


@dataclass(frozen=True, slots=True)
class Bounding:
    """How a block is bounded: by `groups`, `norm`, `groups and norm` or `rank`, and what that means in a sentence."""

    name: str
    sentence: str


def bounding_of(block: Block) -> Bounding:
    """Return how one subject's contribution to a block is bounded."""
    ranked = block.ranked
    if ranked is not None:
        within = "" if ranked.by is None else f" and {ranked.by}"
        months = "one month" if ranked.months == 1 else f"{ranked.months} months"
        return Bounding(
            "rank" if ranked.by is None else f"rank by {ranked.by}",
            f"Bounded by rank: {ranked.rows} rows of one person count in a month{within}, at random, in {months}."
            f"{'' if ranked.inside else ' Rows outside the months that are ranked do not count.'}",
        )
    norms = [measure.norm is not None for measure in block.measures]
    name = "norm" if norms and all(norms) else "groups and norm" if any(norms) else "groups"
    groups = "1 group" if block.max_groups == 1 else f"{block.max_groups} groups"
    how = {"norm": "by its norm over them", "groups": "in each of them"}.get(name, "in each of them, or by a norm")
    where = (
        f"one person counts in at most {groups} and is bounded {how}" if block.keys else "one person's part is bounded"
    )
    drawn = [
        f"{six_digits(measure.norm / 10**measure.scale)} for {measure.title}"
        for measure in block.measures
        if measure.drawn
    ]
    told = f" Norms, drawn privately: {', '.join(drawn)} ({KEPT})." if drawn else ""
    return Bounding(name, f"Bounded by {name}: {where}.{told}")


def clipping_of(block: Block, cells: int, people: int, clipped: int, sigma: float) -> Clipping:
    """Return the entry for noisy counts of people and of clipped people (or of their months), each with this sigma."""
    told, width = bounding_of(block), half_width(sigma)
    beyond = max(0.0, clipped + _ONE_SIDED * sigma)
    bias = tuple(Bias(measure.title, _bias(block, measure, cells, beyond)) for measure in block.measures)
    of = "people" if block.ranked is None else "people's months"
    rest = "".join(f" {_in_words(each)}" for each in bias)
    if people <= 2 * width:
        text = f"{told.sentence} Too few people to tell which fraction of {of} was clipped.{rest}"
        return Clipping(block.name, None, None, text, told.name, bias)
    fraction = min(1.0, max(0.0, clipped / people))
    spread = width * math.sqrt(1 + fraction**2) / people
    text = f"{told.sentence} About {fraction:.1%} (± {spread:.1%}) of {of} had more and were clipped.{rest}"
    return Clipping(block.name, fraction, spread, text, told.name, bias)


def _in_words(bias: Bias) -> str:
    if bias.most is None:
        return f"How much that took from {bias.measure} is not bounded."
    return f"It took at most {six_digits(bias.most)} from {bias.measure}, over all groups together (95 %)."


def _bias(block: Block, measure: Measure, cells: int, beyond: float) -> float | None:
    """Return an upper bound of what clipping took from a measure in its own units, or None.

    At most `beyond` people were clipped, with 95 % confidence, and none of them lost more than the declared largest
    sum. Whoever is cut by a norm alone keeps at least that norm.
    """
    if measure.most is None:
        return None
    if block.ranked is not None:
        return _bias_by_rank(block.ranked.rows, measure, beyond) if block.ranked.inside else None
    alone = block.public_cells and cells <= block.max_groups
    kept = measure.norm if measure.norm is not None and alone else 0
    return beyond * max(0, measure.most - kept) / float(10**measure.scale)


def _bias_by_rank(rows: int, measure: Measure, beyond: float) -> float | None:
    """As `_bias`, where a row ranked just beyond stands for up to all others of a person's month.

    Which rows a question keeps of a month is as good as drawn at random, so the count of those just beyond varies too.
    """
    if measure.kind not in COUNTS:
        return None  # rows are cut to the declared range besides, and how many were is not counted
    return (beyond + _ONE_SIDED * math.sqrt(beyond) + _ONE_SIDED) * max(0, (measure.most or 0) - rows)


def clipping_kept(told: Mapping[str, Any]) -> Clipping:
    """Return an entry that was kept as a dict; raises TypeError for one of another shape."""
    return Clipping(**{**told, "bias": tuple(Bias(**each) for each in told.get("bias", ()))})
