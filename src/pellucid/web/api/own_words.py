"""The words of `/api/v1/me`: what somebody who is signed in sees of their own, and what they choose."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pellucid.web.api.help_words import HelpTold, LawTold
from pellucid.web.api.holding_words import CategoryTold, DatasetTold, InferencesTold, RowsTold
from pellucid.web.api.request_words import AuthorityTold
from pellucid.web.api.visitor_words import Language, Secret
from pellucid.web.api.words import Asked, Name, NoticeVersion, Said, Signal, Verb

_SHOWN_IN = "Of what they were shown."


class StandingTold(BaseModel):
    """One purpose: what it is for, whether the person's data are used for it now and why, and what they may choose."""

    purpose: str
    title: str
    title_language: str = Field(description="The language asked for, or the policy's own.")
    description: str
    notice: str
    notice_version: str = Field(description="A yes is to this version, and has to name it.")
    recipients: list[str] = Field(description="Names of declared recipients.")
    basis: str | None = Field(description="The legal basis under which it is; null: none covers the person.")
    used: bool
    why: list[str] = Field(description="In words for the person, in English.")
    said: bool | None = Field(description="Their own last word that counts; null: none.")
    signalled: bool = Field(description="The no is their browser's.")
    since: str | None
    yes: Verb | None = Field(description="What a yes is recorded as; null: there is no choice to make.")
    no: Verb | None = Field(description="What a no is recorded as; null: there is no choice to make.")
    asks_explicitly: bool = Field(description="A yes can say explicitly that sensitive data are meant too.")
    consent_days: int | None = Field(description="Days that a yes holds; null: until they say no.")
    retention_days: dict[str, int] = Field(description="By dataset, how many days old entries may be that are used.")


class ChoicesTold(BaseModel):
    """Where the person stands with every purpose, and whether all use is restricted meanwhile."""

    restricted: bool
    purposes: list[StandingTold]


class OverviewTold(BaseModel):
    """What the person sees first: who they are known as, what is held, where they stand."""

    who: list[dict[str, Any]] = Field(description="Identities that are certainly theirs, with what is known of each.")
    categories: list[CategoryTold]
    datasets: list[DatasetTold]
    choices: ChoicesTold


class ChoiceMade(Asked):
    """The person's yes or no to one purpose."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"yes": False, "language": "de"}, {"yes": True, "notice_version": "2026-11"}]}
    )

    yes: Annotated[bool, Field(strict=True)]
    notice_version: Annotated[
        NoticeVersion, Field(description="Of the notice that they were shown; a yes needs it.")
    ] = ""
    held_data: Annotated[bool, Field(strict=True, description="A yes reaches rows that are held already too.")] = False
    explicit: Annotated[bool, Field(strict=True, description="Said explicitly, for sensitive data.")] = False
    language: Annotated[Language, Field(description=_SHOWN_IN)] = "en"


class NoToAll(Asked):
    """One no to everything that there is a choice about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"language": "fr"}]})

    language: Annotated[Language, Field(description=_SHOWN_IN)] = "en"


class OwnSaid(Said):
    """One thing that the person said, or that was said for them, as kept."""

    by: str
    language: str
    receipt: bool = Field(description="Whether a signed receipt of it can be had already.")


class MessageSent(BaseModel):
    """A message about their data that the person was sent."""

    kind: str = Field(description="notice-changed, consent-expiring, yearly or request-answered.")
    sent_at: str


class HistoryTold(BaseModel):
    """Everything that the person said, and the messages about their data that they were sent, the newest first."""

    said: list[OwnSaid]
    messages: list[MessageSent]


class PauseAsked(Asked):
    """Whether all use of the person's data is to be paused, at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"paused": True}]})

    paused: Annotated[bool, Field(strict=True)]
    language: Annotated[Language, Field(description=_SHOWN_IN)] = "en"


class PauseTold(BaseModel):
    """Whether all use is paused, since when, and what goes on all the same."""

    paused: bool
    since: str | None
    goes_on: list[str] = Field(description="Names of purposes (GDPR Art. 18(2)).")
    objection: str | None = Field(description="The request whose objection keeps the pause; null: none.")


class OwnHelpTold(HelpTold):
    """Whom to ask and to complain to, with the laws of where the person lives, if that is certain, apart."""

    own: list[LawTold]
    elsewhere: list[AuthorityTold] = Field(description="Authorities of other places.")


class HallDatasetTold(BaseModel):
    """A dataset in which the person has rows."""

    name: str
    title: str
    source: str
    derived: bool
    open: bool = Field(description="Whether its rows are shown to them as well as they are known now.")


class HallTold(BaseModel):
    """In which datasets there is something about the person."""

    datasets: list[HallDatasetTold]
    needs_more: bool = Field(description="More is shown to whoever shows a second contact.")
    code_asked: bool


class ValueProposed(Asked):
    """The right value of a column in one row, or null for none."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"column": "place", "value": "AT", "reason": "I moved."}]}
    )

    column: Name
    value: Annotated[str | None, Field(min_length=1, max_length=1_000)]
    reason: Annotated[str, Field(max_length=1_000)] = ""


class StatementMade(Asked):
    """The person's own words, to be kept beside what is held."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"statement": "I bought these for a neighbour."}]})

    statement: Annotated[str, Field(min_length=1, max_length=10_000)]


class OwnInferencesTold(InferencesTold):
    """What was concluded about the person and why, with the first rows of it as far as they may be shown to them."""

    held: dict[str, RowsTold]


class VisitorBrought(Asked):
    """What was chosen in this app before signing in, by the secret of `POST /api/v1/visitors`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"visitor": "m3Yk0v4c9F1sQx7ZbT2uWn8aLr5dHe6GjKpVtXyCwEo", "gpc": "1"}]}
    )

    visitor: Secret = ""
    gpc: Annotated[Signal | None, Field(description="Value of the header Sec-GPC, where the app has one.")] = None


class JoinedChoiceTold(BaseModel):
    """One choice that was made before signing in, and how it stands in the account now."""

    purpose: str
    yes: bool
    at: str
    outcome: str = Field(description="What became of it, in words for the person, in English.")


class JoinedTold(BaseModel):
    """What joined the account; a yes does not speak for it, and is asked for."""

    joined: list[JoinedChoiceTold]
