"""What the controller has declared, as frozen values: the one vocabulary every other layer speaks.

Pure data. Loading YAML is `policy.load`, cross-checks are `policy.validate`, decisions are `policy.decide`.
Amounts of privacy loss appear here as the declared epsilon and delta only; rho is `release.budget`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

ADDED = MappingProxyType({"added": True})
"""Metadata of a member that came after the first release: `policy.canonical` leaves it out at its default."""


class LegalBasis(StrEnum):
    """GDPR Art. 6(1) (a)-(f), in fideslang's words; elsewhere the nearest concept of the regime."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_INTEREST = "public_interest"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class Default(StrEnum):
    """What silence means under a regime: nothing without a yes, everything until a no, or no choice offered."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    NO_CHOICE = "no_choice"


class Period(StrEnum):
    """Calendar periods (UTC) after which an allowance renews."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class ColumnType(StrEnum):
    """Declared column types. MONEY is exact DECIMAL(18, scale); TIMESTAMP is UTC microseconds."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    REAL = "real"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


class MaskKind(StrEnum):
    """NULL hides the value; YEAR/MONTH truncate dates; PREFIX keeps `size` characters; BAND floors to `size`."""

    NULL = "null"
    YEAR = "year"
    MONTH = "month"
    PREFIX = "prefix"
    BAND = "band"


@dataclass(frozen=True, slots=True)
class Mask:
    """How a column is shown, except for the purposes in `unmasked_for`."""

    kind: MaskKind
    size: int = 0
    unmasked_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column: physical type, data category, whether it may be null; `domain` lists its public values, if declared."""

    name: str
    type: ColumnType
    category: str
    nullable: bool = True
    scale: int = 0
    mask: Mask | None = None
    domain: tuple[str | int | bool, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a subject path: rows of the dataset before match on `column` = `dataset`.`key` (unique there)."""

    column: str
    dataset: str
    key: str


@dataclass(frozen=True, slots=True)
class SubjectPath:
    """How a row finds its subject: `column` holds its natural key in `namespace`, in the dataset or after `via` hops.

    With hops, `column` is a column of the last hop's dataset.
    """

    namespace: str
    column: str
    via: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class SensitiveWhen:
    """Rows are sensitive if `column` is in `values`; with `lookup`, `column` is matched to that public dataset first.

    `lookup` is (public dataset, its key column, the column compared). NULL and unmatched values count as sensitive.
    """

    column: str
    values: tuple[str | int | bool, ...]
    reveals: str
    lookup: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Rank:
    """A stored rank: rows of one subject and month, and of each value of the columns `by`, in random order.

    Rows from `since` until the end of `until` (both `YYYY-MM`) have one; others never count where it bounds.
    """

    since: str
    until: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table: personal (has subject paths) or a public dimension (has none).

    `allowance` limits what all purposes together may spend on it, within the caps.
    """

    name: str
    title: str
    columns: Mapping[str, Column]
    subjects: tuple[SubjectPath, ...] = ()
    key: tuple[str, ...] = ()
    time: str | None = None
    retention_days: int | None = None
    sensitive_when: tuple[SensitiveWhen, ...] = ()
    determines_subject: tuple[str, ...] = ()
    jurisdiction_column: str | None = None
    birth_year_column: str | None = None
    source: str = ""
    private_only: bool = field(default=False, metadata=ADDED)
    rank: Rank | None = field(default=None, metadata=ADDED)
    allowance: Allowance | None = field(default=None, metadata=ADDED)

    @property
    def is_public(self) -> bool:
        """Public dimension tables hold nothing about people."""
        return not self.subjects


class SensitiveUse(StrEnum):
    """Whether a purpose may touch sensitive rows at all."""

    NEVER = "never"
    EXPLICIT_CONSENT = "explicit_consent"


@dataclass(frozen=True, slots=True)
class RegimeBasis:
    """A purpose's legal basis under one regime and what silence means there."""

    regime: str
    basis: LegalBasis
    default: Default


@dataclass(frozen=True, slots=True)
class Bound:
    """How much one subject may add to a measure: `per_group` or `norm` (L2 over all groups), in the column's units.

    Exactly one of the two is set. Values are decimal strings, so that money stays exact.
    `lower` is the lower end per group (default 0; `norm` is symmetric and ignores it).
    `values` are the least and the largest value of one row: for VARIANCE, STDDEV, MEDIAN and quantiles, and for SUM
    where a stored rank bounds. `most` is the largest that one subject's rows sum to in size, taken as true: how much
    clipping may have taken away is told by it. With `drawn` the norm is a private quantile, at most `norm`.
    """

    per_group: str | None = None
    norm: str | None = None
    lower: str = "0"
    values: tuple[str, str] | None = field(default=None, metadata=ADDED)
    most: str | None = field(default=None, metadata=ADDED)
    drawn: bool = field(default=False, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class RankBound:
    """Where a stored rank bounds: rows of one subject that count in a month, and in a month and value of a declared
    dimension (0: that rank bounds nothing).
    """

    rows: int = 0
    each: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """An amount of (epsilon, delta) that may be spent in a period."""

    epsilon: float
    delta: float
    period: Period


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """User-level differential privacy for one purpose: what a question may cost and how people's influence is bounded.

    `rows` bounds the rows one subject adds to COUNT in each group; `columns` bounds SUM and AVG by column.
    `threshold_delta` is spent by each release whose group keys are not public. For `max_age_hours` an answer may be
    shown again to the very same question, at no loss. `analyst_allowance` is what each person who asks may spend of the
    purpose's `allowance`. Groups with fewer than `minimum_group` people, by a noisy count, are not shown.
    """

    epsilon_default: float
    epsilon_max: float
    allowance: Allowance
    max_groups: int
    rows: Bound
    columns: Mapping[str, Bound] = field(default_factory=dict)
    threshold_delta: float = 1e-8
    clipping_share: float = 0.0
    max_cells: int = 10_000
    max_age_hours: int = field(default=0, metadata=ADDED)
    rank: RankBound | None = field(default=None, metadata=ADDED)
    caps_share: float = field(default=0.1, metadata=ADDED)
    analyst_allowance: Allowance | None = field(default=None, metadata=ADDED)
    minimum_group: int = field(default=0, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class SuppressedRule:
    """Exact figures for insights that a second person approved; cells that tell of too few people are withheld.

    `minimum` people contribute to each figure, nobody more than `largest_share` of it (a decimal string).
    `conditional`: it is accepted that the guarantee of private releases about the same people holds only on condition.
    """

    minimum: int = 10
    largest_share: str = "0.5"
    max_cells: int = 10_000
    conditional: bool = False


class Unknown(StrEnum):
    """What an unknown age means; an unknown place is a regime's name or REFUSE."""

    REFUSE = "refuse"
    ADULT = "adult"


@dataclass(frozen=True, slots=True)
class Notice:
    """The words a customer was shown; a new version is a new notice."""

    version: str
    text: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data may be used, for whom, on which basis, and in what form an answer may leave."""

    name: str
    title: str
    description: str
    notice: Notice
    bases: Mapping[str, RegimeBasis]
    categories: tuple[str, ...]
    roles: tuple[str, ...]
    release: ReleaseRule
    unknown_place: str
    unknown_age: Unknown
    minimum_age: int = 18
    sensitive: SensitiveUse = SensitiveUse.NEVER
    consent_days: int | None = None
    recipients: tuple[str, ...] = ()
    suppressed: SuppressedRule | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Controller:
    """Who is responsible (GDPR Art. 13(1)(a))."""

    name: str
    country: str
    contact: str
    officer: str = ""


@dataclass(frozen=True, slots=True)
class Regime:
    """A legal regime and the jurisdictions (ISO 3166 codes) it covers."""

    name: str
    title: str
    jurisdictions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrivacyUnit:
    """A subject namespace: whose privacy is counted, and the binding yearly cap over all datasets and purposes."""

    name: str
    title: str
    cap: Allowance


@dataclass(frozen=True, slots=True)
class Role:
    """What people holding the role may do: `policy.decide.ACTIONS` lists the actions."""

    name: str
    title: str
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff and the roles they hold; `allowance` is the most they may spend, over all purposes."""

    name: str
    title: str
    roles: tuple[str, ...]
    allowance: Allowance | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody data or answers are given to (GDPR Art. 13(1)(e)-(f))."""

    name: str
    title: str
    country: str
    kind: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the controller declared. `version` is the SHA-256 of the canonical content, in hex."""

    controller: Controller
    regimes: Mapping[str, Regime]
    namespaces: Mapping[str, PrivacyUnit]
    purposes: Mapping[str, Purpose]
    datasets: Mapping[str, Dataset]
    recipients: Mapping[str, Recipient]
    roles: Mapping[str, Role]
    people: Mapping[str, Person]
    version: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: kind (`staff`, `customer`, `system`), name, roles held, and how that was established.

    In the embedded product `authenticated` is `os-user:<name>`: a label with the operating-system user, not a proof.
    """

    kind: str
    name: str
    roles: tuple[str, ...]
    authenticated: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Facts about an actor that other stories establish (training, approvals). Empty until governance fills it."""

    facts: Mapping[str, str] = field(default_factory=dict)
