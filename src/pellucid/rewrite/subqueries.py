"""Subqueries in the expressions of a SELECT: finding them, and what is read through them."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from sqlglot.optimizer.scope import build_scope

from pellucid.rewrite.key_columns import read_keys
from pellucid.rewrite.relations import Facts, Frame, Relation
from pellucid.rewrite.sources import Work, same_key
from pellucid.rewrite.subject_rows import has_aggregate

Govern = Callable[[exp.Expr, Frame | None], Relation]
"""Governs a subquery below a frame (None: it stands on its own)."""


def note_keys_read(holder: exp.Expr, relation: Relation, frame: Frame, work: Work) -> None:
    """Count a subquery's value as read, and what is sought in it, unless both are the subject's key."""
    if isinstance(holder, exp.Exists):
        return
    sought = frame.facts(holder.this) if isinstance(holder, exp.In) and isinstance(holder.this, exp.Column) else Facts()
    found = list(relation.columns.values())
    if len(found) == 1 and same_key(sought, found[0]):
        return
    work.used.update(sought.origins & work.keys)
    read_keys(relation, work)


def finds_one_row(holder: exp.Expr, query: exp.Query) -> bool:
    """Whether a subquery that stands for one value has one for certain: an engine raises on two, and whether somebody
    has two rows would tell about them.
    """
    if not isinstance(holder, exp.Subquery):
        return True
    while isinstance(query, exp.Subquery):
        query = query.this
    limit = query.args.get("limit")
    if isinstance(limit, exp.Limit) and isinstance(limit.expression, exp.Literal) and limit.expression.name == "1":
        return True
    return isinstance(query, exp.Select) and query.args.get("group") is None and has_aggregate(query)


def direct_queries(node: exp.Expr) -> list[tuple[exp.Expr, exp.Query]]:
    """Return the queries in the expressions of a SELECT (not its sources, not deeper ones) with their holders."""
    found: list[tuple[exp.Expr, exp.Query]] = []
    stack = [child for child in _expression_children(node)]
    while stack:
        each = stack.pop()
        if isinstance(each, exp.Subquery):
            holder = each.parent if isinstance(each.parent, exp.In) and each.arg_key == "query" else each
            found.append((holder, each.this))
        elif isinstance(each, exp.Exists) and isinstance(each.this, exp.Query):
            found.append((each, each.this))
        else:
            stack.extend(each.iter_expressions())
    return found


def _expression_children(node: exp.Expr) -> list[exp.Expr]:
    if not isinstance(node, exp.Select):
        return [node]
    children = [
        child for child in node.iter_expressions() if child.arg_key not in {"from_", "joins", "with_", "laterals"}
    ]
    return children + [join.args["on"] for join in node.args.get("joins") or [] if join.args.get("on") is not None]


def work_done(query: exp.Query) -> bool:
    """Return whether a subquery was put there by this pass itself."""
    return bool(query.meta.get("done"))


def put(holder: exp.Expr, old: exp.Expr, new: exp.Expr) -> None:
    """Put a governed tree in the place of what it was made from."""
    if old is not new and old.parent is not None:
        old.replace(new)


def external_columns(query: exp.Query) -> bool:
    """Return whether a query names columns of a query around it."""
    scope = build_scope(query)
    return scope is not None and bool(scope.external_columns)
