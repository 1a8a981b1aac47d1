"""The supervisory authorities that people can complain to, in every layer: those that the policy names."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.policy.model import Authority
from pellucid.transparency.content import Section, Sentence
from pellucid.transparency.maker import Maker


def section(maker: Maker) -> Iterator[Section]:
    """Yield the section of the full layer; none where the policy names no authority."""
    declared = maker.policy.controller.authorities
    if declared:
        told = tuple(Sentence(f"authority:{each.name}", _whole(maker, each)) for each in declared)
        yield Section("authorities", maker.words.say("Where you can complain, by where you live"), 2, told, listed=True)


def short(maker: Maker) -> Iterator[Sentence]:
    """Yield what the short layer says: their names, since how each is reached stands in the full one."""
    declared = maker.policy.controller.authorities
    if declared:
        named = maker.words.say("; ").join(each.name for each in declared)
        yield Sentence("authorities", maker.words.say("You can complain to: {authorities}.", authorities=named))


def child(maker: Maker) -> Iterator[Sentence]:
    """Yield what a reader of twelve is told."""
    declared = maker.policy.controller.authorities
    if declared:
        say = maker.words.say
        named = say("; ").join(f"{each.name} ({each.web})" for each in declared)
        text = say("Others watch over what we do. They help you too: {authorities}.", authorities=named)
        yield Sentence("authorities", text)


def _whole(maker: Maker, authority: Authority) -> str:
    say, words = maker.words.say, maker.words
    places = words.listed(words.country(each) for each in authority.jurisdictions)
    told = ", ".join((authority.name, *authority.reached))  # a page ends its link before a comma
    return say("{place}: {text}", place=places, text=told)
