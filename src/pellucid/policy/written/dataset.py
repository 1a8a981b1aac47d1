"""Datasets: their columns, how rows find their people, what is sensitive, what they tell about a person."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from pellucid.policy.model import ColumnType, MaskKind
from pellucid.policy.written.base import TRANSLATIONS, AllowanceDocument, Document, Language, Text, TitleTexts, Word

Value = str | int | bool


class MaskDocument(Document):
    """How a column is shown in place of its values."""

    kind: Word[MaskKind] = Field(description="null, year, month (of a date), prefix (of a text), band (of a number).")
    size: int = Field(default=0, description="Characters of a prefix, or width of a band.")
    unmasked_for: list[Text] = Field(default=[], description="Purposes that see the values as they are.")

    @model_validator(mode="before")
    @classmethod
    def _null_is_a_kind(cls, data: Any) -> Any:
        """Unquoted `null` means nothing in YAML and a mask here: `kind: null` says what its writer meant."""
        if isinstance(data, dict) and "kind" in data and data["kind"] is None:
            return {**data, "kind": "null"}
        return data


class ColumnDocument(Document):
    """A column of a dataset."""

    type: Word[ColumnType] = Field(description="text, integer, money, real, boolean, date or timestamp.")
    category: Text = Field(description="What kind of data it holds, e.g. user.behavior.purchase_history.")
    title: str = Field(default="", description="What it holds in plain words.")
    nullable: bool = Field(default=True, description="Whether a value may be missing.")
    scale: int | None = Field(default=None, description="Decimal places of money (required) or a summed real.")
    domain: list[Value] = Field(default=[], description="All values it may have, if these are public knowledge.")
    mask: MaskDocument | None = Field(default=None, description="How it is shown in place of its values.")
    retention_days: int | None = Field(default=None, description="Days after which a row's value is emptied.")
    translations: dict[Language, TitleTexts] = Field(default={}, description=TRANSLATIONS)

    @model_validator(mode="after")
    def _money_has_a_scale(self) -> ColumnDocument:
        if self.type is ColumnType.MONEY and self.scale is None:
            raise ValueError("money is exact and needs its decimal places; add `scale: 2`")
        return self


class HopDocument(Document):
    """One step from a row towards its subject."""

    column: Text = Field(description="Column of the dataset the step begins in.")
    dataset: Text = Field(description="Dataset the step leads to.")
    key: Text = Field(description="Key column of that dataset.")


class SubjectPathDocument(Document):
    """How a row finds its subject."""

    namespace: Text = Field(description="Kind of subject.")
    column: Text = Field(description="Column with the subject's key, in the dataset itself or the last one of `via`.")
    via: list[HopDocument] = Field(default=[], description="Steps through other datasets.")


class LookupDocument(Document):
    """A public dataset in which a value is looked up."""

    dataset: Text = Field(description="Public dataset.")
    key: Text = Field(description="Its key column.")
    column: Text = Field(description="The column whose values are compared.")


class SensitiveWhenDocument(Document):
    """Which values make a row sensitive."""

    column: Text = Field(description="Column of this dataset that is compared, or looked up first.")
    values: list[Value] = Field(min_length=1, description="Values that reveal something sensitive.")
    reveals: Text = Field(description="What they reveal, e.g. health.")
    lookup: LookupDocument | None = Field(default=None, description="Where the column is looked up.")


class FactsDocument(Document):
    """Columns that describe the subject and help to decide about it."""

    jurisdiction: str | None = Field(default=None, description="Text column with an ISO 3166 code.")
    birth_year: str | None = Field(default=None, description="Integer column with a year of birth.")
    vulnerable: str | None = Field(default=None, description="Boolean column: whether the subject needs special care.")
    estimated: list[Literal["jurisdiction", "birth_year", "vulnerable"]] = Field(
        default=[], description="Those of these facts that are only estimates: they can take away, never permit."
    )


class RankDocument(Document):
    """A stored rank of rows: the rows of one subject and month in random order."""

    since: Text = Field(description="First month, as YYYY-MM.")
    until: Text = Field(description="Last month, as YYYY-MM.")
    by: list[Text] = Field(default=[], description="Columns within whose values rows are ranked too.")


class KeepDocument(Document):
    """What a law has kept after somebody was erased."""

    days: int = Field(description="How old a row gets before it may go.")
    basis: Literal["legal_obligation"] = Field(description="legal_obligation (GDPR Art. 17(3)(b)).")
    reason: Text = Field(description="Which law, in words the person is told.")


class BuiltDocument(Document):
    """How a derived table is made."""

    purpose: Text = Field(description="Purpose under which it is built: only rows that it may use are in it.")
    sql: Text = Field(description="The question whose rows it holds, each of one subject.")
    reads: list[Text] = Field(
        min_length=1, description="Columns it is made of, as dataset.column; who may not read them all may not read it."
    )


class DatasetTexts(Document):
    """What customers read of a dataset, in another language."""

    title: Text = Field(description="The title.")
    source: str = Field(default="", description="Where the data come from.")
    keep: str = Field(default="", description="Which law has rows kept: the reason under `keep`.")


class DatasetDocument(Document):
    """A table: about people (`subjects`) or about nobody (`public: true`)."""

    title: Text = Field(description="What the rows are, in plain words.")
    columns: dict[str, ColumnDocument] = Field(min_length=1, description="Columns in the order of `*`.")
    source: str = Field(default="", description="Where the data come from.")
    public: bool = Field(default=False, description="True for a dimension table that holds nothing about people.")
    subjects: list[SubjectPathDocument] = Field(default=[], description="How each row finds its subject or subjects.")
    key: list[Text] = Field(default=[], description="Columns that together are unique.")
    time: str | None = Field(default=None, description="Column that tells when a row happened.")
    retention_days: int | None = Field(default=None, description="Days after which rows are no longer used.")
    determines_subject: list[Text] = Field(default=[], description="Columns whose values each belong to one subject.")
    facts: FactsDocument = Field(default=FactsDocument(), description="Columns that describe the subject.")
    sensitive_when: list[SensitiveWhenDocument] = Field(default=[], description="Which values make a row sensitive.")
    private_only: bool = Field(default=False, description="True if no exact figure may ever be made from it.")
    rank: RankDocument | None = Field(
        default=None, description="Ranks each subject's rows within months when data come in, for the cheapest bound."
    )
    allowance: AllowanceDocument | None = Field(
        default=None, description="Most privacy loss of questions that read it, over all purposes and analysts."
    )
    keep: KeepDocument | None = Field(default=None, description="Rows that a law has kept after an erasure.")
    built: BuiltDocument | None = Field(default=None, description="How it is made of other datasets, if it is.")
    translations: dict[Language, DatasetTexts] = Field(default={}, description=TRANSLATIONS)

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
