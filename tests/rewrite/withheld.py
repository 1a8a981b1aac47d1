"""Stocks that differ from a shop's in the rows of some people: taken out, or full of other, odd values."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from decimal import Decimal

from tests.attacks.grammar import Words
from tests.rewrite.shop import HOUSEHOLDS, TYPES, Row, Shop, Stock

READABLE = Words(
    {
        "purchases": {
            "text": ["household_id", "basket_id", "product_id", "shelf"],
            "number": ["week", "quantity", "sales_value", "weight"],
            "instant": ["day", "bought"],
        },
        "visits": {"text": ["household_id", "product_id", "kind"], "number": [], "instant": ["seen"]},
        "members": {"text": ["household_id", "income", "town"], "number": ["age"], "instant": ["joined"]},
        "products": {"text": ["product_id", "department", "brand"], "number": ["price"], "instant": []},
    },
    {"purchases": "sales_value", "visits": "LENGTH(kind)"},
)
"""What questions over this shop are drawn from: columns that a purpose may read."""

KEPT = {
    "purchases": {"bought"},
    "visits": {"seen", "kind", "product_id"},
}
"""What a row must keep so that it stays withheld: its instant, and what makes it sensitive."""

ODD: Mapping[str, list[object]] = {
    "VARCHAR": [None, "", "h1", "p1", "b1", "top", "12", "-", "ß" * 300, "NaN", "9999-99-99", "x'; --"],
    "BIGINT": [None, 0, -1, 2**63 - 1, -(2**63), 7],
    "DECIMAL(18,2)": [None, Decimal("9999999999999999.99"), Decimal("-9999999999999999.99"), Decimal("0.01")],
    "DOUBLE": [None, float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, 0.1],
    "BOOLEAN": [None, True, False],
    "DATE": [None, dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2026, 5, 1)],
    "TIMESTAMP": [None, dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59), dt.datetime(2026, 5, 1)],
}
NOBODY = (None, -1, HOUSEHOLDS, 2**31 - 1)
"""Ids that lead to no household: such rows are withheld too."""


def without(shop: Shop, purpose: str) -> Stock:
    """Return the shop's stock without what the purpose may not read."""
    return Stock({name: [row for row in rows if _is_read(shop, name, row, purpose)] for name, rows in _rows(shop)})


def replaced(shop: Shop, purpose: str, pick: random.Random) -> Stock:
    """Return the shop's stock with other values in what the purpose may not read, and more such rows."""
    found = Stock()
    for name, rows in _rows(shop):
        found.rows[name] = [
            row if _is_read(shop, name, row, purpose) else (row[0], _odd(name, row[1], pick)) for row in rows
        ]
        people = len(rows[0][0]) if rows else 0
        if people and rows:
            for _ in range(pick.choice([0, 3, 20])):
                ids = tuple(pick.choice(NOBODY) for _ in range(people))
                found.rows[name].insert(pick.randrange(len(rows)), (ids, _odd(name, pick.choice(rows)[1], pick)))
    return found


def with_drawn_person(stock: Stock, person: int, pick: random.Random) -> Stock:
    """Return a stock in which one household's rows are drawn anew: none or many, and odd.

    Its keys stay its own, since the policy says that they determine the household.
    """
    found = Stock()
    for name, rows in stock.rows.items():
        mine, others = [row for row in rows if row[0] == (person,)], [row for row in rows if row[0] != (person,)]
        if mine and name not in {"baskets", "staff"}:
            many = pick.choice([0, 1]) if name == "members" else pick.choice([0, 1, 5, 30])
            mine = [((person,), _drawn(name, pick.choice(mine)[1], pick)) for _ in range(many)]
        found.rows[name] = others + mine
    return found


def _drawn(name: str, row: Row, pick: random.Random) -> Row:
    """Draw some values anew, from the odd ones and from those that questions ask for."""
    asked = {"week": [1, 2, 3, 4], "shelf": ["top", "low"], "product_id": [f"p{n}" for n in range(9)]}
    return tuple(
        value
        if column in {"household_id", "basket_id"} or pick.random() < 0.3
        else pick.choice(asked.get(column, ODD[kind]) if pick.random() < 0.7 else ODD[kind])
        for (column, kind), value in zip(_columns(name).items(), row, strict=True)
    )


def _rows(shop: Shop) -> list[tuple[str, list[tuple[tuple[int | None, ...], Row]]]]:
    return list(shop.stock.rows.items())


def _is_read(shop: Shop, name: str, row: tuple[tuple[int | None, ...], Row], purpose: str) -> bool:
    named = dict(zip(_columns(name), row[1], strict=True))
    people = [who for who in row[0] if who is not None and name != "staff"]  # everybody on the staff may be read
    return all(shop._may_read(who, name, named, purpose) for who in people)


def _odd(name: str, row: Row, pick: random.Random) -> Row:
    kept = KEPT.get(name, set())
    return tuple(
        value if column in kept else pick.choice(ODD[kind])
        for (column, kind), value in zip(_columns(name).items(), row, strict=True)
    )


def _columns(name: str) -> dict[str, str]:
    parts = [part.split(" ", 1) for part in TYPES[name].split(", ")]
    return {column: kind for column, kind in parts}
