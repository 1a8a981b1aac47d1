"""No message of a page misses in any language, none is left over, and a translation fills in the same fields."""

from __future__ import annotations

import re

import pytest
from babel.messages.pofile import read_po

from pellucid.web.language import CATALOGUES
from tests.web.said import TRANSLATED, missing, said, translated

FIELD = re.compile(r"%\(\w+\)[sd]")


def forms(language: str) -> dict[str, tuple[str, ...]]:
    """Return the translations of the pages' own catalogue, all forms of a plural, by the message."""
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {
        each.id if isinstance(each.id, str) else each.id[1]: (each.string,)
        if isinstance(each.string, str)
        else tuple(each.string or ())
        for each in catalogue
        if each.id
    }


def test_every_language_but_english_has_a_catalogue() -> None:
    assert sorted(file.stem for file in CATALOGUES.iterdir()) == sorted(TRANSLATED)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_misses_and_none_is_left_over(language: str) -> None:
    assert len(said()) > 250
    assert missing(language) == []
    assert sorted(translated(language, also_theirs=False) - said(), key=str) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_in_a_catalogue_is_doubtful_or_was_given_up(language: str) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)

    assert [each.id for each in catalogue if each.id and (each.fuzzy or not each.string)] == []
    assert list(catalogue.obsolete) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_fields_of_its_message(language: str) -> None:
    for text, all_forms in forms(language).items():
        *singular, last = (set(FIELD.findall(each)) for each in all_forms)
        assert last == set(FIELD.findall(text)), text
        assert [each for each in singular if not each <= last] == [], text  # one may say the number as a word


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_ends_as_its_message_does(language: str) -> None:
    for text, all_forms in forms(language).items():
        for each in all_forms:
            assert text[-1] in ".?!:" if each[-1] in ".?!:" else text[-1] not in ".?!:", text


def test_a_percent_sign_is_only_a_field() -> None:
    """What is filled in is by `%`, so that another one would fail when the page is made, unless it is doubled."""
    texts = [part for each in said() for part in ((each,) if isinstance(each, str) else each)]

    assert [each for each in texts if "%" in FIELD.sub("", each).replace("%%", "")] == []
