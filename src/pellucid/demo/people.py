"""Where the example's households live, when their cardholders were born, where mail reaches them and what they said:
made up, by a stated rule.

The rule: `share(household, salt)` is a number in [0, 1) read from SHA-256 of "salt:household"; each fact takes the
interval that the number falls into. The same household gets the same facts everywhere and always; nothing is drawn.
Not for anybody's real customers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PLACES: tuple[tuple[str | None, float], ...] = (
    ("DE", 0.42),
    ("FR", 0.20),
    ("US-CA", 0.16),
    ("US-TX", 0.14),
    ("CH", 0.02),  # a place of no declared regime: what a purpose says of unknown places holds
    (None, 0.06),  # never told
)
"""Jurisdictions (ISO 3166) and the share of the households that live there."""

BIRTH_UNKNOWN, BIRTH_MINOR = 0.05, 0.02
ADULTS_BORN, MINORS_BORN = (1935, 1998), (2012, 2016)
"""5 % never told their birth year, 2 % of the cards were handed on to a child; bounds are inclusive."""

ASKED_FROM, ASKED_DAYS = datetime(2016, 6, 1, tzinfo=UTC), 540
"""Choices were made on a day of the 540 from June 2016 on: before and during the year of the purchases."""

OBJECTING = {"range-planning": 0.04, "service-improvement": 0.03, "customer-care": 0.02, "fraud-prevention": 0.01}
"""The share that objects (in America: opts out). Of all households 0.4 % restrict everything."""

NOTICE = "2016-06"
MAIL = "customers.kornblume.example"
"""Where nobody gets mail: names under `example` are nobody's (RFC 2606)."""
AMERICA = frozenset({"US-CA", "US-TX"})


@dataclass(frozen=True, slots=True)
class Household:
    """A household's made-up facts; None is unknown."""

    household_id: str
    jurisdiction: str | None
    birth_year: int | None

    @property
    def mail(self) -> str:
        """Its mail address."""
        return f"household-{self.household_id}@{MAIL}"

    @property
    def second_mail(self) -> str | None:
        """The second address that those have whose number ends in 1."""
        return f"second-{self.household_id}@{MAIL}" if self.household_id.endswith("1") else None


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing a household said; an empty purpose means all of them. `at` is UTC."""

    household_id: str
    purpose: str
    verb: str
    covers: str
    explicit: bool
    notice_version: str
    channel: str
    at: datetime


def share(household_id: str, salt: str) -> float:
    """Return the household's number in [0, 1) for a salt."""
    digest = hashlib.sha256(f"{salt}:{household_id}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def household(household_id: str) -> Household:
    """Return where a household lives and when its cardholder was born."""
    return Household(household_id, _place(household_id), _birth_year(household_id))


def choices(households: Sequence[Household]) -> list[Choice]:
    """Return everything the households said, in order of time (equal instants: by household and purpose)."""
    said = [choice for one in households for choice in _choices_of(one)]
    return sorted(said, key=lambda choice: (choice.at, choice.household_id, choice.purpose))


def _place(household_id: str) -> str | None:
    number = share(household_id, "place")
    for place, part in PLACES:
        number -= part
        if number < 0:
            return place
    return None


def _birth_year(household_id: str) -> int | None:
    number = share(household_id, "birth")
    if number < BIRTH_UNKNOWN:
        return None
    first, last = MINORS_BORN if number < BIRTH_UNKNOWN + BIRTH_MINOR else ADULTS_BORN
    return first + int(share(household_id, "birth-year") * (last - first + 1))


def _choices_of(one: Household) -> Iterator[Choice]:
    yield from _on_loyalty_offers(one)
    yield from _on_pharmacy_care(one)
    no = "opt_out" if one.jurisdiction in AMERICA else "object"
    for purpose, part in OBJECTING.items():
        if share(one.household_id, purpose) < part:
            yield _said(one, purpose, no)
    if share(one.household_id, "restrict") < 0.004:
        yield _said(one, "", "restrict")


def _on_loyalty_offers(one: Household) -> Iterator[Choice]:
    """In America 8 % opt out. Elsewhere 36 % say yes for all their data, 14 % from then on, 5 % yes and withdraw
    60 days later, 15 % no, and the rest say nothing.
    """
    purpose, number = "loyalty-offers", share(one.household_id, "loyalty-offers")
    if one.jurisdiction in AMERICA:
        if number < 0.08:
            yield _said(one, purpose, "opt_out")
        return
    if number < 0.36:
        yield _said(one, purpose, "give", covers="held_data")
    elif number < 0.50:
        yield _said(one, purpose, "give")
    elif number < 0.55:
        yield _said(one, purpose, "give", covers="held_data")
        yield _said(one, purpose, "withdraw", later=60)
    elif number < 0.70:
        yield _said(one, purpose, "refuse")


def _on_pharmacy_care(one: Household) -> Iterator[Choice]:
    """Everywhere 30 % say an explicit yes for all their data, 5 % an explicit yes from then on, 5 % a yes that was not
    explicit (not enough for health), 3 % an explicit yes that they withdraw 90 days later, 10 % no. Of the Californians
    6 % limit it.
    """
    purpose, number = "pharmacy-care", share(one.household_id, "pharmacy-care")
    if number < 0.30:
        yield _said(one, purpose, "give", covers="held_data", explicit=True)
    elif number < 0.35:
        yield _said(one, purpose, "give", explicit=True)
    elif number < 0.40:
        yield _said(one, purpose, "give", covers="held_data")
    elif number < 0.43:
        yield _said(one, purpose, "give", covers="held_data", explicit=True)
        yield _said(one, purpose, "withdraw", later=90)
    elif number < 0.53:
        yield _said(one, purpose, "refuse")
    if one.jurisdiction == "US-CA" and share(one.household_id, "limit") < 0.06:
        yield _said(one, purpose, "limit", later=120)


def _said(
    one: Household, purpose: str, verb: str, *, covers: str = "from_now", explicit: bool = False, later: int = 0
) -> Choice:
    """Return a choice made on the household's day for that purpose, or `later` days after it, at a till or online."""
    seconds = int(share(one.household_id, f"{purpose}:when") * ASKED_DAYS * 86_400)
    channel = "till" if share(one.household_id, f"{purpose}:channel") < 0.6 else "web"
    at = ASKED_FROM + timedelta(seconds=seconds, days=later)
    return Choice(one.household_id, purpose, verb, covers, explicit, NOTICE, channel, at)
