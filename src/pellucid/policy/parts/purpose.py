"""Purposes: why data may be used, for whom, and on which basis. How answers leave is `parts.release`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pellucid.policy.parts.added import ADDED
from pellucid.policy.parts.release import ReleaseRule, SuppressedRule
from pellucid.policy.parts.texts import Translation


class LegalBasis(StrEnum):
    """GDPR Art. 6(1) (a)-(f), in fideslang's words; elsewhere the nearest concept of the regime."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_INTEREST = "public_interest"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class Default(StrEnum):
    """What silence means under a regime: nothing without a yes, everything until a no, or no choice offered."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    NO_CHOICE = "no_choice"


class SensitiveUse(StrEnum):
    """Whether a purpose may touch sensitive rows at all."""

    NEVER = "never"
    EXPLICIT_CONSENT = "explicit_consent"


class Unknown(StrEnum):
    """What an unknown age means; an unknown place is a regime's name or REFUSE."""

    REFUSE = "refuse"
    ADULT = "adult"


class VulnerableUse(StrEnum):
    """Whether a purpose may touch vulnerable people: all may, those not known to be, or only those known not to be."""

    MAY = "may"
    NOT_IF_KNOWN = "not_if_known"
    NEVER = "never"


class RestrictedUse(StrEnum):
    """What may be done with data whose use is restricted, besides storing them (GDPR Art. 18(2))."""

    NONE = "none"
    LEGAL_CLAIMS = "legal_claims"
    RIGHTS_OF_OTHERS = "rights_of_others"
    PUBLIC_INTEREST = "public_interest"


@dataclass(frozen=True, slots=True)
class RegimeBasis:
    """A purpose's legal basis under one regime and what silence means there."""

    regime: str
    basis: LegalBasis
    default: Default


@dataclass(frozen=True, slots=True)
class Notice:
    """The words a customer was shown; a new version is a new notice.

    `accepts` are earlier versions from which this one differs in nothing that matters: a yes to them still counts.
    `child` says the same to a reader of twelve.
    """

    version: str
    text: str
    accepts: tuple[str, ...] = field(default=(), metadata=ADDED)
    child: str = field(default="", metadata=ADDED)

    def stands_for(self, version: str) -> bool:
        """Return whether a yes to that version, whatever published notice showed it, is a yes to this notice."""
        known = (self.version, *self.accepts)
        return version in known or declared_version(version) in known


SHOWN_DIGITS = 16
"""How many hex digits of a published notice's version a record keeps."""

_SHOWN = re.compile(rf"(?P<declared>.*)\+(?P<shown>[0-9a-f]{{{SHOWN_DIGITS}}})", re.DOTALL)


def declared_version(version: str) -> str:
    """Return the version of a purpose's notice that a record names, without the published notice that showed it."""
    found = _SHOWN.fullmatch(version)
    return version if found is None else found["declared"]


def shown_notice(version: str) -> str | None:
    """Return the first digits of the published notice that a record names; None if it names none."""
    found = _SHOWN.fullmatch(version)
    return None if found is None else found["shown"]


def shown_version(declared: str, published: str) -> str:
    """Return what a record keeps of a yes to a purpose's notice, in the words of a published one."""
    return f"{declared}+{published[:SHOWN_DIGITS]}"


@dataclass(frozen=True, slots=True)
class PurposeRetention:
    """How long rows of a dataset are needed for a purpose; older ones are over for it."""

    dataset: str
    days: int


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data may be used, for whom, on which basis, and in what form an answer may leave.

    `kinds` says what it is in the laws' words (`regulations.vocabulary.KINDS`), `soft_opt_in` that all conditions of
    mail to one's own customers are met (ePrivacy Directive Art. 13(2)), `loyalty` that taking part is rewarded, so a
    signal against it is asked about. With `guardian` a guardian's yes opens it for a minor. `retention` says of which
    datasets it needs no older rows.
    """

    name: str
    title: str
    description: str
    notice: Notice
    bases: Mapping[str, RegimeBasis]
    categories: tuple[str, ...]
    roles: tuple[str, ...]
    release: ReleaseRule
    unknown_place: str
    unknown_age: Unknown
    minimum_age: int = 18
    sensitive: SensitiveUse = SensitiveUse.NEVER
    consent_days: int | None = None
    recipients: tuple[str, ...] = ()
    suppressed: SuppressedRule | None = field(default=None, metadata=ADDED)
    kinds: tuple[str, ...] = field(default=(), metadata=ADDED)
    guardian: bool = field(default=False, metadata=ADDED)
    vulnerable: VulnerableUse = field(default=VulnerableUse.MAY, metadata=ADDED)
    while_restricted: RestrictedUse = field(default=RestrictedUse.NONE, metadata=ADDED)
    soft_opt_in: bool = field(default=False, metadata=ADDED)
    loyalty: bool = field(default=False, metadata=ADDED)
    translations: tuple[Translation, ...] = field(default=(), metadata=ADDED)
    retention: tuple[PurposeRetention, ...] = field(default=(), metadata=ADDED)

    def needs_days(self, dataset: str) -> int | None:
        """Return how old rows of a dataset may be for this purpose; None: as old as they are kept."""
        return next((each.days for each in self.retention if each.dataset == dataset), None)
