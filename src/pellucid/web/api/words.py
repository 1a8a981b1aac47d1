"""The words of the API: what bodies and answers hold, with examples. What texts may be is as narrow as their use is.

Texts that come to stand in the log for good (purpose, notice, channel) cannot hold a sentence, or an address.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def _in_range(moment: datetime) -> datetime:
    try:
        early = moment.astimezone(UTC) < _EARLIEST
    except OverflowError:  # its offset leads out of the years 1 to 9999
        early = True
    if early:
        raise PydanticCustomError("datetime_out_of_range", "not from 1900 to 9999, in UTC")
    return moment


Subject = Annotated[
    str,
    Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$", description="The person's key in the data."),
]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Label = Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9._-]*$")]
_OWN, _SHOWN = r"[A-Za-z0-9._-]{0,40}", r"[0-9a-f]{16,64}"
NoticeVersion = Annotated[str, Field(max_length=100, pattern=rf"^({_OWN}|{_SHOWN}|{_OWN}\+[0-9a-f]{{16}})$")]
Note = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Signal = Annotated[str, Field(max_length=10_000, pattern=r"^[\x20-\x7e]*$")]
Verb = Literal["give", "refuse", "withdraw", "object", "opt_out", "limit", "restrict", "lift"]
Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
Namespace = Annotated[Name | None, Field(description="Kind of subject; may be left out where there is only one.")]


def instant_of(moment: datetime) -> int:
    """Return UTC microseconds."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(instant: int) -> str:
    """Return an instant (UTC µs) as RFC 3339 writes it."""
    return (_EPOCH + instant * _MICROSECOND).isoformat()


class Asked(BaseModel):
    """A body: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid", strict=False)

    def texts(self) -> frozenset[str]:
        """Return the texts that were sent and may be about somebody: none of them is quoted in an answer."""
        kept = {"verb", "covers", "purpose", "namespace", "by", "answer"}
        return frozenset(str(value) for name, value in self if name not in kept and isinstance(value, str) and value)


class Choice(Asked):
    """What one person said about a purpose."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"subject": "h0042", "purpose": "offers", "verb": "withdraw", "channel": "web"},
                {
                    "subject": "h0042",
                    "purpose": "offers",
                    "verb": "give",
                    "covers": "held_data",
                    "notice_version": "1",
                    "channel": "web",
                },
            ]
        }
    )

    subject: Subject
    namespace: Namespace = None
    purpose: Annotated[Name | None, Field(description="The declared purpose; null for all, which a yes cannot be.")]
    verb: Annotated[Verb, Field(description="`lift` takes the scope consent:lift too.")]
    covers: Annotated[
        Literal["from_now", "held_data"], Field(description="Which rows a yes reaches: new ones, or held ones too.")
    ] = "from_now"
    explicit: Annotated[bool, Field(strict=True, description="Said explicitly, for sensitive data (give).")] = False
    notice_version: Annotated[
        NoticeVersion,
        Field(description="Version of the purpose's notice, or of a published one that was shown; empty: the current."),
    ] = ""
    channel: Annotated[Label, Field(description="Where it was said.")] = "api"
    at: Annotated[Moment | None, Field(description="When it was said, RFC 3339, from 1900 on; null: now.")] = None
    by: Annotated[Literal["self", "guardian", "agent"], Field(description="Who spoke for the person.")] = "self"
    proof: Annotated[Note, Field(description="Where the proof lies that a guardian or an agent may.")] = ""
    member: Annotated[Note, Field(description="Of a household; empty: all of it.")] = ""
    screen: Annotated[Label, Field(description="Version of the screen it was chosen on.")] = ""
    language: Annotated[Label, Field(description="Language of that screen, and of the notice shown.")] = ""
    method: Annotated[Label, Field(description="How it was said.")] = ""
    while_restricted: Annotated[
        bool,
        Field(
            strict=True,
            description="A yes although all use is restricted (GDPR Art. 18(2)): takes the scope consent:lift too.",
        ),
    ] = False


class PersonAsked(Asked):
    """Whom a question is about. In the body: keys of people have no place in URLs, which land in logs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject": "h0042"}]})

    subject: Subject
    namespace: Namespace = None


class WhyAsked(PersonAsked):
    """Why somebody's data may or may not be used for a purpose, now or at another instant."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject": "h0042", "purpose": "offers"}]})

    purpose: Name
    at: Annotated[Moment | None, Field(description="RFC 3339, from 1900 on; null: now.")] = None


class SignalsAsked(PersonAsked):
    """What a browser or device says. An empty or absent signal says nothing; a malformed one is read as a no."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject": "h0042", "gpc": "1"}]})

    gpc: Annotated[Signal | None, Field(description="Value of the header Sec-GPC.")] = None
    gpp: Annotated[Signal | None, Field(description="A GPP string.")] = None
    tcf: Annotated[Signal | None, Field(description="A TCF string.")] = None
    new: Annotated[bool, Field(strict=True, description="Make the identity if it was never seen.")] = False


class AnswerAsked(PersonAsked):
    """What a person answered who was asked about a signal against a programme that they take part in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"subject": "h0042", "purpose": "offers", "answer": "leave"}]}
    )

    purpose: Annotated[Name, Field(description="The purpose that was asked about.")]
    answer: Annotated[
        Literal["leave", "stay"], Field(description="`leave` opts out and leaves the programme, `stay` keeps both.")
    ]


