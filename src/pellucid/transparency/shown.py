"""A layer of a notice as plain text, or as Markdown in which nothing of the policy's texts is markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pellucid.transparency.content import Section

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_STARTS = re.compile(r"^(\d*)([-+=.)])")


def text(sections: Iterable[Section]) -> str:
    """Return sections as plain text: titles, paragraphs, and lists with dashes."""
    return _joined(sections, lambda section: section.title, lambda words: words)


def spoken(sections: Iterable[Section]) -> str:
    """Return titles and sentences one after another, as somebody would read them aloud: what reading grades judge."""
    parts = [part for section in sections for part in (section.title, *(each.text for each in section.sentences))]
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)


def markdown(sections: Iterable[Section]) -> str:
    """Return sections as Markdown (CommonMark)."""
    return _joined(sections, lambda section: f"{'#' * section.level} {escaped(section.title)}", escaped)


def escaped(words: str) -> str:
    """Return words that CommonMark shows as they are, at the start of a line too."""
    return _STARTS.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", " ".join(words.split())))


def _joined(sections: Iterable[Section], titled: Callable[[Section], str], worded: Callable[[str], str]) -> str:
    return (
        "\n\n".join(part for section in sections for part in (titled(section), _body(section, worded)) if part) + "\n"
    )


def _body(section: Section, worded: Callable[[str], str]) -> str:
    told = [worded(sentence.text) for sentence in section.sentences if sentence.text]
    return "\n".join(f"- {each}" for each in told) if section.listed else " ".join(told)
