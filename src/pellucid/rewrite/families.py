"""Families of types: what DuckDB compares without a cast that could fail, and the one type all of a family go into.

DECIMAL(18, 2), BIGINT, a number  ->  DOUBLE
VARCHAR, a text                   ->  TEXT

It tells what sqlglot's annotation knows, and a little more; what nobody knows has no family.
"""

from __future__ import annotations

from sqlglot import exp

_FAMILIES = {
    "TEXT": "TEXT",
    "VARCHAR": "TEXT",
    "TINYINT": "DOUBLE",
    "SMALLINT": "DOUBLE",
    "INT": "DOUBLE",
    "BIGINT": "DOUBLE",
    "INT128": "DOUBLE",
    "DECIMAL": "DOUBLE",
    "FLOAT": "DOUBLE",
    "DOUBLE": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMPNTZ": "TIMESTAMP",
}
"""sqlglot's type -> the type that all values of its family can be cast to."""

_RETURNED = {
    **dict.fromkeys(["Left", "Right", "Substring", "Upper", "Lower", "Trim", "DPipe", "Concat"], "TEXT"),
    **dict.fromkeys(["Dayname", "Monthname"], "TEXT"),
    **dict.fromkeys(
        ["Stddev", "StddevPop", "StddevSamp", "Variance", "VariancePop", "Sum", "Avg", "PercentileCont"], "DOUBLE"
    ),
    **dict.fromkeys(["Length", "StrPosition", "Ceil", "Floor", "Sign", "Sqrt", "Ln", "Exp", "Log", "Pow"], "DOUBLE"),
    **dict.fromkeys(["Year", "Month", "Day", "Quarter", "Week", "DayOfWeek", "Hour", "DateDiff"], "DOUBLE"),
    **dict.fromkeys(["Round", "Abs", "Trunc", "Mul", "Div", "IntDiv", "Mod", "PercentRank", "CumeDist"], "DOUBLE"),
}
"""What the functions return whose type sqlglot does not tell."""

_TYPES = {
    "TEXT": exp.DType.TEXT,
    "DOUBLE": exp.DType.DOUBLE,
    "BOOLEAN": exp.DType.BOOLEAN,
    "DATE": exp.DType.DATE,
    "TIMESTAMP": exp.DType.TIMESTAMPNTZ,
}


_MOMENTS = {exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ}
_WHOLE = {exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT}


def try_cast(node: exp.Expr, family: str) -> exp.Expr:
    """Return a cast of a node to a family's type, which is NULL where it cannot be."""
    return exp.TryCast(this=node, to=exp.DataType(this=_TYPES[family]), safe=True)


def type_of_arithmetic(node: exp.Binary) -> exp.DType | None:
    """Return the type of arithmetic with moments or intervals in it, as DuckDB has it; None where there are none.

    sqlglot takes the difference of two instants for an instant; it is an interval, and does not cast to one.
    """
    types = [each.type.this if isinstance(each.type, exp.DataType) else None for each in (node.left, node.right)]
    moments = [each for each in types if each in _MOMENTS]
    intervals = types.count(exp.DType.INTERVAL)
    if not moments:
        return exp.DType.INTERVAL if intervals else None
    if isinstance(node, exp.Sub) and len(moments) == 2:
        return exp.DType.BIGINT if set(moments) == {exp.DType.DATE} else exp.DType.INTERVAL
    if isinstance(node, exp.Add | exp.Sub) and intervals:
        return exp.DType.TIMESTAMPNTZ
    days = isinstance(node, exp.Add | exp.Sub) and moments == [exp.DType.DATE]
    return exp.DType.DATE if days and any(each in _WHOLE for each in types) else exp.DType.UNKNOWN


def is_interval(node: exp.Expr) -> bool:
    """Return whether a node is known to be an interval."""
    found = node.type
    return isinstance(node, exp.Interval) or (isinstance(found, exp.DataType) and found.this == exp.DType.INTERVAL)


def family_of(node: exp.Expr) -> str | None:
    """Return the type that stands for all types like the node's; None if it is not known."""
    if isinstance(node, exp.Paren | exp.Try):
        return family_of(node.this)
    if isinstance(node, exp.Literal):
        return "TEXT" if node.is_string else "DOUBLE"
    if is_interval(node):
        return None
    if isinstance(node, exp.Neg):
        return "DOUBLE" if family_of(node.this) == "DOUBLE" else None
    if isinstance(node, exp.Placeholder):
        return None
    if isinstance(node, exp.Subquery | exp.SetOperation | exp.Select):
        selected = node.selects
        return family_of(selected[0].unalias()) if len(selected) == 1 else None
    if isinstance(node, exp.Filter | exp.Window):
        return family_of(node.this)
    if isinstance(node, exp.Count | exp.CountIf | exp.RowNumber | exp.Rank | exp.DenseRank | exp.Ntile):
        return "DOUBLE"
    found = node.args["to"] if isinstance(node, exp.Cast) else node.type
    if isinstance(found, exp.DataType) and isinstance(found.this, exp.DType) and found.this.value in _FAMILIES:
        return _FAMILIES[found.this.value]
    if isinstance(node, exp.Coalesce | exp.Nullif | exp.Greatest | exp.Least | exp.Min | exp.Max | exp.AnyValue):
        return family_of(node.this)
    return _RETURNED.get(type(node).__name__)
