"""Who is responsible, under which laws and where, whose privacy is counted, who acts, who is given something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pellucid.policy.parts.added import ADDED
from pellucid.policy.parts.release import Allowance
from pellucid.policy.parts.texts import LANGUAGES, Translation


@dataclass(frozen=True, slots=True)
class Authority:
    """A supervisory authority that people can complain to (GDPR Art. 77): who it is, and how it is reached.

    `jurisdictions` (ISO 3166) are where those live who can go to it. Its name is a proper name, in no other language.
    """

    name: str
    web: str
    jurisdictions: tuple[str, ...]
    address: str = ""
    phone: str = ""

    @property
    def reached(self) -> tuple[str, ...]:
        """How it is reached: its page, then its address and its number, as far as they are declared."""
        return tuple(each for each in (self.web, self.address, self.phone) if each)

    def serves(self, place: str) -> bool:
        """Return whether whoever lives in a place can go to it; a country alone may be any of its parts."""
        country = place.partition("-")[0]
        return any(each in (place, country) or each.startswith(f"{place}-") for each in self.jurisdictions)


@dataclass(frozen=True, slots=True)
class Controller:
    """Who is responsible (GDPR Art. 13(1)(a)).

    `language` is the one that the policy's texts are written in, `languages` are those that they are translated into.
    `authorities` are those that people can complain to.
    """

    name: str
    country: str
    contact: str
    officer: str = ""
    language: str = field(default="en", metadata=ADDED)
    languages: tuple[str, ...] = field(default=(), metadata=ADDED)
    authorities: tuple[Authority, ...] = field(default=(), metadata=ADDED)

    def authorities_of(self, place: str | None) -> tuple[Authority, ...]:
        """Return those that somebody in a place can complain to; all, where it is not known where they live."""
        return tuple(each for each in self.authorities if place is None or each.serves(place))

    def spoken_to(self, known: str) -> str:
        """Return the language to write to somebody in: theirs, or the company's where that is not known."""
        return known if known in LANGUAGES else self.language


@dataclass(frozen=True, slots=True)
class Regime:
    """A legal regime and the jurisdictions (ISO 3166 codes) it covers.

    `establishment` is the country of the establishment that serves its people, if not the controller's own (GDPR
    Art. 3(1)).
    """

    name: str
    title: str
    jurisdictions: tuple[str, ...]
    establishment: str = field(default="", metadata=ADDED)
    translations: tuple[Translation, ...] = field(default=(), metadata=ADDED)


@dataclass(frozen=True, slots=True)
class PrivacyUnit:
    """A subject namespace: whose privacy is counted, and the binding yearly cap over all datasets and purposes."""

    name: str
    title: str
    cap: Allowance
    translations: tuple[Translation, ...] = field(default=(), metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Role:
    """What people holding the role may do: `policy.decide.ACTIONS` lists the actions."""

    name: str
    title: str
    may: tuple[str, ...]
    translations: tuple[Translation, ...] = field(default=(), metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff and the roles they hold; `allowance` is the most they may spend, over all purposes."""

    name: str
    title: str
    roles: tuple[str, ...]
    allowance: Allowance | None = field(default=None, metadata=ADDED)
    translations: tuple[Translation, ...] = field(default=(), metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody data or answers are given to (GDPR Art. 13(1)(e)-(f)).

    `address` is where mail tells them of an erasure, rectification or restriction (Art. 19); empty: by a file.
    `safeguard` says what protects data there, in another country (Art. 13(1)(f), 46).
    """

    name: str
    title: str
    country: str
    kind: str
    address: str = field(default="", metadata=ADDED)
    translations: tuple[Translation, ...] = field(default=(), metadata=ADDED)
    safeguard: str = field(default="", metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: kind (`staff`, `customer`, `system`), name, roles held, and how that was established.

    In the embedded product `authenticated` is `os-user:<name>`: a label with the operating-system user, not a proof.
    """

    kind: str
    name: str
    roles: tuple[str, ...]
    authenticated: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Facts about an actor that other stories establish (training, approvals). Empty until governance fills it."""

    facts: Mapping[str, str] = field(default_factory=dict)
