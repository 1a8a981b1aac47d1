"""The words of the preview of an erasure."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class PlaceTold(BaseModel):
    """One place where something about the person is, in words for them."""

    title: str
    becomes: Literal["erase", "anonymise", "keep", "unreachable"]
    why: str
    basis: str = Field(description="The article, and for what is kept the basis.")
    until: str | None = Field(description="Until when it is kept, RFC 3339; null: no end, or it goes at once.")


class PreviewTold(BaseModel):
    """What an erasure would do, and how many hours after it was asked it begins at the earliest."""

    begins_after_hours: int
    places: list[PlaceTold]
