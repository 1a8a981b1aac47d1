"""What the laws that decide give a person and ask of a controller, beside the ruling on a purpose. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from pellucid.regulations.combine import floor_beats_ceiling
from pellucid.regulations.model import Figure, Law, Laws, as_words
from pellucid.regulations.sensitive import TERMS
from pellucid.regulations.territory import applying

TO_AUTHORITY = frozenset({"complain", "complain_to_authority", "petition_authority"})
"""What the packs call the right to complain to a supervisory authority."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A kind of data that a law protects more: its word, and the keys of pellucid's categories that hold it."""

    term: str
    categories: tuple[str, ...]
    law: str
    cite: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Right:
    """A right under one law; `text` says in our words what is particular about it."""

    id: str
    law: str
    cite: str
    verified: bool
    text: str = ""


def sensitive_categories(
    laws: Laws, places: Collection[str], on: date, establishment: str | None = None
) -> tuple[Sensitive, ...]:
    """Return every kind of data that one of the laws protects more on a day (`union`; unverified ones count)."""
    found: list[Sensitive] = []
    for law, figure in _section(applying(laws, places, establishment, on), "sensitive", on):
        for term in as_words(figure.value):
            found.append(Sensitive(term, TERMS.get(term, ()), law.id, figure.cite, figure.verified))
    return tuple(dict.fromkeys(found))


def rights(laws: Laws, places: Collection[str], on: date, establishment: str | None = None) -> tuple[Right, ...]:
    """Return every right that one of the laws gives on a day (`union`; unverified ones count, since they protect)."""
    return rights_under(applying(laws, places, establishment, on), on)


def rights_under(among: Iterable[Law], on: date) -> tuple[Right, ...]:
    """Return every right that one of these laws gives on a day."""
    found: list[Right] = []
    for law in among:
        for name in law.members("rights"):
            for figure in law.current(name, on):
                said = as_words(figure.value) or ((name.partition(".")[2],) if figure.value is True else ())
                text = str(figure.detail("text") or "")
                found += [Right(right, law.id, figure.cite, figure.verified, text) for right in said]
    return tuple(dict.fromkeys(found))


def months_to_keep_requests(
    laws: Laws, places: Collection[str], on: date, establishment: str | None = None
) -> int | None:
    """Return how many months to keep the records of requests: the longest minimum of a law, else the shortest maximum.

    None where no law gives a figure. An unverified minimum does not lengthen.
    """
    return months_under(applying(laws, places, establishment, on), on)


def months_under(among: Iterable[Law], on: date) -> int | None:
    """Return how many months to keep the records of requests under these laws."""
    held = [law.current("records.requests", on) for law in among]
    figures = [figure for current in held for figure in current if figure.detail("unit") == "calendar_month"]
    months = [(figure, figure.value) for figure in figures if isinstance(figure.value, int)]
    floors = [value for figure, value in months if figure.detail("floor") is True and figure.verified]
    return floor_beats_ceiling(floors, [value for figure, value in months if figure.detail("floor") is not True])


def _section(among: tuple[Law, ...], section: str, on: date) -> list[tuple[Law, Figure]]:
    return [(law, figure) for law in among for name in law.members(section) for figure in law.current(name, on)]
