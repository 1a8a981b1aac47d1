"""The allow-list: every kind of node and function an analyst's SQL may hold, as data. What is not here is refused.

Names are sqlglot's class names. LEAKPROOF never raises, whatever the values; RAISING may, so that an error could tell
about a row: such expressions are made total, and meet a barrier outside the SELECT list. An entry without an example in
`tests/rewrite/test_vocabulary.py` fails the build.
"""

from __future__ import annotations


def _named(words: str) -> frozenset[str]:
    return frozenset(words.split())


STRUCTURE = _named(
    """
    Select Union Except Intersect Subquery With CTE From Join Where Group Having Qualify Order Ordered Limit Offset
    Distinct Table TableAlias Identifier Column Alias Star Literal Null Boolean Paren Tuple Values Lateral Window
    WindowSpec Placeholder Interval Var DataType DataTypeParam Filter Rollup Cube GroupingSets
    """
)

PREDICATES = _named(
    """
    And Or Not EQ NEQ LT LTE GT GTE Is Between In Like ILike Exists NullSafeEQ NullSafeNEQ
    """
)

CONDITIONALS = _named(
    """
    Case If Coalesce Nullif Greatest Least
    """
)

ARITHMETIC = _named(
    """
    Add Sub Mul Div IntDiv Mod Neg
    """
)
"""Raising (overflow), so made total by TRY."""

CASTS = _named(
    """
    Cast TryCast
    """
)
"""Raising (conversion), so made total by TRY_CAST."""

RAISING_FUNCTIONS = _named(
    """
    Abs Substring Left Right Round Trunc DateAdd DateFromParts
    """
)

LEAKPROOF_FUNCTIONS = _named(
    """
    Ceil Floor Sign Sqrt Ln Exp Log Pow Upper Lower Length Trim DPipe Concat StartsWith Contains StrPosition
    RegexpLike TimestampTrunc Year Month Day Quarter Week DayOfWeek Hour Extract DateDiff Dayname Monthname LastDay
    CurrentDate CurrentTimestamp
    """
)

MEASURES = _named(
    """
    Count CountIf Sum Avg
    """
)
"""Aggregates that can be released privately."""

SUBJECT_AGGREGATES = _named(
    """
    Min Max Median Stddev StddevPop StddevSamp Variance VariancePop LogicalOr LogicalAnd AnyValue IgnoreNulls ArgMax
    ArgMin First Last
    """
)
"""Aggregates allowed only where the rows of a group are one subject's (or public)."""

WINDOWS = _named(
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

CAST_TARGETS = _named(
    """
    TEXT VARCHAR INT BIGINT SMALLINT TINYINT DOUBLE FLOAT DECIMAL BOOLEAN DATE TIMESTAMP TIMESTAMPNTZ TIME INTERVAL
    """
)
"""Types that may be cast to (sqlglot's DataType names)."""

GENERATED = frozenset({"Getbit", "Try"})
"""Node classes that only generated SQL may hold."""

GENERATED_FUNCTIONS = frozenset({"ISFINITE", "HASH"})
"""Anonymous functions that only generated SQL may hold."""
