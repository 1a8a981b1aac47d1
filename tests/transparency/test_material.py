"""What is material of the differences between two notices, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pellucid.policy.model import Notice, Policy
from pellucid.transparency.content import Content, Section, Sentence, Telling
from pellucid.transparency.material import material
from pellucid.transparency.notices import make

from .conftest import NOW, altered, grocer, with_dataset, with_purpose

BASE = grocer()


def content(*said: Sentence, title: str = "Notice") -> Content:
    telling = Telling("en", {"full": (Section("notice", title, 1, said),)}, {})
    return Content({"offers": "1"}, {"en": telling})


SAID = Sentence("form", "We keep it for 1.5 years.")
KEPT = Sentence("dataset:a:kept", "We keep each entry for 2 years.", "kept", "2 years", "A")
AUTHORITY = Sentence("authority:eu", "EU: The authority, Street 1")
HOLDS = Sentence("dataset:a", "They hold: names.", "dataset", "A")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (content(SAID), content(SAID)),
        (content(SAID, title="Notice"), content(SAID, title="Our notice")),
        (content(SAID), content(replace(SAID, text="we keep  it – for 1.5 years"))),
        (content(AUTHORITY), content(replace(AUTHORITY, text="EU: The authority, Street 2"))),
        (content(AUTHORITY), content()),
        (content(KEPT), content(replace(KEPT, text="Each entry is kept for 2 years."))),
    ],
)
def test_headings_letters_addresses_and_words_around_a_fact_are_not_material(old: Content, new: Content) -> None:
    assert material(old, new, BASE) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (SAID, replace(SAID, text="We keep it for 15 years."), "“We keep it for 15 years.” instead of “We keep it "),
        (
            KEPT,
            replace(KEPT, text="We keep each entry for 3 years.", fact="3 years"),
            "A: kept for 3 years instead of ",
        ),
        (
            HOLDS,
            replace(HOLDS, text="They hold: names and health."),
            "“They hold: names and health.” instead of “They ",
        ),
    ],
)
def test_other_words_of_what_is_told_and_other_facts_are(old: Sentence, new: Sentence, told: str) -> None:
    found = material(content(old), content(new), BASE)
    assert found is not None
    assert [each[: len(told)] for each in found] == [told]


def test_what_is_new_or_said_no_more_is_material() -> None:
    assert material(content(), content(SAID), BASE) == ("New: We keep it for 1.5 years.",)
    assert material(content(SAID), content(), BASE) == ("No longer said: We keep it for 1.5 years.",)


def between(new: Policy) -> tuple[str, ...] | None:
    return material(make(BASE, NOW), make(new, NOW), new)


def test_other_words_of_a_purpose_count_unless_its_notice_accepts_the_version_before() -> None:
    before = BASE.purposes["partner-advertising"].notice
    other = with_purpose(BASE, "partner-advertising", notice=Notice("99", "Quite other words.", child=before.child))
    accepting = replace(other.purposes["partner-advertising"].notice, accepts=(before.version,))
    assert between(other) is not None
    assert between(with_purpose(BASE, "partner-advertising", notice=accepting)) is None
    shorter = with_dataset(
        with_purpose(BASE, "partner-advertising", notice=accepting), "transactions", retention_days=730
    )
    assert between(shorter) is not None


def test_a_new_contact_is_material_and_what_differs_in_another_language_only_is_not() -> None:
    contact = altered(BASE, controller=replace(BASE.controller, contact="new@grocer.example"))
    assert between(contact) is not None
    assert BASE.controller.language == "en"
    telling = make(BASE, NOW).tellings
    german = replace(telling["de"], layers={**telling["de"].layers, "full": ()})
    old = make(BASE, NOW)
    assert material(old, Content(old.purposes, {**telling, "de": german}), BASE) is None
