"""A message as plain text and as HTML, of fixed words in the person's language. Pure.

The only words of the company's in it are its name; a name cannot bring a line, a link or markup of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pellucid.delivery.letter import Letter, one_line, write
from pellucid.transparency.message_words import BODIES, FIELDS, LANGUAGES, PAGES, SEE, SUBJECTS
from pellucid.transparency.words import Words

ADDRESSES = ("link", "page")
"""Places in which an address stands; a sentence about one that is not there is left out."""


def compose(kind: str, language: str, fields: Mapping[str, str | date | int]) -> Letter:
    """Return a message of a kind; `fields` are of FIELDS, and what is not given is not in that kind's words.

    Days and counts are told as the language tells them. A language that there are no words in is English.
    """
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    plain = {name: _told(Words(spoken), fields.get(name, "")) for name in FIELDS}
    said = (*BODIES[spoken][kind], PAGES[spoken][kind], *SEE[spoken])
    missing = [f"{{{name}}}" for name in ADDRESSES if not plain[name]]
    sentences = [each for each in said if not any(place in each for place in missing)]
    subject = SUBJECTS[spoken][kind].format_map(plain)
    return write(spoken, subject, [(each, plain) for each in sentences], ADDRESSES)


def _told(words: Words, value: str | date | int) -> str:
    if isinstance(value, str):
        return one_line(value)
    return words.date(value) if isinstance(value, date) else words.number(value)
