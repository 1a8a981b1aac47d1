"""The words of `/api/v1/uses` and `/api/v1/recipients`: how somebody's data were used, and who receives something."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pellucid.transparency.told_uses import LIMIT, MOST
from pellucid.web.api.words import Moment, Name, PersonAsked

ROW = "Which entry of the log the last of them is."


class UsesAsked(PersonAsked):
    """Whose uses are asked for, from when on, for which purpose, and which page of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"subject": "h0042"},
                {"subject": "h0042", "purpose": "offers", "since": "2026-01-01T00:00:00Z", "limit": 20},
            ]
        }
    )

    purpose: Annotated[Name | None, Field(description="A declared purpose; null: all.")] = None
    since: Annotated[Moment | None, Field(description="RFC 3339, from 1900 on; null: as far as the log goes.")] = None
    cursor: Annotated[
        str | None, Field(pattern=r"^[0-9]{1,19}-[0-9]{1,19}$", description="The `next` of the page before.")
    ] = None
    limit: Annotated[int, Field(strict=True, ge=1, le=MOST)] = LIMIT


class RecipientsAsked(PersonAsked):
    """Whose recipients are asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject": "h0042"}]})


class UseTold(BaseModel):
    """Uses that are alike in a month, in plain words. Of others there is nothing but how many, in bands, by data."""

    sort: Literal["used", "refused", "choices", "about-you"]
    month: str
    action: str = Field(description="As the log names it.")
    what: str
    form: str = Field(description="In which form it left.")
    purpose: str = Field(description="Its title; empty where there is none.")
    by: str = Field(description="In which role, never who.")
    known: str = Field(description="How much is known of whether their data were in it.")
    data: list[str]
    columns: list[str]
    others: dict[str, str]
    times: int
    first: str
    last: str
    entry: int = Field(description=ROW)


class GivenTold(BaseModel):
    """A declared recipient of purposes under which they could have been counted."""

    recipient: str
    country: str
    kind: str
    purposes: list[str]


class NoticeToRecipient(BaseModel):
    """What a recipient was told about them, and how far that came."""

    recipient: str = Field(description="Its title.")
    name: str = Field(description="As the policy has it.")
    of: Literal["erasure", "rectification", "restriction", "lift-restriction"]
    at: str
    state: Literal["due", "sent", "answered", "given-up"]


class UsesTold(BaseModel):
    """A page of uses, the newest first. Ask again with `cursor` = `next`, unless that is null."""

    uses: list[UseTold]
    next: str | None
    left_out: int = Field(description="Uses from which their own no kept their data.")
    recipients: list[GivenTold]
    recipients_told: list[NoticeToRecipient]


class ReceivedForTold(BaseModel):
    """A purpose for which a recipient may be given answers."""

    purpose: str
    title: str
    used_now: bool
    could_have_been_counted: bool


class ReceiverTold(BaseModel):
    """A declared recipient; `abroad`: outside the European Economic Area, where the controller is within."""

    recipient: str
    title: str
    kind: str
    country: str
    abroad: bool
    safeguard: str = Field(description="What protects data there; empty where the policy does not say.")
    purposes: list[ReceivedForTold]


class RecipientsTold(BaseModel):
    """Who may be given answers about many people, and what went out about the person alone."""

    recipients: list[ReceiverTold]
    handed_on: list[UseTold] = Field(description="What they said, to programs that have to respect it.")
    recipients_told: list[NoticeToRecipient]
    in_person: bool = Field(description="Whether anything about them alone went, or probably went, to anybody.")
