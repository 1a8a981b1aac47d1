"""How hard a text is to read, as the school year that suffices for it: a published formula for each language. Pure.

Formulas judge by the length of sentences and words and by nothing else: a low grade does not make a text clear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

FULL_GRADE = 12.0
"""The last year of school: what is written to everybody should be no harder."""

CHILD_GRADE = 7.0
"""The school year of a reader of twelve."""

FEWEST_WORDS = 15
"""Shorter texts are not judged: one long name would decide."""

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?…:;]+(?:\s|$)")
_NUCLEI = {
    "en": re.compile(r"[aeiouy]+"),
    "de": re.compile(r"aa|ee|oo|ie|ei|ai|au|eu|äu|ey|ay|[aeiouyäöü]"),
    "es": re.compile(r"[iuü]{0,2}[aeoáéó][iuy]?|[íú]|[iuü]+|y(?![aeiouáéíóú])"),
    "fr": re.compile(r"(?<=[bcdfgptv][lr])[iu](?=[aeoéè])|[aeiouàâäéèêëîïôöùûüœæ]+|y(?![aeiouàâéèêîôû])"),
}
_SILENT = {
    "en": re.compile(r"(?<=[^aeiouyl])e$|(?<=[aeiouy][^aeiouy])es$|(?<=[^td])ed$|(?<=[aeiou]l)e$"),
    "fr": re.compile(r"(?<=[^aeiouyàâäéèêëîïôöùûüÿœæ])(?:es?|(?<!m)ent)$"),
}
_EASE_TO_GRADE = ((90.0, 5.0), (80.0, 6.0), (70.0, 7.0), (60.0, 8.5), (50.0, 11.0), (30.0, 14.5), (0.0, 17.0))
"""School years of Flesch's scale of ease (Flesch 1949, How to Test Readability), joined by straight lines."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the formulas take of a text: its sentences, and for each word its letters and syllables."""

    sentences: int
    letters: tuple[int, ...]
    syllables: tuple[int, ...]

    @property
    def words(self) -> int:
        """How many words there are."""
        return len(self.letters)

    @property
    def words_a_sentence(self) -> float:
        """How long a sentence is, on average."""
        return self.words / self.sentences

    @property
    def syllables_a_word(self) -> float:
        """How long a word is, on average."""
        return sum(self.syllables) / self.words

    def share(self, matching: int) -> float:
        """Return how many words of a hundred that is."""
        return 100.0 * matching / self.words


def grade(text: str, language: str) -> float | None:
    """Return the school year that suffices to read a text; None if it is too short to tell.

    English: Flesch-Kincaid (Kincaid et al. 1975). German: the first Wiener Sachtextformel (Bamberger and Vanecek 1984).
    Spanish: Fernández Huerta (1959), French: Kandel and Moles (1958), each on Flesch's scale, turned into school years.
    Raises KeyError for other languages.
    """
    formula = _FORMULAS[language]
    found = measure(text, language)
    return None if found.words < FEWEST_WORDS else round(formula(found), 1)


def measure(text: str, language: str) -> Measured:
    """Return what the formulas take of a text; there is at least one sentence."""
    words = [word.lower() for word in _WORD.findall(text)]
    letters = tuple(sum(sign.isalpha() for sign in word) for word in words)
    return Measured(
        max(1, len(_SENTENCE.findall(f"{text} "))), letters, tuple(_count(word, language) for word in words)
    )


def _count(word: str, language: str) -> int:
    """Return the syllables of a word: runs of vowels as the language has them, without silent endings."""
    silent = _SILENT.get(language)
    return max(1, len(_NUCLEI[language].findall(silent.sub("", word) if silent else word)))


def _english(found: Measured) -> float:
    return 0.39 * found.words_a_sentence + 11.8 * found.syllables_a_word - 15.59


def _german(found: Measured) -> float:
    long_by_sound = found.share(sum(each >= 3 for each in found.syllables))
    long_by_letters = found.share(sum(each > 6 for each in found.letters))
    short = found.share(sum(each == 1 for each in found.syllables))
    return 0.1935 * long_by_sound + 0.1672 * found.words_a_sentence + 0.1297 * long_by_letters - 0.0327 * short - 0.875


def _spanish(found: Measured) -> float:
    return _school_year(206.84 - 60.0 * found.syllables_a_word - 1.02 * found.words_a_sentence)


def _french(found: Measured) -> float:
    return _school_year(207.0 - 73.6 * found.syllables_a_word - 1.015 * found.words_a_sentence)


def _school_year(ease: float) -> float:
    ease = min(max(ease, _EASE_TO_GRADE[-1][0]), _EASE_TO_GRADE[0][0])
    for (easier, earlier), (harder, later) in pairwise(_EASE_TO_GRADE):
        if ease >= harder:
            return later - (ease - harder) / (easier - harder) * (later - earlier)
    raise AssertionError("the scale ends where ease is cut off")


_FORMULAS = {"en": _english, "de": _german, "es": _spanish, "fr": _french}
