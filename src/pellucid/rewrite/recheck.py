"""Parse the generated SQL back and check it again, by other means than those that made it.

Every personal table must stand inside exactly the governed rows of this purpose; nothing but generated names, declared
datasets, the permitted bits and allowed nodes may occur. sqlglot's generators have had bugs; this stands between
one of them and a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from pellucid.rewrite.context import Context
from pellucid.rewrite.permit_rows import HELD, governed_tree
from pellucid.rewrite.relations import SUBJECT_ID
from pellucid.rewrite.vocabulary import ALLOWED, GENERATED, GENERATED_FUNCTIONS

_WITHIN = frozenset({"_rows", "_cells", "_totals", "_kept", "_bounded"})
_RELEASED = re.compile(r"[rp]\d+")
_REPLICA = frozenset({"permitted", "partial"})


def recheck_exact(sql: str, context: Context) -> bool:
    """Return whether a statement that runs over held data holds nothing but governed rows."""
    tree = parse_generated(sql)
    if tree is None or not _allowed_nodes(tree):
        return False
    return all(_exact_table(table, context) for table in tree.find_all(exp.Table))


def recheck_post(sql: str, names: Iterable[str]) -> bool:
    """Return whether a statement names released cells and handed-on public tables only."""
    tree = parse_generated(sql)
    if tree is None or not _allowed_nodes(tree):
        return False
    known = set(names)
    return all(
        not table.db and table.name in known and _RELEASED.fullmatch(table.name) for table in tree.find_all(exp.Table)
    )


@lru_cache(maxsize=64)
def parse_generated(sql: str) -> exp.Expr | None:
    """Return the tree of one generated query, or None; callers must not change it."""
    try:
        statements = parse(sql, read="duckdb")
    except (SqlglotError, RecursionError):
        return None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        return None
    return statements[0]


def _allowed_nodes(tree: exp.Expr) -> bool:
    for node in tree.walk():
        name = type(node).__name__
        if isinstance(node, exp.Anonymous):
            if str(node.this).upper() not in GENERATED_FUNCTIONS:
                return False
        elif name not in ALLOWED and name not in GENERATED:
            return False
    return True


def _exact_table(table: exp.Table, context: Context) -> bool:
    if not isinstance(table.this, exp.Identifier) or table.catalog:
        return False
    if not table.db:
        return table.name in _WITHIN
    if table.db == "replica":
        return table.name in _REPLICA
    dataset = context.datasets.get(table.name)
    if table.db != HELD or dataset is None:
        return False
    return dataset.is_public or _is_governed(table, context)


def _is_governed(table: exp.Table, context: Context) -> bool:
    """Compare what stands around a personal table with the governed rows, built anew from the policy."""
    select = table.find_ancestor(exp.Select)
    if select is None:
        return False
    columns = tuple(each.alias for each in select.selects if each.alias != SUBJECT_ID)
    dataset = context.datasets[table.name]
    if not set(columns) <= set(dataset.columns):
        return False
    expected = governed_tree(dataset, context.declared, columns, barrier=False)
    around: exp.Expr = select
    if isinstance(expected, exp.Union):
        if not isinstance(select.parent, exp.Union):
            return False
        around = select.parent
    if around.args.get("offset") is not None:
        around = around.copy()
        around.set("offset", None)
    return bool(around == expected)
