"""What the controller has declared, as frozen values: the one vocabulary every other layer speaks.

Pure data, by noun in `policy.parts`. Loading YAML is `policy.load`, cross-checks are `policy.validate`, decisions are
`policy.decide`. Amounts of privacy loss appear here as the declared epsilon and delta only; rho is `release.budget`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pellucid.policy.parts.added import ADDED
from pellucid.policy.parts.dataset import (
    Built,
    Column,
    ColumnType,
    Dataset,
    Hop,
    Keep,
    Mask,
    MaskKind,
    Rank,
    SensitiveWhen,
    SubjectPath,
)
from pellucid.policy.parts.people import (
    Actor,
    Authority,
    Controller,
    Person,
    PrivacyUnit,
    Recipient,
    Regime,
    Role,
    Standing,
)
from pellucid.policy.parts.purpose import (
    Default,
    LegalBasis,
    Notice,
    Purpose,
    PurposeRetention,
    RegimeBasis,
    RestrictedUse,
    SensitiveUse,
    Unknown,
    VulnerableUse,
)
from pellucid.policy.parts.release import Allowance, Bound, Period, RankBound, ReleaseRule, SuppressedRule
from pellucid.policy.parts.texts import (
    LANGUAGES,
    TEXTS,
    TOLD_IN_NOTICES,
    Translation,
    name_in_words,
    own_texts,
    part_of,
    parts_of,
    translated,
)
from pellucid.regulations.model import NO_LAWS, Laws

__all__ = [
    "ADDED",
    "LANGUAGES",
    "TEXTS",
    "TOLD_IN_NOTICES",
    "Actor",
    "Allowance",
    "Authority",
    "Bound",
    "Built",
    "Column",
    "ColumnType",
    "Controller",
    "Dataset",
    "Default",
    "Hop",
    "Keep",
    "LegalBasis",
    "Mask",
    "MaskKind",
    "Notice",
    "Period",
    "Person",
    "Policy",
    "PrivacyUnit",
    "Purpose",
    "PurposeRetention",
    "Rank",
    "RankBound",
    "Recipient",
    "Regime",
    "RegimeBasis",
    "ReleaseRule",
    "RestrictedUse",
    "Role",
    "SensitiveUse",
    "SensitiveWhen",
    "Standing",
    "SubjectPath",
    "SuppressedRule",
    "Translation",
    "Unknown",
    "VulnerableUse",
    "name_in_words",
    "own_texts",
    "part_of",
    "parts_of",
    "translated",
]


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the controller declared. `version` is the SHA-256 of the canonical content, in hex.

    `laws` are those that the controller signed off: they are kept apart, and come with the policy in force.
    """

    controller: Controller
    regimes: Mapping[str, Regime]
    namespaces: Mapping[str, PrivacyUnit]
    purposes: Mapping[str, Purpose]
    datasets: Mapping[str, Dataset]
    recipients: Mapping[str, Recipient]
    roles: Mapping[str, Role]
    people: Mapping[str, Person]
    version: str
    laws: Laws = field(default=NO_LAWS, metadata=ADDED)

    @property
    def in_force(self) -> tuple[str, str]:
        """Return what tells this policy, with its laws, from every other: their versions."""
        return self.version, self.laws.version
