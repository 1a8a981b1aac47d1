"""The words of signing in by the API: what is asked for and given, and what a session is told by."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pellucid.rights.handover import LONGEST_TOKEN
from pellucid.web.api.words import Asked, Namespace

_SECRET = r"^[A-Za-z0-9_-]{43}$"  # noqa: S105  -- a pattern
Code = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=r"^[\x20-\x7e]+$", description="As it was sent; blanks do not count."),
]


class CodeAsked(Asked):
    """As whom somebody wants to sign in: what they type, as on the page."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "h0042"}]})

    key: Annotated[
        str,
        Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="Their key in the data."),
    ]
    namespace: Namespace = None


class AttemptTold(BaseModel):
    """The same for everybody, but for the secret: whether anybody is known by what was typed is not told."""

    attempt: str = Field(description="A secret for this app alone: the code holds with it only. Keep it until then.")
    told: str = Field(description="What to tell the person.")
    lasts_seconds: int = Field(description="For how long a code can be given with it; a code itself holds for less.")


class CodeGiven(Asked):
    """The code of the mail, and the attempt for which it was sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"attempt": "m3Yk0v4c9F1sQx7ZbT2uWn8aLr5dHe6GjKpVtXyCwEo", "code": "1234 5678"}]
        }
    )

    attempt: Annotated[str, Field(pattern=_SECRET, description="As `POST /api/v1/sign-in/codes` told it.")]
    code: Code


class HandOverGiven(Asked):
    """A token by which your own site says who is signed in there (RFC 7519); it is taken once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJoMDA0MiJ9.c2lnbmF0dXJl"}]}
    )

    token: Annotated[str, Field(min_length=1, max_length=LONGEST_TOKEN, pattern=r"^[A-Za-z0-9_.-]+$")]


class SessionMadeTold(BaseModel):
    """A session just made, or made anew: the bearer before, if any, says nothing any more."""

    bearer: str = Field(description="For `Authorization: Bearer`; told once. Keep it where nobody else reads it.")
    ends_at: str = Field(description="When it ends whatever comes, RFC 3339.")
    idle_seconds: int = Field(description="It ends sooner if nothing comes for so long.")
    contacts: int = Field(description="By how many contacts the person has shown who they are.")


class RaisedTold(BaseModel):
    """What came of a right code; the session that was made anew by it, if one was."""

    session: SessionMadeTold | None


class ActingTold(BaseModel):
    """For whom the person acts now."""

    delegation: str
    kind: str
    title: str


class SessionTold(BaseModel):
    """The session that the bearer is of."""

    ends_at: str
    idle_seconds: int
    contacts: int
    acting: ActingTold | None


class CodeSentTold(BaseModel):
    """What to tell the person: the same whether a contact is held or not."""

    told: str


class CodeTyped(Asked):
    """A code that was sent to somebody who is signed in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "1234 5678"}]})

    code: Code
