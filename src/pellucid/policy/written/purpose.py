"""Purposes: why data may be used, for whom, on which basis. How answers leave is `written.release`."""

from __future__ import annotations

from pydantic import Field

from pellucid.policy.model import Default, LegalBasis, RestrictedUse, SensitiveUse, Unknown, VulnerableUse
from pellucid.policy.written.base import TRANSLATIONS, Document, Language, Text, Word
from pellucid.policy.written.release import ReleaseDocument, SuppressedDocument
from pellucid.regulations.vocabulary import KINDS


class NoticeDocument(Document):
    """The words customers are shown about a purpose."""

    version: Text = Field(description="Version of the notice; quote it, so that it stays text.")
    text: Text = Field(description="The words themselves.")
    child: str = Field(default="", description="The same to a reader of twelve, in short sentences.")
    accepts: list[Text] = Field(
        default=[],
        description="Earlier versions to which a yes still counts: this one differs in nothing that matters.",
    )


class PurposeTexts(Document):
    """What customers read of a purpose, in another language."""

    title: Text = Field(description="The title.")
    description: Text = Field(description="The description.")
    notice: Text = Field(description="The notice's words.")
    child: str = Field(default="", description="The notice's words to a reader of twelve.")


class BasisDocument(Document):
    """Why a purpose is lawful under one regime, and what silence means there."""

    basis: Word[LegalBasis] = Field(description="Legal basis (GDPR Art. 6(1)), or the regime's nearest concept.")
    default: Word[Default] = Field(description="opt_in: not without a yes; opt_out: until a no; no_choice: always.")


class UnknownDocument(Document):
    """What it means that a subject's place or age is not known."""

    place: Text = Field(description="Name of the regime that then holds, or `refuse`.")
    age: Word[Unknown] = Field(description="`adult`, or `refuse`.")


class PurposeDocument(Document):
    """Why data may be used, for whom, on which basis, and in what form an answer may leave."""

    title: Text = Field(description="The purpose in plain words, beginning with a verb.")
    description: Text = Field(description="What is done and what is not done.")
    notice: NoticeDocument = Field(description="What customers are told.")
    basis: dict[str, BasisDocument] = Field(min_length=1, description="Legal basis and default, by regime.")
    unknown: UnknownDocument = Field(description="What an unknown place or age means.")
    minimum_age: int = Field(default=18, description="Age in years from which subjects count as adults.")
    sensitive: Word[SensitiveUse] = Field(
        default=SensitiveUse.NEVER, description="Whether sensitive rows are never read, or with explicit_consent."
    )
    consent_days: int | None = Field(default=None, description="Days after which a consent expires.")
    categories: list[Text] = Field(min_length=1, description="Categories that may be read, with all below them.")
    roles: list[Text] = Field(min_length=1, description="Roles whose holders may ask under this purpose.")
    recipients: list[Text] = Field(default=[], description="Who gets data or answers.")
    release: ReleaseDocument = Field(description="In what form answers may leave.")
    suppressed: SuppressedDocument | None = Field(
        default=None, description="Lets exact figures leave too, for insights that a second person approved."
    )
    kinds: list[Text] = Field(default=[], description=f"What it is in the laws' words: any of {', '.join(KINDS)}.")
    guardian: bool = Field(default=False, description="True if a guardian's yes opens it for a minor.")
    vulnerable: Word[VulnerableUse] = Field(
        default=VulnerableUse.MAY,
        description="Whether it may touch vulnerable people: may, not_if_known, never (nor if unknown).",
    )
    while_restricted: Word[RestrictedUse] = Field(
        default=RestrictedUse.NONE,
        description="Why it goes on although use is restricted: legal_claims, rights_of_others, public_interest, none.",
    )
    soft_opt_in: bool = Field(
        default=False,
        description="True if all conditions of mail to one's own customers are met (ePrivacy Art. 13(2)).",
    )
    retention_days: dict[Text, int] = Field(
        default={}, description="Days after which rows of a dataset are over for this purpose, by dataset."
    )
    loyalty: bool = Field(
        default=False, description="True if taking part is rewarded: a signal against it is asked about."
    )
    translations: dict[Language, PurposeTexts] = Field(default={}, description=TRANSLATIONS)
