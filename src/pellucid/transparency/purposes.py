"""A purpose in the full layer: what is done, with which data, on which basis, what a yes or no does, who is spared."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.policy.categories import REVEALED, SPECIAL, is_within
from pellucid.policy.model import Purpose, SensitiveUse, Unknown, VulnerableUse
from pellucid.transparency import phrases
from pellucid.transparency.choices import NOT_DONE, Group
from pellucid.transparency.content import SUMMARY, Section, Sentence
from pellucid.transparency.maker import Maker
from pellucid.transparency.words import message

_BY_LAW = {
    "opt_in_below": message("By law, of people younger than {age} we use data only if they say yes."),
    "guardian_below": message("By law, a parent or guardian says yes for whoever is younger than {age}."),
    "prohibited_below": message("By law, we do not do this with data of people younger than {age}."),
}
_CARE = {
    VulnerableUse.NOT_IF_KNOWN: message("If we know that somebody needs special protection, we leave their data out."),
    VulnerableUse.NEVER: message("We use only data of people of whom we know that they need no special protection."),
}


def section(maker: Maker, purpose: Purpose) -> Section:
    """Return the section of a purpose."""
    title = maker.text("purposes", purpose.name)
    return Section(f"purpose:{purpose.name}", title, 3, tuple(_sentences(maker, purpose, title)), listed=True)


def _sentences(maker: Maker, purpose: Purpose, title: str) -> Iterator[Sentence]:
    about = f"purpose:{purpose.name}"
    yield Sentence(about, maker.text("purposes", purpose.name, "notice"), "purpose", title)
    yield Sentence(f"{about}:description", maker.text("purposes", purpose.name, "description"))
    yield from _kinds(maker, purpose, title)
    for group in maker.choices[purpose.name]:
        yield _choice(maker, purpose, group)
    if purpose.consent_days is not None:
        period = maker.words.period(purpose.consent_days)
        text = maker.words.say("A yes ends by itself after {period}.", period=period)
        yield Sentence(f"{about}:lasts", text, "lasts", period, title)
    yield from _needed(maker, purpose, title)
    yield from _sensitive(maker, purpose)
    yield from _spared(maker, purpose, title)


def _kinds(maker: Maker, purpose: Purpose, title: str) -> Iterator[Sentence]:
    about, say = f"purpose:{purpose.name}", maker.words.say
    kinds = maker.kinds_read(purpose)
    if kinds:
        listed = maker.words.listed(maker.category(each) for each in kinds)
        yield Sentence(f"{about}:data", say("We use: {kinds}.", kinds=listed), SUMMARY)
        for each in kinds:
            yield Sentence(f"{about}:data:{each}", "", "kind", maker.category(each), title)
    if purpose.kinds:
        listed = maker.words.listed(say(phrases.KINDS[each]) for each in purpose.kinds)
        yield Sentence(f"{about}:kinds", say("In the words of laws this is: {kinds}.", kinds=listed))


def _needed(maker: Maker, purpose: Purpose, title: str) -> Iterator[Sentence]:
    """Yield of which data only newer entries are used than are kept."""
    for dataset in maker.reads(purpose):
        days = maker.days_needed(dataset, purpose)
        if days is not None:
            period, data = maker.words.period(days), maker.text("datasets", dataset.name)
            text = maker.words.say(
                "{data}: we use only entries of the last {period} for this.", data=data, period=period
            )
            about = f"purpose:{purpose.name}:needs:{dataset.name}"
            yield Sentence(about, text, SUMMARY)
            yield Sentence(f"{about}:days", "", "needed", period, f"{title}, {data}")


def _choice(maker: Maker, purpose: Purpose, group: Group) -> Sentence:
    """Return what holds in a group of places; the places are named where not all have the same."""
    say, choice = maker.words.say, group.choice
    told = [say(phrases.EXPLICIT if choice.explicit else phrases.CHOICES[choice.silence])]
    if choice.basis is not None:
        told.append(say(phrases.BASES[choice.basis]))
    if choice.signals:
        told.append(say("A privacy signal of your browser, such as Global Privacy Control, counts as a no."))
    for name, text in _BY_LAW.items():
        age = getattr(choice, name)
        if age:
            told.append(say(text, age=age))
    alone = len(maker.choices[purpose.name]) == 1
    text = " ".join(told)
    if not alone:
        text = say("{place}: {text}", place=maker.where(group), text=text)
    place = "" if alone else ":" + "+".join((*group.regimes, *group.rest))
    return Sentence(f"purpose:{purpose.name}:choice{place}", text)


def _sensitive(maker: Maker, purpose: Purpose) -> Iterator[Sentence]:
    about, say = f"purpose:{purpose.name}:sensitive", maker.words.say
    revealed = [word for word in REVEALED if word in _revealed(maker, purpose)]
    if purpose.sensitive is SensitiveUse.EXPLICIT_CONSENT:
        listed = maker.words.listed(say(phrases.REVEALED[word]) for word in revealed)
        if listed:
            text = say("Some of these data tell something about: {revealed}.", revealed=listed)
            only = say("We use those only if you agreed to it explicitly.")
            yield Sentence(about, f"{text} {only}")
        else:
            yield Sentence(about, say("We use data of specially protected kinds only if you agreed to it explicitly."))
    elif revealed:
        listed = maker.words.listed(say(phrases.REVEALED[word]) for word in revealed)
        yield Sentence(about, say("We leave out entries that tell something about: {revealed}.", revealed=listed))


def _revealed(maker: Maker, purpose: Purpose) -> set[str]:
    """Return what rows and columns that a purpose reads may tell, in the words of `REVEALED`."""
    rows = {rule.reveals for dataset in maker.reads(purpose) for rule in dataset.sensitive_when}
    special = {each for each in SPECIAL for kind in maker.kinds_read(purpose) if is_within(kind, each)}
    return rows | {_SPECIAL[each] for each in special}


_SPECIAL = dict(
    zip(SPECIAL, ("biometric", "criminal", "politics", "ethnicity", "religion", "sexuality", "health"), strict=True)
)
"""What each special category tells of."""


def _spared(maker: Maker, purpose: Purpose, title: str) -> Iterator[Sentence]:
    about, say = f"purpose:{purpose.name}", maker.words.say
    if purpose.minimum_age > 0:
        age = str(purpose.minimum_age)
        known = say("If we know that you are younger than {age}, we leave your data out.", age=age)
        guarded = say("For somebody younger than {age}, a parent or guardian has to say yes.", age=age)
        yield Sentence(f"{about}:age", guarded if purpose.guardian else known, "age", age, title)
        if purpose.unknown_age is Unknown.REFUSE:
            yield Sentence(
                f"{about}:age-unknown", say("If we do not know how old you are, we leave your data out too.")
            )
    if purpose.vulnerable in _CARE:
        yield Sentence(f"{about}:care", say(_CARE[purpose.vulnerable]))
    yield Sentence(f"{about}:place-unknown", _unknown_place(maker, purpose))


def _unknown_place(maker: Maker, purpose: Purpose) -> str:
    say = maker.words.say
    if purpose.unknown_place not in maker.policy.regimes:
        return say("If we do not know where you live, we leave your data out.")
    regime = maker.text("regimes", purpose.unknown_place)
    return say("If we do not know where you live, we treat your data as under: {regime}.", regime=regime)


def is_done_somewhere(found: tuple[Group, ...]) -> bool:
    """Return whether a purpose has a basis in some place, and no law forbids it there."""
    return any(group.choice.silence != NOT_DONE for group in found)
