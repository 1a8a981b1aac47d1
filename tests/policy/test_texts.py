"""What customers read of a policy says something, in every language it promises, and is not too hard to read."""

from __future__ import annotations

import re

import pytest

from pellucid.errors import Finding
from pellucid.policy.canonical import from_canonical, to_canonical
from pellucid.policy.model import Translation

from .conftest import SOUND, Load, place_of

HOSTING = "kind: processor}"
TITLED = {
    "{title: the GDPR": "{translations: {de: {title: die DSGVO}}, title: the GDPR",
    "{title: the CCPA": "{translations: {de: {title: der CCPA}}, title: the CCPA",
    HOSTING: "kind: processor, translations: {de: {title: unser Rechenzentrum}}}",
    "    title: Baskets\n": "    title: Baskets\n    translations: {de: {title: Körbe}}\n",
    "    title: Purchases\n": "    title: Purchases\n"
    "    translations: {de: {title: Käufe, source: Kassen, keep: Steuern}}\n",
    "    title: Members\n": "    title: Members\n    translations: {de: {title: Mitglieder}}\n",
    "    title: How often each household buys\n": "    title: Visits\n    translations: {de: {title: Besuche}}\n",
    "    title: Choose offers\n": "    title: Choose offers\n    translations:\n"
    "      de: {title: Angebote wählen, description: Wir wählen aus., notice: Wir wählen Angebote für Sie.}\n",
    "    title: Decide which": "    translations:\n"
    "      de: {title: Sortiment, description: Wir zählen Käufe., notice: Wir zählen die Käufe.}\n"
    "    title: Decide which",
}

ON_PAGES = {
    "{title: Household,": "Haushalt",
    "{title: Analyst,": "Analyse",
    "{title: Marketer,": "Werbung",
    "{title: Privacy officer,": "Datenschutz",
}
"""Parts whose titles pages alone show; so they do with columns, of data about people."""


def german() -> str:
    """Return the sound policy with all its texts in German too."""
    text = SOUND.replace("officer: pia}", "officer: pia, languages: [de]}")
    for old, new in TITLED.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    for old, title in ON_PAGES.items():
        assert text.count(old) == 1, old
        text = text.replace(old, f"{{translations: {{de: {{title: {title}}}}},{old[1:]}")
    return re.sub(r"(?m)^      (\w+): \{type:", r"      \1: {translations: {de: {title: deutsch \1}}, type:", text)


def coded(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(found.code, found.severity) for found in findings]


def test_a_policy_in_two_languages_has_no_finding(load: Load) -> None:
    result = load(policy=german())

    assert result.findings == ()
    assert result.policy is not None
    assert result.policy.recipients["hosting"].translations == (Translation("de", {"title": "unser Rechenzentrum"}),)


def test_translations_are_kept_in_the_snapshot_and_none_leave_it_as_it_was(load: Load) -> None:
    policy, translated = (load(policy=text).policy for text in (SOUND, german()))
    assert policy is not None and translated is not None

    assert from_canonical(to_canonical(translated)) == translated
    assert b"translations" not in to_canonical(policy)


def test_a_policy_of_one_language_has_the_version_that_it_had_when_fewer_texts_could_be_translated(load: Load) -> None:
    """The version is what was written of SOUND before roles, kinds of subject, staff and columns had translations."""
    policy = load(policy=SOUND).policy

    assert policy is not None
    assert policy.version == "e8dde141edc56748634cafa097e38f1e4fe8d50cdf3069d60293723d0a3d4243"


@pytest.mark.parametrize(
    ("removed", "names", "at"),
    [
        ("translations: {de: {title: Haushalt}},", "`household`", "household: {title"),
        ("translations: {de: {title: Werbung}},", "`marketer`", "marketer: {title"),
        ("translations: {de: {title: deutsch quantity}}, ", "`quantity`", "quantity: {type: int"),
    ],
)
def test_a_title_that_pages_alone_show_is_a_warning_where_it_is_not_translated(
    load: Load, removed: str, names: str, at: str
) -> None:
    lacking = german().replace(removed, "")
    result = load(policy=lacking)
    (found,) = result.findings

    assert result.policy is not None
    assert (found.code, found.severity) == ("title-untranslated", "warning")
    assert (found.line, found.column) == place_of(lacking, at)
    assert found.message == (f"Customers read `de`, and pages have no title in it of {names}: they say it as it is.")


