"""The words of `/api/v1/visitors`, and of what the consent widget asks: what bodies and answers hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pellucid.web.api.words import Asked, Name, NoticeVersion, Signal

Language = Literal["en", "de", "es", "fr"]
Secret = Annotated[
    str,
    Field(
        pattern=r"^([A-Za-z0-9_-]{43})?$",
        description="By which the visitor is known again, as it was answered; empty: they come for the first time.",
    ),
]


class WishAsked(BaseModel):
    """A yes or no to one purpose."""

    model_config = ConfigDict(extra="forbid")

    purpose: Name
    yes: Annotated[bool, Field(strict=True)]
    notice_version: Annotated[NoticeVersion, Field(description="Of the notice that was shown; a yes needs it.")] = ""


class WishesAsked(Asked):
    """What a visitor chose on a page."""

    choices: Annotated[list[WishAsked], Field(min_length=1, max_length=100)]
    language: Annotated[Language, Field(description="Of what they were shown.")] = "en"


class VisitorAsked(Asked):
    """Which visitor a question is about. In the body: what opens something has no place in URLs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"visitor": "", "gpc": "1", "language": "de"}]})

    visitor: Secret = ""
    gpc: Annotated[Signal | None, Field(description="Value of the header Sec-GPC of their browser.")] = None
    language: Annotated[Language, Field(description="In which texts are answered.")] = "en"


class VisitorChoosing(VisitorAsked):
    """What a visitor chose, handed in by the app or site on which they did."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"choices": [{"purpose": "offers", "yes": False}]}],
        }
    )

    choices: Annotated[list[WishAsked], Field(min_length=1, max_length=100)]


class VisitorForgotten(Asked):
    """Whose choices are to be deleted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"visitor": "m3Yk0v4c9F1sQx7ZbT2uWn8aLr5dHe6GjKpVtXyCwEo"}]}
    )

    visitor: Secret


class OfferTold(BaseModel):
    """A purpose that a visitor has a choice about, in words; `on` only after their own yes, as long as that counts."""

    name: str
    title: str
    title_language: str = Field(description="The language asked for, or the policy's own.")
    text: str = Field(description="The notice.")
    text_language: str
    notice_version: str
    said: bool | None = Field(description="Their word that counts; null: none.")
    signalled: bool = Field(description="The no is their browser's.")
    blocked: bool = Field(description="The browser says it now: no yes can be given.")
    on: bool


class VisitorTold(BaseModel):
    """What a visitor may choose and chose."""

    visitor: str = Field(description="The secret by which they are known again; empty while nothing is kept.")
    until: str | None = Field(description="When it is deleted; null while nothing is kept.")
    asks: bool = Field(description="Whether something was neither chosen nor said by their browser.")
    signal: bool = Field(description="Whether their browser sends an opt-out signal now.")
    purposes: list[OfferTold]
