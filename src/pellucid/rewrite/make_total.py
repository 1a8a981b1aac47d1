"""Make expressions over people's rows total, so that no value can raise: an error, or its absence, tells about a row.

CAST(t.email AS INT) > 0            ->  TRY_CAST(t.email AS INT) > 0
(t.quantity + 1) * 9                ->  TRY(TRY(t.quantity + 1) * 9)
t.shelf = 5                         ->  refused: DuckDB casts the text, and quotes it where it cannot
t.shelf = 'top'                     ->  as it is: nothing in it can raise

Every call is closed off by itself, and every cast is written out: DuckDB takes what occurs twice out of a TRY around it
(`TRY((i + 1) * (i + 1))` raises), implicit casts too. Constants count: DuckDB folds `CAST('abc' AS INT)` late, so in a
CASE it raises only if some row gets that far. TRY takes no subquery, aggregate or window inside; around those
arithmetic runs on DOUBLE, and other calls that may raise are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from sqlglot import exp

from pellucid.rewrite.context import Findings
from pellucid.rewrite.families import family_of, try_cast
from pellucid.rewrite.relations import SUBJECT_ID
from pellucid.rewrite.vocabulary import (
    ARITHMETIC,
    CASTS,
    CONDITIONALS,
    LEAKPROOF_FUNCTIONS,
    MEASURES,
    PREDICATES,
    RAISING_FUNCTIONS,
    SUBJECT_AGGREGATES,
    WINDOWS,
)

LONGEST_TEXT = 10_000
"""Characters that a concatenation keeps: doubling a text forty times would end in an error of memory."""

_RAISING = ARITHMETIC | RAISING_FUNCTIONS
_CALLS = _RAISING | LEAKPROOF_FUNCTIONS
_SCALAR = _RAISING | LEAKPROOF_FUNCTIONS | CASTS | CONDITIONALS | (PREDICATES - {"And", "Or", "Not", "Exists"})
_ACROSS = MEASURES | SUBJECT_AGGREGATES | WINDOWS
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_BOOLEAN = (
    exp.Predicate,
    exp.Connector,
    exp.Not,
    exp.Boolean,
    exp.Exists,
    exp.RegexpLike,
    exp.StartsWith,
    exp.Contains,
)
_MOST_DIGITS = 15


def make_total(expression: exp.Expr, keys: Sequence[exp.Expr] = ()) -> exp.Expr:
    """Return an expression, changed in place, that cannot raise whatever the rows. `keys` are group keys: they stay
    recognisable as such.

    Raises UseRefused for a function that may raise on what a subquery, aggregate or window returns.
    """
    return _Total([key.copy() for key in keys]).of(expression)


def make_condition(expression: exp.Expr) -> exp.Expr:
    """Return a condition that stands by itself, as in ON, changed in place and total: DuckDB casts text there."""
    return _as_boolean(make_total(expression))


def may_raise(expression: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the nodes that could raise on some value, before they are made total."""
    for node in expression.walk():
        if type(node).__name__ in _RAISING or (isinstance(node, exp.Cast) and not _is_constant(node.this)):
            yield node


_PARTS_OF_INSTANTS = (exp.Year, exp.Month, exp.Day, exp.Quarter, exp.Week, exp.DayOfWeek, exp.Hour, exp.Extract)
_NO_INSTANTS = frozenset({exp.DType.INTERVAL, exp.DType.TIME})


def _of_an_instant(node: exp.Expr) -> None:
    """See that a part is taken of a date or an instant: of an interval or a time of day DuckDB has no weekday, and says
    so past TRY, but only if there is a row. What sqlglot says of a difference's type is not so: whatever is no cast is
    cast.
    """
    value = node.expression if isinstance(node, exp.Extract) else node.this
    declared = value.args["to"] if isinstance(value, exp.Cast) else value.type
    if isinstance(value, exp.Interval) or (declared is not None and declared.this in _NO_INSTANTS) or _differs(value):
        raise Findings().stop("types-differ", name=type(node).__name__.lower())
    if not (isinstance(value, exp.Cast) and family_of(value) in {"DATE", "TIMESTAMP"}):
        value.replace(try_cast(value.copy(), "TIMESTAMP"))


