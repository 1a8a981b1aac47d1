"""Group keys whose values are public: a declared domain, or a public dimension. Their cells are known without people.

    GROUP BY p.department, d.income
      ->  SELECT ... FROM (SELECT DISTINCT department FROM held.products) CROSS JOIN (VALUES ('Under 15K'), ...)

A condition on nothing but that dimension or key also narrows the cells, so that a question about one department does
not get noise for all.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from pellucid.rewrite.generate import generate
from pellucid.rewrite.make_total import make_condition
from pellucid.rewrite.permit_rows import held, literal, quoted
from pellucid.rewrite.relations import Frame
from pellucid.rewrite.sources import Work, conjuncts

_ALIAS = "_d"
"""Stands where no condition needs the question's own alias, so that the text depends on the policy alone."""


def public_cells(keys: Sequence[exp.Expr], select: exp.Select, frame: Frame, work: Work) -> str | None:
    """Return SQL listing the public cells with columns k0, k1, ...; None if some key is not public."""
    parts: dict[tuple[str, str], list[tuple[int, str]]] = {}
    domains: list[str] = []
    conditions = list(conjuncts(select.args.get("where")))
    for position, key in enumerate(keys):
        direct = frame.facts(key).direct if isinstance(key, exp.Column) else None
        if direct is None or not isinstance(key, exp.Column):
            return None
        dataset = work.context.datasets[direct[0]]
        if dataset.is_public:
            parts.setdefault((key.table, dataset.name), []).append((position, direct[1]))
        elif dataset.columns[direct[1]].domain:
            domains.append(_domain(position, key, dataset.columns[direct[1]].domain, conditions))
        else:
            return None
    dimensions = [_dimension(alias, dataset, columns, frame, conditions) for (alias, dataset), columns in parts.items()]
    tables = [f"({sql}) AS _c{position}" for position, sql in enumerate([*dimensions, *domains])]
    names = ", ".join(f"k{position}" for position in range(len(keys)))
    return f"SELECT {names} FROM {' CROSS JOIN '.join(tables)}"  # noqa: S608


def _dimension(
    alias: str, dataset: str, columns: list[tuple[int, str]], frame: Frame, conditions: list[exp.Expr]
) -> str:
    narrowed: list[str] = []
    if frame.sources[alias].is_dimension:
        narrowed = [_total(each) for each in conditions if _only_about(each, alias, None)]
    shown = quoted(alias) if narrowed else _ALIAS
    chosen = ", ".join(f"{shown}.{quoted(name)} AS k{position}" for position, name in columns)
    where = [f"NOT {shown}.{quoted(name)} IS NULL" for _, name in columns] + narrowed
    return f"SELECT DISTINCT {chosen} FROM {held(dataset)} AS {shown} WHERE {' AND '.join(where)}"  # noqa: S608


def _domain(position: int, key: exp.Column, values: Sequence[str | int | bool], conditions: list[exp.Expr]) -> str:
    rows = ", ".join(f"({literal(value)})" for value in values)
    narrowed = [_total(each) for each in conditions if _only_about(each, key.table, key.name)]
    shown, name = quoted(key.table) if narrowed else _ALIAS, quoted(key.name)
    where = f" WHERE {' AND '.join(narrowed)}" if narrowed else ""
    return f"SELECT DISTINCT {shown}.{name} AS k{position} FROM (VALUES {rows}) AS {shown}({name}){where}"  # noqa: S608


def _total(condition: exp.Expr) -> str:
    """Return a condition as the block's rows meet it: a value that cannot be cast is in neither."""
    return generate(make_condition(condition.copy()))


def _only_about(condition: exp.Expr, alias: str, name: str | None) -> bool:
    columns = list(condition.find_all(exp.Column))
    if not columns or condition.find(exp.Query) is not None:
        return False
    return all(column.table == alias and name in (None, column.name) for column in columns)
