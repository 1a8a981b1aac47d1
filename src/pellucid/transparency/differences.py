"""What is different between two versions of a notice, in plain words: sentence by sentence, by what each is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pellucid.transparency import phrases
from pellucid.transparency.content import SUMMARY, Content, Sentence
from pellucid.transparency.words import Words


def differences(old: Content, new: Content, language: str) -> tuple[str, ...]:
    """Return a sentence for each difference in the full layer, in its order; none exactly if the layer says the same.

    Raises NameUnknown for a language in which one of them is not.
    """
    words = Words(language)
    before, after = (_told(each, language) for each in (old, new))
    found = [told for about, sentence in after.items() for told in _one(words, before.get(about), sentence)]
    found += [told for about, sentence in before.items() if about not in after for told in _one(words, sentence, None)]
    return tuple(dict.fromkeys(found))


def _told(content: Content, language: str) -> dict[str, Sentence]:
    sections = content.telling(language).layer("full")
    titles = {f"title:{each.name}": Sentence(f"title:{each.name}", each.title) for each in sections}
    own = {name: title for name, title in titles.items() if not name.startswith("title:purpose:")}
    told = (sentence for each in sections for sentence in each.sentences if sentence.topic != SUMMARY)
    return own | {sentence.about: sentence for sentence in told}


def _one(words: Words, old: Sentence | None, new: Sentence | None) -> Iterator[str]:
    if old is None and new is not None:
        yield _said(words, phrases.NEW, new, phrases.SAID_NEW)
    elif new is None and old is not None:
        yield _said(words, phrases.GONE, old, phrases.SAID_NO_MORE)
    elif old is not None and new is not None and old != new:
        if old.fact != new.fact and new.topic in phrases.CHANGED:
            yield words.say(phrases.CHANGED[new.topic], of=new.of, fact=new.fact, before=old.fact)
        if _differs_in_words(old, new):
            yield words.say(phrases.SAID_OTHERWISE, text=new.text, before=old.text)


def _said(words: Words, by_topic: Mapping[str, str], sentence: Sentence, otherwise: str) -> str:
    text = by_topic.get(sentence.topic, otherwise)
    return words.say(text, of=sentence.of, fact=sentence.fact, text=sentence.text)


def _differs_in_words(old: Sentence, new: Sentence) -> bool:
    """Return whether the words differ in more than the fact, which is told in its own way."""
    if new.topic not in phrases.CHANGED or not old.fact:
        return old.text != new.text
    return old.text.replace(old.fact, "").replace(old.of, "") != new.text.replace(new.fact, "").replace(new.of, "")
