"""Checks of a SELECT whose rows each belong to one subject: nothing in it may look across people.

ROW_NUMBER() OVER (ORDER BY t.v)                          ->  refused: a rank across people
ROW_NUMBER() OVER (PARTITION BY t.household_id ORDER BY t.v)  ->  also partitioned by the hidden id
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from pellucid.rewrite.families import family_of, try_cast
from pellucid.rewrite.relations import Frame
from pellucid.rewrite.sources import Work
from pellucid.rewrite.spread import VARIANCES
from pellucid.rewrite.vocabulary import MEASURES, SUBJECT_AGGREGATES, WINDOWS

_AGGREGATES = MEASURES | SUBJECT_AGGREGATES
_ACROSS_ROWS = _AGGREGATES | WINDOWS | {"Window"}
_LARGEST_SQUARED = "1e100"  # DuckDB raises where a variance is not finite


def is_aggregate(node: exp.Expr) -> bool:
    """Return whether a node is an aggregate (also when it serves as a window function)."""
    return type(node).__name__ in _AGGREGATES


def has_aggregate(select: exp.Select) -> bool:
    """Return whether a SELECT aggregates its rows: subqueries and window functions do not count."""
    if select.args.get("group") is not None or select.args.get("having") is not None:
        return True
    parts = [*select.selects, select.args.get("qualify"), select.args.get("order")]
    return any(_aggregates(part) for part in parts if part is not None)


def _aggregates(node: exp.Expr) -> bool:
    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Window):
        function = node.this
        children = [*function.iter_expressions(), *(node.args.get("partition_by") or [])]
        children += [node.args["order"]] if node.args.get("order") else []
        return any(_aggregates(child) for child in children)
    return is_aggregate(node) or any(_aggregates(child) for child in node.iter_expressions())


def looks_across_rows(node: exp.Expr) -> bool:
    """Return whether a window function or an aggregate stands in an expression, outside the subqueries in it."""
    return any(
        type(each).__name__ in _ACROSS_ROWS for each in node.walk(prune=_is_query) if not isinstance(each, exp.Query)
    )


def _is_query(node: exp.Expr) -> bool:
    return isinstance(node, exp.Query)


def subject_key_in(expressions: Sequence[exp.Expr], frame: Frame) -> bool:
    """Return whether one of the expressions is the subject's key, or a key that belongs to one subject alone."""
    for expression in expressions:
        column = expression.unalias()
        if isinstance(column, exp.Column) and column.table in frame.linked:
            facts = frame.facts(column)
            if facts.is_key or facts.determines:
                return True
    return False


def inline_windows(select: exp.Select) -> None:
    """Write each named window out where it is used."""
    named = {window.this.name: window for window in select.args.get("windows") or []}
    if not named:
        return
    for window in list(select.find_all(exp.Window)):
        name = window.args.get("alias")
        definition = named.get(name.name) if isinstance(name, exp.Identifier) else None
        if definition is None or window is definition:
            continue
        window.set("alias", None)
        for part in ("partition_by", "order", "spec"):
            value = definition.args.get(part)
            if isinstance(value, list):
                window.set(part, [each.copy() for each in value])
            elif value is not None:
                window.set(part, value.copy())
    select.set("windows", None)


def check_subject_rows(
    select: exp.Select, groups: Sequence[exp.Expr] | None, aggregated: bool, frame: Frame, work: Work
) -> None:
    """Note what looks across people, and bind windows and sums to the subject. Changes the SELECT in place."""
    if frame.correlated:
        safe_aggregates(select, frame)
        return
    for part in ("limit", "offset"):
        if select.args.get(part) is not None:
            work.findings.add("limit-below-refused")
    select.set("order", None)
    distinct = select.args.get("distinct")
    if distinct is not None and (distinct.args.get("on") or not subject_key_in(select.selects, frame)):
        work.findings.add("distinct-across-people")
    if aggregated and groups is not None and len(groups) == 0:
        work.findings.add("rows-refused")
    if select.args.get("group") is not None and groups is not None:
        select.set("group", exp.Group(expressions=[key.copy() for key in groups]))
    _bind_windows(select, frame, work)
    safe_aggregates(select, frame)


def _bind_windows(select: exp.Select, frame: Frame, work: Work) -> None:
    for window in list(select.find_all(exp.Window)):
        if window.find_ancestor(exp.Select) is not select:
            continue
        partition = window.args.get("partition_by") or []
        if not subject_key_in(partition, frame):
            work.findings.add("window-across-people")
        window.set("partition_by", [*partition, frame.own.copy()])


def safe_aggregates(select: exp.Select, frame: Frame) -> None:
    """Let sums of anything but a declared column run over doubles, which cannot overflow into an error, and variances
    over doubles small enough for their squares.
    """
    for node in list(select.find_all(exp.Sum, exp.Avg, exp.PercentileCont, *VARIANCES)):
        if node.find_ancestor(exp.Select) is not select:
            continue
        value = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
        if isinstance(node, VARIANCES):
            value.replace(_within(try_cast(value.copy(), "DOUBLE"), _LARGEST_SQUARED))
        elif isinstance(node, exp.PercentileCont) or not (
            isinstance(value, exp.Column) and frame.facts(value).direct and family_of(value) == "DOUBLE"
        ):
            value.replace(try_cast(value.copy(), "DOUBLE"))


def _within(value: exp.Expr, most: str) -> exp.Expr:
    """Cut a number off at both ends; NULL stays NULL, which LEAST and GREATEST would skip."""
    least = exp.Neg(this=exp.Literal.number(most))
    inside = exp.Least(this=exp.Greatest(this=value, expressions=[least]), expressions=[exp.Literal.number(most)])
    known = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=known, true=inside)])
