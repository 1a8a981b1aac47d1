"""Made-up orders with few heavy customers and many light ones: what private answers are hard on. Nobody in them exists.

A million customer ids, of which about 876,000 have orders: median 5, 99 % at most about 95, the largest some 2,700; 20
countries and 50 categories, Zipf-like; 90 % of orders in the home country, all in 2024. A smaller cut takes every n-th
customer whole, since a cut by rows would change what one customer brings. Every value is worked out of the customer's
and the order's number alone, so the same data come out everywhere.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CUSTOMERS, ROWS = 1_000_000, 10_000_000
COUNTRIES, CATEGORIES = 20, 50
AMOUNT = pa.decimal128(18, 2)
CENT = pa.scalar(Decimal("0.01"), pa.decimal128(3, 2))
AT_ONCE = 200_000
"""Customers written at a time."""

Numbers = npt.NDArray[np.uint64]
_SHARES: dict[int, npt.NDArray[np.float64]] = {
    size: np.cumsum(1 / np.arange(1, size + 1)) / np.sum(1 / np.arange(1, size + 1)) for size in (COUNTRIES, CATEGORIES)
}


def orders(folder: Path, rows: int) -> Path:
    """Return a Parquet file of about so many orders (customer, country, category, day, amount), made if need be."""
    path = folder / f"dated-orders-{rows}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        every = max(1, ROWS // rows)
        with pq.ParquetWriter(unfinished, _schema()) as writer:
            for start in range(0, CUSTOMERS, AT_ONCE * every):
                ids = np.arange(start, min(start + AT_ONCE * every, CUSTOMERS), every, dtype=np.uint64)
                writer.write_table(_orders_of(ids))
        unfinished.rename(path)
    return path


def names(prefix: str, size: int) -> list[str]:
    """Return the names of the countries ("N00", ...) or categories ("c00", ...)."""
    return [f"{prefix}{number:02}" for number in range(size)]


def _orders_of(ids: Numbers) -> pa.Table:
    each = np.floor(np.exp(1.5015 + 1.3 * _normal(ids, 1))).astype(np.int64)
    customer = np.repeat(ids, each)
    place = np.arange(len(customer)) - np.repeat(np.cumsum(each) - each, each)
    order = customer * np.uint64(2**16) + place.astype(np.uint64)
    at_home = _uniform(order, 3) < 0.9
    country = np.where(at_home, _zipf(customer, 4, COUNTRIES), _zipf(order, 5, COUNTRIES))
    cents = np.clip(np.round(100 * np.exp(3.4 + _normal(order, 7))), 1, 10**6).astype(np.int64)
    texts: Any = pa.DictionaryArray.from_arrays
    return pa.table(
        {
            "customer": pa.array(customer.astype(np.int64)),
            "country": texts(pa.array(country), names("N", COUNTRIES)).cast(pa.string()),
            "category": texts(pa.array(_zipf(order, 6, CATEGORIES)), names("c", CATEGORIES)).cast(pa.string()),
            "day": pa.array((19723 + 366 * _uniform(order, 8)).astype(np.int32)).cast(pa.date32()),
            "amount": pc.multiply(pa.array(cents).cast(pa.decimal128(19)), CENT).cast(AMOUNT),
        },
        schema=_schema(),
    )


def _schema() -> pa.Schema:
    return pa.schema(
        [
            ("customer", pa.int64()),
            ("country", pa.string()),
            ("category", pa.string()),
            ("day", pa.date32()),
            ("amount", AMOUNT),
        ]
    )


def _mixed(numbers: Numbers, stream: int) -> Numbers:
    """Return well-mixed 64-bit numbers (SplitMix64's finaliser), another sequence for each stream."""
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15) + np.uint64(stream * 0xD1B54A32D192ED03 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _uniform(numbers: Numbers, stream: int) -> npt.NDArray[np.float64]:
    return (_mixed(numbers, stream) >> np.uint64(11)).astype(np.float64) / 2.0**53 + 2.0**-54


def _normal(numbers: Numbers, stream: int) -> npt.NDArray[np.float64]:
    radius = np.sqrt(-2 * np.log(_uniform(numbers, 2 * stream + 100)))
    return radius * np.cos(2 * np.pi * _uniform(numbers, 2 * stream + 101))


def _zipf(numbers: Numbers, stream: int, size: int) -> npt.NDArray[np.int32]:
    return np.searchsorted(_SHARES[size], _uniform(numbers, stream)).astype(np.int32)
