"""A message as plain text and as HTML, of fixed words in the person's language. Pure.

The only words of the company's in it are its name and, of a publication, what differs between two notices that
everybody is shown; none of them can bring a line, a link or markup of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from pellucid.delivery.letter import LONGEST, Letter, one_line, write
from pellucid.transparency.message_words import BODIES, FIELDS, LANGUAGES, NEWS, NOTICE, PAGES, SEE, SUBJECTS
from pellucid.transparency.words import Words

ADDRESSES = ("link", "page", "centre")
"""Places in which an address stands; a sentence about one that is not there is left out."""
MOST = 20
"""Differences of a notice that one message tells; it says how many more there are."""

Said = tuple[str, Mapping[str, str | date | int]]
"""A sentence, and what stands in its places."""


def compose(kind: str, language: str, fields: Mapping[str, str | date | int]) -> Letter:
    """Return a message of a kind; `fields` are of FIELDS, and what is not given is not in that kind's words.

    Days and counts are told as the language tells them. A language that there are no words in is English.
    """
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    said = [(each, fields) for each in (*BODIES[spoken][kind], PAGES[spoken][kind], *SEE[spoken])]
    return _written(spoken, SUBJECTS[spoken][kind], said, fields)


def compose_news(
    language: str, fields: Mapping[str, str | date | int], changes: Sequence[str], *, said: bool
) -> Letter:
    """Return a message about a publication: what differs in it, to everybody; the first MOST of it, and how much more.

    To who `said` yes to other words than there are now, it says what holds of that.
    """
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    told, more = changes[:MOST], len(changes) - MOST
    news = NEWS[spoken]
    sentences: list[Said] = [(news.begins, fields)]
    sentences += [(news.changed, fields)] if told else []
    sentences += [(news.change, {**fields, "change": each}) for each in told]
    sentences += [(news.more, {**fields, "more": more})] if more > 0 else []
    sentences += [(news.said, fields)] if said else []
    sentences += [(each, fields) for each in (*news.can, PAGES[spoken][NOTICE], *SEE[spoken])]
    return _written(spoken, SUBJECTS[spoken][NOTICE], sentences, fields)


def _written(spoken: str, subject: str, said: Iterable[Said], fields: Mapping[str, str | date | int]) -> Letter:
    words = Words(spoken)
    missing = [f"{{{name}}}" for name in ADDRESSES if not fields.get(name, "")]
    paragraphs = [
        (sentence, {name: _told(words, given.get(name, "")) for name in FIELDS})
        for sentence, given in said
        if not any(place in sentence for place in missing)
    ]
    plain = {name: _told(words, fields.get(name, "")) for name in FIELDS}
    return write(spoken, subject.format_map(plain), paragraphs, ADDRESSES)


def _told(words: Words, value: str | date | int) -> str:
    if isinstance(value, str):
        told = one_line(value)
        return told if len(told) < LONGEST else f"{told[: LONGEST - 1]}…"
    return words.date(value) if isinstance(value, date) else words.number(value)
