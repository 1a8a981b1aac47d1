"""Turn the aggregates of a block into exact measures, and into those that have to be judged besides.

COUNT(*), COUNT(x), SUM(x), AVG(x)   ->  as in `measures`, without bounds; AVG is a sum and a count
COUNT(DISTINCT x)                    ->  distinct values of any column
VARIANCE(x), STDDEV(x)               ->  a count, a sum and a sum of squares, all whole numbers
SUM(x + y)                           ->  the sum, and unseen SUM(x) and SUM(y), which it would give away with another
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations

from sqlglot import exp

from pellucid.policy.model import ColumnType
from pellucid.rewrite.atoms import Figure, as_key, figure_of, places, told
from pellucid.rewrite.families import try_cast
from pellucid.rewrite.generate import DUCKDB, literal_free
from pellucid.rewrite.governed import Measure, MeasureKind
from pellucid.rewrite.make_total import make_total
from pellucid.rewrite.relations import Frame, told_origins, value_origins
from pellucid.rewrite.sources import Work

MOST, MOST_SQUARED = 9 * 10**15, 10**12
"""Largest scaled value of one row, beyond which it is cut off: no sum of values or squares can overflow HUGEINT."""
MOST_ATOMS, MOST_MEASURES, MOST_PLACES = 6, 12, 6

_SPREADS: dict[type[exp.Expr], str] = {
    exp.Variance: "sample",
    exp.VariancePop: "population",
    exp.Stddev: "sample root",
    exp.StddevSamp: "sample root",
    exp.StddevPop: "population root",
}


@dataclass(slots=True)
class ExactMeasures:
    """The measures of one block, each once, with the row argument it needs, and the block's atoms."""

    frame: Frame
    work: Work
    found: dict[tuple[MeasureKind, str], Measure] = field(default_factory=dict)
    arguments: list[exp.Expr | None] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    spreads: dict[tuple[str, tuple[str, ...]], Measure] = field(default_factory=dict)
    atoms: list[exp.Expr] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.found)

    @property
    def chosen(self) -> tuple[Measure, ...]:
        """All measures: those with figures of their own, then those made of them."""
        return (*self.found.values(), *self.spreads.values())

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Measures in the same units, whose difference anybody can take."""
        kinds = (MeasureKind.DISTINCT, MeasureKind.SQUARES)
        plain = [measure for measure in self.found.values() if measure.kind not in kinds]
        return tuple((one.name, other.name) for one, other in combinations(plain, 2) if one.scale == other.scale)

    def take(self, aggregate: exp.Expr) -> list[Measure]:
        """Return the measures an aggregate stands on: one, or sum and count for an average. Empty when refused."""
        function, condition = aggregate, None
        if isinstance(aggregate, exp.Filter):
            function, condition = aggregate.this, aggregate.expression.this
        argument = function.this if isinstance(function.this, exp.Expr) else exp.Star()
        distinct = isinstance(argument, exp.Distinct)
        if distinct and len(argument.expressions) == 1:
            argument = argument.expressions[0]
        if isinstance(function, exp.CountIf):
            argument = exp.Case(ifs=[exp.If(this=argument.copy(), true=exp.Literal.number(1))])
        known = isinstance(function, exp.Count | exp.CountIf | exp.Sum | exp.Avg) or type(function) in _SPREADS
        if not known or isinstance(argument, exp.Distinct) or (distinct and not isinstance(function, exp.Count)):
            name = type(function).__name__.lower() + (" distinct" if distinct else "")
            self.work.findings.add("exact-aggregate", name=name)
            return []
        value = argument if condition is None else _under(argument, condition)
        figure = self._figure(value)
        return [] if figure is None else self._measures(function, value, figure, distinct)

    def settle(self) -> None:
        """Refuse what is too much to be judged, after all aggregates were taken."""
        for code, got, allowed in (
            ("exact-too-many-conditions", len(self.atoms), MOST_ATOMS),
            ("exact-too-many-measures", len(self.found), MOST_MEASURES),
        ):
            if got > allowed:
                self.work.findings.add(code, got=got, allowed=allowed)

    def keys(self) -> list[exp.Expr]:
        """Return the atoms as hidden keys, called c0, c1, ..."""
        return [exp.alias_(as_key(atom), f"c{place}", copy=False) for place, atom in enumerate(self.atoms)]

    def told_atoms(self) -> tuple[str, ...]:
        """Return the atoms without literals, for people."""
        return tuple(told(atom) for atom in self.atoms)

    def _figure(self, value: exp.Expr) -> Figure | None:
        if isinstance(value, exp.Star):
            return Figure(constant=True)
        figure = figure_of(value, self.frame)
        if figure.refused:
            self.work.findings.add(figure.refused, name=literal_free(value))
            return None
        self.atoms += [atom for atom in figure.atoms if atom not in self.atoms]
        return figure

    def _measures(self, function: exp.Expr, value: exp.Expr, figure: Figure, distinct: bool) -> list[Measure]:
        if distinct:
            return [self._add(MeasureKind.DISTINCT, value, "CAST(BIT_XOR(DISTINCT HASH({a})) AS HUGEINT)", 0)]
        if isinstance(function, exp.Count | exp.CountIf):
            return [self._count(value)]
        total = self._sum(MeasureKind.SUM, value, figure)
        if figure.added:
            for column in figure.columns:
                self._sum(MeasureKind.SUM, column, Figure(columns=[column]), shown=False)
        if isinstance(function, exp.Sum):
            return [total]
        if isinstance(function, exp.Avg):
            return [total, self._count(value)]
        return [self._spread(function, value, figure, total)]

    def _count(self, value: exp.Expr, *, shown: bool = True) -> Measure:
        if isinstance(value, exp.Star) or (isinstance(value, exp.Literal) and not value.is_string):
            return self._add(MeasureKind.ROWS, None, "COUNT(*)", 0, shown=shown)
        return self._add(MeasureKind.VALUES, value, "COUNT({a})", 0, shown=shown)

    def _sum(self, kind: MeasureKind, value: exp.Expr, figure: Figure, *, shown: bool = True) -> Measure:
        scale = min(self._scale(figure), MOST_PLACES)
        column = self._exact_column(value)
        most = MOST if kind is MeasureKind.SUM else MOST_SQUARED
        whole = "{a}" if column is not None else f"CASE WHEN ISFINITE({{a}}) THEN ROUND({{a}} * {10**scale}) END"
        limited = f"CASE WHEN {whole} IS NOT NULL THEN CAST(LEAST(GREATEST({whole}, -{most}), {most}) AS HUGEINT) END"
        total = f"SUM({limited})" if kind is MeasureKind.SUM else f"SUM({limited} * {limited})"
        argument = column if column is not None else try_cast(value.copy(), "DOUBLE")
        return self._add(kind, argument, total, scale if kind is MeasureKind.SUM else 2 * scale, shown=shown)

    def _spread(self, function: exp.Expr, value: exp.Expr, figure: Figure, total: Measure) -> Measure:
        count = self._count(value, shown=False)
        squares = self._sum(MeasureKind.SQUARES, value, figure, shown=False)
        form, parts = _SPREADS[type(function)], (count.name, total.name, squares.name)
        if (form, parts) not in self.spreads:
            name, title = f"m{100 + len(self.spreads)}", f"{type(function).__name__.upper()}({literal_free(value)})"
            self.spreads[form, parts] = Measure(
                name, MeasureKind.SPREAD, title, total.scale, 0, 0, origins=total.origins, parts=parts, form=form
            )
        return self.spreads[form, parts]

    def _scale(self, figure: Figure) -> int:
        declared = [places(column, self.frame, self._declared(column)) for column in figure.columns]
        return max(declared, default=0) + figure.scale

    def _declared(self, column: exp.Column) -> int:
        origins = value_origins(column, self.frame)
        return max((self._places(*origin) for origin in origins if origin[0]), default=0)

    def _places(self, dataset: str, name: str) -> int:
        column = self.work.context.datasets[dataset].columns[name]
        return column.scale if column.type in {ColumnType.INTEGER, ColumnType.MONEY} else max(column.scale, 4)

    def _exact_column(self, value: exp.Expr) -> exp.Expr | None:
        """Return a declared whole number or amount of money in its smallest units, without passing through DOUBLE."""
        direct = self.frame.facts(value).direct if isinstance(value, exp.Column) else None
        declared = self.work.context.datasets[direct[0]].columns[direct[1]] if direct is not None else None
        if declared is None or declared.type not in {ColumnType.INTEGER, ColumnType.MONEY}:
            return None
        places = exp.Literal.number(10**declared.scale)
        scaled = exp.Mul(this=value.copy(), expression=places) if declared.scale else value.copy()
        return exp.Try(this=exp.Cast(this=scaled, to=exp.DataType(this=exp.DType.BIGINT)))

    def _add(
        self, kind: MeasureKind, argument: exp.Expr | None, total: str, scale: int, *, shown: bool = True
    ) -> Measure:
        key = (kind, argument.sql(dialect=DUCKDB) if argument is not None else "")
        known = self.found.get(key)
        if known is None:
            origins = told_origins(value_origins(argument, self.frame)) if argument is not None else ()
            title = f"{_TITLES[kind]}({literal_free(_bare(argument)) if argument is not None else '*'})"
            known = Measure(f"m{len(self.found)}", kind, title, scale, 0, 0, origins=origins, shown=shown)
            self.arguments.append(argument if isinstance(argument, exp.Try) or argument is None else _total(argument))
            self.totals.append(total.format(a=f"_rows.a{len(self.arguments) - 1}"))
        self.found[key] = replace(known, shown=known.shown or shown)
        return self.found[key]


_TITLES = {
    MeasureKind.ROWS: "COUNT",
    MeasureKind.VALUES: "COUNT",
    MeasureKind.SUM: "SUM",
    MeasureKind.DISTINCT: "COUNT DISTINCT",
    MeasureKind.SQUARES: "SUM OF SQUARES",
}


def _total(argument: exp.Expr) -> exp.Expr:
    return make_total(argument.copy())


def _bare(argument: exp.Expr) -> exp.Expr:
    """Return a value without the casts and factors put around it here."""
    while isinstance(argument, exp.Try | exp.Cast):
        argument = argument.this
    is_scaled = isinstance(argument, exp.Mul) and isinstance(argument.this, exp.Column)
    return argument.this if is_scaled else argument


def _under(argument: exp.Expr, condition: exp.Expr) -> exp.Expr:
    value = exp.Literal.number(1) if isinstance(argument, exp.Star) else argument.copy()
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value)])
