"""What somebody chose who is not signed in, and what of it counts. Pure; stored by `consent.visitor_records`.

Nothing is known of a visitor: what they are offered is what a yes of somebody without any facts would open. Their
browser's signal takes away as long as it is sent, and what it closed stays closed until they say yes without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pellucid.consent.honour import concerns
from pellucid.consent.permitted import decide_subject
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.rule import rule_for
from pellucid.consent.screens import NO_DOUBT, Screens
from pellucid.consent.signals import SignalReading
from pellucid.consent.standing import no_of
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Policy, Purpose

NOTHING_KNOWN = SubjectFacts()
SCREENS = ("visitor-page-1", "consent-widget-1")
"""The screens that visitors choose on; a new number where what one says or how it looks changes what a choice means."""


@dataclass(frozen=True, slots=True)
class VisitorChoice:
    """A visitor's yes or no, or the browser's (`signalled`), when (UTC µs), and what they were shown."""

    yes: bool
    at: int
    notice_version: str = ""
    screen: str = ""
    language: str = ""
    signalled: bool = False


Choices = Mapping[str, VisitorChoice]
"""By purpose."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A yes or no as it is handed in; a yes says which notice it is to."""

    yes: bool
    notice_version: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """A purpose that a visitor has a choice about. `said`: their word that counts now; True a yes, None none.

    `signalled` says that a no is the browser's, `blocked` that it is said at this very moment, so that no yes can be.
    """

    purpose: Purpose
    said: bool | None
    signalled: bool = False
    blocked: bool = False
    at: int | None = None


def offered(
    policy: Policy, choices: Choices, reading: SignalReading, now: int, doubted: Screens = NO_DOUBT
) -> tuple[Offered, ...]:
    """Return what a visitor has a choice about, and what they chose, in the policy's order.

    A yes through a screen that is `doubted`, or void, does not count, as nobody's does.
    """
    return tuple(
        _offer(policy, purpose, choices.get(purpose.name), reading, now, doubted)
        for purpose in policy.purposes.values()
        if _is_offered(policy, purpose, now)
    )


def chosen(
    policy: Policy,
    choices: Choices,
    wishes: Mapping[str, Wish],
    reading: SignalReading,
    now: int,
    *,
    screen: str,
    language: str,
) -> dict[str, VisitorChoice]:
    """Return what stands after a visitor chose; what the browser's signal closes is kept as its no.

    Raises NameUnknown for a purpose that is not offered, InputInvalid for a yes to another notice than the one in force
    and for one against what the browser says.
    """
    there = {each.purpose.name: each for each in offered(policy, choices, reading, now)}
    kept = {name: each for name, each in choices.items() if name in policy.purposes}
    for name, wish in wishes.items():
        if name not in there:
            raise NameUnknown("purpose", name, tuple(there))
        if wish.yes:
            _demand_yes(there[name], wish)
        notice = wish.notice_version or there[name].purpose.notice.version
        kept[name] = VisitorChoice(wish.yes, now, notice, screen, language)
    for name, each in there.items():
        if each.blocked and (name not in kept or kept[name].yes):
            kept[name] = VisitorChoice(False, now, each.purpose.notice.version, screen, language, signalled=True)
    return kept


def without(choice: VisitorChoice, now: int) -> VisitorChoice:
    """Return the no that takes a choice's place where an account refused."""
    return replace(choice, yes=False, at=now, signalled=False)


def with_noes(choices: Choices, others: Choices) -> dict[str, VisitorChoice]:
    """Return the choices with every no of others that they have not: the strictest counts."""
    noes = {name: each for name, each in others.items() if not each.yes}
    return {**choices, **{name: no for name, no in noes.items() if name not in choices or choices[name].yes}}


def _is_offered(policy: Policy, purpose: Purpose, now: int) -> bool:
    """Return whether there is a choice for somebody of whom nothing is known, and a yes of theirs would count."""
    rule = rule_for(policy, purpose, NOTHING_KNOWN, now)
    if rule is None or no_of(rule) is None:
        return False
    return _counts(policy, purpose, VisitorChoice(True, now, purpose.notice.version), now, NO_DOUBT)


def _counts(policy: Policy, purpose: Purpose, choice: VisitorChoice, now: int, doubted: Screens) -> bool:
    """Return whether a yes is one now: it ends with its days, and with its notice, as anybody's does."""
    given = ConsentRecord(
        namespace="",
        subject=0,
        purpose=purpose.name,
        verb=ConsentVerb.GIVE,
        notice_version=choice.notice_version,
        at=min(choice.at, now),
        screen_state=doubted.state_of(choice.screen, choice.at),
    )
    return decide_subject(policy, purpose, NOTHING_KNOWN, (given,), now).permitted


def _offer(
    policy: Policy,
    purpose: Purpose,
    choice: VisitorChoice | None,
    reading: SignalReading,
    now: int,
    doubted: Screens,
) -> Offered:
    blocked = concerns(policy, purpose, NOTHING_KNOWN, reading, now)
    if choice is not None and not choice.yes:
        return Offered(purpose, False, choice.signalled, blocked, choice.at)
    if blocked:
        return Offered(purpose, False, signalled=True, blocked=True)
    if choice is None or not _counts(policy, purpose, choice, now, doubted):
        return Offered(purpose, None)
    return Offered(purpose, True, at=choice.at)


def _demand_yes(offer: Offered, wish: Wish) -> None:
    if offer.blocked:
        raise InputInvalid(
            f"Your browser says no to {offer.purpose.title!r} for you (Global Privacy Control).",
            remedy="Switch the signal off for this site first, if you want to say yes.",
            code="choice-signalled",
        )
    if wish.notice_version != offer.purpose.notice.version:
        raise InputInvalid(
            f"A yes to {offer.purpose.name!r} needs its current notice: got version {wish.notice_version!r}, "
            f"allowed {offer.purpose.notice.version!r}.",
            remedy="Show the current notice and ask again.",
            code="notice-not-current",
        )
