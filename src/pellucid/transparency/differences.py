"""What is different between two versions of a notice, in plain words: sentence by sentence, by what each is about.

What is said about a thing that is new or gone as a whole is not told one by one: the thing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pellucid.transparency import phrases
from pellucid.transparency.content import SUMMARY, Content, Section, Sentence
from pellucid.transparency.words import Words

DETAIL = 3
"""The level of sections about one purpose, dataset, recipient or law: what differs in them is told with their title."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A sentence, and the title of the section about one thing in which it stands; empty elsewhere."""

    sentence: Sentence
    under: str


Counts = Callable[[Sentence | None, Sentence | None], bool]
"""Whether a difference counts, from what was said before and what is said after; None: nothing."""


def differences(
    old: Content, new: Content, language: str, counts: Counts = lambda _before, _after: True
) -> tuple[str, ...]:
    """Return a sentence for each difference in the full layer, in its order; none exactly if the layer says the same.

    Of those that count, if not all do. Raises NameUnknown for a language in which one of them is not.
    """
    words = Words(language)
    before, after = (_told(each, language) for each in (old, new))
    found = [
        said
        for one, other in _pairs(before, after)
        if counts(*(None if each is None else each.sentence for each in (one, other)))
        for said in _one(words, one, other)
    ]
    return tuple(dict.fromkeys(found))


def _pairs(before: Mapping[str, _Told], after: Mapping[str, _Told]) -> Iterator[tuple[_Told | None, _Told | None]]:
    """Yield what is told of the same thing before and after, but what is within a thing that is new or gone."""
    came, went = _whole(after, before), _whole(before, after)
    for about, told in after.items():
        if not _within(about, came):
            yield before.get(about), told
    for about, told in before.items():
        if about not in after and not _within(about, went):
            yield told, None


def _told(content: Content, language: str) -> dict[str, _Told]:
    sections = content.telling(language).layer("full")
    titles = {f"title:{each.name}": _Told(Sentence(f"title:{each.name}", each.title), "") for each in sections}
    own = {f"title:{each.name}" for each in sections if each.level < DETAIL or each.name.startswith("rights:")}
    return {name: title for name, title in titles.items() if name in own} | {
        sentence.about: _Told(sentence, _under(section))
        for section in sections
        for sentence in section.sentences
        if sentence.topic != SUMMARY
    }


def _under(section: Section) -> str:
    return section.title if section.level >= DETAIL else ""


def _whole(here: Mapping[str, _Told], there: Mapping[str, _Told]) -> tuple[str, ...]:
    """Return the things, by what their first sentence is about, that are here and not there."""
    return tuple(about for about, told in here.items() if about not in there and told.sentence.topic in phrases.WHOLE)


def _within(about: str, whole: tuple[str, ...]) -> bool:
    return any(about.startswith(f"{each}:") for each in whole)


def _one(words: Words, before: _Told | None, after: _Told | None) -> Iterator[str]:
    if before is None and after is not None:
        yield _said(words, phrases.NEW, after, phrases.SAID_NEW)
    elif after is None and before is not None:
        yield _said(words, phrases.GONE, before, phrases.SAID_NO_MORE)
    elif before is not None and after is not None and before.sentence != after.sentence:
        old, new = before.sentence, after.sentence
        if old.fact != new.fact and new.topic in phrases.CHANGED:
            yield words.say(phrases.CHANGED[new.topic], of=new.of, fact=new.fact, before=old.fact)
        if _differs_in_words(old, new):
            yield _placed(words, after, words.say(phrases.SAID_OTHERWISE, text=new.text, before=old.text))


def _said(words: Words, by_topic: Mapping[str, str], told: _Told, otherwise: str) -> str:
    sentence = told.sentence
    if sentence.topic in by_topic:
        return words.say(by_topic[sentence.topic], of=sentence.of, fact=sentence.fact)
    return _placed(words, told, words.say(otherwise, text=sentence.text))


def _placed(words: Words, told: _Told, text: str) -> str:
    return words.say("{place}: {text}", place=told.under, text=text) if told.under else text


def _differs_in_words(old: Sentence, new: Sentence) -> bool:
    """Return whether the words differ in more than the fact, which is told in its own way."""
    if new.topic not in phrases.CHANGED or not old.fact or not new.fact:
        return old.text != new.text
    return _without(old) != _without(new)


def _without(sentence: Sentence) -> str:
    return sentence.text.replace(sentence.fact, "")