def test_titles_of_one_dataset_that_are_missing_are_told_together_and_those_of_staff_are_names(load: Load) -> None:
    lacking = re.sub(r"translations: \{de: \{title: deutsch \w+\}\}, ", "", german())

    found = load(policy=lacking).findings

    assert coded(found) == [("title-untranslated", "warning")] * 4  # of the four datasets about people
    assert "`household_id`, `income`, `place` and `born`:" in found[2].message


def test_translations_of_columns_and_roles_that_nobody_is_shown_are_warnings(load: Load) -> None:
    unused = german().replace(", languages: [de]", "")

    assert set(coded(load(policy=unused).findings)) == {("translation-unused", "warning")}


@pytest.mark.parametrize("text", ["notice: Wir wählen Angebote für Sie.", "source: Kassen", "keep: Steuern"])
def test_a_text_that_is_not_translated_is_an_error(load: Load, text: str) -> None:
    name = text.partition(":")[0]
    broken = german().replace(f", {text}", "", 1)

    found = load(policy=broken).findings

    missing = "missing-key" if name == "notice" else "translation-missing"
    assert coded(found) == [(missing, "error")]


def test_a_part_that_is_not_translated_at_all_is_told_with_its_place(load: Load) -> None:
    broken = german().replace(TITLED[HOSTING], HOSTING)

    (found,) = load(policy=broken).findings

    assert (found.code, (found.line, found.column)) == ("translation-missing", place_of(broken, "hosting: {title"))
    assert found.message == "The title of `hosting` is not translated into `de`, which customers read."


def test_a_language_named_twice_is_an_error(load: Load) -> None:
    found = load(policy=german().replace("languages: [de]", "languages: [de, en, de]")).findings

    assert coded(found) == [("language-twice", "error")] * 2


def test_a_translation_that_nobody_is_shown_is_a_warning(load: Load) -> None:
    found = load(policy=SOUND.replace(HOSTING, TITLED[HOSTING])).findings

    assert coded(found) == [("translation-unused", "warning")]


@pytest.mark.parametrize("nothing", ['"..."', "Data", "data data data data", "X 1 2 3 4"])
def test_a_purpose_whose_notice_says_nothing_is_an_error(load: Load, nothing: str) -> None:
    found = load(policy=SOUND.replace("text: We choose offers for you.", f"text: {nothing}")).findings

    assert coded(found) == [("text-unreadable", "error")]


HARD = (
    "Notwithstanding the aforementioned considerations, organisational personalisation methodologies predominantly "
    "incorporate multidimensional behavioural characterisations of participating individuals"
)


def test_a_notice_that_is_too_hard_to_read_is_a_warning(load: Load) -> None:
    (found,) = load(policy=SOUND.replace("text: We choose offers for you.", f'text: "{HARD}"')).findings

    assert (found.code, found.severity) == ("text-too-hard", "warning")
    assert found.message.startswith(
        "The notice of `loyalty-offers` in `en` reads like school year 32; at most 12 is meant."
    )


def test_what_is_said_to_children_may_be_less_hard_than_what_is_said_to_all(load: Load) -> None:
    words = (
        "We use information about previous purchases in order to determine which promotional offers might be "
        "interesting, and afterwards we delete whatever is not required."
    )
    told = SOUND.replace("text: We choose offers for you.", f'text: We choose offers for you., child: "{words}"')
    (found,) = load(policy=told).findings

    assert (found.code, found.severity) == ("text-too-hard", "warning")
    assert found.message.startswith("The child of `loyalty-offers` in `en` reads like school year 1")


def test_a_purpose_that_takes_minors_should_speak_to_them(load: Load) -> None:
    told = german().replace("    kinds: [own_analytics]\n", "    kinds: [own_analytics]\n    minimum_age: 0\n")

    assert coded(load(policy=told).findings) == [("child-text-missing", "warning")]
