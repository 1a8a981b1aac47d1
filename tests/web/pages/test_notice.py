"""Notices for everybody: in each language and layer, as they were shown, what changed, and what somebody was shown."""

from __future__ import annotations

import json
import re

import pytest

from pellucid.settings import Settings
from tests.web.told import publish, publish_another
from tests.web.visitors import Grocer, Page

NOTICE = "/privacy/notice"


def article(page: Page) -> tuple[str, str]:
    """Return the language of the notice on a page, and its title."""
    found = re.search(r'<article class="panel" lang="(\w+)">\s*<h1[^>]*>([^<]+)</h1>', page.text)
    assert found is not None, page.text
    return found.group(1), found.group(2)


def test_whoever_reads_before_a_notice_was_published_is_told_so_without_staff_words(grocer: Grocer) -> None:
    page = grocer.browser().get(NOTICE)

    assert (page.status, page.words) == (
        404,
        "Privacy notice There is no notice here yet. Write to us with any question about your data.",
    )


def main(page: Page) -> str:
    """Return the main part of a page, with its tags."""
    found = re.search(r"<main.*?</main>", page.text, re.DOTALL)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("layer", "english", "german"),
    [
        ("short", "Your data in short", "Ihre Daten in Kürze"),
        ("full", "Privacy notice of Grocer at the Corner", "Datenschutzhinweise: Grocer at the Corner"),
        ("child", "Your data, for young readers", "Deine Daten, für junge Leute erklärt"),
    ],
)
def test_everybody_reads_each_layer_in_each_language(grocer: Grocer, layer: str, english: str, german: str) -> None:
    publish(grocer)
    told = [
        article(grocer.browser().get(f"{NOTICE}?layer={layer}&language={language}")) for language in ("en", "de", "fr")
    ]

    assert told == [("en", english), ("de", german), ("en", english)]  # nobody translated the policy into French


def test_one_screen_is_what_comes_first_and_leads_to_the_rest(grocer: Grocer) -> None:
    publish(grocer)
    page = grocer.browser().get(NOTICE)

    assert article(page) == ("en", "Your data in short")
    assert re.findall(r'lang="(\w\w)" hreflang="\w\w"[^>]*>([^<]+)<', main(page)) == [
        ("en", "English"),
        ("de", "Deutsch"),
    ]
    assert re.findall(r'href="/privacy/notice\?language=en&amp;layer=(\w+)"', page.text)[:3] == [
        "short",
        "full",
        "child",
    ]


def test_a_notice_is_taken_home_as_text_and_for_machines(grocer: Grocer) -> None:
    version = publish(grocer)
    text = grocer.browser().get(f"{NOTICE}/text?language=de")
    linked = grocer.browser().get(f"{NOTICE}/linked-data?language=de")

    assert text.headers["content-type"] == "text/markdown; charset=utf-8"
    assert text.headers["content-disposition"] == f'attachment; filename="privacy-notice-de-{version[:16]}-full.md"'
    assert text.text.splitlines()[0] == "# Datenschutzhinweise: Grocer at the Corner"
    assert linked.headers["content-disposition"] == f'attachment; filename="privacy-notice-de-{version[:16]}.jsonld"'
    told = json.loads(linked.text)
    assert (told["@type"], told["dct:language"], told["dct:identifier"]) == ("dpv:PrivacyNotice", "de", version)


def test_an_earlier_version_is_shown_as_such_and_leads_to_the_current_one(grocer: Grocer) -> None:
    first = publish(grocer)
    publish_another(grocer)
    page = grocer.browser().get(f"{NOTICE}?version={first[:16]}&layer=full")

    assert page.words.count("This is an earlier version. Another one is shown now.") == 1
    assert page.words.count("our printer") == 0
    assert grocer.browser().get(f"{NOTICE}?layer=full").words.count("our printer") > 0


def test_what_changed_is_told_in_plain_words_of_a_language(grocer: Grocer) -> None:
    first, second = publish(grocer), publish_another(grocer)
    listed = grocer.browser().get(f"{NOTICE}/versions")
    links = re.findall(r'href="(/privacy/notice/changes[^"]+)"', listed.text)
    told = {
        language: re.findall(
            r"<li>(.*?)</li>",
            main(grocer.browser().get(f"{NOTICE}/changes?old={first}&new={second}&language={language}")),
        )
        for language in ("en", "de")
    }

    assert links == [
        f"/privacy/notice/changes?old={first[:16]}&amp;new={second[:16]}&amp;language=en",
        f"/privacy/notice/changes?old={first[:16]}&amp;language=en",
    ]
    assert told["en"][-1:] == ["New recipient: our printer."]
    assert told["de"][-1:] == ["Neuer Empfänger: unsere Druckerei."]
    same = grocer.browser().get(f"{NOTICE}/changes?old={second}")
    assert same.words.count("They say the same.") == 1


@pytest.mark.parametrize(
    "place", ["?version=01234567", "/text?version=01234567", "/linked-data?version=01234567", "/changes?old=01234567"]
)
def test_a_version_that_was_never_published_is_not_there(grocer: Grocer, place: str) -> None:
    publish(grocer)
    page = grocer.browser().get(f"{NOTICE}{place}")

    assert (page.status, page.words.count("There is no such version of the notice.")) == (404, 1)


@pytest.mark.parametrize("place", ["?version=x", "?layer=long", "/changes?old=..", "/changes"])
def test_what_is_no_version_or_layer_is_not_there(grocer: Grocer, place: str) -> None:
    publish(grocer)

    assert grocer.browser().get(f"{NOTICE}{place}").status == 404


def test_a_yes_names_the_notice_that_stood_there_and_the_history_leads_to_that_very_text(grocer: Grocer) -> None:
    version = publish(grocer)
    browser = grocer.known()
    shown = re.findall(r'name="notice" value="([^"]+)"', browser.get("/privacy/choices").text)
    browser.submit("/privacy/choices", "/privacy/choices/offers", choice="yes", notice=shown[0])
    publish_another(grocer)
    page = browser.get("/privacy/history")
    links = re.findall(r'href="(/privacy/notice\?[^"]+)"', page.text)

    assert shown == [f"2026-11+{version[:16]}"] * 2
    assert links == [f"/privacy/notice?version={version[:16]}&amp;layer=full&amp;language=en#purpose:offers"]
    found = browser.get(links[0].replace("&amp;", "&").partition("#")[0])
    assert (article(found)[1], found.text.count('id="purpose:offers"')) == ("Privacy notice of Grocer at the Corner", 1)
    assert found.words.count("This is an earlier version.") == 1


def test_a_choice_before_any_notice_names_the_words_of_the_purpose(grocer: Grocer) -> None:
    text = grocer.known().get("/privacy/choices").text

    assert re.findall(r'name="notice" value="([^"]+)"', text) == ["2026-11", "2026-11"]


def test_whoever_is_signed_in_keeps_their_way_around(grocer: Grocer) -> None:
    publish(grocer)

    assert grocer.known().get(NOTICE).text.count('href="/privacy/choices"') == 1
    assert grocer.browser().get(NOTICE).text.count('href="/privacy/choices"') == 0


@pytest.mark.usefixtures("still")
class TestLimits:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_visits_per_minute=2)

    def test_an_address_that_reads_too_much_waits(self, grocer: Grocer) -> None:
        assert [grocer.browser().get(NOTICE).status for _ in range(3)] == [404, 404, 429]
