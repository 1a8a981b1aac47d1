"""A chart of an answer, as numbers for a template: bars, or lines along a key that has an order, with error bars.

Places are shares of the width or height, so that a chart fits any screen; its texts stand beside it as text. Pure: it
shows nothing that is not in the answer's table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import floor, isfinite, log10

from pellucid.release.figures import rounded, shown, with_error
from pellucid.release.result import GROUP_KEY, Accuracy, Release
from pellucid.release.shown import is_number

MOST_BARS = 40
MOST_POINTS = 120
MOST_SERIES = 4
MOST_CHARTS = 3
FEWEST_ON_A_LINE = 3

_ORDERED = ("int", "uint", "date", "timestamp")


@dataclass(frozen=True, slots=True)
class Mark:
    """One figure: its group, its text, and the shares at which it lies, with the ends of its error if it has one.

    `at` is where it lies along the key (lines only). A figure that is withheld or unknown has no `value`.
    """

    label: str
    text: str
    value: float | None
    low: float | None = None
    high: float | None = None
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Series:
    """Figures that belong together: a group of bars, or a line."""

    name: str
    marks: tuple[Mark, ...]

    @property
    def steps(self) -> tuple[tuple[Mark, Mark], ...]:
        """Neighbours on a line, none across a figure that is missing."""
        pairs = zip(self.marks, self.marks[1:], strict=False)
        return tuple((one, other) for one, other in pairs if one.value is not None and other.value is not None)


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure over one or two keys. `zero` is where nothing lies; `bottom` and `top` are the ends of its scale."""

    figure: str
    keys: tuple[str, ...]
    is_line: bool
    series: tuple[Series, ...]
    zero: float
    bottom: str
    top: str

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All figures."""
        return tuple(mark for each in self.series for mark in each.marks)

    @property
    def first(self) -> str:
        """Where a line begins."""
        return min(self.marks, key=_place).label

    @property
    def last(self) -> str:
        """Where a line ends."""
        return max(self.marks, key=_place).label

    @property
    def largest(self) -> Mark:
        """The largest figure."""
        return max((mark for mark in self.marks if mark.value is not None), key=_value)

    @property
    def smallest(self) -> Mark:
        """The smallest figure that is shown."""
        return min((mark for mark in self.marks if mark.value is not None), key=_value)


@dataclass(frozen=True, slots=True)
class _Point:
    """A row of the answer: its keys, and one of its figures with the error."""

    keys: tuple[object, ...]
    figure: float | None
    error: float | None
    text: str


def charts_of(release: Release) -> tuple[Chart, ...]:
    """Return charts of an answer's figures; none where there are more than two keys, or too few or many groups."""
    keys = tuple(item.column for item in release.accuracy if item.reason == GROUP_KEY)
    rows = release.records()
    if not 1 <= len(keys) <= 2 or not 2 <= len(rows) <= MOST_POINTS:
        return ()
    ordered = [key for key in keys if _kind(release, key).startswith(_ORDERED)]
    figures = [item for item in release.accuracy if item.column not in keys and is_number(release, item.column)]
    made = (_chart(keys, ordered, item, rows) for item in figures[:MOST_CHARTS])
    return tuple(each for each in made if each is not None)


def _chart(
    keys: tuple[str, ...], ordered: Sequence[str], item: Accuracy, rows: Sequence[Mapping[str, object]]
) -> Chart | None:
    points = [_point(keys, item, row) for row in rows]
    ends = [end for point in points for end in _ends(point)]
    if not ends:
        return None
    scale = _Scale(min(0.0, *ends), max(0.0, *ends))
    lines = _lines(keys, ordered, points, scale)
    if lines is None and len(points) > MOST_BARS:
        return None
    return Chart(
        item.column,
        keys,
        lines is not None,
        _bars(points, scale) if lines is None else lines,
        scale.share(0.0),
        _tick(scale.low),
        _tick(scale.high),
    )


