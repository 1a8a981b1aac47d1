"""What every mapping in a policy file has in common, and the kinds of value that may stand in one."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from pellucid.policy.model import Period

_Enum = TypeVar("_Enum")
Word = Annotated[_Enum, Field(strict=False)]
Text = Annotated[str, Field(min_length=1)]
Amount = str | int | float
Language = Literal["en", "de", "es", "fr"]
TRANSLATIONS = "The same texts in other languages, by language (de, en, es, fr)."


class Document(BaseModel):
    """A mapping in a policy file: no other keys, no types but the stated ones."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def contradiction(cls, written: Any) -> str | None:
        """Return what contradicts itself in what was written ("message; remedy"), even where its shape is wrong too."""
        return None


class TitleTexts(Document):
    """What customers read of a part of the policy, in another language."""

    title: Text = Field(description="The title.")


class AllowanceDocument(Document):
    """An amount of privacy loss that may be spent in a period."""

    epsilon: float = Field(description="Most epsilon in a period; positive.")
    delta: float = Field(description="Most delta in a period; positive and far below one in the number of people.")
    period: Word[Period] = Field(description="Calendar period (UTC) after which it renews: day, month or year.")
