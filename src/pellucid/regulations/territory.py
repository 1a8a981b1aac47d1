"""Which laws cover a person who lives in a place, or data handled in an establishment's context."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pellucid.regulations.model import Law, Laws, as_words
from pellucid.regulations.vocabulary import ESTABLISHED, RESIDENTS


def applying(laws: Laws, places: Collection[str], establishment: str | None, on: date) -> tuple[Law, ...]:
    """Return the laws that cover any of the places or the establishment (ISO 3166) on a day, with overrides in them.

    Several places mean that it is not known which: the laws of all count. A country alone may be any of its parts, so
    `US` meets California's law too; name the state where it is known.
    """
    return tuple(law for law in laws if covers(law, places, establishment, on))


def covers(law: Law, places: Collection[str], establishment: str | None, on: date) -> bool:
    """Return whether the law covers one of the places, or whatever the establishment does (GDPR Art. 3(1))."""
    return any(lives_in(law, place, on) for place in places) or established_in(law, establishment, on)


def lives_in(law: Law, place: str, on: date) -> bool:
    """Return whether the law covers people who live in the place."""
    return _meets(place, _codes(law, RESIDENTS, on))


def established_in(law: Law, establishment: str | None, on: date) -> bool:
    """Return whether the law covers everybody whose data are handled in the establishment's context."""
    return establishment is not None and _meets(establishment, _codes(law, ESTABLISHED, on))


def country(place: str) -> str:
    """Return the country of a place: `US` of `US-CA`."""
    return place.partition("-")[0]


def _codes(law: Law, name: str, on: date) -> set[str]:
    return {code for figure in law.current(name, on) for code in as_words(figure.value)}


def _meets(place: str, codes: Collection[str]) -> bool:
    return place in codes or country(place) in codes or any(code.startswith(f"{place}-") for code in codes)
