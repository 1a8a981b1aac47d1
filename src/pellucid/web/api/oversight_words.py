"""The words of what an officer's programs see: requests by due date, coverage, refused uses, the log. About nobody."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pellucid.web.api.request_words import RightNamed
from pellucid.web.api.words import Asked

Acted = Literal["staff", "program", "customer", "system", "agent"]
"""Kinds of actors, as entries of the log tell them."""
Wait = Literal["acknowledgement", "person", "proof", "approval", "answer", "joined", "nothing"]


class VerificationAsked(Asked):
    """Nothing has to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class DueTold(BaseModel):
    """A request by the day on which it is due, and the law that set it; not whom it is about."""

    request_id: str
    right: RightNamed
    status: Literal["open", "in_progress", "fulfilled", "denied", "revoked", "expired"]
    reason: str
    received_at: str
    due: str = Field(description="The last day, YYYY-MM-DD.")
    days_left: int | None = Field(description="Negative: overdue; null: closed.")
    law: str = Field(description="`own`: the company's own limit.")
    cite: str
    strength_needed: int = Field(description="How well who asks has to be known: 0, 1 or 2.")
    strength_shown: int
    waits_for: list[Wait] = Field(description="`nothing`: it can be carried out. Empty: it is closed.")


class RequestsDueTold(BaseModel):
    """A page of requests, the next one due first; `total` of the kind are there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "total": 132,
                    "requests": [
                        {
                            "request_id": "r5d0c1f6a92be",
                            "right": "erasure",
                            "status": "in_progress",
                            "reason": "",
                            "received_at": "2026-11-29T10:00:00+00:00",
                            "due": "2026-12-29",
                            "days_left": 30,
                            "law": "eu-gdpr",
                            "cite": "Art. 12(3)",
                            "strength_needed": 2,
                            "strength_shown": 1,
                            "waits_for": ["proof", "approval"],
                        }
                    ],
                    "next": "2026-12-29.1795946400000000.r5d0c1f6a92be",
                }
            ]
        }
    )

    total: int
    requests: list[DueTold]
    next: str | None = Field(description="`after` of the next page; null: this is the last.")


class PurposeCovered(BaseModel):
    """How many people a purpose may use, exactly, and in the bands that analysts are told."""

    purpose: str
    total: int
    permitted: int
    permitted_sensitive: int
    partial: int = Field(description="Of whom only newer rows may be read.")
    share: str
    people: str | None


class CoverageTold(BaseModel):
    """Coverage of a dataset by purpose. Exact: for an officer only. Asking is logged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "dataset": "purchases",
                    "purposes": [
                        {
                            "purpose": "planning",
                            "total": 2469,
                            "permitted": 2310,
                            "permitted_sensitive": 0,
                            "partial": 0,
                            "share": "90-95 %",
                            "people": "between 2,000 and 3,000",
                        }
                    ],
                }
            ]
        }
    )

    dataset: str
    purposes: list[PurposeCovered]


class TotalTold(BaseModel):
    """How often something was said about a purpose on a day; null: about all purposes at once."""

    day: str
    purpose: str | None
    kind: Literal["given", "refused", "withdrawn", "objected"]
    number: int


class TotalsTold(BaseModel):
    """What was said over time. Exact: for an officer only. Asking is logged."""

    totals: list[TotalTold]


class RefusedKind(BaseModel):
    """A kind of refused use. `docs/reference/reasons.md` lists the codes."""

    by: str = Field(description="Kind of who asked.")
    roles: list[str]
    purpose: str | None
    reasons: list[str]


class RefusedGroupTold(RefusedKind):
    """How often it was refused, and when first and last."""

    times: int
    first: str
    last: str


class RefusedUseTold(RefusedKind):
    """One refused use, and the place of its entry in the log."""

    entry: int
    at: str


class RefusedTold(BaseModel):
    """Refused uses by kind, and one by one, the newest first. Ask again with `before` = `next`; null: that is all."""

    groups: list[RefusedGroupTold]
    uses: list[RefusedUseTold]
    next: int | None


class LineTold(BaseModel):
    """An entry of the log, without whom it is about."""

    entry: int
    at: str
    action: str
    by: str
    roles: list[str]
    purpose: str | None
    reasons: list[str] = Field(description="Codes, where it tells of a refusal.")


class LogTold(BaseModel):
    """Entries, the newest first. Ask again with `before` = `next`; null: that is all."""

    size: int
    entries: list[LineTold]
    next: int | None


class EntryTold(BaseModel):
    """An entry as it was hashed, people in it by pseudonym, and the proof that it is in the log."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "entry": 204,
                    "body": '{"action":"query.released","actor":{"authenticated":"session:1f","kind":"staff"}}',
                    "proof": "c2sp.org/tlog-proof@v1\nindex 204\n…",
                }
            ]
        }
    )

    entry: int
    body: str = Field(description="JSON, to be hashed verbatim.")
    proof: str


class HeadTold(BaseModel):
    """How long the log is and its root, and the newest head that was signed (a C2SP checkpoint)."""

    size: int
    root: str = Field(description="Hexadecimal.")
    signed: int = Field(description="Entries below the newest signed head.")
    signed_at: str | None
    checkpoint: str | None
    key: str = Field(description="As this server holds it: compare it with the published one.")


class StepTold(BaseModel):
    """How one step of a verification went."""

    number: int
    title: str
    outcome: Literal["held", "failed", "absent", "skipped"]
    message: str


class VerifiedTold(BaseModel):
    """What was found: the first `read` entries were read, and the key signed the head of `signed` of them."""

    entry: int = Field(description="The place in the log where the finding is kept.")
    at: str
    holds: bool
    read: int
    signed: int
    key: str
    milliseconds: int
    steps: list[StepTold]
