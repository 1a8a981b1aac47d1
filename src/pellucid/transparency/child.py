"""What a reader of twelve is told: short sentences, what is done with data of children and what is not, whom to ask."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.policy.model import Default, Purpose
from pellucid.transparency import authorities
from pellucid.transparency.choices import any_has
from pellucid.transparency.content import Section, Sentence
from pellucid.transparency.maker import Maker
from pellucid.transparency.purposes import is_done_somewhere

READER = 12
"""How old the reader is, in years."""


def child(maker: Maker) -> tuple[Section, ...]:
    """Return the sections of the layer for a reader of twelve."""
    say, name = maker.words.say, maker.policy.controller.name
    who = Sentence(
        "controller", say("We are {controller}. Here we tell you what we do with your data.", controller=name)
    )
    taken = [purpose for purpose in maker.policy.purposes.values() if _takes(maker, purpose)]
    spared = [purpose for purpose in maker.policy.purposes.values() if purpose not in taken and purpose.minimum_age]
    return (
        Section("notice", say("Your data, for young readers"), 1, (who,)),
        Section("purposes", say("What we do"), 2, tuple(_taken(maker, taken)), listed=True),
        Section("spared", say("What is only for grown-ups"), 2, tuple(_spared(maker, spared)), listed=True),
        Section("choices", say("What you can do"), 2, tuple(_choices(maker, taken)), listed=True),
    )


def _takes(maker: Maker, purpose: Purpose) -> bool:
    """Return whether a purpose may take data of the reader, with or without a guardian's yes."""
    return is_done_somewhere(maker.choices[purpose.name]) and (purpose.minimum_age <= READER or purpose.guardian)


def _taken(maker: Maker, taken: list[Purpose]) -> Iterator[Sentence]:
    if not taken:
        yield Sentence("purposes", maker.words.say("We do nothing that is meant for people as young as you."))
    for purpose in taken:
        told = maker.text("purposes", purpose.name, "child") or maker.text("purposes", purpose.name, "notice")
        yield Sentence(f"purpose:{purpose.name}", told, "purpose", maker.text("purposes", purpose.name))


def _spared(maker: Maker, spared: list[Purpose]) -> Iterator[Sentence]:
    say = maker.words.say
    if not spared:
        yield Sentence("spared", say("There is nothing that we do only with data of grown-ups."))
        return
    yield Sentence("spared", say("If we know that you are too young, we leave your data out of these things."))
    for purpose in spared:
        title = maker.text("purposes", purpose.name)
        text = say("{title}: from {age} years on.", title=title, age=purpose.minimum_age)
        yield Sentence(f"spared:{purpose.name}", text)


def _choices(maker: Maker, taken: list[Purpose]) -> Iterator[Sentence]:
    say = maker.words.say
    found = [maker.choices[purpose.name] for purpose in taken]
    if any(any_has(each, Default.OPT_OUT) for each in found):
        yield Sentence("no", say("You can say no to some of this. Then we stop using your data for it."))
    if any(any_has(each, Default.OPT_IN) for each in found):
        yield Sentence("yes", say("For some things we must ask first. You can say no, and nothing bad happens."))
    yield Sentence("ask", say("You can ask us what we know about you. If something is wrong, tell us."))
    yield Sentence("erase", say("You can ask us to delete your data."))
    contact = maker.policy.controller.contact
    yield Sentence("help", say("Your parents can help you. Write to {contact}.", contact=contact), "contact", contact)
    yield from authorities.child(maker)
