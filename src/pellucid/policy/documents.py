"""The shape of a policy folder, as Pydantic models: what each key is called, means and may hold. Only the YAML edge.

Cross-references are `policy.validate`'s; these models become the JSON Schema that editors use, and `policy.build` turns
them into the frozen model.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pellucid.policy.model import ColumnType, Default, LegalBasis, MaskKind, Period, SensitiveUse, Unknown

_Enum = TypeVar("_Enum")
_Word = Annotated[_Enum, Field(strict=False)]
_Text = Annotated[str, Field(min_length=1)]
_Amount = str | int | float
_Value = str | int | bool


class Document(BaseModel):
    """A mapping in a policy file: no other keys, no types but the stated ones."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def contradiction(cls, written: Any) -> str | None:
        """Return what contradicts itself in what was written ("message; remedy"), even where its shape is wrong too."""
        return None


class ControllerDocument(Document):
    """Who is responsible for the data (GDPR Art. 13(1)(a))."""

    name: _Text = Field(description="Name of the organisation, as customers know it.")
    country: _Text = Field(description="ISO 3166 code of the country it is established in.")
    contact: _Text = Field(description="Where customers reach it about their data.")
    officer: str = Field(default="", description="Name (under `people`) of the privacy officer.")


class RegimeDocument(Document):
    """A legal regime and where it holds."""

    title: _Text = Field(description="Plain name of the law.")
    jurisdictions: list[_Text] = Field(min_length=1, description="ISO 3166 codes of its places, e.g. DE, US-CA.")


class AllowanceDocument(Document):
    """An amount of privacy loss that may be spent in a period."""

    epsilon: float = Field(description="Most epsilon in a period; positive.")
    delta: float = Field(description="Most delta in a period; positive and far below one in the number of people.")
    period: _Word[Period] = Field(description="Calendar period (UTC) after which it renews: day, month or year.")


class NamespaceDocument(Document):
    """Whose privacy is counted: one kind of subject."""

    title: _Text = Field(description="What one subject is, e.g. household.")
    cap: AllowanceDocument = Field(description="The binding limit for each subject over all datasets and purposes.")


class RecipientDocument(Document):
    """Somebody who gets data or answers (GDPR Art. 13(1)(e)-(f))."""

    title: _Text = Field(description="Who they are, as customers should read it.")
    country: _Text = Field(description="ISO 3166 code of the country they are in.")
    kind: _Text = Field(description="What they are to the controller, e.g. processor or controller.")


class RoleDocument(Document):
    """What people who hold the role may do."""

    title: _Text = Field(description="Plain name of the role.")
    may: list[_Text] = Field(description="Actions the role permits, e.g. query, budget-show, consent-record.")


class PersonDocument(Document):
    """A member of staff."""

    title: _Text = Field(description="Who they are.")
    roles: list[_Text] = Field(description="Names of the roles they hold.")
    allowance: AllowanceDocument | None = Field(
        default=None, description="Most privacy loss that their questions may spend, over all purposes."
    )


class NoticeDocument(Document):
    """The words customers are shown about a purpose."""

    version: _Text = Field(description="Version of the notice; quote it, so that it stays text.")
    text: _Text = Field(description="The words themselves.")


class BasisDocument(Document):
    """Why a purpose is lawful under one regime, and what silence means there."""

    basis: _Word[LegalBasis] = Field(description="Legal basis (GDPR Art. 6(1)), or the regime's nearest concept.")
    default: _Word[Default] = Field(description="opt_in: not without a yes; opt_out: until a no; no_choice: always.")


class UnknownDocument(Document):
    """What it means that a subject's place or age is not known."""

    place: _Text = Field(description="Name of the regime that then holds, or `refuse`.")
    age: _Word[Unknown] = Field(description="`adult`, or `refuse`.")


class BoundDocument(Document):
    """How much one subject may add to a measure: exactly one of `per_group` and `norm`."""

    per_group: _Amount | None = Field(
        default=None, description="Most one subject adds in each group, in the column's units."
    )
    norm: _Amount | None = Field(default=None, description="Largest L2 norm of what one subject adds over all groups.")
    lower: _Amount = Field(default=0, description="Least that one subject adds in each group; only with `per_group`.")
    values: list[_Amount] | None = Field(
        default=None,
        min_length=2,
        max_length=2,
        description="Least and largest value of one row, for VARIANCE, STDDEV, MEDIAN and quantiles, and for SUM where "
        "a stored rank bounds; others are cut.",
    )
    most: _Amount | None = Field(
        default=None,
        description="Largest that the rows of one subject sum to in size, taken as true: it bounds what clipping took.",
    )
    drawn: bool = Field(
        default=False, description="True if the norm is a private quantile of what people add, at most `norm`."
    )


