"""What changed between two versions of a law, and whether it protects people more; and one field beside others'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pellucid.regulations.combine import counts_as
from pellucid.regulations.model import Combine, Figure, Law, Value, as_words
from pellucid.regulations.vocabulary import AGES

_BEGINNING = date(1900, 1, 1)
_MORE_PROTECTS = ("rights", "sensitive", "notice", "access", "territory", "rules")
"""Sections in which a longer list protects more."""


class Effect(StrEnum):
    """What a change does to the protection of people."""

    TIGHTENS = "tightens"
    LOOSENS = "loosens"
    SAME = "same"
    UNORDERED = "unordered"


@dataclass(frozen=True, slots=True)
class Change:
    """One field that two versions of a law say differently; empty figures where a version does not have it."""

    field: str
    old: tuple[Figure, ...]
    new: tuple[Figure, ...]
    effect: Effect


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of a law in a table that sets laws side by side."""

    law: str
    name: str
    value: Value
    cite: str
    verified: bool
    since: date | None
    until: date | None
    details: tuple[tuple[str, Value], ...]


def compare(old: Law, new: Law) -> tuple[Change, ...]:
    """Return every field that differs, by name, with its effect over all time; `SAME` if only words or sources do.

    A change that tightens at one time and loosens at another, or whose values have no order, is `UNORDERED`.
    """
    names = sorted({named.name for named in (*old.fields, *new.fields)})
    pairs = [(name, old.figures(name), new.figures(name)) for name in names]
    return tuple(Change(name, was, now, _effect(old, new, name)) for name, was, now in pairs if was != now)


def beside(laws: Iterable[Law], field: str) -> tuple[Row, ...]:
    """Return one field across laws, a row for each dated figure; laws that do not have it are left out."""
    return tuple(
        Row(law.id, law.name, one.value, one.cite, one.verified, one.since, one.until, one.details)
        for law in laws
        for one in law.figures(field)
    )


def _effect(old: Law, new: Law, name: str) -> Effect:
    """Compare what counts on each day on which a figure of either version begins or ends."""
    figures = (*old.figures(name), *new.figures(name))
    days = {_BEGINNING} | {day for figure in figures for day in (figure.since, figure.until) if day is not None}
    found = {_between(name, old.current(name, day), new.current(name, day)) for day in days} - {Effect.SAME}
    if not found:
        return Effect.SAME
    return found.pop() if len(found) == 1 else Effect.UNORDERED


def _between(name: str, old: tuple[Figure, ...], new: tuple[Figure, ...]) -> Effect:
    if _said(old) == _said(new):
        return Effect.SAME
    section, _, rest = name.partition(".")
    if section in _MORE_PROTECTS:
        return _sets(old, new)
    if section in ("deadlines", "breach"):
        return _clocks(old, new)
    was, now = _strength(section, rest.partition("@")[0], old), _strength(section, rest.partition("@")[0], new)
    if was is None or now is None:
        return Effect.UNORDERED
    if was == now:
        return Effect.SAME
    return Effect.TIGHTENS if now > was else Effect.LOOSENS


def _said(figures: tuple[Figure, ...]) -> list[tuple[Value, bool, object]]:
    return [(figure.value, figure.verified, figure.details) for figure in figures]


def _sets(old: tuple[Figure, ...], new: tuple[Figure, ...]) -> Effect:
    was, now = _items(old), _items(new)
    if was == now:
        return Effect.SAME
    if was < now:
        return Effect.TIGHTENS
    return Effect.LOOSENS if now < was else Effect.UNORDERED


def _items(figures: tuple[Figure, ...]) -> set[str]:
    return {word for figure in figures for word in as_words(figure.value)} | {
        "" for figure in figures if figure.value is True
    }


def _strength(section: str, member: str, figures: tuple[Figure, ...]) -> int | None:
    """Return how much the figures protect (more is stronger), the strictest of them; None if they have no order."""
    if section == "consent":
        return max((-counts_as(figure).rank for figure in figures), default=-100)
    if section == "ages" and member in AGES:
        return max(map(_number, figures), default=0)
    if section == "signals":
        return max((int(figure.value is True) for figure in figures), default=0)
    return None


def _clocks(old: tuple[Figure, ...], new: tuple[Figure, ...]) -> Effect:
    """Compare time limits in one unit: sooner tightens, but for a wait (`lattice`) later does, and a pause loosens."""
    combines = {figure.combine for figure in (*old, *new)}
    if combines == {Combine.EARLIEST_DATE} and not (old and new):
        return Effect.TIGHTENS if new else Effect.LOOSENS
    was, now = _length(old), _length(new)
    if was is None or now is None or was[0] != now[0]:
        return Effect.UNORDERED
    if was == now:
        return Effect.SAME
    longer = now[1] > was[1]
    return Effect.TIGHTENS if longer == (combines == {Combine.LATTICE}) else Effect.LOOSENS


def _length(figures: tuple[Figure, ...]) -> tuple[Value, int] | None:
    """Return the unit and the shortest amount of the figures, true counting as 1; None without one unit for all."""
    units = {figure.detail("unit") for figure in figures}
    if len(units) != 1 or any(not isinstance(figure.value, int) for figure in figures):
        return None
    return units.pop(), min(map(_number, figures))


def _number(figure: Figure) -> int:
    return figure.value if isinstance(figure.value, int) else 0
