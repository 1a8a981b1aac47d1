"""The words of `/api/v1/requests`: how a person's request is handed in, and how it stands."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pellucid.web.api.words import Asked, Label, Moment, Name, Namespace, Note, Subject

RightNamed = Literal[
    "access",
    "portability",
    "rectification",
    "erasure",
    "restriction",
    "lift-restriction",
    "objection",
    "opt-out",
    "limit",
    "human-review",
]
Said = Annotated[str, Field(max_length=10_000)]


class ChangeAsked(BaseModel):
    """What is to be corrected (dataset, column and value; `row` picks rows), or a statement to keep beside the data."""

    model_config = ConfigDict(extra="forbid")

    dataset: Name | None = None
    column: Name | None = None
    value: Annotated[Said | None, Field(description="The right value, as text; null for none.")] = None
    row: Annotated[dict[Name, Said | None] | None, Field(max_length=20)] = None
    statement: Said | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> ChangeAsked:
        named = {"dataset", "column", "value"} <= self.model_fields_set
        if named == (self.statement is not None) or (self.statement is not None and self.row is not None):
            raise ValueError("either dataset, column and value, or a statement")
        return self

    def given(self) -> dict[str, object]:
        """Return what was sent, as `rights.corrections` reads it."""
        told = self.model_dump(exclude_unset=True)
        return {name: value for name, value in told.items() if name == "value" or value is not None}


class RequestAsked(Asked):
    """A right that a person exercises. Who is not known here can ask too, and is answered the same."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"subject": "h0042", "right": "access", "without_sensitive": True},
                {"subject": "h0042", "right": "opt-out", "purposes": ["offers"]},
                {"subject": "h0042", "right": "erasure", "by": "agent", "proof": "mandate 12"},
            ]
        }
    )

    subject: Subject
    namespace: Namespace = None
    right: RightNamed
    by: Annotated[Literal["self", "guardian", "agent"], Field(description="Who speaks for the person.")] = "self"
    proof: Annotated[Note, Field(description="Where the proof lies that a guardian or an agent may.")] = ""
    channel: Annotated[Label, Field(description="Where it came in.")] = "api"
    purposes: Annotated[tuple[Name, ...], Field(max_length=100, description="That it is about; none: all.")] = ()
    changes: Annotated[
        tuple[ChangeAsked, ...], Field(max_length=100, description="What a rectification corrects.")
    ] = ()
    decision: Annotated[Label, Field(description="The decision that is to be reviewed.")] = ""
    statement: Annotated[Said, Field(description="What the person says to it, in their words.")] = ""
    member: Annotated[Note, Field(description="Of a household; empty: all of it.")] = ""
    without_sensitive: Annotated[
        bool, Field(strict=True, description="Leave sensitive data out of what is shown: one contact proves enough.")
    ] = False
    received_at: Annotated[Moment | None, Field(description="When it came in, RFC 3339; null: now.")] = None

    def texts(self) -> frozenset[str]:
        """Return the texts that were sent and may be about somebody: none of them is quoted in an answer."""
        kept = {"right", "namespace", "by"}
        texts = {str(value) for name, value in self if name not in kept and isinstance(value, str)}
        texts |= {
            str(value) for each in self.changes for value in (each.value, each.statement, *(each.row or {}).values())
        }
        return frozenset(text for text in texts if text)


class ChallengeAsked(Asked):
    """What the person is to be sent, to a contact that is held of them and never to one that is given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"kind": "code"}]})

    kind: Annotated[Literal["code", "link"], Field(description="Links only where PELLUCID_PUBLIC_URL is set.")] = "code"


class ProofGiven(Asked):
    """What the person was sent, as they gave it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "12345678"}]})

    answer: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x20-\x7e]+$")]


class AuthorityTold(BaseModel):
    """A supervisory authority that people can complain to, as the policy names it."""

    name: str
    web: str
    jurisdictions: list[str] = Field(description="ISO 3166 codes of the places whose people can go to it.")
    address: str
    phone: str


class RequestTold(BaseModel):
    """How a request stands, in the words of the Data Rights Protocol 1.0: nothing tells whether the person is known."""

    request_id: str
    right: RightNamed
    status: Literal["open", "in_progress", "fulfilled", "denied", "revoked", "expired"] = Field(
        description="While nobody showed who they are, what is over is `fulfilled` where that needed no proof, else "
        "`denied`, whatever came of it; or `revoked`."
    )
    reason: str = Field(description="`need_user_verification`, or why it was denied; empty: no reason.")
    received_at: str
    expected_by: str = Field(description="The last day, under the strictest law that may decide.")
    closed_at: str | None
    answer: str = Field(description="For the person, as a sentence.")
    complain_to: list[AuthorityTold] = Field(
        description="Once it is answered, all authorities that the policy names: the person is to be told of theirs."
    )


class ChallengeTold(BaseModel):
    """What to tell whoever asks: the same whether a contact is held or not."""

    told: str