class RankBoundDocument(Document):
    """How many rows of one subject count where a stored rank bounds."""

    rows: int = Field(default=0, description="Rows of one subject that count in a month, 1 to 254; 0: not bounded so.")
    each: int = Field(
        default=0,
        description="Rows of one subject that count in a month and value of a dimension in the rank's `by`; as `rows`.",
    )


class EpsilonDocument(Document):
    """What one question costs."""

    default: float = Field(description="Epsilon spent by a question that does not ask for another.")
    max: float = Field(description="Most epsilon that one question may ask for.")


class ReleaseDocument(Document):
    """In what form answers may leave: user-level differential privacy."""

    rule: Literal["private"] = Field(description="The release rule: `private`, differential privacy for each subject.")
    epsilon: EpsilonDocument = Field(description="Epsilon of one question.")
    allowance: AllowanceDocument = Field(description="What the purpose may spend in a period.")
    max_groups: int = Field(description="Most groups that one subject may be counted in; at least 1.")
    rows: BoundDocument = Field(description="Bound on the rows one subject adds to COUNT.")
    columns: dict[str, BoundDocument] = Field(default={}, description="Bounds for SUM and AVG, by column.")
    threshold_delta: float = Field(default=1e-8, description="Delta of a release whose group keys are not public.")
    clipping_share: float = Field(
        default=0.0, description="Share of a question's budget for telling how many were clipped."
    )
    max_cells: int = Field(default=10_000, description="Most cells in one answer.")
    max_age_hours: int = Field(
        default=0,
        description="Hours for which an answer may be shown again to the same question, at no loss; 0: never.",
    )
    caps_share: float = Field(
        default=0.1, description="Share of a question's budget for drawing norms that are `drawn`, the first time."
    )
    rank: RankBoundDocument | None = Field(
        default=None, description="Lets a stored rank bound what one subject adds, where that needs less noise."
    )
    minimum_group: int = Field(
        default=0, description="Fewest people, by a noisy count, of a group whose figures are shown; 0: no minimum."
    )
    analyst_allowance: AllowanceDocument | None = Field(
        default=None, description="What each person who asks may spend in a period, each for themselves."
    )


class SuppressedDocument(Document):
    """Exact figures for insights that a second person approved; cells that tell of too few people are withheld."""

    minimum: int = Field(default=10, description="Fewest people who contribute to a figure that is shown; 3 to 50.")
    largest_share: _Amount = Field(
        default="0.5", description="Largest share of a figure that one person may bring; above 0, at most 0.9."
    )
    max_cells: int = Field(default=10_000, description="Most cells in one answer.")
    guarantee: Literal["unconditional", "conditional"] = Field(
        default="unconditional",
        description="`conditional` accepts that the guarantee of private releases about the same people holds only on "
        "condition that nobody combines them with these exact figures.",
    )


class PurposeDocument(Document):
    """Why data may be used, for whom, on which basis, and in what form an answer may leave."""

    title: _Text = Field(description="The purpose in plain words, beginning with a verb.")
    description: _Text = Field(description="What is done and what is not done.")
    notice: NoticeDocument = Field(description="What customers are told.")
    basis: dict[str, BasisDocument] = Field(min_length=1, description="Legal basis and default, by regime.")
    unknown: UnknownDocument = Field(description="What an unknown place or age means.")
    minimum_age: int = Field(default=18, description="Age in years from which subjects count as adults.")
    sensitive: _Word[SensitiveUse] = Field(
        default=SensitiveUse.NEVER, description="Whether sensitive rows are never read, or with explicit_consent."
    )
    consent_days: int | None = Field(default=None, description="Days after which a consent expires.")
    categories: list[_Text] = Field(min_length=1, description="Categories that may be read, with all below them.")
    roles: list[_Text] = Field(min_length=1, description="Roles whose holders may ask under this purpose.")
    recipients: list[_Text] = Field(default=[], description="Who gets data or answers.")
    release: ReleaseDocument = Field(description="In what form answers may leave.")
    suppressed: SuppressedDocument | None = Field(
        default=None, description="Lets exact figures leave too, for insights that a second person approved."
    )


class MaskDocument(Document):
    """How a column is shown in place of its values."""

    kind: _Word[MaskKind] = Field(description="null, year, month (of a date), prefix (of a text), band (of a number).")
    size: int = Field(default=0, description="Characters of a prefix, or width of a band.")
    unmasked_for: list[_Text] = Field(default=[], description="Purposes that see the values as they are.")

    @model_validator(mode="before")
    @classmethod
    def _null_is_a_kind(cls, data: Any) -> Any:
        """Unquoted `null` means nothing in YAML and a mask here: `kind: null` says what its writer meant."""
        if isinstance(data, dict) and "kind" in data and data["kind"] is None:
            return {**data, "kind": "null"}
        return data


