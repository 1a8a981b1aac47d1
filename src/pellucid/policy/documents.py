"""The shape of a policy folder, as Pydantic models: what each key is called, means and may hold. Only the YAML edge.

Cross-references are `policy.validate`'s; these models become the JSON Schema that editors use, and `policy.build` turns
them into the frozen model. The models stand by noun in `policy.written`.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pellucid.policy.written.base import AllowanceDocument, Document, TitleTexts
from pellucid.policy.written.dataset import (
    BuiltDocument,
    ColumnDocument,
    DatasetDocument,
    DatasetTexts,
    FactsDocument,
    HopDocument,
    LookupDocument,
    MaskDocument,
    RankDocument,
    SensitiveWhenDocument,
    SubjectPathDocument,
)
from pellucid.policy.written.people import (
    AuthorityDocument,
    ControllerDocument,
    NamespaceDocument,
    PersonDocument,
    RecipientDocument,
    RecipientTexts,
    RegimeDocument,
    RoleDocument,
)
from pellucid.policy.written.purpose import (
    BasisDocument,
    NoticeDocument,
    PurposeDocument,
    PurposeTexts,
    UnknownDocument,
)
from pellucid.policy.written.release import (
    BoundDocument,
    EpsilonDocument,
    RankBoundDocument,
    ReleaseDocument,
    SuppressedDocument,
)

__all__ = [
    "REQUIRED",
    "SECTIONS",
    "AllowanceDocument",
    "AuthorityDocument",
    "BasisDocument",
    "BoundDocument",
    "BuiltDocument",
    "ColumnDocument",
    "ControllerDocument",
    "DatasetDocument",
    "DatasetTexts",
    "Document",
    "EpsilonDocument",
    "FactsDocument",
    "HopDocument",
    "LookupDocument",
    "MaskDocument",
    "NamespaceDocument",
    "NoticeDocument",
    "PartDocument",
    "PersonDocument",
    "PurposeDocument",
    "PurposeTexts",
    "RankBoundDocument",
    "RankDocument",
    "RecipientDocument",
    "RecipientTexts",
    "RegimeDocument",
    "ReleaseDocument",
    "RoleDocument",
    "SensitiveWhenDocument",
    "SubjectPathDocument",
    "SuppressedDocument",
    "TitleTexts",
    "UnknownDocument",
    "json_schema",
]


class PartDocument(Document):
    """One file of a policy folder: any of the policy's top-level keys."""

    controller: ControllerDocument | None = Field(default=None, description="Who is responsible.")
    regimes: dict[str, RegimeDocument] = Field(default={}, description="Legal regimes by name.")
    namespaces: dict[str, NamespaceDocument] = Field(default={}, description="Kinds of subject by name.")
    recipients: dict[str, RecipientDocument] = Field(default={}, description="Recipients by name.")
    roles: dict[str, RoleDocument] = Field(default={}, description="Roles by name.")
    people: dict[str, PersonDocument] = Field(default={}, description="Members of staff by name.")
    purposes: dict[str, PurposeDocument] = Field(default={}, description="Purposes by name.")
    datasets: dict[str, DatasetDocument] = Field(default={}, description="Datasets by name.")


SECTIONS: dict[str, type[Document]] = {
    "regimes": RegimeDocument,
    "namespaces": NamespaceDocument,
    "recipients": RecipientDocument,
    "roles": RoleDocument,
    "people": PersonDocument,
    "purposes": PurposeDocument,
    "datasets": DatasetDocument,
}
"""The top-level keys that hold things by name."""
REQUIRED = ("regimes", "namespaces", "roles", "people")
"""Sections without which nothing can be decided."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one policy file, for editors."""
    schema = PartDocument.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "pellucid policy",
    }