def _differs(value: exp.Expr) -> bool:
    """Return whether a value is the time between two instants."""
    while isinstance(value, exp.Paren | exp.Try):
        value = value.this
    return isinstance(value, exp.Sub) and family_of(value.expression) in {"DATE", "TIMESTAMP"}


class _Total:
    """Walks a tree down to its scalar expressions and closes each off."""

    def __init__(self, keys: Sequence[exp.Expr]) -> None:
        self.keys = keys

    def of(self, node: exp.Expr) -> exp.Expr:
        """Return a total form of a node, whatever it is."""
        if isinstance(node, exp.Try) or _is_plain(node):
            return node
        if any(node == key for key in self.keys):
            return _Total(()).of(node)
        return self._inside(node) if type(node).__name__ not in _SCALAR else self._closed(node)

    def _inside(self, node: exp.Expr) -> exp.Expr:
        """Go into a node that cannot raise by itself; where it takes a condition, see that it gets one."""
        if isinstance(node, exp.Lag | exp.Lead):
            _default_of_one_type(node)
        _replace_children(node, self.of)
        condition = node.args.get("this")
        if isinstance(node, exp.Connector):
            for part in ("this", "expression"):
                node.set(part, _as_boolean(node.args[part]))
        elif isinstance(node, exp.Not | exp.Where | exp.Having | exp.Qualify) and isinstance(condition, exp.Expr):
            node.set("this", _as_boolean(condition))
        elif isinstance(node, exp.LogicalOr | exp.LogicalAnd | exp.CountIf) and isinstance(condition, exp.Expr):
            within = condition.this if isinstance(condition, exp.Order) else condition
            if isinstance(within, exp.Distinct):
                raise Findings().stop("scalar-over-people", name=f"{type(node).__name__.lower()} of distinct values")
            within.replace(_as_boolean(within.copy()))
        elif isinstance(node, exp.Join) and node.args.get("on") is not None:
            node.set("on", _as_boolean(node.args["on"]))
        return node

    def _closed(self, node: exp.Expr) -> exp.Expr:
        """Close off a scalar expression: its parts first, then what it does to them."""
        if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
            branch = exp.If(this=node.this, true=node.args["true"])
            node = exp.Case(ifs=[branch], default=node.args.get("false"))
        name, triable = type(node).__name__, _can_be_tried(node)
        families = _operands(node)
        _replace_children(node, self.of)
        if isinstance(node, _PARTS_OF_INSTANTS):
            _of_an_instant(node)
        if type(node) is exp.Cast:
            return exp.TryCast(this=node.this, to=node.args["to"], safe=True)
        if isinstance(node, exp.DPipe | exp.Concat):
            return exp.Left(this=node, expression=exp.Literal.number(LONGEST_TEXT))
        if isinstance(node, exp.Case):
            _choices_of_one_type(node)
        elif isinstance(node, exp.Is):
            if isinstance(node.expression, exp.Boolean):
                node.set("this", _as_boolean(node.this))
        elif isinstance(node, exp.In) and node.args.get("query") is not None:
            _membership_of_one_type(node, families)
        elif families:
            _operands_of_one_type(node, families)
        elif name in _CALLS and triable:
            return exp.Try(this=node)
        elif name in ARITHMETIC or isinstance(node, exp.Round | exp.Abs | exp.Trunc | exp.Pow):
            return _as_double(node)
        elif name in RAISING_FUNCTIONS or isinstance(node, exp.TimestampTrunc | exp.LastDay | exp.DateDiff):
            raise Findings().stop("scalar-over-people", name=name.lower())
        return node


def _is_constant(node: object) -> bool:
    return isinstance(node, exp.Literal | exp.Placeholder | exp.Null | exp.Boolean)


