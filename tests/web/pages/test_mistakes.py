"""What a customer got wrong is told in words for it, in their language; nothing that was sent is quoted."""

from __future__ import annotations

import re

import pytest

from pellucid.errors import InputInvalid, NotPermitted, PellucidError, QueryFailed, RecordingFailed, WorkspaceUnusable
from pellucid.web.centre.mistake_words import MISTAKES, OUT_OF_ORDER
from pellucid.web.errors import problem_of
from pellucid.web.telling import plain
from tests.web.visitors import Browser, Grocer, Page

REQUESTS, CHOICES = "/privacy/requests", "/privacy/choices"
CANARY = "canary-7c1e"
MADE: list[tuple[str, str, dict[str, str], str, str]] = [
    (
        REQUESTS,
        f"{REQUESTS}/review",
        {"decision": " ", "statement": CANARY},
        "decision-missing",
        "Wir müssen wissen, welche Entscheidung Sie meinen. Sagen Sie es in Ihren Worten.",
    ),
    (
        "/privacy/inferences",
        "/privacy/inferences/review",
        {"decision": "", "statement": CANARY},
        "decision-missing",
        "Wir müssen wissen, welche Entscheidung Sie meinen. Sagen Sie es in Ihren Worten.",
    ),
    (
        "/privacy/data/members",
        "/privacy/data/members/statement",
        {"statement": "  "},
        "statement-length",
        "Es steht nichts da, oder zu viel. Schreiben Sie, was Sie sagen möchten; wenn es lang war, mit weniger Worten.",
    ),
    (
        CHOICES,
        f"{CHOICES}/offers",
        {"choice": "yes", "notice": CANARY},
        "notice-not-current",
        "Was Ihnen über diese Nutzung gesagt wird, hat sich geändert, seit Sie die Seite geladen haben. Deshalb wurde "
        "Ihr Ja nicht festgehalten. Laden Sie die Seite neu, lesen Sie, was dort jetzt steht, und entscheiden Sie noch "
        "einmal.",
    ),
]


def told(page: Page) -> str:
    """Return what a page says is wrong, and what to do."""
    found = re.search(r'<p class="wrong">(.*?)</p>\s*<p>(.*?)</p>', page.text, re.DOTALL)
    assert found is not None
    return " ".join(found.groups())


def german(grocer: Grocer) -> Browser:
    """Return alice's browser once she chose to read German."""
    browser = grocer.known()
    browser.get(f"{REQUESTS}?language=de")
    return browser


def test_each_mistake_is_told_in_its_own_words_in_the_language_of_the_page(grocer: Grocer) -> None:
    browser = german(grocer)
    pages = [browser.submit(page, action, **fields) for page, action, fields, _, _ in MADE]

    assert [(page.status, told(page)) for page in pages] == [(422, words) for _, _, _, _, words in MADE]
    assert [page.words.count(f"Code: {code}") for page, (_, _, _, code, _) in zip(pages, MADE, strict=True)] == [1] * 4
    assert [page.text.count(CANARY) for page in pages] == [0] * 4
    assert [re.findall(r'lang="en"|\boffers\b|2026-11', told(page)) for page in pages] == [[]] * 4


def test_who_asks_for_a_code_for_what_was_taken_back_is_told_so_in_the_language_of_the_page(grocer: Grocer) -> None:
    browser = german(grocer)
    path = browser.submit(REQUESTS, REQUESTS, right="access").place.partition("?")[0]
    back, asked = (browser.submit(REQUESTS, f"{path}/{act}") for act in ("revoke", "code"))

    assert (back.place, asked.status) == (f"{path}?told=revoked", 409)
    assert told(asked) == (
        "Diese Anfrage ist abgeschlossen, oder wir führen sie gerade aus. Deshalb wurde nichts geändert. "
        "Sehen Sie unter Ihren Anfragen nach, wie es um sie steht."
    )


def test_a_notice_that_was_shown_otherwise_is_told_as_one_that_changed() -> None:
    changed = MISTAKES["notice-not-current"]

    assert [MISTAKES[code] for code in ("notice-language", "notice-of-other-purposes", "notice-unpublished")] == [
        changed,
        changed,
        changed,
    ]


@pytest.mark.parametrize("kind", [WorkspaceUnusable, RecordingFailed, QueryFailed])
def test_what_failed_at_our_end_is_told_without_how(kind: type[PellucidError]) -> None:
    error = kind("control.sqlite is on fire.", remedy="Run `pellucid audit verify`.", code="on-fire")
    found = plain(problem_of(error), error)

    assert (found.status, found.detail, found.remedy, found.code) == (503, *OUT_OF_ORDER, "on-fire")


def test_what_has_no_words_of_its_own_is_told_as_before_and_what_has_them_by_its_code() -> None:
    known, unknown = InputInvalid(CANARY, code="choice-none"), NotPermitted("Not you.", remedy="Ask.", code="not-you")

    assert plain(problem_of(known), known).detail == MISTAKES["choice-none"][0]
    assert plain(problem_of(unknown), unknown).as_json() == problem_of(unknown).as_json()