class ReceiptTold(BaseModel):
    """What was recorded, when, and where it stands in the log. The person stands in it by their pseudonym there."""

    model_config = ConfigDict(extra="allow")

    verb: Verb
    purpose: str | None
    explicit: bool
    covers: str
    notice_version: str
    channel: str
    said_at: str
    recorded_at: str
    acknowledged_at: str = Field(description="From then on no answer is released that does not honour it.")
    register_version: int
    subject: str = Field(description="Pseudonym in the log, 64 hex digits.")
    leaf: int = Field(description="Index of the log's entry.")
    leaf_hash: str = Field(description="Its RFC 9162 leaf hash.")


class Said(BaseModel):
    """One thing that a person said, as kept."""

    sequence: int
    register_version: int
    verb: Verb
    purpose: str | None
    explicit: bool
    covers: str
    notice_version: str
    channel: str
    said_at: str


class PersonTold(BaseModel):
    """What stands for one person: yes or no for each purpose, and what they said, the oldest first."""

    namespace: str
    permitted: dict[str, bool]
    history: list[Said]


class ReasonTold(BaseModel):
    """One coded reason. `docs/reference/reasons.md` lists all."""

    code: str
    message: str
    remedy: str


class WhyTold(BaseModel):
    """Whether somebody's rows may be read for a purpose, with every reason."""

    permitted: bool
    reasons: list[ReasonTold]


class ChangeTold(BaseModel):
    """One choice as it came into the register; `subject` is null once the person was erased."""

    sequence: int
    register_version: int
    namespace: str
    subject: str | None
    purpose: str | None
    purposes: list[str] = Field(description="All that it concerns under the policy in force.")
    verb: Verb
    said_at: str
    recorded_at: str | None


class ChangesTold(BaseModel):
    """A page of the feed. Ask again with `since` = `next`; fewer than `limit` changes: that is all for now."""

    changes: list[ChangeTold]
    next: int


class SignalTold(BaseModel):
    """What one signal came to, by purpose: closed now or before, limited, or to be asked about first."""

    signal: str
    malformed: bool
    closes: list[str]
    closed_before: list[str]
    limits: list[str]
    asks: list[str]


class SignalsTold(BaseModel):
    """What the signals came to; one GPP string may hold several."""

    signals: list[SignalTold]


class AnswerTold(BaseModel):
    """The answer as it was taken; a `leave` is in force for every answer to come."""

    purpose: str
    answer: str


class GpcTold(BaseModel):
    """The GPC support resource."""

    gpc: bool
    lastUpdate: str


class FieldTold(BaseModel):
    """A declared field that does not fit, how, and what is allowed: never what was sent."""

    field: str
    problem: str
    allowed: str | None = None


class ProblemTold(BaseModel):
    """An RFC 9457 problem, with our stable code and what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str
    fields: list[FieldTold] | None = None
    reasons: list[ReasonTold] | None = None


_SCHEMAS = "#/components/schemas/"
_PROBLEM: dict[str, Any] = {
    "content": {"application/problem+json": {"schema": {"$ref": f"{_SCHEMAS}ProblemTold"}}},
}
_MEANING = {
    400: "The body is no JSON, or was cut off.",
    401: "No valid token, or, for one's own, nobody signed in.",
    403: "The token does not carry the scope, the answer is not what was sent, or another site's page asked.",
    404: "No such person, purpose, namespace, request, notice or insight.",
    408: "The body did not arrive in time.",
    409: "A request with this idempotency key is under way, a person's request past this step, or no head signed.",
    413: "The body is too long.",
    414: "The URL is too long.",
    415: "The body is not application/json.",
    422: "The request does not fit, or cannot be recorded.",
    429: "Too many requests: see Retry-After.",
    431: "The headers are too long.",
    500: "A defect.",
    503: "Not now: see Retry-After.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how the problems of a route are declared: those named, and those that any request may meet."""
    return public_problems(401, *statuses)


def public_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how the problems of a route for everybody are declared: nobody is asked who they are."""
    everywhere = (403, 414, 422, 429, 431, 500, 503)
    return {each: {**_PROBLEM, "description": _MEANING[each]} for each in sorted({*statuses, *everywhere})}


def problem_schemas() -> dict[str, Any]:
    """Return the schemas that declared problems refer to."""
    schema = ProblemTold.model_json_schema(ref_template=_SCHEMAS + "{model}")
    return {**schema.pop("$defs"), "ProblemTold": schema}


WITH_BODY = (400, 408, 413, 415)
"""Statuses that come with having a body."""
