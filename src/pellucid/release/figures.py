"""How released figures and limits are written for people, on a terminal or on a page. Only rounding is computed here.

It imports nothing heavy: a command's `--help` waits for it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pellucid.release.accountant import BudgetRow

ERROR_DIGITS = 2
"""Significant digits of an error; the value beside it is rounded to the same place."""
LONGEST = 1e15
"""From where on a number is told by its power of ten."""


def with_error(value: object, error: float | None) -> str:
    """Return a value and its 95 % half-width, rounded to the error's second digit: 2,277, 314.6 -> 2,280 ± 310."""
    if value is None:
        return "unknown"
    if error is None or not isinstance(value, int | float | Decimal) or not isfinite(error):
        return shown(value)
    if error == 0:
        return f"{shown(value)} ± 0"
    places = ERROR_DIGITS - 1 - floor(log10(error))
    return f"{rounded(float(value), places)} ± {rounded(error, places)}"


def rounded(value: float, places: int) -> str:
    """Return a value rounded to so many decimal places; a negative number of them rounds to tens, hundreds, ..."""
    return f"{round(value, places) + 0.0:,.{max(0, places)}f}"  # + 0.0: no -0


def shown(value: object) -> str:
    """Return a released value as a person reads it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool | date):
        return str(value)
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    return six_digits(value) if isinstance(value, float) else str(value)


def six_digits(value: float) -> str:
    """Return a number with six significant digits, written out where people still read it: 7187494.2 -> 7,187,490."""
    short = f"{value:.6g}"
    return f"{float(short):,.0f}" if "e+" in short and abs(value) < LONGEST else f"{value:,.6g}"


def limit_name(row: BudgetRow) -> str:
    """Return whose cap or allowance a row of the budget is: `household, dataset visits`."""
    parts = [row.namespace, *([row.purpose] if row.purpose is not None else [])]
    parts += [f"dataset {row.dataset}"] if row.dataset is not None else []
    parts += [f"analyst {row.analyst}"] if row.analyst is not None else []
    return ", ".join([*parts, "everything"] if row.is_cap else parts)
