"""A mail of fixed sentences with places in them, as plain text and as HTML. Pure.

What stands in a place brings no markup and no link of its own. Which words there are in a language is the caller's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from html import escape

Paragraph = tuple[str, Mapping[str, str]]
"""A sentence, and what stands in its places (`str.format`)."""

LONGEST = 500
"""Characters of what stands in a place of one line: a name, a link."""
PAGE = """\
<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>{subject}</title></head>
<body>
{paragraphs}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, both ways."""

    subject: str
    text: str
    html: str


def write(language: str, subject: str, paragraphs: Iterable[Paragraph], links: Collection[str] = ()) -> Letter:
    """Return a letter. `links` are the places in which an address of ours stands, which HTML can follow."""
    said = list(paragraphs)
    text = "\n\n".join(sentence.format_map(places) for sentence, places in said) + "\n"
    marked_up = "\n".join(f"<p>{_marked_up(sentence, places, links)}</p>" for sentence, places in said)
    return Letter(subject, text, PAGE.format(language=language, subject=escape(subject), paragraphs=marked_up))


def one_line(text: str) -> str:
    """Return a text that can be nothing but a name: one printable line, not endless."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST]


def _marked_up(sentence: str, places: Mapping[str, str], links: Collection[str]) -> str:
    safe = {name: _broken(escape(value)) for name, value in places.items()}
    safe |= {name: f'<a href="{safe[name]}">{safe[name]}</a>' for name in links if name in safe}
    return _broken(escape(sentence, quote=False)).format_map(safe)


def _broken(text: str) -> str:
    return "<br>\n".join(text.splitlines())
