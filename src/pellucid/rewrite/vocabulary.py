"""The allow-list: every kind of node and function an analyst's SQL may hold, as data. What is not here is refused.

Names are sqlglot's class names. LEAKPROOF never raises, whatever the values; RAISING may, so that an error could tell
about a row: such expressions are made total, and meet a barrier outside the SELECT list. An entry without an example in
`tests/rewrite/test_vocabulary.py` fails the build.
"""

from __future__ import annotations


def named_words(words: str) -> frozenset[str]:
    """Return the words of a text that lists them."""
    return frozenset(words.split())


STRUCTURE = named_words(
    """
    Select Union Except Intersect Subquery With CTE From Join Where Group Having Qualify Order Ordered Limit Offset
    Distinct Table TableAlias Identifier Column Alias Star Literal Null Boolean Paren Tuple Values Lateral Window
    WindowSpec Placeholder Interval Var DataType DataTypeParam Filter Rollup Cube GroupingSets Grouping
    """
)

PREDICATES = named_words(
    """
    And Or Not EQ NEQ LT LTE GT GTE Is Between In Like ILike Exists NullSafeEQ NullSafeNEQ
    """
)

CONDITIONALS = named_words(
    """
    Case If Coalesce Nullif Greatest Least
    """
)

ARITHMETIC = named_words(
    """
    Add Sub Mul Div IntDiv Mod Neg
    """
)
"""Raising (overflow), so made total by TRY."""

CASTS = named_words(
    """
    Cast TryCast
    """
)
"""Raising (conversion), so made total by TRY_CAST."""

RAISING_FUNCTIONS = named_words(
    """
    Abs Substring Left Right Round Trunc DateAdd DateFromParts
    """
)

LEAKPROOF_FUNCTIONS = named_words(
    """
    Ceil Floor Sign Sqrt Ln Exp Log Pow Upper Lower Length Trim DPipe Concat StartsWith Contains StrPosition
    RegexpLike TimestampTrunc Year Month Day Quarter Week DayOfWeek Hour Extract DateDiff Dayname Monthname LastDay
    CurrentDate CurrentTimestamp
    """
)

MEASURES = named_words(
    """
    Count CountIf Sum Avg Stddev StddevPop StddevSamp Variance VariancePop Median PercentileCont PercentileDisc
    """
)
"""Aggregates that can be released privately."""

SUBJECT_AGGREGATES = named_words(
    """
    Min Max LogicalOr LogicalAnd AnyValue IgnoreNulls ArgMax ArgMin First Last
    """
)
"""Aggregates allowed only where the rows of a group are one subject's (or public)."""

WINDOWS = named_words(
    """
    RowNumber Rank DenseRank PercentRank CumeDist Ntile Lag Lead FirstValue LastValue
    """
)

ANONYMOUS = frozenset({"MEAN", "NOW", "DATE_PART"})
"""Functions that sqlglot has no class for, by upper-case name; `pipeline` maps each to a class above before use."""

ALLOWED = (
    STRUCTURE
    | PREDICATES
    | CONDITIONALS
    | ARITHMETIC
    | CASTS
    | RAISING_FUNCTIONS
    | LEAKPROOF_FUNCTIONS
    | MEASURES
    | SUBJECT_AGGREGATES
    | WINDOWS
)

CAST_TARGETS = named_words(
    """
    TEXT VARCHAR INT BIGINT SMALLINT TINYINT DOUBLE FLOAT DECIMAL BOOLEAN DATE TIMESTAMP TIMESTAMPNTZ TIME INTERVAL
    """
)
"""Types that may be cast to (sqlglot's DataType names)."""

_ONE = "Max Min First Last Floor Ceil Length Week Dayname Monthname LastDay Median"
_TWO = {
    **dict.fromkeys(["ArgMax", "ArgMin", "Contains", "RegexpLike", "PercentileCont", "PercentileDisc"], "expression"),
}
ARGUMENTS = {
    **dict.fromkeys(_ONE.split(), named_words("this")),
    **{name: named_words(f"this {second}") for name, second in _TWO.items()},
    "Round": named_words("this decimals"),
    "StrPosition": named_words("this substr"),
}
"""What some functions take and no more: engines raise on values of their further arguments (ARG_MAX's third)."""

UNITS = named_words("YEAR QUARTER MONTH WEEK DAY HOUR MINUTE SECOND MILLISECOND MICROSECOND DECADE CENTURY MILLENNIUM")
"""Parts of a date to round to or count in; an engine raises on others when it gets to them."""

FIELDS = UNITS | named_words("DOW ISODOW DOY DAYOFWEEK DAYOFYEAR ISOYEAR YEARWEEK EPOCH ERA")
"""Parts of a date that can be taken out of it."""

GENERATED = frozenset({"BitwiseAnd", "BitwiseRightShift", "Getbit", "Try"})
"""Node classes that only generated SQL may hold."""

GENERATED_IN_ROWS = frozenset({"Try"})
"""Those of them that a block's rows may hold: the others belong to the governed texts."""

GENERATED_FUNCTIONS = frozenset({"ISFINITE", "HASH"})
"""Functions that sqlglot has no class for, and that only generated SQL may hold."""

FRAME_WORDS = GENERATED_FUNCTIONS | named_words(
    """
    SELECT FROM JOIN LEFT ON WHERE AND OR NOT IS AS GROUP ORDER PARTITION BY OVER QUALIFY UNION ALL DISTINCT
    MATERIALIZED NULL CASE WHEN THEN ELSE END CAST BIGINT HUGEINT DOUBLE
    BOOL_OR COALESCE COUNT GREATEST LEAST LIST ROUND ROW_NUMBER SQRT SUM TRUNC
    _rows _cells _totals _kept _clamped _bounded _people _subject _subjects _groups _clipped _row $_salt
    CEIL LOG2 _normed _summed _turn _order _cell _cut
    _lists _least _sums _one _ones MIN UNNEST SEMI ANTI USING HAVING _many _through
    _pairs _drawn _placed _place _many _weighed _weight _out
    """
)
"""The words of the SQL around a block's rows, beside k0, a0, m0, t0 and so on, and whole numbers."""

EXACT_FRAME_WORDS = named_words(
    """
    SELECT FROM JOIN ON AND AS GROUP BY WHERE IS NOT NULL UNION ALL DISTINCT MATERIALIZED
    CASE WHEN THEN ELSE END CAST BIGINT HUGEINT UBIGINT VARCHAR
    ABS BIT_XOR COALESCE CONCAT COUNT GREATEST HASH ISFINITE LEAST MAX MIN MOD ROUND SHA256 SUBSTRING SUM
    _rows _cells _parts _people _subject _subjects _row _measure _figure _largest _weight _bucket _print
    _alone _brought _holders _holder _value _r _b _v _d _p $_salt '0x' ':'
    """
)
"""The words of the SQL around the rows of an exact block, beside k0, a0, c0, t0 and so on, and whole numbers."""
