"""Make expressions over people's rows total, so that no value can raise: an error, or its absence, tells about a row.

CAST(t.email AS INT) > 0        ->  TRY_CAST(t.email AS INT) > 0
t.quantity * 4611686018427387904  ->  TRY(t.quantity * 4611686018427387904)
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pellucid.rewrite.vocabulary import ARITHMETIC, RAISING_FUNCTIONS

_RAISING = ARITHMETIC | RAISING_FUNCTIONS


def make_total(expression: exp.Expr) -> exp.Expr:
    """Return a copy in which every cast is TRY_CAST and every other raising expression stands inside TRY."""
    return _total(expression.copy(), inside=False)


def may_raise(expression: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the nodes that could raise on some value, before they are made total."""
    for node in expression.walk():
        name = type(node).__name__
        if name in _RAISING or (isinstance(node, exp.Cast) and not _is_safe_cast(node)):
            yield node


def _is_safe_cast(node: exp.Cast) -> bool:
    """Return whether a cast cannot depend on a row: a literal or parameter is converted once, whatever the rows."""
    return isinstance(node.this, exp.Literal | exp.Placeholder)


def _total(node: exp.Expr, *, inside: bool) -> exp.Expr:
    if node.meta.get("governed"):
        return node
    inside = inside or isinstance(node, exp.Try)
    raising = type(node).__name__ in _RAISING and node.find(exp.Column) is not None
    closed = raising and _can_be_tried(node)
    for child in list(node.iter_expressions()):
        place, index = child.arg_key, child.index  # before the child gets another parent
        total = _total(child, inside=inside or closed)
        if total is not child and place is not None:
            node.set(place, total, index)
    if type(node) is exp.Cast and not isinstance(node.this, exp.Literal | exp.Placeholder):
        return exp.TryCast(this=node.this, to=node.args["to"], safe=True)
    if raising and not inside:
        return exp.Try(this=node) if closed else _as_double(node)
    return node


def _can_be_tried(node: exp.Expr) -> bool:
    """TRY takes no subquery, aggregate or window inside."""
    return node.find(exp.Subquery, exp.Exists, exp.AggFunc, exp.Window, exp.Select) is None


def _as_double(node: exp.Expr) -> exp.Expr:
    """Arithmetic on DOUBLE never raises; used where TRY cannot stand."""
    for part in ("this", "expression"):
        operand = node.args.get(part)
        if isinstance(operand, exp.Expr):
            node.set(part, exp.TryCast(this=operand, to=exp.DataType.build("DOUBLE", dialect="duckdb"), safe=True))
    return node
