"""The allow-list: every kind of node and function an analyst's SQL may hold, as data. What is not here is refused.

Names are sqlglot's class names. LEAKPROOF never raises, whatever the values; RAISING may, so that an error could tell
about a row: such expressions are made total, and meet a barrier outside the SELECT list. An entry without an example in
`tests/rewrite/test_vocabulary.py` fails the build.
"""

from __future__ import annotations

STRUCTURE = frozenset(
    "Select Union Except Intersect Subquery With CTE From Join Where Group Having Qualify Order Ordered Limit Offset "
    "Distinct Table TableAlias Identifier Column Alias Star Literal Null Boolean Paren Tuple Values Lateral Window "
    "WindowSpec Placeholder Interval Var DataType DataTypeParam Filter Rollup Cube GroupingSets".split()
)

PREDICATES = frozenset("And Or Not EQ NEQ LT LTE GT GTE Is Between In Like ILike Exists NullSafeEQ NullSafeNEQ".split())

CONDITIONALS = frozenset("Case If Coalesce Nullif Greatest Least".split())

ARITHMETIC = frozenset("Add Sub Mul Div IntDiv Mod Neg".split())
"""Raising (overflow), so made total by TRY."""

CASTS = frozenset("Cast TryCast".split())
"""Raising (conversion), so made total by TRY_CAST."""

RAISING_FUNCTIONS = frozenset("Abs Substring Left Right Round Trunc DateAdd DateSub DateFromParts".split())

LEAKPROOF_FUNCTIONS = frozenset(
    "Ceil Floor Sign Sqrt Ln Exp Log Pow Upper Lower Length Trim DPipe Concat StartsWith Contains StrPosition "
    "RegexpLike TimestampTrunc Year Month Day Quarter Week DayOfWeek Hour Extract DateDiff Dayname Monthname LastDay "
    "CurrentDate CurrentTimestamp".split()
)

MEASURES = frozenset("Count CountIf Sum Avg".split())
"""Aggregates that can be released privately."""

SUBJECT_AGGREGATES = frozenset(
    "Min Max Median Stddev StddevPop StddevSamp Variance VariancePop LogicalOr LogicalAnd AnyValue IgnoreNulls ArgMax "
    "ArgMin First Last".split()
)
"""Aggregates allowed only where the rows of a group are one subject's (or public)."""

WINDOWS = frozenset("RowNumber Rank DenseRank PercentRank CumeDist Ntile Lag Lead FirstValue LastValue".split())

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

CAST_TARGETS = frozenset(
    "TEXT VARCHAR INT BIGINT SMALLINT TINYINT DOUBLE FLOAT DECIMAL BOOLEAN DATE TIMESTAMP TIME INTERVAL".split()
)
"""Types that may be cast to (sqlglot's DataType names)."""

GENERATED = frozenset({"Getbit", "Try"})
"""Node classes that only generated SQL may hold."""

GENERATED_FUNCTIONS = frozenset({"ISFINITE", "HASH"})
"""Anonymous functions that only generated SQL may hold."""
