"""Group keys whose values are public: their cells are known without looking at people.

    GROUP BY p.department, d.income        ->  SELECT DISTINCT department FROM held.products CROSS JOIN (VALUES ...)
    GROUP BY UPPER(p.department)           ->  SELECT DISTINCT UPPER(department) FROM held.products
    GROUP BY CASE WHEN x THEN 'a' ELSE 'b' END   ->  VALUES ('a'), ('b')
    GROUP BY FLOOR(t.sales_value / 5) * 5  ->  0, 5, 10, ... over the declared range; values beyond it fall out

A condition on nothing but that dimension or key also narrows the cells, so that a question about one department does
not get noise for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from sqlglot import exp

from pellucid.rewrite.generate import generate
from pellucid.rewrite.make_total import make_condition, make_total
from pellucid.rewrite.measure_bounds import results_of
from pellucid.rewrite.permit_rows import held, literal, quoted
from pellucid.rewrite.relations import Frame
from pellucid.rewrite.sources import Work, conjuncts
from pellucid.rewrite.subject_rows import looks_across_rows

_LONGEST = 30
"""Most digits of a histogram's width or factor."""

_ALIAS = "_d"
"""Stands where no condition needs the question's own alias, so that the text depends on the policy alone."""


def public_cells(keys: Sequence[exp.Expr], select: exp.Select, frame: Frame, work: Work) -> str | None:
    """Return SQL listing the public cells with columns k0, k1, ...; None if some key is not public."""
    parts: dict[tuple[str, str], list[tuple[int, exp.Expr | str]]] = {}
    domains: list[str] = []
    conditions = list(conjuncts(select.args.get("where")))
    for position, key in enumerate(keys):
        column = _only_column(key, frame)
        dataset, name = column if column is not None else ("", "")
        alias = next((each.table for each in key.find_all(exp.Column)), "")
        outcomes = _outcomes(key) or _steps(key, frame, work)
        if outcomes is not None:
            domains.append(f"SELECT DISTINCT _d.k{position} FROM (VALUES {outcomes}) AS _d(k{position})")  # noqa: S608
        elif not dataset:
            return None
        elif work.context.datasets[dataset].is_public:
            if not isinstance(key, exp.Column) and not frame.sources[alias].is_dimension:
                return None
            parts.setdefault((alias, dataset), []).append((position, name if isinstance(key, exp.Column) else key))
        elif domain := work.context.datasets[dataset].columns[name].domain:
            domains.append(_domain(position, key, domain, conditions))
        else:
            return None
    dimensions = [_dimension(alias, dataset, columns, frame, conditions) for (alias, dataset), columns in parts.items()]
    tables = [f"({sql}) AS _c{position}" for position, sql in enumerate([*dimensions, *domains])]
    names = ", ".join(f"k{position}" for position in range(len(keys)))
    return f"SELECT {names} FROM {' CROSS JOIN '.join(tables)}"  # noqa: S608


def _only_column(key: exp.Expr, frame: Frame) -> tuple[str, str] | None:
    """Return the one declared column that a key is made of; of a public dataset, any of its columns; else None."""
    columns = list(key.find_all(exp.Column))
    direct = [frame.facts(column).direct for column in columns]
    if not direct or None in direct or key.find(exp.Query) is not None or looks_across_rows(key):
        return None
    if not all(column.table in frame.sources for column in columns):  # of a row around this query
        return None
    first = direct[0]
    public = first is not None and frame.sources[columns[0].table].is_dimension
    same = {column.table for column in columns} if public else {*direct, *(column.table for column in columns)}
    return first if len(same) == (1 if public else 2) and columns[0].table in frame.sources else None


def _outcomes(key: exp.Expr) -> str | None:
    """Return the rows of values that a CASE with nothing but literal outcomes can have."""
    if not isinstance(key, exp.Case | exp.If) or key.find(exp.Query) is not None:
        return None
    outcomes = results_of(key)
    if not outcomes or not all(isinstance(each, exp.Literal | exp.Boolean) for each in outcomes):
        return None
    return ", ".join(dict.fromkeys(f"({generate(each)})" for each in outcomes))


