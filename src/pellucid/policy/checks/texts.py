"""What customers read of a policy: that it says something, in every language it promises, and is not too hard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import LANGUAGES, TEXTS, TOLD_IN_NOTICES, Policy, Purpose, own_texts, parts_of, translated
from pellucid.policy.phrases import ticked
from pellucid.policy.reading import CHILD_GRADE, FULL_GRADE, grade

FEWEST_WORDS = 3
"""A text with fewer words is no sentence."""

ADULT = 18
"""Years below which a reader is a minor."""

_WORD = re.compile(r"[^\W\d_]{2,}")

Texts = dict[str, str]


def check(policy: Policy, findings: Findings) -> None:
    """Check what customers read of every part that could be built."""
    _check_languages(policy, findings)
    for section in TEXTS:
        for name, part in parts_of(policy, section).items():
            _check_unused(policy, name, part, _place(section, name), findings)
            if section in TOLD_IN_NOTICES:
                _check_in_notices(policy, section, name, part, findings)
    _check_on_pages(policy, findings)
    for purpose in policy.purposes.values():
        for language, texts in _read_in(policy, purpose):
            _check_purpose(policy, purpose, language, texts, findings)
        if purpose.minimum_age < ADULT and not purpose.notice.child and policy.controller.languages:
            at = ("purposes", purpose.name, "notice")
            message = f"`{purpose.name}` takes minors, and its notice has no words for them (GDPR Art. 12(1))."
            findings.warn("child-text-missing", at, message, "Add `child:`, the same in short sentences.")


def _check_languages(policy: Policy, findings: Findings) -> None:
    controller = policy.controller
    for index, language in enumerate(controller.languages):
        if language == controller.language or language in controller.languages[:index]:
            message = f"`{language}` is named twice: as the policy's own language, or among the others."
            findings.error("language-twice", ("controller", "languages", index), message, "Keep one of the two.")


def _place(section: str, name: str) -> tuple[str, ...]:
    """Return where the translations of a part stand."""
    if section == "columns":
        dataset, _, column = name.partition(".")
        return "datasets", dataset, "columns", column, "translations"
    return section, name, "translations"


def _others(policy: Policy) -> Iterator[str]:
    """Yield the languages that customers read besides the policy's own."""
    return (each for each in policy.controller.languages if each != policy.controller.language)


def _check_in_notices(policy: Policy, section: str, name: str, part: Any, findings: Findings) -> None:
    """Note what is missing in notices: in such a language none could be made."""
    own = own_texts(section, part)
    if section == "datasets" and part.is_public:
        own = {}  # nobody is told of data about nobody
    for language in _others(policy):
        for missing in [text for text in own if translated(part.translations, language, text) is None]:
            message = f"The {missing} of `{name}` is not translated into `{language}`, which customers read."
            remedy = f"Add `{missing}:` under `translations: {{{language}: ...}}`, or take `{language}` out."
            findings.error("translation-missing", _place(section, name), message, remedy)


def _check_on_pages(policy: Policy, findings: Findings) -> None:
    """Note what pages alone show: where it is missing they say it in the policy's own language, marked as such."""
    for section in ("namespaces", "roles"):
        parts = parts_of(policy, section)
        _check_titles(policy, {(section, name): part for name, part in parts.items()}, findings)
    for dataset in (each for each in policy.datasets.values() if not each.is_public):
        at = ("datasets", dataset.name, "columns")
        _check_titles(policy, {(*at, name): part for name, part in dataset.columns.items()}, findings)


def _check_titles(policy: Policy, parts: Mapping[tuple[str, ...], Any], findings: Findings) -> None:
    for language in _others(policy):
        lacking = [at for at, part in parts.items() if translated(part.translations, language, "title") is None]
        if lacking:
            names = ticked(at[-1] for at in lacking)
            message = f"Customers read `{language}`, and pages have no title in it of {names}: they say it as it is."
            remedy = f"Add `translations: {{{language}: {{title: ...}}}}` to each."
            findings.warn("title-untranslated", lacking[0], message, remedy)


def _check_unused(policy: Policy, name: str, part: Any, at: tuple[str, ...], findings: Findings) -> None:
    for translation in part.translations:
        if translation.language not in policy.controller.languages:
            message = f"Texts of `{name}` in `{translation.language}` are never shown: the controller does not name it."
            remedy = f"Add `{translation.language}` to `languages` of the controller, or take them out."
            findings.warn("translation-unused", (*at, translation.language), message, remedy)


def _read_in(policy: Policy, purpose: Purpose) -> Iterator[tuple[str, Texts]]:
    """Yield the texts of a purpose in each language that customers read it in."""
    own = own_texts("purposes", purpose)
    yield policy.controller.language, own
    for language in policy.controller.languages:
        held = {name: translated(purpose.translations, language, name) for name in own}
        yield language, {name: text for name, text in held.items() if text is not None}


def _check_purpose(policy: Policy, purpose: Purpose, language: str, texts: Texts, findings: Findings) -> None:
    at: tuple[str, ...] = ("purposes", purpose.name, "notice")
    if language != policy.controller.language:
        at = ("purposes", purpose.name, "translations", language)
    for name in ("notice", "child"):
        if name in texts and len(set(_WORD.findall(texts[name]))) < FEWEST_WORDS:
            message = f"The {name} of `{purpose.name}` in `{language}` says nothing that a person could read."
            findings.error("text-unreadable", at, message, "Say in whole sentences what is done, and what is not.")
    everything = ". ".join(text for name, text in texts.items() if name != "child")
    for what, text, most in (("notice", everything, FULL_GRADE), ("child", texts.get("child", ""), CHILD_GRADE)):
        found = grade(text, language) if language in LANGUAGES else None
        if found is not None and found > most:
            message = (
                f"The {what} of `{purpose.name}` in `{language}` reads like school year {found:g}; "
                f"at most {most:g} is meant."
            )
            findings.warn("text-too-hard", at, message, "Write shorter sentences and shorter words.")