def _is_plain(node: exp.Expr) -> bool:
    """Return whether an expression cannot raise as it is."""
    if _is_of_hidden_ids(node):
        return True
    if isinstance(node, exp.Column | exp.Star) or _is_constant(node):
        return True
    if isinstance(node, exp.TryCast):
        return _is_constant(node.this)
    if isinstance(node, exp.Is):
        return isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Null)
    if isinstance(node, _COMPARISONS):
        one, other = node.this, node.expression
        if isinstance(one, exp.Tuple) and isinstance(other, exp.Tuple):
            pairs = list(zip_longest(one.expressions, other.expressions, fillvalue=exp.Null()))
            return all(_are_comparable(pair) for pair in pairs)
        return _are_comparable([one, other])
    if isinstance(node, exp.Between):
        return _are_comparable([node.this, node.args["low"], node.args["high"]])
    if isinstance(node, exp.In):
        return not any(node.args.get(part) for part in ("query", "unnest", "field")) and _are_comparable(
            [node.this, *node.expressions]
        )
    return False


def _is_of_hidden_ids(node: exp.Expr) -> bool:
    """Return whether an expression ties hidden ids, as only generated ones do."""
    if isinstance(node, exp.EQ | exp.Coalesce):
        return all(_is_of_hidden_ids(each) for each in node.iter_expressions())
    return isinstance(node, exp.Column) and node.name == SUBJECT_ID


def _are_comparable(operands: Sequence[exp.Expr]) -> bool:
    """Return whether the operands are columns and literals of one type, compared without a cast that could fail."""
    families = {family_of(each) for each in operands}
    return len(families) == 1 and None not in families and all(_is_simple(each) for each in operands)


def _is_simple(node: exp.Expr) -> bool:
    number = node.this if isinstance(node, exp.Neg) else node
    if isinstance(number, exp.Literal) and not number.is_string:
        return number.name.replace(".", "", 1).isdigit() and len(number.name) <= _MOST_DIGITS
    return isinstance(node, exp.Column | exp.Literal | exp.Boolean) or (
        isinstance(node, exp.TryCast) and _is_constant(node.this)
    )


def _can_be_tried(node: exp.Expr) -> bool:
    """Return whether TRY may stand around a node: no subquery, aggregate or window inside."""
    return not any(
        isinstance(each, exp.Query | exp.Exists | exp.Window) or type(each).__name__ in _ACROSS for each in node.walk()
    )


def _as_boolean(node: exp.Expr) -> exp.Expr:
    """Return a condition: text is cast to BOOLEAN where one is needed, and DuckDB quotes what it cannot cast."""
    inner = node
    while isinstance(inner, exp.Paren | exp.Try):
        inner = inner.this
    if isinstance(inner, _BOOLEAN) or (isinstance(inner, exp.Column) and family_of(inner) == "BOOLEAN"):
        return node
    return try_cast(node, "BOOLEAN")


def _as_double(node: exp.Expr) -> exp.Expr:
    """Arithmetic on DOUBLE never raises but for a whole division by zero; used where TRY cannot stand."""
    for part in ("this", "expression"):
        operand = node.args.get(part)
        if isinstance(operand, exp.Expr):
            node.set(part, try_cast(operand, "DOUBLE"))
    if isinstance(node, exp.IntDiv | exp.Mod):
        node.set("expression", exp.Nullif(this=node.expression, expression=exp.Literal.number(0)))
    if isinstance(node, exp.Round) and not isinstance(node.args.get("decimals"), exp.Literal | None):
        raise Findings().stop("scalar-over-people", name="round")
    return node


def _operands(node: exp.Expr) -> list[str | None]:
    """Return the families of what must have one type, before anything is wrapped; none where nothing must."""
    if isinstance(node, exp.In) and node.args.get("query") is not None:
        return [family_of(node.this), family_of(node.args["query"])]
    return [family_of(each) for _, each in _places(node)]


