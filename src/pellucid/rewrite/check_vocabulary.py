"""Every node of the tree against the allow-list, before anything else looks at it."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from pellucid.errors import Reason
from pellucid.policy.reasons import reason
from pellucid.rewrite.vocabulary import (
    ALLOWED,
    ANONYMOUS,
    ARGUMENTS,
    CAST_TARGETS,
    FIELDS,
    MEASURES,
    SUBJECT_AGGREGATES,
    UNITS,
)


def check_vocabulary(query: exp.Query) -> list[Reason]:
    """Return a reason for each kind of node, function, type or name that is not allowed; empty when all are."""
    found: dict[Reason, None] = {}
    for node in query.walk():
        for problem in _problems(node):
            found.setdefault(problem)
    return list(found)


def _problems(node: exp.Expr) -> list[Reason]:
    kind = type(node).__name__
    if isinstance(node.parent, exp.Table) and node.parent.this is node and not isinstance(node, exp.Identifier):
        return []  # a table function, refused as such
    if isinstance(node, exp.Anonymous):
        name = str(node.this).upper()
        if name == "DATE_PART" and node.expressions:
            return _unit(node.expressions[0], FIELDS)
        return [] if name in ANONYMOUS else [reason("function-not-allowed", name=name.lower())]
    if kind not in ALLOWED:
        return [_not_allowed(node, kind)]
    found = _arguments(node, kind) + (_DETAILS[kind](node) if kind in _DETAILS else [])
    return found + _misplaced(node) if kind in MEASURES | SUBJECT_AGGREGATES else found


def _arguments(node: exp.Expr, kind: str) -> list[Reason]:
    """Refuse a function without an argument that it needs, or with one that it does not take."""
    taken = ARGUMENTS.get(kind)
    needed = [name for name, must in node.arg_types.items() if must] if isinstance(node, exp.Func) else []
    nothing = isinstance(node.this, exp.Distinct) and not node.this.expressions
    if nothing or any(node.args.get(name) is None for name in needed):
        return [reason("syntax-not-allowed", name=f"{kind.lower()} without what it needs")]
    odd = [] if taken is None else [name for name, value in node.args.items() if value and name not in taken]
    return [reason("syntax-not-allowed", name=f"{kind.lower()} with {name}") for name in odd]


def _misplaced(node: exp.Expr) -> list[Reason]:
    """Refuse an aggregate inside another or in a condition on rows, which SQL has no meaning for."""
    around = node.parent
    while around is not None and not isinstance(around, exp.Query | exp.Window):
        if isinstance(around, exp.Where):
            return [reason("syntax-not-allowed", name=f"{type(node).__name__.lower()} in WHERE")]
        nested = type(around).__name__ in (MEASURES | SUBJECT_AGGREGATES) - {"IgnoreNulls"}
        if nested and not (isinstance(around.parent, exp.Window) and around.arg_key == "this"):
            return [reason("syntax-not-allowed", name=f"{type(node).__name__.lower()} inside an aggregate")]
        around = around.parent
    return []


def _not_allowed(node: exp.Expr, kind: str) -> Reason:
    if isinstance(node, exp.Rand):
        return reason("random-refused")
    if isinstance(node, exp.Func):
        return reason("function-not-allowed", name=node.sql_name().lower())
    return reason("syntax-not-allowed", name=_words(kind))


def _words(kind: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()


def _table(node: exp.Expr) -> list[Reason]:
    if not isinstance(node.this, exp.Identifier):
        return [reason("table-function-refused")]
    if node.args.get("db") or node.args.get("catalog"):
        return [reason("qualified-table-refused", name=node.sql(dialect="duckdb"))]
    odd = [name for name in node.args if name not in {"this", "alias", "joins"} and node.args[name]]
    return [reason("syntax-not-allowed", name=f"table {' '.join(odd)}")] if odd else []


def _identifier(node: exp.Expr) -> list[Reason]:
    if str(node.this).startswith("_"):
        return [reason("reserved-name", name=str(node.this))]
    return []


def _column(node: exp.Expr) -> list[Reason]:
    return [reason("qualified-table-refused", name=node.sql(dialect="duckdb"))] if node.args.get("db") else []


def _data_type(node: exp.Expr) -> list[Reason]:
    name = node.this.name if hasattr(node.this, "name") else str(node.this)
    if name in CAST_TARGETS and not node.args.get("nested"):
        digits = [part.name for part in node.expressions]
        narrow = name != "DECIMAL" or not digits or (digits[0].isdigit() and int(digits[0]) <= _MOST_DECIMAL)
        return [] if narrow else [reason("type-not-allowed", name="decimal of more than 18 digits")]
    return [reason("type-not-allowed", name=name.lower())]


def _with(node: exp.Expr) -> list[Reason]:
    return [reason("recursion-refused")] if node.args.get("recursive") else []


def _join(node: exp.Expr) -> list[Reason]:
    method, side, kind = (str(node.args.get(part) or "").upper() for part in ("method", "side", "kind"))
    if (
        method not in {"", "NATURAL"}
        or side not in {"", "LEFT", "RIGHT", "FULL"}
        or kind not in {"", "INNER", "OUTER", "CROSS"}
    ):
        return [reason("join-kind-refused", name=" ".join(part for part in (method, side, kind) if part).lower())]
    return []


def _placeholder(node: exp.Expr) -> list[Reason]:
    name = str(node.this or "")
    return [] if name and not name.isdigit() and not name.startswith("_") else [reason("parameter-unnamed")]


def _regexp(node: exp.Expr) -> list[Reason]:
    if isinstance(node.expression, exp.Literal):
        return []
    return [reason("pattern-not-literal")]


def _share(node: exp.Expr) -> list[Reason]:
    """Demand of a quantile that it is written out: an engine raises beyond 0 and 1, and noise is drawn for one."""
    share = node.expression
    if isinstance(share, exp.Literal) and not share.is_string and _SHARE.fullmatch(share.name):
        return []
    return [reason("quantile-not-literal")]


def _select(node: exp.Expr) -> list[Reason]:
    known = {
        "with_", "kind", "hint", "distinct", "expressions", "limit", "operation_modifiers", "from_", "joins", "where",
        "group", "having", "qualify", "windows", "order", "offset", "laterals",
    }  # fmt: skip
    odd = [name.rstrip("_") for name in node.args if name not in known and node.args[name]]
    odd += [name for name in ("kind", "hint", "operation_modifiers") if node.args.get(name)]
    odd += [] if node.args.get("expressions") else ["without columns"]
    return [reason("syntax-not-allowed", name=" ".join(odd))] if odd else []


def _star(node: exp.Expr) -> list[Reason]:
    return [reason("syntax-not-allowed", name="star rename")] if node.args.get("rename") else []


def _interval(node: exp.Expr) -> list[Reason]:
    """Demand a plain number: an interval out of a column may overflow before TRY could stand around it."""
    return _plain_number(node.this, "interval")


def _window_spec(node: exp.Expr) -> list[Reason]:
    """ROWS raises on a negative number of rows, RANGE on a sum beyond the type of what is ordered by."""
    ends = [end for end in (node.args.get("start"), node.args.get("end")) if isinstance(end, exp.Expr)]
    if ends and str(node.args.get("kind") or "").upper() != "ROWS":
        return [reason("argument-not-literal", name="window frame")]
    return [problem for end in ends for problem in _plain_number(end, "window frame")]


def _ntile(node: exp.Expr) -> list[Reason]:
    return _plain_number(node.this, "ntile", least=1) + _windowed(node)


def _offset(node: exp.Expr) -> list[Reason]:
    offset = node.args.get("offset")
    return _windowed(node) + ([] if offset is None else _plain_number(offset, "lag"))


def _windowed(node: exp.Expr) -> list[Reason]:
    around = node.parent.parent if isinstance(node.parent, exp.IgnoreNulls) else node.parent
    if isinstance(around, exp.Window):
        return []
    return [reason("syntax-not-allowed", name=f"{type(node).__name__.lower()} without over")]


def _plain_number(node: object, name: str, *, least: int = 0) -> list[Reason]:
    number = node.name if isinstance(node, exp.Literal) else ""
    if number.isascii() and number.isdigit() and len(number) <= _DIGITS and int(number) >= least:
        return []
    return [reason("argument-not-literal", name=name)]


def _limit(node: exp.Expr) -> list[Reason]:
    """Demand a whole number of at most 18 digits that is written out, or a parameter: the engine fails with others."""
    number = node.args.get("expression")
    plain = isinstance(number, exp.Literal) and not number.is_string and _WHOLE.fullmatch(number.name)
    return (
        []
        if plain or isinstance(number, exp.Placeholder)
        else [reason("argument-not-literal", name=type(node).__name__.lower())]
    )


def _counted(node: exp.Expr) -> list[Reason]:
    """Refuse a text that is written out where a number belongs: the engine fails to read it before any row."""
    numbers = [node.args.get(name) for name in _NUMBERS_OF[type(node).__name__]]
    texts = [each for each in numbers if isinstance(each, exp.Literal) and each.is_string]
    return [reason("argument-not-literal", name=type(node).__name__.lower())] if texts else []


def _literal(node: exp.Expr) -> list[Reason]:
    """Refuse a number that Decimal cannot read, or with thousands of digits."""
    if node.is_string or _NUMBER.fullmatch(node.name):
        return []
    return [reason("syntax-not-allowed", name="a number like that")]


def _window(node: exp.Expr) -> list[Reason]:
    odd = "a filter" if isinstance(node.this, exp.Filter) else "a subquery" if node.find(exp.Query, exp.Exists) else ""
    return [reason("syntax-not-allowed", name=f"window over {odd}")] if odd else []


def _unit(unit: object, allowed: frozenset[str]) -> list[Reason]:
    """Demand a known part of a date, written out."""
    name = unit.name if isinstance(unit, exp.Var | exp.Literal) else ""
    return [] if name.upper() in allowed else [reason("unit-unknown", name=name.lower() or "it")]


def _of_a_list(node: exp.Expr) -> list[Reason]:
    """DISTINCT and ORDER BY have no meaning in a function that is no aggregate."""
    around = (
        node.parent.parent if isinstance(node, exp.Distinct) and isinstance(node.parent, exp.Order) else node.parent
    )
    scalar = isinstance(around, exp.Func) and type(around).__name__ not in MEASURES | SUBJECT_AGGREGATES
    name = "distinct" if isinstance(node, exp.Distinct) else "order by"
    return [reason("syntax-not-allowed", name=f"{name} in {type(around).__name__.lower()}")] if scalar else []


def _tuple(node: exp.Expr) -> list[Reason]:
    """Let rows of values be compared, sought, listed and ordered by; as a value or a group they are refused."""
    around = node.parent
    while isinstance(around, exp.Paren | exp.Tuple):
        around = around.parent
    if isinstance(
        around, exp.Predicate | exp.Values | exp.Window | exp.Ordered | exp.GroupingSets | exp.Rollup | exp.Cube
    ):
        return []
    if isinstance(around, exp.Distinct) and around.args.get("on") is not None:
        return []
    return [reason("syntax-not-allowed", name="several values as one")]


def _grouping(node: exp.Expr) -> list[Reason]:
    """Refuse GROUPING, which tells what keys a total is over, where there are no grouping sets."""
    select = node.find_ancestor(exp.Select)
    group = select.args.get("group") if select is not None else None
    if group is not None and group.find(exp.Rollup, exp.Cube, exp.GroupingSets) is not None:
        return []
    return [reason("syntax-not-allowed", name="grouping without rollup, cube or grouping sets")]


def _set_operation(node: exp.Expr) -> list[Reason]:
    odd = [name for name in ("by_name", "side", "kind", "on") if node.args.get(name)]
    return [reason("syntax-not-allowed", name=f"set operation {odd[0].replace('_', ' ')}")] if odd else []


_DIGITS = 6
_MOST_DECIMAL = 18
_SHARE = re.compile(r"0?\.(?!0+$)[0-9]{1,4}", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{0,38}\.?[0-9]{0,38}(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)

_NUMBERS_OF = {
    "Substring": ("start", "length"),
    "Left": ("expression",),
    "Right": ("expression",),
    "Round": ("this", "decimals"),
    "Trunc": ("this", "decimals"),
    "DateFromParts": ("year", "month", "day"),
}
"""The arguments of functions that are numbers."""

_DETAILS: dict[str, Callable[[exp.Expr], list[Reason]]] = {
    "Interval": _interval,
    "Extract": lambda node: _unit(node.this, FIELDS),
    "TimestampTrunc": lambda node: _unit(node.args.get("unit"), UNITS),
    "DateDiff": lambda node: _unit(node.args.get("unit"), UNITS),
    "Distinct": _of_a_list,
    "Tuple": _tuple,
    "Limit": _limit,
    "Offset": _limit,
    "Order": _of_a_list,
    "WindowSpec": _window_spec,
    "Window": _window,
    "Ntile": _ntile,
    "Lag": _offset,
    "Lead": _offset,
    "RowNumber": _windowed,
    "Rank": _windowed,
    "DenseRank": _windowed,
    "PercentRank": _windowed,
    "CumeDist": _windowed,
    "FirstValue": _windowed,
    "LastValue": _windowed,
    "Literal": _literal,
    **dict.fromkeys(_NUMBERS_OF, _counted),
    "Grouping": _grouping,
    "Union": _set_operation,
    "Except": _set_operation,
    "Intersect": _set_operation,
    "Table": _table,
    "Identifier": _identifier,
    "Column": _column,
    "DataType": _data_type,
    "With": _with,
    "Join": _join,
    "Placeholder": _placeholder,
    "RegexpLike": _regexp,
    "PercentileCont": _share,
    "PercentileDisc": _share,
    "Select": _select,
    "Star": _star,
}
