"""What one person may add to a measure, in whole numbers of its scale; and what one row of theirs does."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from sqlglot import exp

from pellucid.policy.model import Bound

MOST = 9 * 10**15
"""Largest scaled value of one row: exact in a DOUBLE, and no sum of them can overflow HUGEINT."""

FINE = 2
"""Decimal places of counts that are scaled down to a norm: in whole rows, cells would lose half a row a person."""


@dataclass(frozen=True, slots=True)
class Single:
    """What one row adds to a measure, as SQL over the rows (NULL adds nothing), and the bounds of that; or what is
    `counted`, which adds 1 unless it is NULL.
    """

    sql: str
    lower: int
    upper: int
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds of a measure beside its bounds: the largest that one subject's rows sum to, if that is declared;
    whether the norm is drawn; and what one row adds, if a row can be told from the others (`{a}` is its argument).
    """

    most: int | None = None
    drawn: bool = False
    single: Single | None = None


NO_LIMITS = Limits()


def results_of(value: exp.Expr) -> list[exp.Expr]:
    """Return the expressions a value may turn out to be, NULLs left out."""
    if isinstance(value, exp.Paren):
        return results_of(value.this)
    if isinstance(value, exp.Case | exp.If):
        branches = value.args["ifs"] if isinstance(value, exp.Case) else [value]
        results = [branch.args["true"] for branch in branches]
        last = value.args.get("default") or value.args.get("false")
        results += [last] if last is not None else []
        return [found for each in results for found in results_of(each)]
    return [] if isinstance(value, exp.Null) else [value]


def constants(value: exp.Expr) -> list[Decimal]:
    """Return the numbers among the results of a value that comes from no column."""
    found = []
    for each in results_of(value):
        number = number_in(each)
        if number is not None:
            found.append(number)
    return found


def number_in(value: exp.Expr) -> Decimal | None:
    """Return the number that a value is written as; None for anything else."""
    sign, number = (-1, value.this) if isinstance(value, exp.Neg) else (1, value)
    return sign * Decimal(number.name) if isinstance(number, exp.Literal) and not number.is_string else None


def most_of(bounds: list[Bound], scale: int) -> int | None:
    """Return the largest that one subject's rows sum to, in 10**-scale units; None unless every bound tells it."""
    told = [bound.most for bound in bounds]
    return (
        sum(whole(Decimal(each or "0") * Decimal(10) ** scale) for each in told) if told and None not in told else None
    )


def constants_bound(rows: Bound, constants: list[Decimal]) -> Bound:
    """Return the bound of a sum of constants: the rows times the largest and the smallest of them."""
    most, least = max([Decimal(1), *constants]), min([Decimal(0), *constants])
    if rows.norm is not None:
        return Bound(norm=_exactly(Decimal(rows.norm) * max(most, -least)))
    per_group = Decimal(rows.per_group or "0")
    return Bound(per_group=_exactly(per_group * most), lower=_exactly(per_group * least))


def _exactly(amount: Decimal) -> str:
    """Return an amount without exponent, with six places at most: no tiny literal shall make the units too fine."""
    return f"{amount:.6f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=512)
def decimals(bound: Bound) -> int:
    """Return the decimal places of a bound."""
    exponent = Decimal(bound.per_group or bound.norm or "0").normalize().as_tuple().exponent
    return max(0, -int(exponent))


@lru_cache(maxsize=512)
def scaled(bound: Bound, scale: int) -> tuple[int, int, int | None, int]:
    """Return lower, upper, norm as integers of the scale, and the scale."""
    unit = Decimal(10) ** scale
    if bound.norm is not None:
        norm = whole(Decimal(bound.norm) * unit)
        return -norm, norm, norm, scale
    return whole(Decimal(bound.lower) * unit), whole(Decimal(bound.per_group or "0") * unit), None, scale


def whole(amount: Decimal) -> int:
    """Return an amount as an integer that the engine can hold; a smaller bound is as sound as a larger one."""
    return int(max(min(amount, Decimal(MOST)), Decimal(-MOST)))


def combined(bounds: list[tuple[int, int, int | None, int]], scale: int) -> tuple[int, int, int | None, int]:
    """Add up the bounds of the columns a value is made of; any bound is sound, since it is enforced."""
    lower, upper = sum(bound[0] for bound in bounds), sum(bound[1] for bound in bounds)
    if any(bound[2] is not None for bound in bounds):
        norm = sum(bound[2] if bound[2] is not None else max(abs(bound[0]), abs(bound[1])) for bound in bounds)
        return -norm, norm, norm, scale
    return lower, upper, None, scale
