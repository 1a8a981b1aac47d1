"""Variances and quantiles: what they are measured by, over values that the policy gives a range for.

VARIANCE(x), STDDEV(x)  ->  count, sum and sum of squares of x's deviations from the middle of its declared range
MEDIAN(x)               ->  how much weight of values is at each place of a grid over that range

Whoever has more rows than the bound on rows counts with all of them, each for less: count, deviations and weights are
cut down alike. So the range and the bound on rows say how far one subject moves each of them.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from sqlglot import exp

from pellucid.policy.model import Bound
from pellucid.rewrite.families import try_cast
from pellucid.rewrite.generate import literal_free
from pellucid.rewrite.governed import Grid, Measure, MeasureKind

if TYPE_CHECKING:
    from pellucid.rewrite.measures import Measures

VARIANCES = (exp.Variance, exp.VariancePop, exp.Stddev, exp.StddevSamp, exp.StddevPop)
QUANTILES = (exp.Median, exp.PercentileCont, exp.PercentileDisc)
SPREADS = VARIANCES + QUANTILES

STEPS = 256
"""Most places of a quantile's grid, less one."""

_LARGEST = 9 * 10**15
_FINITE = "COUNT(CASE WHEN ISFINITE({a}) THEN 1 END)"


def plain_quantiles(query: exp.Query) -> exp.Query:
    """Write each quantile in one way, in place: the value, then its share.

    PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x DESC)  ->  QUANTILE_CONT(x, 0.1)
    """
    for node in list(query.find_all(exp.WithinGroup, exp.Quantile)):
        if isinstance(node, exp.Quantile):
            node.replace(exp.PercentileDisc(this=node.this, expression=node.args.get("quantile")))
            continue
        order, function = node.expression, node.this
        ordered = order.expressions if isinstance(order, exp.Order) else []
        if isinstance(function, exp.PercentileCont | exp.PercentileDisc) and len(ordered) == 1:
            share = function.this
            if ordered[0].args.get("desc") and isinstance(share, exp.Literal) and not share.is_string:
                share = exp.Literal.number(f"{1 - Decimal(share.name):f}") if _is_number(share.name) else share
            node.replace(type(function)(this=ordered[0].this, expression=share))
    return query


def _is_number(written: str) -> bool:
    return written.replace(".", "", 1).isdigit() and len(written) < 12


def take(measures: Measures, function: exp.Expr, value: exp.Expr, shown: exp.Expr) -> list[Measure]:
    """Return the measures of a variance or a quantile; empty, with a finding, where it is refused."""
    values = _range(measures, value, shown)
    if values is None:
        return []
    if isinstance(function, QUANTILES):
        return _quantile(measures, function, value, values)
    return _deviations(measures, value, values, shown)


def _range(measures: Measures, value: exp.Expr, shown: exp.Expr) -> tuple[Decimal, Decimal, int] | None:
    """Return least and largest value of one row and the column's scale; the value must be a column as it is."""
    columns = measures.results(value)
    names = {measures.frame.facts(each).direct for each in columns if isinstance(each, exp.Column)}
    origin = names.pop() if len(names) == 1 and all(isinstance(each, exp.Column) for each in columns) else None
    if origin is None:
        measures.work.findings.add("spread-not-of-a-column", name=literal_free(shown))
        return None
    bound = measures.rule.columns.get(origin[1], Bound())
    if bound.values is None:
        known = sorted(name for name, each in measures.rule.columns.items() if each.values is not None)
        measures.work.findings.add("values-without-range", name=origin[1], known=", ".join(known) or "none")
        return None
    scale = measures.work.context.datasets[origin[0]].columns[origin[1]].scale
    return Decimal(bound.values[0]), Decimal(bound.values[1]), scale


def _deviations(
    measures: Measures, value: exp.Expr, values: tuple[Decimal, Decimal, int], shown: exp.Expr
) -> list[Measure]:
    _, upper, norm = measures.rows_bound()
    rows = upper if norm is None else norm
    scale, least, most, middle, half = _in_units(values, rows)
    if rows * half * half > _LARGEST:
        measures.work.findings.add("spread-too-wide", name=literal_free(shown))
        return []
    argument = try_cast(value.copy(), "DOUBLE")
    title = literal_free(value)
    count = measures.count(MeasureKind.VALUES, argument, _FINITE, f"COUNT({title})")
    inside = f"CAST(ROUND(LEAST(GREATEST({{a}}, {values[0]:f}), {values[1]:f}) * {10**scale}) AS BIGINT)"
    deviation = f"(LEAST(GREATEST({inside}, {least}), {most}) + {-middle})"
    made = []
    for kind, each, one, squared in (
        (MeasureKind.SQUARES, f"{deviation} * {deviation}", half * half, True),
        (MeasureKind.DEVIATIONS, deviation, half, False),
    ):
        ends = (0 if squared else -rows * one, rows * one, None if norm is None else norm * one)
        total = f"SUM(CASE WHEN ISFINITE({{a}}) THEN {each} END)"
        name = f"{'squares' if squared else 'deviations'} of {title}"
        made.append(measures.add(kind, argument, total, name, scale * (2 if squared else 1), ends, by=count.name))
    return [*made, count]


def _in_units(values: tuple[Decimal, Decimal, int], rows: int) -> tuple[int, int, int, int, int]:
    """Return scale, least, largest, middle, half of the range, at the finest scale whose squares do not overflow."""
    lower, upper, finest = values
    for scale in range(finest, -1, -1):
        unit = Decimal(10) ** scale
        least, most = int((lower * unit).to_integral_value()), int((upper * unit).to_integral_value())
        middle = (least + most) // 2
        half = max(most - middle, middle - least)
        if rows * half * half <= _LARGEST:
            break
    return scale, least, most, middle, half


def _quantile(
    measures: Measures, function: exp.Expr, value: exp.Expr, values: tuple[Decimal, Decimal, int]
) -> list[Measure]:
    share = Fraction(1, 2) if isinstance(function, exp.Median) else Fraction(function.expression.name)
    lower, upper, scale = values
    least, most = (int((end * Decimal(10) ** scale).to_integral_value()) for end in (lower, upper))
    grid = Grid(least, most, min(STEPS, most - least), share.numerator, share.denominator)
    name = f"QUANTILE({literal_free(value)})"
    argument = try_cast(value.copy(), "DOUBLE")
    return [measures.add(MeasureKind.QUANTILE, argument, _FINITE, name, scale, measures.rows_bound(), grid=grid)]
