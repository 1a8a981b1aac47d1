"""What the gate hands on: generated SQL in two halves, and all that a release rule must know about it.

The exact half runs in the engine over governed rows; the post half runs over released cells only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MeasureKind(StrEnum):
    """The aggregates that can be released privately."""

    ROWS = "rows"  # COUNT(*)
    VALUES = "values"  # COUNT(expression)
    SUBJECTS = "subjects"  # COUNT(DISTINCT subject)
    SUM = "sum"  # SUM(expression)


@dataclass(frozen=True, slots=True)
class Measure:
    """A bounded sum over subjects. `lower`..`upper` clamp each subject's total in a group, or `norm` its L2 norm
    over groups; all three are integers in units of 10**-scale.

    `contributors`: it is `_subjects` in every cell, for certain (a bare, never null subject key), so that a block with
    thresholded keys need not pay for it a second time. `title` is for the person who asked and holds names as typed;
    `origins` are the declared columns (`dataset.column`) that its value comes from, for the log.
    """

    name: str
    kind: MeasureKind
    title: str
    scale: int
    lower: int
    upper: int
    norm: int | None = None
    contributors: bool = False
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A group key of a block; `public` keys come from a declared domain or a public dimension. `title` and `origins`
    as in a measure, but that conditions count too.
    """

    name: str
    title: str
    public: bool
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GovernedRows:
    """What a block may read of a personal dataset. Its text follows from the policy and the purpose and is put in front
    of the block's own SQL, which knows it by `name`; with `barrier` no condition of a question runs before its filter.
    """

    name: str
    dataset: str
    columns: tuple[str, ...]
    barrier: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One exact aggregate.

    `sql` is made of parts, which `recheck` takes apart again: the texts of the governed `sources`, the `rows` below the
    aggregate, the public cells, and the `frame` of aggregates and bounds.
    `sql` returns one row a cell: `_row` = 0, the keys, `_subjects` (contributors kept), the measures as BIGINT; with
    `reports_clipping` one more row has `_row` = 1, `_subjects` = people in the block and the first measure = people
    clipped. With `public_cells` every public cell is there, empty ones with zeros; otherwise cells are data and must be
    thresholded.
    `cells_sql` lists the public cells without touching anybody's data. A subject is in at most `max_groups` cells.
    """

    name: str
    namespace: str
    keys: tuple[GroupKey, ...]
    measures: tuple[Measure, ...]
    sql: str
    sources: tuple[GovernedRows, ...]
    rows: str
    frame: str
    parameters: tuple[str, ...]
    public_cells: bool
    max_groups: int
    reports_clipping: bool
    cells_sql: str | None = None
    cells_parameters: tuple[str, ...] = ()
    max_cells: int = 10_000


@dataclass(frozen=True, slots=True)
class PublicTable:
    """A relation over public dimensions only, handed to the post half as it is."""

    name: str
    sql: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the answer: `measure` is (block, measure) if it is one released measure as it is, `average` is
    (block, sum, count) if it is their ratio.
    `error_column` names the hidden column of the post half with the 95 % half-width.
    """

    name: str
    measure: tuple[str, str] | None = None
    average: tuple[str, str, str] | None = None
    error_column: str | None = None
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class GovernedQuery:
    """A question the gate let pass. `shape` is its SQL without literals and typed names; `used` are the columns it
    touches anywhere.
    """

    purpose: str
    blocks: tuple[Block, ...]
    post_sql: str
    post_parameters: tuple[str, ...]
    outputs: tuple[Output, ...]
    datasets: tuple[str, ...]
    used: tuple[str, ...]
    obligations: tuple[str, ...]
    shape: str
    tables: tuple[PublicTable, ...] = ()
