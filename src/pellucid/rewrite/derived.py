"""Figures worked out of several released measures, and their errors: averages, variances, standard deviations.

AVG(x)        ->  _r0.m0 / _r0.m1
VARIANCE(x)   ->  (squares - deviations² / count) / (count - 1), over deviations from the middle of the declared range

Everything here is arithmetic over released cells; errors are by the delta method.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlglot import exp

from pellucid.rewrite.generate import DUCKDB
from pellucid.rewrite.governed import Derived, Measure
from pellucid.rewrite.permit_rows import forget_positions

FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Avg: "average",
    exp.Variance: "variance",
    exp.VariancePop: "variance_pop",
    exp.Stddev: "stddev",
    exp.StddevSamp: "stddev",
    exp.StddevPop: "stddev_pop",
}
"""What is worked out of several measures, by the aggregate that asks for it."""


def derived_from(aggregate: exp.Expr, block: str, taken: Sequence[Measure]) -> Derived:
    """Return what an aggregate (perhaps with a FILTER) is worked out of."""
    function = aggregate.this if isinstance(aggregate, exp.Filter) else aggregate
    return Derived(FUNCTIONS[type(function)], block, tuple(measure.name for measure in taken))


def derived_value(derived: Derived) -> exp.Expr:
    """Return the figure, over the released cells; NULL where there is too little to work it out of."""
    return _tree(_value(derived)).copy()


def derived_error(derived: Derived) -> exp.Expr:
    """Return the figure's 95 % half-width."""
    return _tree(_error(derived)).copy()


@lru_cache(maxsize=512)
def _tree(sql: str) -> exp.Expr:
    tree: exp.Expr = exp.maybe_parse(sql, dialect=DUCKDB)
    forget_positions(tree)
    return tree


def _value(derived: Derived) -> str:
    columns = [f"_{derived.block}.{name}" for name in derived.measures]
    if derived.function == "average":
        total, count = columns
        return f"CASE WHEN {count} > 0 THEN {total} / {count} END"
    squares, deviations, count = (f"CAST({column} AS DOUBLE)" for column in columns)
    divisor = count if derived.function.endswith("_pop") else f"({count} - 1)"
    enough = f"{count} > {0 if derived.function.endswith('_pop') else 1}"
    variance = f"GREATEST(({squares} - {deviations} * {deviations} / {count}) / {divisor}, 0)"
    return f"CASE WHEN {enough} THEN {f'SQRT({variance})' if derived.function.startswith('stddev') else variance} END"


def _error(derived: Derived) -> str:
    columns = [f"_{derived.block}.{name}" for name in derived.measures]
    if derived.function == "average":
        (s, n), (se, ne) = columns, (f"{column}_error" for column in columns)
        return f"CASE WHEN {n} > 0 THEN SQRT(POWER({se}, 2) + POWER({s} / {n} * {ne}, 2)) / {n} END"
    (q, d, n), (qe, de, ne) = (f"CAST({c} AS DOUBLE)" for c in columns), (f"{column}_error" for column in columns)
    of_count = f"({d} * {d} / {n} - ({q} - {d} * {d} / {n})) / {n}"
    width = f"SQRT(POWER({qe}, 2) + POWER(2 * {d} / {n} * {de}, 2) + POWER({of_count} * {ne}, 2)) / {n}"
    if derived.function.startswith("stddev"):
        width = f"{width} / (2 * ({_value(derived)}))"
        return f"CASE WHEN {n} > 1 AND ({_value(derived)}) > 0 THEN {width} END"
    return f"CASE WHEN {n} > 1 THEN {width} END"
