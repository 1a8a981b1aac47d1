"""Turn the aggregates of a block into measures: what is summed per subject and cell, and how far one may move it.

SUM(t.sales_value)                         ->  clamped or norm-bounded by the purpose's bound for `sales_value`
COUNT(*) FILTER (WHERE t.quantity > 1)     ->  COUNT(CASE WHEN t.quantity > 1 THEN 1 END), bounded by `rows`
COUNT(DISTINCT t.household_id)             ->  at most 1 per subject and cell
COUNT(DISTINCT t.product_id)               ->  at most so many values per subject and cell, drawn by the secret salt
AVG(x)                                     ->  SUM(x) and COUNT(x); the ratio is taken over released cells
VARIANCE(x), MEDIAN(x)                     ->  see `spread`
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sqlglot import exp

from pellucid.policy.model import ColumnType, ReleaseRule
from pellucid.rewrite import spread
from pellucid.rewrite.families import try_cast
from pellucid.rewrite.generate import DUCKDB, literal_free
from pellucid.rewrite.governed import Grid, Measure, MeasureKind
from pellucid.rewrite.make_total import make_total
from pellucid.rewrite.measure_bounds import (
    FINE,
    MOST,
    NO_LIMITS,
    Limits,
    Single,
    combined,
    constants,
    constants_bound,
    decimals,
    most_of,
    number_in,
    results_of,
    scaled,
    whole,
)
from pellucid.rewrite.relations import ROWS, Frame, told_origins, value_origins
from pellucid.rewrite.sources import Work


@dataclass(slots=True)
class Measures:
    """The measures of one block, each once, with the row argument it needs."""

    frame: Frame
    work: Work
    found: dict[tuple[object, ...], Measure] = field(default_factory=dict)
    arguments: list[exp.Expr | None] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    singles: list[Single | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.found)

    def take(self, aggregate: exp.Expr) -> list[Measure]:
        """Return the measures an aggregate stands on: one, or those that it is worked out of. Empty when refused."""
        function, condition = aggregate, None
        if isinstance(aggregate, exp.Filter):
            function, condition = aggregate.this, aggregate.expression.this
        argument = function.this if isinstance(function.this, exp.Expr) else exp.Star()
        distinct = isinstance(argument, exp.Distinct)
        if distinct:
            argument = argument.expressions[0] if len(argument.expressions) == 1 else exp.Star()
        if isinstance(function, exp.CountIf):
            argument = exp.Case(ifs=[exp.If(this=argument.copy(), true=exp.Literal.number(1))])
        value = _under(argument, condition)
        if isinstance(function, exp.Count | exp.CountIf):
            return self._count(value, distinct, aggregate)
        if isinstance(function, exp.Sum | exp.Avg) and not distinct:
            sums = self._sum(value, aggregate)
            return sums + self._count(value, False, aggregate) if isinstance(function, exp.Avg) and sums else sums
        if isinstance(function, spread.SPREADS) and not distinct:
            return spread.take(self, function, value, aggregate)
        self.work.findings.add(
            "aggregate-not-private", name=type(function).__name__.lower() + (" distinct" if distinct else "")
        )
        return []

    def rows_bound(self) -> tuple[int, int, int | None]:
        """Return lower, upper and norm of the rows that one subject may count with."""
        return scaled(self.rule.rows, 0)[:3]

    def results(self, value: exp.Expr) -> list[exp.Expr]:
        """Return the expressions that a value may turn out to be, NULLs left out."""
        return results_of(value)

    def _count(self, value: exp.Expr, distinct: bool, shown: exp.Expr) -> list[Measure]:
        if distinct:
            return self._count_distinct(value, shown)
        if isinstance(value, exp.Star):
            return [self.count(MeasureKind.ROWS, None, "COUNT(*)", "COUNT(*)", Single("1", 0, 1, counted=True))]
        one = Single("{a}", 0, 1, counted=True)
        return [self.count(MeasureKind.VALUES, value, "COUNT({a})", title("COUNT", value), one)]

    def count(
        self, kind: MeasureKind, argument: exp.Expr | None, total: str, title: str, single: Single | None = None
    ) -> Measure:
        """Return a count of rows, bounded as rows are: in units of hundredths where it is scaled down to a norm."""
        fine = FINE if self.rule.rows.norm is not None else 0
        units = f"{total} * {10**fine}" if fine else total
        drawn = self.rule.rows.drawn and single is not None
        limits = Limits(most_of([self.rule.rows], fine) if single is not None else None, drawn, single)
        return self.add(kind, argument, units, title, fine, scaled(self.rule.rows, fine)[:3], limits=limits)

    def _count_distinct(self, value: exp.Expr, shown: exp.Expr) -> list[Measure]:
        keys = [_facts_of(each, self.frame) for each in results_of(value)]
        if keys and all(is_key for is_key, _ in keys):
            total = "CASE WHEN COUNT({a}) > 0 THEN 1 ELSE 0 END"
            bare = isinstance(value, exp.Column) and self.frame.facts(value).is_key
            named = title("COUNT DISTINCT", value)
            return [self.add(MeasureKind.SUBJECTS, value, total, named, 0, (0, 1, None), contributors=bare)]
        _, upper, norm = self.rows_bound()
        named, total = title("COUNT DISTINCT", value), "COUNT(DISTINCT {a})"
        if keys and all(determines for _, determines in keys):
            return [self.count(MeasureKind.VALUES, value, total, named)]
        if isinstance(value, exp.Star):
            self.work.findings.add("distinct-not-subject", name=literal_free(shown))
            return []
        # Values that people share: so many of each person's are taken in a cell that their norm holds in all cells.
        most = upper if norm is None else max(1, math.isqrt(norm * norm // self.rule.max_groups))
        return [self.add(MeasureKind.DISTINCT, value, total, named, 0, (0, most, None))]

    def _sum(self, value: exp.Expr, shown: exp.Expr) -> list[Measure]:
        bound = self._bound(value, shown)
        if bound is None:
            return []
        lower, upper, norm, scale = bound
        most = f"{MOST / 10**scale:.0f}"
        within = f"LEAST(GREATEST({{a}}, -{most}), {most})"
        column = self._exact_column(value, scale)
        one = (
            "{a}"
            if column is not None
            else f"CASE WHEN ISFINITE({{a}}) THEN CAST(ROUND({within} * {10**scale}) AS BIGINT) END"
        )
        argument = column if column is not None else try_cast(value.copy(), "DOUBLE")
        limits, bounds = self._limits(value, one, scale), (lower, upper, norm)
        return [self.add(MeasureKind.SUM, argument, f"SUM({one})", title("SUM", value), scale, bounds, limits=limits)]

    def _limits(self, value: exp.Expr, one: str, scale: int) -> Limits:
        """Return what else holds of a sum; the range of one row's value is known for a column as it is, and numbers."""
        columns = sorted(name for _, name in value_origins(value, self.frame) - {ROWS} if name in self.rule.columns)
        bounds = [self.rule.columns[name] for name in columns]
        counted = bool(ROWS in value_origins(value, self.frame) or not columns)
        most = None if counted or not self._is_plain(value) else most_of(bounds, scale)
        ends = self._range_of_one(value)
        single = None
        if ends is not None:
            least, largest = (whole(end * Decimal(10) ** scale) for end in ends)
            single = Single(one, least, largest)
        return Limits(most, any(bound.drawn for bound in bounds), single)

    def _is_plain(self, value: exp.Expr) -> bool:
        """Return whether a value is a column as it is, or that under a condition: then sums of it are the column's."""
        return all(isinstance(each, exp.Column) or number_in(each) == 0 for each in results_of(value))

    def _range_of_one(self, value: exp.Expr) -> tuple[Decimal, Decimal] | None:
        ends: list[Decimal] = []
        for each in results_of(value):
            number, direct = number_in(each), self.frame.facts(each).direct if isinstance(each, exp.Column) else None
            values = (
                self.rule.columns[direct[1]].values if direct is not None and direct[1] in self.rule.columns else None
            )
            if number is None and values is None:
                return None
            ends += [number] if number is not None else [Decimal(end) for end in values or ()]
        return (min(ends), max(ends)) if ends else None

    def _exact_column(self, value: exp.Expr, scale: int) -> exp.Expr | None:
        """Return a declared integer or money column scaled exactly, without passing through DOUBLE; None for others."""
        direct = self.frame.facts(value).direct if isinstance(value, exp.Column) else None
        if direct is None:
            return None
        declared = self.work.context.datasets[direct[0]].columns[direct[1]]
        if declared.type not in {ColumnType.INTEGER, ColumnType.MONEY} or declared.scale > scale:
            return None
        scaled = exp.Mul(this=value.copy(), expression=exp.Literal.number(10**scale)) if scale else value.copy()
        return exp.Try(this=exp.Cast(this=scaled, to=exp.DataType(this=exp.DType.BIGINT)))

    def _bound(self, value: exp.Expr, shown: exp.Expr) -> tuple[int, int, int | None, int] | None:
        origins = value_origins(value, self.frame)
        bounds = [
            (self.rule.columns[name], self._scale(dataset, name))
            for dataset, name in sorted(origins - {ROWS})
            if name in self.rule.columns
        ]
        if ROWS in origins or not origins:
            bounds.append((self.rule.rows if origins else constants_bound(self.rule.rows, constants(value)), 0))
        if not bounds:
            names = ", ".join(sorted(name for _, name in origins))
            self.work.findings.add(
                "sum-without-bound", name=names, known=", ".join(sorted(self.rule.columns)) or "none"
            )
            return None
        scale = max(max(declared, decimals(bound)) for bound, declared in bounds)
        return combined([scaled(bound, scale) for bound, _ in bounds], scale)

    def _scale(self, dataset: str, column: str) -> int:
        return self.work.context.datasets[dataset].columns[column].scale

    @property
    def rule(self) -> ReleaseRule:
        """The purpose's release rule."""
        return self.work.context.declared.release

    def add(
        self,
        kind: MeasureKind,
        argument: exp.Expr | None,
        total: str,
        title: str,
        scale: int,
        bounds: tuple[int, int, int | None],
        *,
        contributors: bool = False,
        by: str | None = None,
        grid: Grid | None = None,
        limits: Limits = NO_LIMITS,
    ) -> Measure:
        """Return the measure, which each block has once; `total` is SQL over the rows' argument `{a}`."""
        text = argument.sql(dialect=DUCKDB) if argument is not None else ""
        key = (kind, total, text, grid)
        if key not in self.found:
            name = f"m{len(self.found)}"
            lower, upper, norm = bounds
            origins = told_origins(value_origins(argument, self.frame)) if argument is not None else ()
            drawn = limits.drawn and norm is not None
            self.found[key] = Measure(
                name, kind, title, scale, lower, upper, norm, contributors, origins, by, grid, limits.most, drawn
            )
            self.arguments.append(_total_argument(argument))
            named = f"_rows.a{len(self.arguments) - 1}"
            self.totals.append(total.format(a=named))
            one = limits.single
            self.singles.append(None if one is None else replace(one, sql=one.sql.format(a=named)))
        return self.found[key]


def _total_argument(argument: exp.Expr | None) -> exp.Expr | None:
    if argument is None or isinstance(argument, exp.Try):
        return argument
    return make_total(argument.copy())


def _under(argument: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    if condition is None:
        return argument
    value = exp.Literal.number(1) if isinstance(argument, exp.Star) else argument.copy()
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value)])


def _facts_of(value: exp.Expr, frame: Frame) -> tuple[bool, bool]:
    """Return (is the subject's key, belongs to one subject alone)."""
    if not isinstance(value, exp.Column):
        return False, False
    found = frame.find(value.table)
    if found is None or value.table not in frame.linked:
        return False, False
    facts = found[0].relation.columns.get(value.name)
    return (facts.is_key, facts.determines) if facts is not None else (False, False)


def title(function: str, value: exp.Expr) -> str:
    """Return what a measure is called, for the person who asked."""
    return f"{function}({literal_free(value)})"
