"""Whether two answers are the same: as multisets of rows, numbers within a rounding of each other."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from sqlglot import exp, parse_one

Row = tuple[object, ...]
_RELATIVE = 1e-6  # two plans add doubles up in two orders
_ABSOLUTE = 1e-6


def difference(one: Iterable[Row], other: Iterable[Row]) -> Row | None:
    """Return a row that one of two answers has oftener than the other; None where they are the same."""
    left, right = (Counter(tuple(map(_plain, row)) for row in rows) for rows in (one, other))
    ours, theirs = list((left - right).elements()), list((right - left).elements())
    for row in ours:
        match = next((place for place, found in enumerate(theirs) if _is_close(row, found)), None)
        if match is None:
            return row
        theirs.pop(match)
    return theirs[0] if theirs else None


def _plain(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value.isoformat() if isinstance(value, dt.date) else value
    return float(f"{float(value):.9g}") if value == value else "nan"  # NaN is no key: it equals nothing


def _is_close(one: Row, other: Row) -> bool:
    return len(one) == len(other) and all(
        math.isclose(a, b, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
        if isinstance(a, float) and isinstance(b, float)
        else a == b
        for a, b in zip(one, other, strict=True)
    )


def without_limit(sql: str) -> str:
    """Return a question without the LIMIT of its outermost query: ties make two answers to it differ rightly."""
    query = parse_one(sql, read="duckdb")
    assert isinstance(query, exp.Query)
    query.set("limit", None)
    return query.sql(dialect="duckdb")


def says_something(rows: Sequence[Row]) -> bool:
    """Return whether an answer holds a value at all: an aggregate over no rows is a row of nothing."""
    return any(value not in (None, 0) for row in rows for value in row)
