"""Pages speak the language that somebody chose, or that their browser asks for, or English."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.policy.model import LANGUAGES
from pellucid.transparency import words
from pellucid.web import language, pages
from pellucid.web.language import COOKIE, wanted
from tests.web.pages.test_who_may import NAMES, ROWS
from tests.web.said import said
from tests.web.visitors import Browser, Grocer

SIGN_IN = "/privacy/sign-in"
HEADINGS = {
    "en": "See and steer your data",
    "de": "Ihre Daten sehen und steuern",
    "es": "Vea y controle sus datos",
    "fr": "Voir et maîtriser vos données",
}


def spoken(browser: Browser, path: str = SIGN_IN, **headers: str) -> tuple[str, str]:
    """Return in which language a page says that it is, and its heading."""
    page = browser.get(path, {name.replace("_", "-"): value for name, value in headers.items()})
    found = re.search(r'<html lang="(\w+)" dir="\w+">', page.text)
    heading = re.search(r"<h1>(.*?)</h1>", page.text)
    assert found is not None
    assert heading is not None
    assert page.headers["content-language"] == found[1]
    return found[1], heading[1]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_page_is_in_the_language_that_the_browser_asks_for(grocer: Grocer, code: str) -> None:
    assert spoken(grocer.browser(), Accept_Language=f"nl, {code};q=0.8") == (code, HEADINGS[code])


def test_what_somebody_chose_comes_before_what_their_browser_asks_for(grocer: Grocer) -> None:
    browser = grocer.browser()
    assert spoken(browser, f"{SIGN_IN}?language=fr", Accept_Language="de") == ("fr", HEADINGS["fr"])
    assert browser.cookies[COOKIE] == "fr"

    assert spoken(browser, Accept_Language="de") == ("fr", HEADINGS["fr"])
    assert spoken(browser, f"{SIGN_IN}?language=en", Accept_Language="de") == ("en", HEADINGS["en"])


@pytest.mark.parametrize("chosen", ["nl", "DE", "de-AT", "", "d%00", "de;path=/", "../de"])
def test_a_language_that_is_not_there_is_not_chosen(grocer: Grocer, chosen: str) -> None:
    browser = grocer.browser()

    assert spoken(browser, f"{SIGN_IN}?language={chosen}", Accept_Language="es") == ("es", HEADINGS["es"])
    assert COOKIE not in browser.cookies


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("nl, pt-BR;q=0.9", "en"),
        ("es;q=0.4, fr;q=0.6", "fr"),
        ("de;q=0", "en"),
        ("fr;q=0, de;q=0.1", "de"),
        ("de;q=2", "en"),
        ("de;q=1.0000", "en"),
        ("*", "en"),
        (",;=,de", "de"),
        ("\u00e9, fr", "fr"),
        ("nl," * 1000 + "de", "en"),
        ("de-" + "a" * 10_000, "en"),
    ],
)
def test_what_a_browser_asks_for_is_read_as_the_standard_says(header: str, code: str) -> None:
    assert wanted(header) == code


def test_the_cookie_of_the_language_tells_nothing_else_and_is_ours_alone(grocer: Grocer) -> None:
    page = grocer.browser().get(f"{SIGN_IN}?language=de")
    found = [line for line in page.headers.get_list("set-cookie") if line.startswith(COOKIE)]

    assert found == [f"{COOKIE}=de; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax; Secure"]
    assert page.headers["vary"] == "accept-language, cookie"


def test_a_page_links_to_itself_in_every_language(grocer: Grocer) -> None:
    page = grocer.known().get("/privacy/choices?told=recorded", {"Accept-Language": "es"})
    found = re.findall(r'<a href="([^"]*)" lang="(\w+)" hreflang="\w+"( aria-current="true")?>([^<]+)</a>', page.text)

    assert found == [
        ("?language=en", "en", "", "English"),
        ("?language=de", "de", "", "Deutsch"),
        ("?language=es", "es", ' aria-current="true"', "Español"),
        ("?language=fr", "fr", "", "Français"),
    ]


def test_an_answer_to_a_form_links_to_where_a_page_is(grocer: Grocer) -> None:
    browser = grocer.browser()
    refused = browser.submit(SIGN_IN, "/verify/r0123456789ab", answer="x", headers={"Accept-Language": "fr"})

    assert refused.status == 403
    assert '<a href="/privacy?language=de"' in refused.text


def test_a_refusal_is_told_in_the_language_of_the_page(grocer: Grocer) -> None:
    browser = grocer.browser()
    browser.get(f"{SIGN_IN}?language=de")
    wrong = browser.submit(SIGN_IN, f"{SIGN_IN}/code", code="12345678")
    assert wrong.status == 403
    assert "Das ist nicht der Code, den wir geschickt haben, oder er gilt nicht mehr." in wrong.words

    assert browser.get("/privacy/nowhere").words.startswith("Das hat nicht geklappt Diese Seite gibt es nicht.")
    assert browser.post(SIGN_IN, {}, {"Content-Type": "text/plain"}).words.startswith("Das hat nicht geklappt")


def test_a_date_is_told_as_the_language_tells_it(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.submit("/privacy/choices", "/privacy/choices/offers", choice="no", notice="2026-11")
    told = {code: browser.get(f"/privacy/history?language={code}").words for code in LANGUAGES}

    dates = {
        code: re.search(r"\d{1,2}\.? (?:de )?\w+(?: de)? \d{4}, \d\d:\d\d UTC", text) for code, text in told.items()
    }
    assert [code for code, found in dates.items() if found is None] == []
    assert len({found.group() for found in dates.values() if found is not None}) > 1


def test_french_sets_a_space_before_a_colon_between_pieces_too(grocer: Grocer) -> None:
    pieces = {code: grocer.known().get(f"/privacy/data?language={code}").words for code in ("en", "fr")}

    assert pieces["en"].count("Where it comes from: the tills of our shops") == 1
    assert pieces["fr"].count("D’où cela vient : the tills of our shops") == 1


def test_what_the_policy_does_not_translate_is_marked_as_what_it_is_in(grocer: Grocer) -> None:
    page = grocer.known().get("/privacy/choices?language=de")

    assert '<span lang="en" dir="ltr">Choose offers for you</span>' in page.text
    assert '<input type="hidden" name="language" value="en">' in page.text


def test_a_choice_records_the_language_that_its_words_were_shown_in(grocer: Grocer) -> None:
    browser = grocer.known()
    for code, said_in in (("en", "en"), ("de", "de"), ("nl", "fr")):
        browser.submit(
            "/privacy/choices?language=fr", "/privacy/choices/offers", choice="no", notice="x", language=code
        )
        kept = grocer.workspace.consent.history("h0001", actor=grocer.workspace.actor("pia"))
        assert kept[-1].record.language == said_in


def test_the_mail_with_a_code_is_in_the_language_that_the_person_chose_in(grocer: Grocer) -> None:
    grocer.known().submit(
        "/privacy/choices?language=de", "/privacy/choices/offers", choice="no", notice="x", language="de"
    )
    grocer.browser().submit(SIGN_IN, SIGN_IN, key="h0001")
    grocer.work()
    mail = grocer.office.taken[-1]
    lines = mail.get_content().replace("\r\n", "\n").split("\n\n")

    assert mail["Subject"] == "Fragen Sie nach Ihren Daten?"
    assert lines[0] == (
        "Jemand, hoffentlich Sie, möchte bei Grocer at the Corner in das Datenschutz-Center, "
        "wo Ihre Daten zu sehen sind und Entscheidungen getroffen werden."
    )
    assert re.fullmatch(r"Um nachzuweisen, dass Sie es sind, geben Sie diesen Code ein: \d{4} \d{4}", lines[1])


FILES = {"/favicon.ico", "/privacy/static/{name}", "/staff/log/entries/{leaf}/bytes"}


@pytest.fixture(scope="module")
def arabic_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make up a language that is written from right to left, into which everything is translated: it stands in ⟦⟧."""
    entries = ['msgid ""\nmsgstr "Language: ar\\nPlural-Forms: nplurals=1; plural=0;\\n"\n']
    for each in said():
        one, *many = [f'"{text}"' for text in ([each] if isinstance(each, str) else each)]
        mark = (many or [one])[0].replace('"', "")
        plural = f"msgid_plural {many[0]}\nmsgstr[0]" if many else "msgstr"
        entries.append(f'msgid {one}\n{plural} "⟦{mark}⟧"\n')
    folder = tmp_path_factory.mktemp("catalogues")
    (folder / "ar.po").write_text("\n".join(entries))
    return folder


