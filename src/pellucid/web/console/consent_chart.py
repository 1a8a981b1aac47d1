"""The bars of consents over time, as the server draws them. Pure; a table beside them tells the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 160
GAP = 0.25
"""Share of a period's width that stays free."""


@dataclass(frozen=True, slots=True)
class Period:
    """A month (YYYY-MM) or a day (YYYY-MM-DD), and how often each kind of thing was said in it."""

    name: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in units of the drawing; `kind` names its colour."""

    kind: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of bars, side by side within each period; `most` is what its full height stands for."""

    bars: tuple[Bar, ...]
    most: int
    width: int = WIDTH
    height: int = HEIGHT


def bars_of(periods: Sequence[Period]) -> Chart:
    """Return the drawing; a bar of something is never too low to be seen."""
    most = max((count for each in periods for count in each.counts.values()), default=0)
    bars: list[Bar] = []
    step = WIDTH / max(1, len(periods))
    for place, period in enumerate(periods):
        wide = step * (1 - GAP) / max(1, len(period.counts))
        for turn, (kind, count) in enumerate(period.counts.items()):
            if count:
                high = max(2.0, round(HEIGHT * count / most, 2))
                left = round(step * (place + GAP / 2) + wide * turn, 2)
                bars.append(Bar(kind, left, round(HEIGHT - high, 2), round(wide, 2), high))
    return Chart(tuple(bars), most)
