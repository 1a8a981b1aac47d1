"""What becomes of a visitor's choices when they sign in: the strictest wins. Pure; `workspace.visitors` carries it out.

A no joins the account by itself. A yes never does: somebody else may have pressed it in this browser, and what the
account refused stays refused. Where the account said nothing, the yes is shown, and asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pellucid.consent.record import ConsentVerb
from pellucid.consent.standing import Standing
from pellucid.consent.visitors import Choices, VisitorChoice, without


class Fate(StrEnum):
    """What became of one choice."""

    CLOSES = "closes"  # a no that the account had not said: recorded for it
    SAME = "same"  # the account says so already
    REFUSED = "refused"  # a yes to what the account refused: the account's no stays, here too
    ASKS = "asks"  # a yes where the account said nothing: it does not speak for the account
    NOTHING = "nothing"  # the account has no such choice, or the purpose is gone


@dataclass(frozen=True, slots=True)
class JoinedChoice:
    """One choice of a visitor, what became of it, and the verb that is recorded for the account, if any is."""

    purpose: str
    choice: VisitorChoice
    fate: Fate
    verb: ConsentVerb | None = None


def joined(choices: Choices, standings: Iterable[Standing]) -> tuple[JoinedChoice, ...]:
    """Return what becomes of each choice of a visitor, given where the person stands by their account."""
    own = {each.purpose.name: each for each in standings}
    return tuple(_fate(name, choice, own.get(name)) for name, choice in sorted(choices.items()))


def afterwards(outcome: Iterable[JoinedChoice], now: int) -> dict[str, VisitorChoice]:
    """Return what goes on in the browser, under a record that is tied to nobody: no yes that the account refused."""
    return {each.purpose: without(each.choice, now) if each.fate is Fate.REFUSED else each.choice for each in outcome}


def _fate(purpose: str, choice: VisitorChoice, standing: Standing | None) -> JoinedChoice:
    if standing is None or standing.no is None:
        return JoinedChoice(purpose, choice, Fate.NOTHING)
    if standing.said is choice.yes:
        return JoinedChoice(purpose, choice, Fate.SAME)
    if choice.yes:
        return JoinedChoice(purpose, choice, Fate.ASKS if standing.said is None else Fate.REFUSED)
    if choice.signalled and standing.purpose.loyalty and standing.said:
        return JoinedChoice(purpose, choice, Fate.ASKS)  # a signal asks a member, it does not override: `honour`
    return JoinedChoice(purpose, choice, Fate.CLOSES, standing.no)
