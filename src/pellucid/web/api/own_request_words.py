"""The words of `/api/v1/me/requests`, `/erasure`, `/people` and of what a link opens: what bodies and answers hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pellucid.web.api.act_words import PreviewTold
from pellucid.web.api.request_words import RequestTold
from pellucid.web.api.words import Asked, Name

LONGEST = 2_000


class OwnRequestAsked(Asked):
    """What the person asks for. Erasing and correcting have routes of their own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"right": "access", "without_sensitive": True},
                {"right": "objection", "purpose": "planning", "statement": "I do not want to be counted."},
                {"right": "human-review", "decision": "No credit.", "statement": "I was never asked."},
            ]
        }
    )

    right: Literal["access", "portability", "objection", "limit", "human-review"]
    purpose: Annotated[
        Name | None, Field(description="That is objected to, or for which a decision was made, if it is known.")
    ] = None
    decision: Annotated[str, Field(max_length=LONGEST, description="Which decision is to be reviewed.")] = ""
    statement: Annotated[
        str, Field(max_length=LONGEST, description="The person's reasons, or what they say to it.")
    ] = ""
    without_sensitive: Annotated[
        bool, Field(strict=True, description="Leave sensitive data out of a copy: one contact proves enough.")
    ] = False

    @model_validator(mode="after")
    def _said_enough(self) -> OwnRequestAsked:
        if self.right == "objection" and self.purpose is None:
            raise ValueError("an objection names its purpose")
        if self.right == "human-review" and not self.decision.strip():
            raise ValueError("a review names its decision")
        return self

    def texts(self) -> frozenset[str]:
        """Return the texts that were sent and may be about somebody: none of them is quoted in an answer."""
        return frozenset(each for each in (self.decision, self.statement) if each)


class OwnRequestTold(RequestTold):
    """One of the person's requests: how it stands, and how well they have to show who they are, and have."""

    contacts_needed: int
    contacts_shown: int
    open: bool
    here: bool = Field(description="It was filed by who was signed in as the person, or acted for them.")
    again: bool = Field(description="It was open already when they asked for it.")


class OwnRequestsTold(BaseModel):
    """The person's requests, the newest first, and the purposes that they may object to."""

    requests: list[OwnRequestTold]
    objectable: list[str]


class PackageTold(BaseModel):
    """The copy that was made for a request."""

    expires_at: str
    bytes: int
    fetched_at: str | None
    contacts_needed: int = Field(description="How many contacts have to be shown first; 0: it can be fetched.")


class ErasureUnderwayTold(BaseModel):
    """How an erasure goes on that was asked for."""

    begins_at: str | None
    begun: bool
    token: str = Field(description="Whoever has it sees how far the erasure came, also once nobody can sign in.")


class OwnRequestShown(OwnRequestTold):
    """One request, with its copy or its erasure, where there is one."""

    package: PackageTold | None
    erasure: ErasureUnderwayTold | None


class ErasureTold(PreviewTold):
    """What erasing the person would do, what they have shown anew for it, and the erasure they asked for already."""

    contacts_shown: int = Field(description="Within the last half hour, in this session; asking takes one.")
    waiting: OwnRequestTold | None


class ErasureAsked(Asked):
    """That the person read what erasing does, and wants it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"understood": True}]})

    understood: Literal[True]

    @field_validator("understood", mode="before")
    @classmethod
    def _is_true(cls, given: object) -> object:
        if given is not True:  # 1 is not what somebody confirms
            raise ValueError("true")
        return given


class ActsForTold(BaseModel):
    """Somebody for whom the person may act."""

    delegation: str
    kind: str
    title: str
    until: str | None


class ActedForByTold(BaseModel):
    """That somebody may act for the person; who it is, is not told."""

    delegation: str
    kind: str
    since: str
    until: str | None


class AgentTold(BaseModel):
    """An agent that filed requests for the person, and how many of them are open."""

    id: str
    name: str
    open: int


class PeopleTold(BaseModel):
    """Who is tied to the person here."""

    acts_for: list[ActsForTold]
    acted_for_by: list[ActedForByTold]
    agents: list[AgentTold]
    shared: list[str] = Field(description="Datasets whose rows are about several people.")
    minor: bool


class TakenBackTold(BaseModel):
    """How many requests of an agent were taken back."""

    taken_back: int


class TokenShown(Asked):
    """The token of an erasure, as the page or the API told it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "r0123456789ab.m3Yk0v4c9F1sQx7ZbT2uWn8aLr5dHe6GjKpVtXyCwEo"}]}
    )

    token: Annotated[str, Field(pattern=r"^r[0-9a-f]{12}\.[A-Za-z0-9_-]{43}$")]


class ErasedPlaceTold(BaseModel):
    """One place where something about the person was, and how far it is."""

    title: str
    why: str
    basis: str
    until: str | None
    stage: Literal["queued", "running", "verified", "kept", "out-of-reach", "asked", "answered"]


class ErasureShownTold(BaseModel):
    """How far an erasure came."""

    request_id: str
    state: Literal["waiting", "running", "done", "closed"]
    begins_at: str | None
    places: list[ErasedPlaceTold]
    receipt: bool = Field(description="Whether the signed receipt can be had.")


class LinkShown(Asked):
    """What stood in the link of a message, behind the last `/`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"link": "a.b-c_d"}]})

    link: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.~-]{1,300}$")]


class KindChosen(LinkShown):
    """Whether the person whom a link is for wants a kind of messages."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"link": "a.b-c_d", "kind": "yearly", "wanted": False}]})

    kind: Annotated[str, Field(pattern=r"^[a-z-]{1,40}$")]
    wanted: Annotated[bool, Field(strict=True)]


class KindsTold(BaseModel):
    """Which kinds of messages somebody gets."""

    kinds: dict[str, bool]