def _steps(key: exp.Expr, frame: Frame, work: Work) -> str | None:
    """Return the rows of steps that a histogram's key has within the declared range of its column's values."""
    found = _histogram(key)
    direct = frame.facts(found[0]).direct if found is not None else None
    if found is None or direct is None:
        return None
    bound = work.context.declared.release.columns.get(direct[1])
    if bound is None or bound.values is None or direct[1] not in work.context.datasets[direct[0]].columns:
        return None
    _, width, times = found
    first, last = (int((Decimal(end) / width).to_integral_value(ROUND_FLOOR)) for end in bound.values)
    if last - first >= work.context.declared.release.max_cells:
        return None
    return ", ".join(f"({step * times})" for step in range(first, last + 1))


def _histogram(key: exp.Expr) -> tuple[exp.Column, Decimal, Decimal] | None:
    """Return column, width and factor of FLOOR(x / width) * factor; width and factor may be left out."""
    times = Decimal(1)
    if isinstance(key, exp.Mul) and isinstance(key.expression, exp.Literal):
        factor = _positive(key.expression)
        key, times = key.this, factor or times
        if factor is None:
            return None
    key = key.unnest()
    inside = key.this.unnest() if isinstance(key, exp.Floor) else None
    if isinstance(inside, exp.Column):
        return inside, Decimal(1), times
    if isinstance(inside, exp.Div) and isinstance(inside.this.unnest(), exp.Column):
        width = _positive(inside.expression)
        return None if width is None else (inside.this.unnest(), width, times)
    return None


def _positive(node: exp.Expr) -> Decimal | None:
    if not isinstance(node, exp.Literal) or node.is_string or len(node.name) > _LONGEST:
        return None
    value = Decimal(node.name)
    return value if value > 0 else None


def _dimension(
    alias: str, dataset: str, columns: list[tuple[int, exp.Expr | str]], frame: Frame, conditions: list[exp.Expr]
) -> str:
    narrowed: list[str] = []
    if frame.sources[alias].is_dimension:
        narrowed = [_total(each) for each in conditions if _only_about(each, alias, None)]
    made = any(not isinstance(column, str) for _, column in columns)
    shown = quoted(alias) if narrowed or made else _ALIAS
    told = [(position, _told(column, shown)) for position, column in columns]
    chosen = ", ".join(f"{column} AS k{position}" for position, column in told)
    where = [f"NOT {column} IS NULL" for _, column in told] + narrowed
    return f"SELECT DISTINCT {chosen} FROM {held(dataset)} AS {shown} WHERE {' AND '.join(where)}"  # noqa: S608


def _told(column: exp.Expr | str, shown: str) -> str:
    """Return a key of a dimension as the block's rows have it."""
    return f"{shown}.{quoted(column)}" if isinstance(column, str) else f"({generate(make_total(column.copy()))})"


def _domain(position: int, key: exp.Expr, values: Sequence[str | int | bool], conditions: list[exp.Expr]) -> str:
    rows = ", ".join(f"({literal(value)})" for value in values)
    column = key if isinstance(key, exp.Column) else next(key.find_all(exp.Column))
    narrowed = [_total(each) for each in conditions if _only_about(each, column.table, column.name)]
    shown, name = quoted(column.table) if narrowed or column is not key else _ALIAS, quoted(column.name)
    told = f"{shown}.{name}" if column is key else f"({generate(make_total(key.copy()))})"
    where = narrowed if column is key else [f"NOT {told} IS NULL", *narrowed]
    chosen = f" WHERE {' AND '.join(where)}" if where else ""
    return f"SELECT DISTINCT {told} AS k{position} FROM (VALUES {rows}) AS {shown}({name}){chosen}"  # noqa: S608


def _total(condition: exp.Expr) -> str:
    """Return a condition as the block's rows meet it: a value that cannot be cast is in neither."""
    return generate(make_condition(condition.copy()))


def _only_about(condition: exp.Expr, alias: str, name: str | None) -> bool:
    columns = list(condition.find_all(exp.Column))
    if not columns or condition.find(exp.Query) is not None:
        return False
    return all(column.table == alias and name in (None, column.name) for column in columns)
