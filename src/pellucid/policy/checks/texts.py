"""What customers read of a policy: that it says something, in every language it promises, and is not too hard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import LANGUAGES, TEXTS, Policy, Purpose, own_texts, translated
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
        for name, part in getattr(policy, section).items():
            _check_translations(policy, section, name, part, findings)
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


def _check_translations(policy: Policy, section: str, name: str, part: Any, findings: Findings) -> None:
    own = own_texts(section, part)
    at = (section, name, "translations")
    if section == "datasets" and part.is_public:
        own = {}  # nobody is told of data about nobody
    wanted = policy.controller.languages
    for language in (each for each in wanted if each != policy.controller.language):
        for missing in [text for text in own if translated(part.translations, language, text) is None]:
            message = f"The {missing} of `{name}` is not translated into `{language}`, which customers read."
            remedy = f"Add `{missing}:` under `translations: {{{language}: ...}}`, or take `{language}` out."
            findings.error("translation-missing", at, message, remedy)
    for translation in part.translations:
        if translation.language not in wanted:
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