@pytest.fixture
def arabic(arabic_catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let pages be in that language too. What English ones are made of is made before, and so not of this language."""
    pages.environment("en")
    monkeypatch.setattr(pages, "CATALOGUES", arabic_catalogue)
    monkeypatch.setattr(words, "CATALOGUES", arabic_catalogue)
    monkeypatch.setattr(language, "LANGUAGES", (*LANGUAGES, "ar"))
    language.names.cache_clear()
    yield "ar"
    language.names.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted({path for method, path in ROWS if method == "GET"} - FILES))
def test_every_page_reads_from_right_to_left_and_says_nothing_untranslated(
    grocer: Grocer, arabic: str, path: str
) -> None:
    browser = grocer.known_staff("pia") if path.startswith("/staff") else grocer.known()
    browser.submit("/privacy/choices", "/privacy/choices/offers", choice="no", notice="2026-11")
    request = browser.submit("/privacy/requests", "/privacy/requests", right="access").place.split("?")[0]
    names = NAMES | {"request_id": request.rpartition("/")[2]}
    browser.get(f"{SIGN_IN}?language={arabic}")
    page = browser.get(path.format(**names))
    if page.status == 303:
        page = browser.follow(page)

    assert '<html lang="ar" dir="rtl">' in page.text
    assert untranslated(page.text) == []


DATA = re.compile(
    r"h0\d+|r[0-9a-f]{12}|UTC|2026-11|pia|Household|Pia Vacy|Grocer at the Corner|privacy@grocer\.example|DE"
    r"|[a-z]+@[a-z]+\.example|Art\. [\da-z()]+|privacy-centre|English|Deutsch|Español|Français"
    r"|Privacy officer|Analyst"
)
"""What is neither ours to translate nor the policy's in this language: keys, names, titles of namespaces and roles."""


def untranslated(text: str) -> list[str]:
    """Return what a page says outside of translations, texts that are marked with their language, codes, and data."""
    body = re.sub(r"<(script|style|title)\b.*?</\1>", "", text, flags=re.DOTALL)
    body = re.sub(r'<(span|option|summary|h3)\b[^>]* lang="en"[^>]*>.*?</\1>', "", body, flags=re.DOTALL)
    body = re.sub(r"<(code)>.*?</\1>", "", body, flags=re.DOTALL)
    shown = html.unescape(re.sub(r"<[^>]*>", "\n", body))
    while "⟦" in shown:  # a field may be a message itself
        found = re.sub(r"⟦[^⟦⟧]*⟧", "", shown)
        assert found != shown
        shown = found
    shown = DATA.sub("", shown)
    return [line.strip() for line in shown.splitlines() if re.search(r"[A-Za-z]{2,}", line)]
