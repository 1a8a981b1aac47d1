"""Datasets: their columns, how rows find their people, what is sensitive, what they tell about a person."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pellucid.policy.parts.added import ADDED
from pellucid.policy.parts.release import Allowance
from pellucid.policy.parts.texts import Translation


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
    """A column: physical type, data category, whether it may be null; `domain` lists its public values, if declared.

    Values of rows older than `retention_days` are emptied.
    """

    name: str
    type: ColumnType
    category: str
    nullable: bool = True
    scale: int = 0
    mask: Mask | None = None
    domain: tuple[str | int | bool, ...] = ()
    title: str = ""
    retention_days: int | None = field(default=None, metadata=ADDED)
    translations: tuple[Translation, ...] = field(default=(), metadata=ADDED)


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
class Keep:
    """What a law has kept after an erasure: rows of fewer than so many days, used for nothing else."""

    days: int
    basis: str
    reason: str


@dataclass(frozen=True, slots=True)
class Built:
    """How a derived table is made: by a question under a purpose. `reads` are the columns (`dataset.column`) that it is
    made of: who may not read them all may not read it.
    """

    purpose: str
    sql: str
    reads: tuple[str, ...]

    @property
    def question(self) -> str:
        """The digest that tells this question, under its purpose, from others."""
        return hashlib.sha256(f"{self.purpose}\0{self.sql}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table: personal (has subject paths) or a public dimension (has none).

    `allowance` limits what all purposes together may spend on it, within the caps. `estimated_facts` names those of
    `jurisdiction`, `birth_year` and `vulnerable` that its columns only guess.
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
    vulnerable_column: str | None = field(default=None, metadata=ADDED)
    estimated_facts: tuple[str, ...] = field(default=(), metadata=ADDED)
    private_only: bool = field(default=False, metadata=ADDED)
    rank: Rank | None = field(default=None, metadata=ADDED)
    allowance: Allowance | None = field(default=None, metadata=ADDED)
    keep: Keep | None = field(default=None, metadata=ADDED)
    built: Built | None = field(default=None, metadata=ADDED)
    translations: tuple[Translation, ...] = field(default=(), metadata=ADDED)

    @property
    def is_public(self) -> bool:
        """Public dimension tables hold nothing about people."""
        return not self.subjects

    @property
    def fact_columns(self) -> dict[str, str]:
        """The columns that tell a fact about the subject, by the fact."""
        told = {
            "jurisdiction": self.jurisdiction_column,
            "birth_year": self.birth_year_column,
            "vulnerable": self.vulnerable_column,
        }
        return {fact: column for fact, column in told.items() if column is not None}
