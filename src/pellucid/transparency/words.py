"""Our own sentences in the languages of notices: catalogue messages (gettext), read from `catalogues` by Babel.

A message is its English sentence; `str.format` fields stand in braces. `tests/transparency/test_catalogues.py` finds
messages that miss in a language. The policy's own texts carry their translations themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol
from babel.units import format_unit

from pellucid.policy.model import LANGUAGES

SOURCE = "en"
_WRITTEN = {"en": "en_GB"}
"""Whose dates and numbers a language has, where that is not said by its name alone: the day before the month."""
CATALOGUES = Path(__file__).with_name("catalogues")
_FIGURES = re.compile(r"[-+±]?[ ]?[\d,.]+(?: ± [\d,.]+)?")
_SOUNDS_LIKE_Y = re.compile(r"h?i(?![aeo])", re.IGNORECASE)
"""Before what “y” (and) becomes “e” in Spanish: “e ingresos”, but “y hielo”."""
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
        found = list(items)
        told = format_list(found, locale=_locale(self.language))
        if self.language == "es" and len(found) > 1 and _SOUNDS_LIKE_Y.match(found[-1]):
            return f"{told.removesuffix(f' y {found[-1]}')} e {found[-1]}"  # which the locale's data do not know
        return told

    def country(self, code: str) -> str:
        """Return the name of a country by its ISO 3166 code; the code itself, where nobody named it.

        A part of a country is told by its own code: “United States (CA)”.
        """
        country, _, part = code.partition("-")
        name = str(_locale(self.language).territories.get(country, country))
        return f"{name} ({part})" if part else name

    def month(self, day: date) -> str:
        """Return the month of a day in words: “November 2026”."""
        return str(format_skeleton("yMMMM", day, locale=self._locale))

    def date(self, day: date) -> str:
        """Return a day in words: “9 November 2026”."""
        return _long_date(day.date() if isinstance(day, datetime) else day, self._locale_name)

    def moment(self, moment: datetime) -> str:
        """Return a moment, in UTC, to the minute."""
        return f"{self.date(moment)}, {format_time(moment, 'HH:mm', locale=self._locale)} UTC"

    def number(self, value: float) -> str:
        """Return a number with the signs that this language groups and divides it by."""
        return format_decimal(value, locale=self._locale)

    def signs(self, text: str) -> str:
        """Return a number that was written as in English, as this language groups and divides it; others as they are.

        It may stand with its error: “2,280 ± 310”.
        """
        if not _FIGURES.fullmatch(text):
            return text
        signs = get_group_symbol(self._locale) + get_decimal_symbol(self._locale)
        return text.translate(str.maketrans(",.", signs))

    @property
    def name(self) -> str:
        """What this language calls itself."""
        found = str(_locale(self.language).get_display_name())
        return found[:1].upper() + found[1:]

    @property
    def direction(self) -> str:
        """In which direction it is written: `ltr` or `rtl`."""
        return "rtl" if self._locale.character_order == "right-to-left" else "ltr"

    @property
    def _locale_name(self) -> str:
        return _WRITTEN.get(self.language, self.language)

    @property
    def _locale(self) -> Locale:
        return _locale(self._locale_name)

    def period(self, days: int) -> str:
        """Return a number of days as people say it: in years, if it is some whole ones (leap days or not)."""
        years = round(days / 365.25)
        whole = years > 0 and SHORTEST_YEAR * years <= days <= LONGEST_YEAR * years
        told = (years, "duration-year") if whole else (days, "duration-day")
        return str(format_unit(*told, locale=_locale(self.language)))


@cache
def _locale(name: str) -> Locale:
    """Return a locale, read once: Babel would take each name apart for each date."""
    return Locale.parse(name)


@lru_cache(4_096)
def _long_date(day: date, name: str) -> str:
    """Return a day in words of a locale: pages tell the same few days again and again."""
    return format_date(day, "long", locale=_locale(name))


@cache
def messages(language: str) -> Mapping[str, str]:
    """Return the messages of a language that are translated, by their English sentences; of English there are none."""
    if language == SOURCE:
        return {}
    catalogue = _read(CATALOGUES, language)
    return {str(each.id): str(each.string) for each in catalogue if each.id and each.string and not each.fuzzy}


def translations(language: str, *folders: Path) -> NullTranslations:
    """Return the translations of a language, of the first catalogue that has one; ours are the last to be asked.

    What none has stays English.
    """
    found = NullTranslations()
    if language != SOURCE:
        for folder in (*folders, CATALOGUES):
            if (folder / f"{language}.po").is_file():
                found.add_fallback(_compiled(_read(folder, language)))
    return found


def _read(folder: Path, language: str) -> Catalog:
    with (folder / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def _compiled(catalogue: Catalog) -> GNUTranslations:
    """Return a catalogue as gettext looks it up, without what is doubtful or not translated yet."""
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def words_of(languages: Iterable[str]) -> tuple[Words, ...]:
    """Return the words of each language, in the order of `LANGUAGES`."""
    wanted = set(languages)
    return tuple(Words(language) for language in LANGUAGES if language in wanted)
