"""The mail of a challenge says the same in every language of notices, for everything that can be asked for."""

from __future__ import annotations

from string import Formatter

import pytest

from pellucid.policy.model import LANGUAGES
from pellucid.rights.challenge_words import ASKED, SENTENCES
from pellucid.rights.challenged import OF_PROOF, OF_SIGN_IN
from pellucid.rights.request import Right


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_there_are_words_in_every_language_of_notices() -> None:
    assert sorted(SENTENCES) == sorted(ASKED) == sorted(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_the_same_with_the_same_places(language: str) -> None:
    found = {name: places(text) for name, text in SENTENCES[language].items()}

    assert found == {name: places(text) for name, text in SENTENCES["en"].items()}
    assert sorted(ASKED[language]) == sorted([*(each.value for each in Right), OF_PROOF, OF_SIGN_IN])
    assert SENTENCES[language]["subject"].isprintable()
