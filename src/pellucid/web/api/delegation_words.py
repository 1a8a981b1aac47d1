"""The words of `/api/v1/delegations`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pellucid.web.api.words import Asked, Moment, Namespace, Note, Subject


class DelegationAsked(Asked):
    """That somebody may act for somebody else."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "guardian", "subject": "h0042", "by": "h0007", "evidence": "file 12"}]}
    )

    kind: Literal["guardian", "agent"]
    subject: Subject
    namespace: Namespace = None
    by: Subject
    by_namespace: Namespace = None
    evidence: Annotated[Note, Field(min_length=1, description="Where the proof lies, such as the number of a file.")]
    until: Annotated[Moment | None, Field(description="When it ends, RFC 3339; null: no end.")] = None


class DelegationTold(BaseModel):
    """A delegation, without the two whom it is between."""

    id: str
    kind: Literal["guardian", "agent"]
    since: str
    until: str | None


class DelegationsTold(BaseModel):
    """The delegations that somebody has a part in."""

    delegations: list[DelegationTold]
