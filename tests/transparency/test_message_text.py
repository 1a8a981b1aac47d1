"""Messages are fixed words in each language, with places for names, days, counts and links, and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from datetime import date
from html.parser import HTMLParser
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.transparency import message_words
from pellucid.transparency.message_due import KINDS
from pellucid.transparency.message_text import MOST, compose, compose_news
from pellucid.transparency.message_words import BODIES, FIELDS, LANGUAGES, NEWS, PAGES, PATHS, SEE, SUBJECTS

FULL = {name: f"<{name}>" for name in FIELDS}
MARKETING = re.compile(r"offer|discount|sale\b|buy|angebot|rabatt|oferta|descuento|promotion|remise|%", re.IGNORECASE)


def sentences(language: str, kind: str) -> list[str]:
    return [SUBJECTS[language][kind], *BODIES[language][kind], PAGES[language][kind], *SEE[language]]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("kind", KINDS)
def test_every_language_says_the_same_with_the_same_places(kind: str) -> None:
    for part in (SUBJECTS, BODIES, PAGES):
        assert {language: kind in part[language] for language in LANGUAGES} == dict.fromkeys(LANGUAGES, True)
    found = [[places(each) for each in sentences(language, kind)] for language in LANGUAGES]
    assert found[1:] == found[:-1]
    assert set().union(*found[0]) <= FIELDS


def test_every_language_says_the_same_of_a_publication() -> None:
    told = [asdict(NEWS[language]) for language in LANGUAGES]
    found = [[places(each) for name, each in words.items() if name != "can"] for words in told]
    found = [[*each, *map(places, words["can"])] for each, words in zip(found, told, strict=True)]
    assert found == [[{"controller"}, set(), {"change"}, {"more"}, set(), set(), {"centre"}]] * len(LANGUAGES)


def test_the_words_are_those_that_were_looked_at_and_nothing_in_them_sells() -> None:
    """A change of any word comes through here: look at it in every language, that it tells and does not advertise."""
    news = {language: asdict(words) for language, words in NEWS.items()}
    whole = json.dumps([SUBJECTS, BODIES, news, PAGES, SEE], sort_keys=True, ensure_ascii=False)
    assert (
        hashlib.sha256(whole.encode()).hexdigest() == "c1135e3d85041559ec815c4970fff2a33949c2a5df38423b35cc1b8b23b89121"
    )
    assert MARKETING.findall(whole) == []


def test_the_company_has_no_words_but_its_name() -> None:
    counts = {"kinds", "uses", "purposes", "refused"}
    news = {"centre", "change", "more"}
    assert {"controller", "contact", "link", "until", "request", "page"} | counts | news == FIELDS
    assert [name for name in vars(message_words) if name.isupper()] == [
        *("LANGUAGES", "FIELDS", "NOTICE", "EXPIRY", "YEARLY", "ANSWERED", "SUBJECTS", "BODIES"),
        *("NEWS", "PATHS", "PAGES", "SEE"),
    ]


class Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(
    name=st.text(max_size=80),
    kind=st.sampled_from(KINDS),
    language=st.sampled_from((*LANGUAGES, "", "xx", "EN")),
)
def test_no_name_brings_markup_a_line_or_a_place_of_its_own(name: str, kind: str, language: str) -> None:
    told = compose(kind, language, FULL | {"controller": name})
    plain = compose(kind, language, FULL | {"controller": "Shop"})
    shown, usual = Shown(), Shown()
    shown.feed(told.html)
    usual.feed(plain.html)
    assert shown.tags == usual.tags
    assert told.text.count("\n") == plain.text.count("\n")
    assert told.subject.isprintable()


@given(change=st.text(min_size=1, max_size=80), language=st.sampled_from(LANGUAGES))
def test_no_difference_of_a_notice_brings_markup_a_line_or_a_place_of_its_own(change: str, language: str) -> None:
    told, plain = (compose_news(language, FULL, [each, "B"], said=True) for each in (change, "A"))
    shown, usual = Shown(), Shown()
    shown.feed(told.html)
    usual.feed(plain.html)
    assert shown.tags == usual.tags
    assert told.text.count("\n") == plain.text.count("\n")


def test_what_differs_in_a_notice_is_told_in_text_and_html_and_not_without_end() -> None:
    changes = [f"{{kinds}} & <b>change</b> {number}" for number in range(MOST + 2)] + ["x" * 600]
    for language in LANGUAGES:
        told = compose_news(
            language, {**FULL, "controller": "A & B", "centre": "https://x.example"}, changes, said=True
        )
        shown = Shown()
        shown.feed(told.html)
        assert shown.text.split() == [*told.subject.split(), *told.text.split()]
        assert (told.text.count("– {kinds} & <b>change</b> "), shown.tags.count("b")) == (MOST, 0)
        assert told.text.count(f" {3}.") == 1
        assert told.html.count('<a href="https://x.example">') == 1
    long = compose_news("en", FULL, ["x" * 600], said=False)
    assert [line for line in long.text.splitlines() if line.startswith("– x")] == [f"– {'x' * 499}…"]


def test_who_said_yes_to_other_words_is_told_what_holds_of_that_and_nobody_else_is() -> None:
    for language in LANGUAGES:
        told = [compose_news(language, FULL, [], said=said).text for said in (False, True)]
        assert [each.count(NEWS[language].said) for each in told] == [0, 1]
        assert [each.count(NEWS[language].changed) for each in told] == [0, 0]


def test_text_and_html_say_the_same() -> None:
    for kind in KINDS:
        for language in LANGUAGES:
            told = compose(kind, language, {**FULL, "controller": "A & B", "link": "https://x.example/t"})
            shown = Shown()
            shown.feed(told.html)
            assert shown.text.split() == [*told.subject.split(), *told.text.split()]


def test_without_a_public_address_there_is_no_link() -> None:
    told = compose("yearly", "de", {**FULL, "link": "", "page": ""})
    assert (told.text.count("Link"), told.html.count("href")) == (1, 0)


@pytest.mark.parametrize(
    ("language", "day", "count"),
    [
        ("en", " 1 June 2027,", ": 1,234."),
        ("de", " 1. Juni 2027,", ": 1.234."),
        ("es", " 1 de junio de 2027 ", ": 1.234."),
        ("fr", " 1 juin 2027,", "\xa0: 1\u202f234."),
    ],
)
def test_days_and_counts_are_told_as_the_language_tells_them(language: str, day: str, count: str) -> None:
    fields: dict[str, str | date | int] = {"until": date(2027, 6, 1), "kinds": 3, "uses": 1234}
    ends, yearly = (compose(kind, language, fields).text for kind in ("consent-expiring", "yearly"))

    assert (ends.count(day), yearly.count(count)) == (1, 1)


def test_each_kind_leads_to_the_page_that_shows_more() -> None:
    assert sorted(PATHS) == sorted(KINDS)
    told = compose("yearly", "en", {**FULL, "page": f"https://x.example/privacy{PATHS['yearly']}"})
    assert told.html.count('<a href="https://x.example/privacy/uses">https://x.example/privacy/uses</a>') == 1
