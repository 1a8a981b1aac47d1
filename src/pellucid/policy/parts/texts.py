"""The policy's own texts in other languages, as customers read them. What is shown of them is `transparency`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LANGUAGES = ("en", "de", "es", "fr")
"""Languages (ISO 639-1) that notices can be made in: pellucid has its own sentences in each."""

TEXTS: Mapping[str, tuple[str, ...]] = {
    "regimes": ("title",),
    "recipients": ("title", "safeguard"),
    "purposes": ("title", "description", "notice", "child"),
    "datasets": ("title", "source", "keep"),
}
"""By section of the policy, what customers read of it: `notice` and `child` are the notice's, `keep` is its reason."""


@dataclass(frozen=True, slots=True)
class Translation:
    """The texts of one part of the policy in another language, by what they say (`TEXTS`)."""

    language: str
    texts: Mapping[str, str]


def own_texts(section: str, part: Any) -> dict[str, str]:
    """Return what customers read of a part of the policy, in its own language, by `TEXTS`; not what is empty."""
    texts = {"title": part.title}
    if section == "purposes":
        texts |= {"description": part.description, "notice": part.notice.text, "child": part.notice.child}
    if section == "recipients":
        texts |= {"safeguard": part.safeguard}
    if section == "datasets":
        texts |= {"source": part.source, "keep": part.keep.reason if part.keep is not None else ""}
    return {name: text for name, text in texts.items() if text}


def translated(translations: Iterable[Translation], language: str, name: str) -> str | None:
    """Return a text in a language; None if it is not translated into it."""
    return next((each.texts.get(name) for each in translations if each.language == language), None)
