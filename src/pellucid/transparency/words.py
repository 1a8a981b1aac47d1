"""Our own sentences in the languages of notices: catalogue messages (gettext), read from `catalogues` by Babel.

A message is its English sentence; `str.format` fields stand in braces. `tests/transparency/test_catalogues.py` finds
messages that miss in a language. The policy's own texts carry their translations themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.units import format_unit

from pellucid.policy.model import LANGUAGES

SOURCE = "en"
CATALOGUES = Path(__file__).with_name("catalogues")
SHORTEST_YEAR, LONGEST_YEAR = 365, 366


def message(text: str) -> str:
    """Return the message itself: marks it for the catalogues where it is said later."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language."""

    language: str

    def say(self, text: str, /, **values: object) -> str:
        """Return a message in this language, with its fields filled in; raises KeyError for one that misses."""
        told = text if self.language == SOURCE else messages(self.language)[text]
        return told.format(**values)

    def listed(self, items: Iterable[str]) -> str:
        """Return a list as a sentence has it: “a, b and c”."""
        return format_list(list(items), locale=self.language)

    def country(self, code: str) -> str:
        """Return the name of a country by its ISO 3166 code; the code itself, where nobody named it."""
        return str(Locale(self.language).territories.get(code, code))

    def period(self, days: int) -> str:
        """Return a number of days as people say it: in years, if it is some whole ones (leap days or not)."""
        years = round(days / 365.25)
        whole = years > 0 and SHORTEST_YEAR * years <= days <= LONGEST_YEAR * years
        return str(format_unit(*((years, "duration-year") if whole else (days, "duration-day")), locale=self.language))


@cache
def messages(language: str) -> Mapping[str, str]:
    """Return the messages of a language that are translated, by their English sentences; of English there are none."""
    if language == SOURCE:
        return {}
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {str(each.id): str(each.string) for each in catalogue if each.id and each.string and not each.fuzzy}


def words_of(languages: Iterable[str]) -> tuple[Words, ...]:
    """Return the words of each language, in the order of `LANGUAGES`."""
    wanted = set(languages)
    return tuple(Words(language) for language in LANGUAGES if language in wanted)
