"""What the page of uses calls things: its parts, and how many others there were."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pellucid.transparency.told_uses import ABOUT_YOU, CHOICES, TURNED_DOWN, USED


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page: the sort of uses that stand in it, its title, and what they have in common."""

    sort: str
    title: str
    about: str


PARTS = (
    Part(
        USED,
        "Uses in which you could have been counted",
        "The log says which data a question read, never whom it counted: you could be among them. What leaves is "
        "figures about many people.",
    ),
    Part(
        TURNED_DOWN,
        "Uses that were refused",
        "Somebody asked, and the rules said no. Nobody's data were read, yours neither. Everybody is told this.",
    ),
    Part(
        CHOICES,
        "What you said, handed on",
        "Programs that have to respect your choices are told them.",
    ),
    Part(
        ABOUT_YOU,
        "Looked up or done about you alone",
        "By you or for you: your choices, your requests, and who looked at your data.",
    ),
)
_SPAN = re.compile(r"between (?P<low>[\d,]+) and (?P<high>[\d,]+)")
_FEW = re.compile(r"fewer than (?P<high>[\d,]+) people")


@dataclass(frozen=True, slots=True)
class Band:
    """How many people there are: the ends of the band, by name, or the words of one that is not known."""

    numbers: Mapping[str, int]
    told: str = ""


def band(told: str) -> Band:
    """Return a band, as the log tells it, by its numbers; one that is not known, as it stands."""
    found = _SPAN.fullmatch(told) or _FEW.fullmatch(told)
    if found is None:
        return Band({}, told)
    return Band({name: int(number.replace(",", "")) for name, number in found.groupdict().items()})
