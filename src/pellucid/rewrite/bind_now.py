"""Bind the clock: `now()` and `current_date` become a parameter, so that a kept query never freezes an instant.

    SELECT COUNT(*) FROM t WHERE t.at > now()   ->  ... WHERE t.at > CAST($_now AS TIMESTAMP)

Functions that the grammar has no class for are given one here: `mean` is AVG, `date_part` is EXTRACT.
"""

from __future__ import annotations

from sqlglot import exp

from pellucid.rewrite.context import Context, Findings
from pellucid.rewrite.permit_rows import NOW


def bind_now(query: exp.Query, context: Context, findings: Findings) -> exp.Query:
    """Return the tree with clock functions bound."""
    for node in list(query.find_all(exp.CurrentTimestamp, exp.CurrentDate, exp.Anonymous)):
        replacement = _replacement(node, findings)
        if replacement is not None:
            node.replace(replacement)
    findings.settle()
    return query


def _replacement(node: exp.Expr, findings: Findings) -> exp.Expr | None:
    instant = exp.cast(exp.Placeholder(this=NOW), "TIMESTAMP", dialect="duckdb")
    if isinstance(node, exp.CurrentDate):
        return exp.cast(instant, "DATE", dialect="duckdb")
    if isinstance(node, exp.CurrentTimestamp) or node.name.upper() == "NOW":
        return instant
    arguments = node.expressions
    if node.name.upper() == "MEAN" and len(arguments) == 1:
        return exp.Avg(this=arguments[0])
    if node.name.upper() == "DATE_PART" and len(arguments) == 2 and isinstance(arguments[0], exp.Literal):
        return exp.Extract(this=exp.var(arguments[0].name.upper()), expression=arguments[1])
    findings.add("function-not-allowed", name=node.name.lower())
    return None