class ColumnDocument(Document):
    """A column of a dataset."""

    type: _Word[ColumnType] = Field(description="text, integer, money, real, boolean, date or timestamp.")
    category: _Text = Field(description="What kind of data it holds, e.g. user.behavior.purchase_history.")
    title: str = Field(default="", description="What it holds in plain words.")
    nullable: bool = Field(default=True, description="Whether a value may be missing.")
    scale: int | None = Field(default=None, description="Decimal places of money (required) or a summed real.")
    domain: list[_Value] = Field(default=[], description="All values it may have, if these are public knowledge.")
    mask: MaskDocument | None = Field(default=None, description="How it is shown in place of its values.")

    @model_validator(mode="after")
    def _money_has_a_scale(self) -> ColumnDocument:
        if self.type is ColumnType.MONEY and self.scale is None:
            raise ValueError("money is exact and needs its decimal places; add `scale: 2`")
        return self


class HopDocument(Document):
    """One step from a row towards its subject."""

    column: _Text = Field(description="Column of the dataset the step begins in.")
    dataset: _Text = Field(description="Dataset the step leads to.")
    key: _Text = Field(description="Key column of that dataset.")


class SubjectPathDocument(Document):
    """How a row finds its subject."""

    namespace: _Text = Field(description="Kind of subject.")
    column: _Text = Field(description="Column with the subject's key, in the dataset itself or the last one of `via`.")
    via: list[HopDocument] = Field(default=[], description="Steps through other datasets.")


class LookupDocument(Document):
    """A public dataset in which a value is looked up."""

    dataset: _Text = Field(description="Public dataset.")
    key: _Text = Field(description="Its key column.")
    column: _Text = Field(description="The column whose values are compared.")


class SensitiveWhenDocument(Document):
    """Which values make a row sensitive."""

    column: _Text = Field(description="Column of this dataset that is compared, or looked up first.")
    values: list[_Value] = Field(min_length=1, description="Values that reveal something sensitive.")
    reveals: _Text = Field(description="What they reveal, e.g. health.")
    lookup: LookupDocument | None = Field(default=None, description="Where the column is looked up.")


class FactsDocument(Document):
    """Columns that describe the subject and help to decide about it."""

    jurisdiction: str | None = Field(default=None, description="Text column with an ISO 3166 code.")
    birth_year: str | None = Field(default=None, description="Integer column with a year of birth.")


class RankDocument(Document):
    """A stored rank of rows: the rows of one subject and month in random order."""

    since: _Text = Field(description="First month, as YYYY-MM.")
    until: _Text = Field(description="Last month, as YYYY-MM.")
    by: list[_Text] = Field(default=[], description="Columns within whose values rows are ranked too.")


class DatasetDocument(Document):
    """A table: about people (`subjects`) or about nobody (`public: true`)."""

    title: _Text = Field(description="What the rows are, in plain words.")
    columns: dict[str, ColumnDocument] = Field(min_length=1, description="Columns in the order of `*`.")
    source: str = Field(default="", description="Where the data come from.")
    public: bool = Field(default=False, description="True for a dimension table that holds nothing about people.")
    subjects: list[SubjectPathDocument] = Field(default=[], description="How each row finds its subject or subjects.")
    key: list[_Text] = Field(default=[], description="Columns that together are unique.")
    time: str | None = Field(default=None, description="Column that tells when a row happened.")
    retention_days: int | None = Field(default=None, description="Days after which rows are no longer used.")
    determines_subject: list[_Text] = Field(default=[], description="Columns whose values each belong to one subject.")
    facts: FactsDocument = Field(default=FactsDocument(), description="Columns that describe the subject.")
    sensitive_when: list[SensitiveWhenDocument] = Field(default=[], description="Which values make a row sensitive.")
    private_only: bool = Field(default=False, description="True if no exact figure may ever be made from it.")
    rank: RankDocument | None = Field(
        default=None, description="Ranks each subject's rows within months when data come in, for the cheapest bound."
    )
    allowance: AllowanceDocument | None = Field(
        default=None, description="Most privacy loss of questions that read it, over all purposes and analysts."
    )

    @classmethod
    def contradiction(cls, written: Any) -> str | None:
        """Return whether the dataset says neither or both of `public` and `subjects`."""
        public = isinstance(written, dict) and written.get("public") is True
        personal = isinstance(written, dict) and bool(written.get("subjects"))
        if public and personal:
            return "a public dataset has subjects; take out `public` or `subjects`"
        if not public and not personal:
            return "a dataset about people needs `subjects`; one about nobody says `public: true`"
        return None


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
