"""Who is responsible, under which laws and where, whose privacy is counted, who may do what, who is given something."""

from __future__ import annotations

from pydantic import Field

from pellucid.policy.written.base import TRANSLATIONS, AllowanceDocument, Document, Language, Text, TitleTexts


class AuthorityDocument(Document):
    """A supervisory authority that people can complain to (GDPR Art. 13(2)(d), 77)."""

    name: Text = Field(description="Its own name, as it writes it.")
    web: Text = Field(description="Address of its page for complaints, beginning with https://.")
    jurisdictions: list[Text] = Field(
        min_length=1, description="ISO 3166 codes of the places whose people can go to it, e.g. DE, US-CA."
    )
    address: str = Field(default="", description="Its postal address, in one line.")
    phone: str = Field(default="", description="Its telephone number, as it is dialled from abroad.")


class ControllerDocument(Document):
    """Who is responsible for the data (GDPR Art. 13(1)(a))."""

    name: Text = Field(description="Name of the organisation, as customers know it.")
    country: Text = Field(description="ISO 3166 code of the country it is established in.")
    contact: Text = Field(description="Where customers reach it about their data.")
    officer: str = Field(default="", description="Name (under `people`) of the privacy officer.")
    language: Language = Field(default="en", description="Language in which this policy's texts are written.")
    languages: list[Language] = Field(
        default=[],
        description="Other languages that customers read: every text they are shown is translated into them.",
    )
    authorities: list[AuthorityDocument] = Field(
        default=[], description="Supervisory authorities that customers can complain to, as they are told."
    )


class RegimeDocument(Document):
    """A legal regime and where it holds."""

    title: Text = Field(description="Plain name of the law.")
    jurisdictions: list[Text] = Field(min_length=1, description="ISO 3166 codes of its places, e.g. DE, US-CA.")
    establishment: str = Field(
        default="",
        description="ISO 3166 code of the establishment that serves its people, if not the controller's own.",
    )
    translations: dict[Language, TitleTexts] = Field(default={}, description=TRANSLATIONS)


class NamespaceDocument(Document):
    """Whose privacy is counted: one kind of subject."""

    title: Text = Field(description="What one subject is, e.g. household.")
    cap: AllowanceDocument = Field(description="The binding limit for each subject over all datasets and purposes.")
    translations: dict[Language, TitleTexts] = Field(default={}, description=TRANSLATIONS)


class RecipientTexts(Document):
    """What customers read of a recipient, in another language."""

    title: Text = Field(description="The title.")
    safeguard: str = Field(default="", description="What protects data there.")


class RecipientDocument(Document):
    """Somebody who gets data or answers (GDPR Art. 13(1)(e)-(f))."""

    title: Text = Field(description="Who they are, as customers should read it.")
    country: Text = Field(description="ISO 3166 code of the country they are in.")
    kind: Text = Field(description="What they are to the controller, e.g. processor or controller.")
    address: str = Field(
        default="",
        description="Mail address at which they are told of erasures, rectifications and restrictions; "
        "without one a signed file waits for them.",
    )
    safeguard: str = Field(
        default="",
        description="What protects data there if it is in another country, as customers should read it: an adequacy "
        "decision, standard contractual clauses and where to have a copy.",
    )
    translations: dict[Language, RecipientTexts] = Field(default={}, description=TRANSLATIONS)


class RoleDocument(Document):
    """What people who hold the role may do."""

    title: Text = Field(description="Plain name of the role.")
    may: list[Text] = Field(description="Actions the role permits, e.g. query, budget-show, consent-record.")
    translations: dict[Language, TitleTexts] = Field(default={}, description=TRANSLATIONS)


class PersonDocument(Document):
    """A member of staff."""

    title: Text = Field(description="Who they are.")
    roles: list[Text] = Field(description="Names of the roles they hold.")
    allowance: AllowanceDocument | None = Field(
        default=None, description="Most privacy loss that their questions may spend, over all purposes."
    )
    translations: dict[Language, TitleTexts] = Field(default={}, description=TRANSLATIONS)
