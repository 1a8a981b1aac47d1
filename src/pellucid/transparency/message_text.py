"""A message as plain text and as HTML, of fixed words in the person's language. Pure.

The only words of the company's in it are its name; a name cannot bring a line, a link or markup of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from html import escape

from pellucid.transparency.message_words import BODIES, FIELDS, LANGUAGES, PAGES, SEE, SUBJECTS
from pellucid.transparency.words import Words

ADDRESSES = ("link", "page")
"""Places in which an address stands; a sentence about one that is not there is left out."""
LONGEST = 500
"""Characters of what stands in a place: a name, a link."""
PAGE = """\
<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>{subject}</title></head>
<body>
{paragraphs}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Composed:
    """What a message says, both ways."""

    subject: str
    text: str
    html: str


def compose(kind: str, language: str, fields: Mapping[str, str | date | int]) -> Composed:
    """Return a message of a kind; `fields` are of FIELDS, and what is not given is not in that kind's words.

    Days and counts are told as the language tells them. A language that there are no words in is English.
    """
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    plain = {name: _told(Words(spoken), fields.get(name, "")) for name in FIELDS}
    said = (*BODIES[spoken][kind], PAGES[spoken][kind], *SEE[spoken])
    missing = [f"{{{name}}}" for name in ADDRESSES if not plain[name]]
    sentences = [each for each in said if not any(place in each for place in missing)]
    written = [each.format_map(plain) for each in sentences]
    subject = SUBJECTS[spoken][kind].format_map(plain)
    paragraphs = "\n".join(f"<p>{_marked_up(each, plain)}</p>" for each in sentences)
    page = PAGE.format(language=spoken, subject=escape(subject), paragraphs=paragraphs)
    return Composed(subject, "\n\n".join(written) + "\n", page)


def one_line(text: str) -> str:
    """Return a text that can be nothing but a name: one printable line, not endless."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST]


def _told(words: Words, value: str | date | int) -> str:
    if isinstance(value, str):
        return one_line(value)
    return words.date(value) if isinstance(value, date) else words.number(value)


def _marked_up(sentence: str, plain: Mapping[str, str]) -> str:
    safe = {name: escape(value) for name, value in plain.items()}
    safe |= {name: f'<a href="{safe[name]}">{safe[name]}</a>' for name in ADDRESSES}
    return escape(sentence, quote=False).format_map(safe)