def _places(node: exp.Expr) -> list[tuple[tuple[str, int | None], exp.Expr]]:
    """Return the operands that DuckDB brings to one type, with their places."""
    names: tuple[str, ...] = ()
    if isinstance(node, (*_COMPARISONS, exp.Nullif)):
        names = ("this", "expression")
    elif isinstance(node, exp.Between):
        names = ("this", "low", "high")
    elif isinstance(node, exp.In | exp.Coalesce | exp.Greatest | exp.Least):
        names = ("this",)
    found: list[tuple[tuple[str, int | None], exp.Expr]] = [((name, None), node.args[name]) for name in names]
    if isinstance(node, exp.In | exp.Coalesce | exp.Greatest | exp.Least):
        found += [(("expressions", index), each) for index, each in enumerate(node.expressions)]
    return found


def _common(node: exp.Expr, families: Sequence[str | None]) -> str:
    """Return the type that every operand is cast to; raises UseRefused where there is none."""
    known = set(families)
    if known == {"DATE", "TIMESTAMP"}:
        return "TIMESTAMP"
    if len(known) != 1 or None in known:
        raise Findings().stop("types-differ", name=type(node).__name__.lower())
    return str(families[0])


def _operands_of_one_type(node: exp.Expr, families: Sequence[str | None]) -> None:
    told = [family for family, (_, operand) in zip(families, _places(node), strict=True) if not _is_untyped(operand)]
    common = _common(node, told)
    for (name, index), operand in _places(node):
        if not isinstance(operand, exp.Literal | exp.Null) or family_of(operand) != common:
            node.set(name, try_cast(operand, common), index)


def _is_untyped(node: exp.Expr) -> bool:
    """Return whether a constant takes whatever type it is cast to: a parameter, NULL, or text for an instant."""
    return isinstance(node, exp.Placeholder | exp.Null) or (isinstance(node, exp.Literal) and node.is_string)


def _choices_of_one_type(node: exp.Case) -> None:
    """Bring the outcomes of a CASE to one type, and its conditions to BOOLEAN."""
    if node.args.get("this") is not None:
        _compared_to_one_type(node)
    places = [(branch, "true") for branch in node.args["ifs"]]
    places += [(node, "default")] if node.args.get("default") is not None else []
    told = [family_of(holder.args[name]) for holder, name in places if not _is_untyped(holder.args[name])]
    common = _common(node, told) if told else None
    plain = all(_is_simple(holder.args[name]) for holder, name in places) and len(told) == len(places)
    for branch in node.args["ifs"] if node.args.get("this") is None else ():
        branch.set("this", _as_boolean(branch.this))
    for holder, name in places:
        if common is not None and not isinstance(holder.args[name], exp.Null) and not plain:
            holder.set(name, try_cast(holder.args[name], common))


def _compared_to_one_type(node: exp.Case) -> None:
    """Bring the operand of a CASE and what it is compared to, to one type."""
    holders = [node, *node.args["ifs"]]
    told = [family_of(holder.this) for holder in holders if not _is_untyped(holder.this)]
    common = _common(node, told)
    for holder in holders:
        holder.set("this", try_cast(holder.this, common))


def _membership_of_one_type(node: exp.In, families: Sequence[str | None]) -> None:
    if isinstance(node.this, exp.Column) and node.this.name == SUBJECT_ID:
        return
    if len(set(families)) > 1 or families[0] is None:
        raise Findings().stop("types-differ", name="in")


def _default_of_one_type(node: exp.Lag | exp.Lead) -> None:
    """Demand that what LAG and LEAD return beyond the first row needs no cast to stand beside the others."""
    default = node.args.get("default")
    if default is None or isinstance(default, exp.Null):
        return
    one, other = family_of(node.this), family_of(default)
    if one is None or one != other:
        raise Findings().stop("types-differ", name=type(node).__name__.lower())


def _replace_children(node: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> None:
    for child in list(node.iter_expressions()):
        place, index = child.arg_key, child.index  # before the child gets another parent
        changed = change(child)
        if changed is not child and place is not None:
            node.set(place, changed, index)
