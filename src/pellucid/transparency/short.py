"""The short layer of a notice: one screen. Who, what for with which choice, who receives, how long, which rights."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.policy.model import Purpose
from pellucid.transparency import authorities, phrases, rights
from pellucid.transparency.content import Section, Sentence
from pellucid.transparency.maker import Maker


def short(maker: Maker) -> tuple[Section, ...]:
    """Return the sections of the short layer."""
    say, controller = maker.words.say, maker.policy.controller
    who = Sentence(
        "controller",
        say(
            "{controller} is responsible for your data. Write to {contact} with any question.",
            controller=controller.name,
            contact=controller.contact,
        ),
    )
    used = tuple(_purpose(maker, purpose) for purpose in maker.policy.purposes.values())
    return (
        Section("notice", say("Your data in short"), 1, (who,)),
        Section("purposes", say("What for, and your choice"), 2, used, listed=True),
        Section("more", say("What else you should know"), 2, tuple(_more(maker)), listed=True),
    )


def _purpose(maker: Maker, purpose: Purpose) -> Sentence:
    say, title = maker.words.say, maker.text("purposes", purpose.name)
    held: dict[str, list[str]] = {}
    for group in maker.choices[purpose.name]:
        held.setdefault(group.choice.silence, []).append(maker.where(group))
    if len(held) == 1:
        told = say(phrases.SHORT_CHOICES[next(iter(held))])
    else:
        told = say("; ").join(
            say("{place}: {text}", place=maker.words.listed(where), text=say(phrases.SHORT_CHOICES[each]))
            for each, where in held.items()
        )
    return Sentence(f"purpose:{purpose.name}", f"{title} ({told})", "purpose", title)


def _more(maker: Maker) -> Iterator[Sentence]:
    say, listed = maker.words.say, maker.words.listed
    if maker.recipients:
        receivers = say("; ").join(maker.titles("recipients", maker.recipients))
        yield Sentence("recipients", say("Who else receives data or answers: {recipients}.", recipients=receivers))
    else:
        yield Sentence("recipients", say("Nobody else receives data or answers."))
    yield Sentence("kept", _kept(maker))
    named = [say(text) for right, text in phrases.SHORT_RIGHTS.items() if right in _given(maker)]
    if named:
        text = say("Depending on the law where you live, you can: {rights}.", rights=listed(named))
        yield Sentence("rights", text)
    else:
        yield Sentence("rights", say("Write to us to use your rights; the law where you live says which you have."))
    yield from authorities.short(maker)
    yield Sentence("full", say("The full notice says which data each purpose uses, on which basis, and for how long."))


def _given(maker: Maker) -> set[str]:
    return {text for regime in maker.policy.regimes.values() for text in rights.given(maker, regime)}


def _kept(maker: Maker) -> str:
    periods = [maker.days_kept(dataset) for dataset in maker.datasets]
    known = [days for days in periods if days is not None]
    if not known or len(known) < len(periods):
        return maker.words.say("Some data we keep until you have them erased; the full notice says which.")
    return maker.words.say("We keep no entry for more than {period}.", period=maker.words.period(max(known)))
