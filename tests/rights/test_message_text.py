"""A message about a request says the same in every language of notices, as text and as HTML."""

from __future__ import annotations

from html.parser import HTMLParser
from string import Formatter

import pytest

from pellucid.policy.model import LANGUAGES, Authority, Controller
from pellucid.rights.message_text import compose
from pellucid.rights.message_words import MESSAGES, SENTENCES, STATES_COMPLAINT, TEXTS

SHOP = Controller("A & B", "DE", "privacy@shop.example")
WATCH = Authority("The <Watch>", "https://watch.example/?a&b", ("DE",), "Square 1", "+49 1")
REASONS = "First {request}.\n<b>Second</b>."
UNTIL = "1 March 2026"


class Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_there_are_words_in_every_language_of_notices() -> None:
    assert sorted(TEXTS) == sorted(SENTENCES) == sorted(LANGUAGES)
    assert {name: tuple(TEXTS[name]) for name in LANGUAGES} == dict.fromkeys(LANGUAGES, MESSAGES)
    assert sorted(STATES_COMPLAINT - set(MESSAGES)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_the_same_with_the_same_places(language: str) -> None:
    found = {name: places(text) for name, text in SENTENCES[language].items()}

    assert found == {name: places(text) for name, text in SENTENCES["en"].items()}
    assert [each for each in TEXTS[language].values() if places(each)] == []
    assert SENTENCES[language]["subject"].isprintable()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message", MESSAGES)
def test_text_and_html_say_the_same_and_nothing_in_them_is_markup(language: str, message: str) -> None:
    told, shown = compose(language, SHOP, "r1", message, REASONS, [WATCH], UNTIL), Shown()
    shown.feed(told.html)
    complains = message in STATES_COMPLAINT

    assert shown.text.split() == [*told.subject.split(), *told.text.split()]
    assert shown.links == (["https://watch.example/?a&b"] if complains else [])
    assert (shown.tags.count("b"), shown.tags.count("br"), told.text.count(REASONS)) == (0, 4 if complains else 1, 1)
    assert told.html.count(f'<html lang="{language}">') == 1


def test_it_is_laid_out_as_paragraphs() -> None:
    told = compose("es", SHOP, "r1", "decision-upheld", "Por contrato.", [WATCH], UNTIL)

    assert (told.subject, told.text.split("\n\n")) == (
        "Su solicitud r1",
        [
            "Una persona ha revisado la decisión que usted impugna, y la decisión se mantiene.",
            "Puede reclamar ante una autoridad de control y acudir a los tribunales.",
            "Una autoridad ante la que puede reclamar: The <Watch>\nhttps://watch.example/?a&b\nSquare 1\n+49 1",
            "Nuestros motivos: Por contrato.",
            "Su solicitud r1. Puede escribirnos: privacy@shop.example",
            "A & B\n",
        ],
    )
