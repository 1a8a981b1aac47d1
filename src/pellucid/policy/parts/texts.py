"""The policy's own texts in other languages, as customers read them. What is shown of them is `transparency`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LANGUAGES = ("en", "de", "es", "fr")
"""Languages (ISO 639-1) that notices can be made in: pellucid has its own sentences in each."""

TEXTS: Mapping[str, tuple[str, ...]] = {
    "regimes": ("title",),
    "namespaces": ("title",),
    "recipients": ("title", "safeguard"),
    "roles": ("title",),
    "people": ("title",),
    "purposes": ("title", "description", "notice", "child"),
    "datasets": ("title", "source", "keep"),
    "columns": ("title",),
}
"""By section of the policy, what customers read of it: `notice` and `child` are the notice's, `keep` is its reason.

`columns` are those of all datasets, each by its `dataset.column`.
"""
TOLD_IN_NOTICES = ("regimes", "recipients", "purposes", "datasets")
"""Sections of which notices tell: these say nothing in a language in which something is missing, as pages do."""


@dataclass(frozen=True, slots=True)
class Translation:
    """The texts of one part of the policy in another language, by what they say (`TEXTS`)."""

    language: str
    texts: Mapping[str, str]


def parts_of(policy: Any, section: str) -> Mapping[str, Any]:
    """Return the parts of a section of `TEXTS` by their names."""
    if section != "columns":
        found: Mapping[str, Any] = getattr(policy, section)
        return found
    return {f"{name}.{column}": each for name, of in policy.datasets.items() for column, each in of.columns.items()}


def part_of(policy: Any, section: str, name: str) -> Any:
    """Return a part of a section of `TEXTS`; None if the policy has none of that name."""
    if section != "columns":
        return getattr(policy, section).get(name)
    dataset, _, column = name.partition(".")
    return policy.datasets[dataset].columns.get(column) if dataset in policy.datasets else None


def name_in_words(column: str) -> str:
    """Return how a column without a title is called: by its name, in words."""
    return column.replace("_", " ")


def own_texts(section: str, part: Any) -> dict[str, str]:
    """Return what customers read of a part of the policy, in its own language, by `TEXTS`; not what is empty."""
    texts = {"title": part.title}
    if section == "columns":
        texts = {"title": part.title or name_in_words(part.name)}
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
