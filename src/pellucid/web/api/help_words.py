"""The words of `/api/v1/help`: what its answer holds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from pellucid.web.api.request_words import AuthorityTold


class SpanTold(BaseModel):
    """How long a law gives, and where it says so."""

    amount: int
    unit: Literal["hours", "calendar_days", "business_days", "calendar_month"]
    cite: str


class WayTold(BaseModel):
    """A way to complain: where a law gives it, and what is particular about it, in English."""

    cite: str
    text: str


class LawTold(BaseModel):
    """What one law that was signed off says; null where it says nothing."""

    law: str
    name: str
    acknowledged: SpanTold | None
    answered: SpanTold | None
    longer: SpanTold | None = Field(description="How much more an answer may take at most.")
    appeal: WayTold | None
    appeal_answered: SpanTold | None
    authority: WayTold | None = Field(description="The right to complain to a supervisory authority.")
    controller: WayTold | None = Field(description="The right to complain to the controller.")


class HelpTold(BaseModel):
    """Whom to ask, by when people are answered, and whom they can complain to."""

    controller: str
    contact: str
    days: int = Field(description="By when people are answered where no law says.")
    laws: list[LawTold]
    authorities: list[AuthorityTold]
