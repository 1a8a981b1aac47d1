"""No sentence misses in any language, none is left over, and a translation fills in the same fields."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import pellucid.transparency
from pellucid.policy.categories import CATEGORIES, REVEALED
from pellucid.policy.model import Default, LegalBasis
from pellucid.regulations.load import shipped
from pellucid.regulations.model import as_words
from pellucid.regulations.vocabulary import KINDS
from pellucid.transparency import phrases
from pellucid.transparency.choices import NOT_DONE
from pellucid.transparency.words import CATALOGUES, Words, messages

SOURCE = Path(pellucid.transparency.__file__).parent
TRANSLATED = ("de", "es", "fr")
FIELD = re.compile(r"\{\w*\}")


def said() -> set[str]:
    """Return every message in the code, and the titles of categories, which notices list."""
    found = extract_from_dir(str(SOURCE), method_map=[("**.py", "python")], keywords={"say": None, "message": None})
    return {str(text) for _, _, text, _, _ in found} | {each.title for each in CATEGORIES.values()}


def test_every_language_but_english_has_a_catalogue() -> None:
    assert sorted(file.stem for file in CATALOGUES.iterdir()) == sorted(TRANSLATED)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_sentence_misses_and_none_is_left_over(language: str) -> None:
    assert len(said()) > 200
    assert sorted(messages(language)) == sorted(said())


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_in_a_catalogue_is_doubtful_or_was_given_up(language: str) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)

    assert [each.id for each in catalogue if each.fuzzy and each.id] == []
    assert list(catalogue.obsolete) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_fields_of_its_sentence(language: str) -> None:
    for text, translated in messages(language).items():
        assert sorted(set(FIELD.findall(text))) == sorted(set(FIELD.findall(translated))), text


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_ends_as_its_sentence_does(language: str) -> None:
    for text, translated in messages(language).items():
        assert text.rstrip()[-1] in ".!?" if translated.rstrip()[-1] in ".!?" else text.rstrip()[-1] not in ".!?", text


def test_no_call_says_a_message_that_the_extraction_cannot_see() -> None:
    """An f-string hides calls from the extraction."""
    for file in SOURCE.glob("*.py"):
        assert re.findall(r'f"[^"\n]*\{[^}"\n]*\bsay\(\'', file.read_text()) == [], file.name


def test_every_word_of_the_policy_and_of_laws_has_its_phrase() -> None:
    assert sorted(phrases.BASES) == sorted(LegalBasis)
    assert sorted(phrases.CHOICES) == sorted([*(each.value for each in Default), NOT_DONE])
    assert sorted(phrases.SHORT_CHOICES) == sorted(phrases.CHOICES)
    assert sorted(phrases.KINDS) == sorted(KINDS)
    assert sorted(phrases.REVEALED) == sorted(REVEALED)


def test_every_right_of_every_law_that_is_shipped_has_its_sentence() -> None:
    given: set[str] = set()
    for law in shipped().values():
        for name in law.members("rights"):
            for field in law.fields:
                if field.name == name:
                    for figure in field.figures:
                        given.update(as_words(figure.value) or {name.partition(".")[2]})

    assert len(given) > 60
    assert sorted(given - phrases.RIGHTS.keys()) == []


def test_a_message_that_is_not_there_stops_the_notice() -> None:
    with pytest.raises(KeyError, match="Nobody translated this"):
        Words("de").say("Nobody translated this.")


@pytest.mark.parametrize(
    ("days", "told"), [(1, "1 Tag"), (90, "90 Tage"), (365, "1 Jahr"), (730, "2 Jahre"), (7305, "20 Jahre")]
)
def test_periods_are_told_in_years_where_they_are_whole_ones(days: int, told: str) -> None:
    assert Words("de").period(days) == told


@pytest.mark.parametrize(
    ("place", "told"), [("DE", "Allemagne"), ("US-CA", "États-Unis (CA)"), ("XX", "XX"), ("XX-Y", "XX (Y)")]
)
def test_places_are_told_by_the_name_of_their_country(place: str, told: str) -> None:
    assert Words("fr").country(place) == told


@pytest.mark.parametrize(
    ("language", "figure", "told"),
    [
        ("en", "2,280 ± 310.5", "2,280 ± 310.5"),
        ("de", "2,280 ± 310.5", "2.280 ± 310,5"),
        ("es", "-1,055", "-1.055"),
        ("fr", "± 1,055", "± 1\u202f055"),
        ("de", "0.05", "0,05"),
        ("de", "6e-08", "6e-08"),
        ("de", "bread, white.", "bread, white."),
        ("de", "2026-05-31", "2026-05-31"),
        ("de", "", ""),
    ],
)
def test_figures_have_the_signs_of_the_language(language: str, figure: str, told: str) -> None:
    assert Words(language).signs(figure) == told


@pytest.mark.parametrize(
    ("items", "told"),
    [
        (["compras", "ingresos"], "compras e ingresos"),
        (["compras y cupones", "edades", "Historial"], "compras y cupones, edades e Historial"),
        (["agua", "hielo"], "agua y hielo"),
        (["ingresos"], "ingresos"),
        ([], ""),
    ],
)
def test_a_spanish_list_joins_by_e_what_would_sound_twice(items: list[str], told: str) -> None:
    assert Words("es").listed(items) == told
