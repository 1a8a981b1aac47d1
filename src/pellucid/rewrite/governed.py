"""What the gate hands on: generated SQL in two halves, and all that a release rule must know about it.

The exact half runs in the engine over governed rows; the post half runs over released cells only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WEIGHT = 2**12
"""The weight of one value of a quantile, whose subject has no more of them than may count."""
OCTAVE = 8
"""Places of a geometric grid from one value to its double."""
FIGURES, COMBINATIONS, DIFFERENCES, PRINTS, CELLS = range(5)
"""What a row of an exact block is about: a measure in a cell, or in a combination of atoms within one; a pair of
measures; a bucket of the cell's sketch; a public cell.
"""

BUCKETS = 128
"""Buckets of a cell's sketch: people are spread over them, so that changes in fewer people than that can be counted."""


WITHHELD = "_withheld"
"""The column of released exact cells that says why a cell has no figures."""


class MeasureKind(StrEnum):
    """The aggregates that can be released."""

    ROWS = "rows"  # COUNT(*)
    VALUES = "values"  # COUNT(expression)
    SUBJECTS = "subjects"  # COUNT(DISTINCT subject)
    SUM = "sum"  # SUM(expression)
    DISTINCT = "distinct"  # COUNT(DISTINCT expression)
    DEVIATIONS = "deviations"  # of values from the middle of their range, summed: for VARIANCE
    SQUARES = "squares"  # of these deviations, summed; exact: SUM(expression * expression), never shown
    QUANTILE = "quantile"  # MEDIAN, QUANTILE_CONT, QUANTILE_DISC
    SPREAD = "spread"  # variances and standard deviations, made of a count, a sum and squares; exact only


COUNTS = frozenset({MeasureKind.ROWS, MeasureKind.VALUES})
"""Counts of rows: shown as whole numbers whatever the units are that they are worked out in."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The values that a quantile may turn out as: `steps` + 1 of them, evenly from `lower` to `upper` (units of
    10**-scale), or `geometric`: OCTAVE of them to the double, up to `upper`. Sought is the one with `part` of
    `whole` values below it; with `above`, the one with so many values above it.
    """

    lower: int
    upper: int
    steps: int
    part: int
    whole: int
    above: int = 0
    geometric: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """A bounded sum over subjects. `lower`..`upper` clamp each subject's total in a group, or `norm` its L2 norm
    over groups; all three are integers in units of 10**-scale.

    `by` names the count that a subject's total is cut down with: where only so much of its count is taken, only that
    part of the total is. `grid` belongs to a quantile, whose bounds are those of the values one subject may bring in.

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
    by: str | None = None
    grid: Grid | None = None
    most: int | None = None  # the largest that one subject's rows sum to in size, if declared
    drawn: bool = False  # whether the norm is only the largest that a private quantile may come to
    shown: bool = True  # exact figures only: whether somebody asked for it, or it is there to be judged
    parts: tuple[str, ...] = ()  # of a spread: the measures that hold its count, sum and squares
    form: str = ""  # of a spread: "sample" or "population", and "root" besides for a deviation


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
class RankFilter:
    """Rows whose stored rank, the column `column`, is below `rows`; with `marked` also those ranked just beyond, and
    the rank handed on as `_turn`.
    """

    column: str
    rows: int
    marked: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """How a stored rank bounds a block: at most `rows` rows of a subject count in each of `months` calendar months, and
    in each value of the dimension `by`, if there is one. `apart`: no cell holds rows of two months.

    `inside`: the question asks for no rows outside the ranked months, which would not count.
    Its measures' bounds are those of one row. `unique` are statements over public tables whose one number must be 0,
    or joins would multiply the ranked rows.
    """

    dataset: str
    rows: int
    months: int
    apart: bool
    by: str | None
    unique: tuple[str, ...] = ()
    inside: bool = True


@dataclass(frozen=True, slots=True)
class GovernedRows:
    """What a block may read of a personal dataset. Its text follows from the policy and the purpose and is put in front
    of the block's own SQL, which knows it by `name`; with `barrier` no condition of a question runs before its filter.
    """

    name: str
    dataset: str
    columns: tuple[str, ...]
    barrier: bool
    rank: RankFilter | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One exact aggregate.

    `sql` is made of parts, which `recheck` takes apart again: the texts of the governed `sources`, the `rows` below the
    aggregate, the public cells, and the `frame` of aggregates and bounds.
    `sql` returns one row a cell: `_row` = 0, the keys, `_subjects` (contributors kept), the measures as BIGINT, and
    for a quantile `m3` the lists `h3` (places on its grid) and `w3` (what weight of values is there). With
    `reports_clipping` one more row has `_row` = 1, `_subjects` = people in the block and `_clipped` = people clipped.
    With `public_cells` every public cell is there, empty ones with zeros; otherwise cells are data and must be
    thresholded.
    `cells_sql` lists the public cells without touching anybody's data. A subject is in at most `max_groups` cells.
    A block that is `ranked` is bounded by its rows' stored rank instead: its row 1 counts rows ranked first and rows
    ranked just beyond. `others` are the same block bounded so; `unranked` says why there is none. `caps` is asked first
    where norms are drawn: it has for each such measure, under the same name, a quantile of people's norms, and what
    that comes to is bound as `$_cap0` and so on. `few` is the same block without a limit on one's cells (`is_few`), for
    when no more than `max_groups` are public.
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
    pairs: tuple[tuple[str, str], ...] = ()  # exact only: measures whose difference is judged too, in order
    ranked: Ranked | None = None
    others: tuple[Block, ...] = ()
    unranked: str = ""
    caps: Block | None = None
    few: Block | None = None
    is_few: bool = False
    atoms: tuple[str, ...] = ()  # exact only: the conditions that became hidden keys, as the person who asked sees them


@dataclass(frozen=True, slots=True)
class PublicTable:
    """A relation over public dimensions only, handed to the post half as it is."""

    name: str
    sql: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """A figure worked out of released measures of one block: `function` is average, variance, variance_pop, stddev or
    stddev_pop; `measures` are (sum, count), or (squares, deviations, count).
    """

    function: str
    block: str
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the answer: `measure` is (block, measure) if it is one released measure as it is, `derived` tells
    how it was worked out of several.
    `error_column` names the hidden column of the post half with the 95 % half-width.
    """

    name: str
    measure: tuple[str, str] | None = None
    derived: Derived | None = None
    error_column: str | None = None
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class GovernedQuery:
    """A question the gate let pass. `shape` is its SQL without literals and typed names; `used` are the columns it
    touches anywhere. `withheld_column` names the hidden column of the post half that says why a cell is withheld.
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
    withheld_column: str | None = None