def _lines(
    keys: tuple[str, ...], ordered: Sequence[str], points: Sequence[_Point], scale: _Scale
) -> tuple[Series, ...] | None:
    """Return a line for each value of the other key; None unless one key has an order, and the other few values."""
    for key in ordered:
        place = keys.index(key)
        places = [_number(point.keys[place]) for point in points]
        known = [each for each in places if each is not None]
        others = list(dict.fromkeys(_rest(point.keys, place) for point in points))
        alone = len({(_rest(point.keys, place), point.keys[place]) for point in points}) == len(points)
        if len(known) < len(points) or len(set(known)) < FEWEST_ON_A_LINE or len(others) > MOST_SERIES or not alone:
            continue
        along = _Scale(min(known), max(known))
        pairs = sorted(zip(known, points, strict=True), key=lambda pair: pair[0])
        return tuple(
            Series(
                name,
                tuple(
                    _mark(point, scale, shown(point.keys[place]), _inset(along.share(at)) + shift)
                    for at, point in pairs
                    if _rest(point.keys, place) == name
                ),
            )
            for name, shift in _shifted(others)
        )
    return None


def _shifted(names: Sequence[str]) -> list[tuple[str, float]]:
    """Return each line with how far its marks stand aside, so that their errors do not cover one another."""
    return [(name, round(index - (len(names) - 1) / 2, 1)) for index, name in enumerate(names)]


def _inset(share: float) -> float:
    """Return a place along a line with room for a mark at either end."""
    return round(2 + share * 0.96, 2)


def _bars(points: Sequence[_Point], scale: _Scale) -> tuple[Series, ...]:
    """Return the bars, in the answer's order, under their first key where there are two."""
    names = dict.fromkeys(_group(point) for point in points)
    return tuple(
        Series(name, tuple(_mark(each, scale, shown(each.keys[-1])) for each in points if _group(each) == name))
        for name in names
    )


def _group(point: _Point) -> str:
    return shown(point.keys[0]) if len(point.keys) == 2 else ""


def _rest(keys: Sequence[object], place: int) -> str:
    return " · ".join(shown(key) for position, key in enumerate(keys) if position != place)


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def share(self, value: float) -> float:
        """Return where a value lies between the ends, in percent."""
        return round(100 * (value - self.low) / ((self.high - self.low) or 1.0), 2)


def _mark(point: _Point, scale: _Scale, label: str, at: float = 0.0) -> Mark:
    if point.figure is None:
        return Mark(label, point.text, None, at=at)
    ends = [scale.share(end) for end in _ends(point)[1:]]
    low, high = ends if ends else (None, None)
    return Mark(label, point.text, scale.share(point.figure), low, high, at)


def _point(keys: tuple[str, ...], item: Accuracy, row: Mapping[str, object]) -> _Point:
    error = _number(row.get(item.error_column)) if item.error_column else None
    value = row[item.column]
    figure = _number(value)
    return _Point(tuple(row[key] for key in keys), figure, error, "" if value is None else with_error(value, error))


def _ends(point: _Point) -> tuple[float, ...]:
    """Return a figure and the ends of its error; the figure alone without one, and nothing where it is missing."""
    if point.figure is None:
        return ()
    if not point.error:
        return (point.figure,)
    return point.figure, point.figure - point.error, point.figure + point.error


def _number(value: object) -> float | None:
    """Return a number, or the place of a day or an instant among others; None for what is neither."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return float(value.toordinal())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    found = float(value)
    return found if isfinite(found) else None


def _tick(value: float) -> str:
    """Return an end of a scale, rounded to three digits."""
    text = rounded(value, 2 - floor(log10(abs(value)))) if value else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _value(mark: Mark) -> float:
    return mark.value or 0.0


def _place(mark: Mark) -> float:
    return mark.at


def _kind(release: Release, name: str) -> str:
    return str(release.values.schema.field(name).type)
