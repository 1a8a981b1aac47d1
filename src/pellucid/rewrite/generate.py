"""Trees to text, in DuckDB's dialect. What a text may hold is not decided here."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

DUCKDB = DuckDB()
"""The one dialect of all SQL here: looking it up by name takes longer than printing a small tree."""


def generate(tree: exp.Expr) -> str:
    """Return the SQL of a tree that is not needed any more: printing may change it."""
    return DUCKDB.generate(tree, copy=False, comments=False)


def literal_free(value: exp.Expr) -> str:
    """Return the SQL of an expression with `?` for every literal, and without quotation marks."""
    if isinstance(value, exp.Column):  # the usual group key: no literal in it
        return ".".join(part.name for part in value.parts).replace('"', "")
    copy = value.copy()
    for literal in [copy] if isinstance(copy, exp.Literal) else list(copy.find_all(exp.Literal)):
        if literal.parent is None:
            return "?"
        literal.replace(exp.Placeholder())
    return generate(copy).replace('"', "")
