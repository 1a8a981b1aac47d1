"""Which values of a file become which stored values, and which are rejected, column type by column type."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.errors import DataRefused
from tests.collect.conftest import Shop

GOOD = {"whole": "1", "money": "1.00", "real": "0.5", "yes": "true", "day": "2026-01-01", "instant": "2026-01-01 10:00"}
PLACES = {"customer": 0, "whole": 1, "money": 2, "real": 3, "yes": 4, "day": 5, "instant": 6}


@pytest.fixture
def dialect() -> str:
    """What a file holds is read alike wherever the records are kept."""
    return "sqlite"


def import_texts(shop: Shop, column: str, values: Sequence[str]) -> dict[str, Any]:
    """Import the values of one column as CSV; returns what became of each: a stored value or a reason."""
    lines = [",".join(({"customer": str(n)} | GOOD | {column: value}).values()) for n, value in enumerate(values)]
    report = shop.add(
        "loose", shop.csv(",".join(PLACES), *lines, f"{len(lines)},{','.join(GOOD.values())}"), max_rejected_share=1
    )
    found = {int(row[0]): row[PLACES[column]] for row in shop.rows("loose")}
    if report.rejected_file is not None:
        for line in report.rejected_file.read_text().splitlines()[1:]:
            row, reason, named = line.replace('"', "").split(",")
            assert named == column
            found[int(row) - 2] = reason
    return {value: found[n] for n, value in enumerate(values)}


def import_arrow(shop: Shop, column: str, values: pa.Array) -> list[Any]:
    """Import one column as Parquet, everything else good; returns the stored values in order (None if rejected)."""
    size = len(values)
    table: dict[str, Any] = {
        "customer": [str(n) for n in range(size)] + ["last"],
        "whole": pa.array([1] * (size + 1)),
        "money": pa.array([Decimal("1.00")] * (size + 1)),
        "real": pa.array([0.5] * (size + 1)),
        "yes": pa.array([True] * (size + 1)),
        "day": pa.array([date(2026, 1, 1)] * (size + 1)),
        "instant": pa.array([datetime(2026, 1, 1)] * (size + 1)),
    }
    table[column] = pa.concat_arrays([values, pa.nulls(1, values.type)])
    shop.add("loose", shop.parquet(**table), max_rejected_share=1, replace=True)
    found = {row[0]: row[PLACES[column]] for row in shop.rows("loose")}
    return [found.get(str(n)) for n in range(size)]


def test_money_as_text_is_exact_or_a_printed_double_or_rejected(shop: Shop) -> None:
    assert import_texts(
        shop,
        "money",
        [
            "3.59",
            "-0.1",
            "+7",
            "1.500",
            " 2.00 ",
            "1.005",
            "1e2",
            "1.5e-3",
            "8.9e-16",
            "0.1234567890123456",
            "0.30000000000000004",
            "abc",
            "9" * 17,
            "nan",
            "1",
        ],
    ) == {
        "3.59": Decimal("3.59"),
        "-0.1": Decimal("-0.10"),
        "+7": Decimal("7.00"),
        "1.500": Decimal("1.50"),
        " 2.00 ": Decimal("2.00"),
        "1.005": "inexact-money",
        "1e2": Decimal("100.00"),
        "1.5e-3": "inexact-money",
        "8.9e-16": Decimal("0.00"),
        "0.30000000000000004": Decimal("0.30"),
        "0.1234567890123456": "inexact-money",
        "abc": "wrong-type",
        "9" * 17: "out-of-range",
        "nan": "wrong-type",
        "1": Decimal("1.00"),
    }


def test_money_as_double_is_the_nearest_cent_if_that_is_what_it_stands_for(shop: Shop) -> None:
    values = [3.59, 0.1 + 0.2, 0.1 + 0.2 - 0.3, -12345678.9, 1.005, 0.001, 1e15, float("nan"), float("inf"), None]
    assert import_arrow(shop, "money", pa.array(values, from_pandas=False)) == [
        Decimal("3.59"),
        Decimal("0.30"),
        Decimal("0.00"),
        Decimal("-12345678.90"),
        *[None] * 6,
    ]


def test_money_as_32_bit_float_is_rejected_since_it_does_not_hold_cents(shop: Shop) -> None:
    with pytest.raises(DataRefused, match="wrong-type in money: 20"):
        shop.add(
            "loose",
            shop.parquet(
                customer=[str(n) for n in range(20)],
                whole=[1] * 20,
                money=pa.array([3.59] * 20, pa.float32()),
                real=[0.5] * 20,
                yes=[True] * 20,
                day=[date(2026, 1, 1)] * 20,
                instant=[datetime(2026, 1, 1)] * 20,
            ),
        )


def test_money_as_decimal_or_integer_keeps_its_value(shop: Shop) -> None:
    finer = pa.array([Decimal("1.5000"), Decimal("1.0050")], pa.decimal128(20, 4))
    assert import_arrow(shop, "money", finer) == [Decimal("1.50"), None]
    assert import_arrow(shop, "money", pa.array([7, -7, 2**62])) == [Decimal("7.00"), Decimal("-7.00"), None]


@settings(suppress_health_check=list(HealthCheck), max_examples=10, deadline=None)
@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=200))
def test_every_amount_of_cents_survives_the_way_through_a_double(shop: Shop, cents: list[int]) -> None:
    assert import_arrow(shop, "money", pa.array([c / 100 for c in cents])) == [Decimal(c) / 100 for c in cents]


def test_integers_are_whole_and_in_range(shop: Shop) -> None:
    assert import_texts(
        shop, "whole", ["5", "-5", " 5 ", "5.0", "1.5", "9223372036854775807", "9223372036854775808", "x"]
    ) == {
        "5": 5,
        "-5": -5,
        " 5 ": 5,
        "5.0": "wrong-type",
        "1.5": "wrong-type",
        "9223372036854775807": 2**63 - 1,
        "9223372036854775808": "wrong-type",
        "x": "wrong-type",
    }
    assert import_arrow(shop, "whole", pa.array([3.0, 1.5, 1e300])) == [3, None, None]
    assert import_arrow(shop, "whole", pa.array([2**64 - 1, 4], pa.uint64())) == [None, 4]


def test_real_numbers_are_finite(shop: Shop) -> None:
    assert import_texts(shop, "real", ["0.25", "1e3", ".5", "nan", "-Infinity", "1e400", "x", "1_000"]) == {
        "0.25": 0.25,
        "1e3": 1000.0,
        ".5": 0.5,
        "nan": "not-finite",
        "-Infinity": "not-finite",
        "1e400": "not-finite",
        "x": "wrong-type",
        "1_000": "wrong-type",
    }
    assert import_arrow(shop, "real", pa.array([1.5, float("nan"), float("-inf")])) == [1.5, None, None]


def test_booleans_are_said_plainly(shop: Shop) -> None:
    assert import_texts(shop, "yes", ["true", "F", "1", "No", "2", "maybe"]) == {
        "true": True,
        "F": False,
        "1": True,
        "No": False,
        "2": "wrong-type",
        "maybe": "wrong-type",
    }
    assert import_arrow(shop, "yes", pa.array([0, 1, 2])) == [False, True, None]


def test_dates_are_iso_dates(shop: Shop) -> None:
    assert import_texts(
        shop, "day", ["2026-02-28", "2026-02-29", "2026-01-01 00:00:00", "2026-01-01 10:00", "1.2.2026"]
    ) == {
        "2026-02-28": date(2026, 2, 28),
        "2026-02-29": "wrong-type",
        "2026-01-01 00:00:00": date(2026, 1, 1),
        "2026-01-01 10:00": "wrong-type",
        "1.2.2026": "wrong-type",
    }
    instants = pa.array([datetime(2026, 1, 1), datetime(2026, 1, 1, 10)])
    assert import_arrow(shop, "day", instants) == [date(2026, 1, 1), None]


def test_timestamps_with_an_offset_become_utc(shop: Shop) -> None:
    values = [
        "2026-01-01",
        "2026-01-01T10:00:00Z",
        "2026-01-01 10:00:00+02",
        "2026-01-01T10:00:00.5-05:30",
        "10:00",
        "infinity",
    ]
    assert import_texts(shop, "instant", values) == {
        "2026-01-01": datetime(2026, 1, 1),
        "2026-01-01T10:00:00Z": datetime(2026, 1, 1, 10),
        "2026-01-01 10:00:00+02": datetime(2026, 1, 1, 8),
        "2026-01-01T10:00:00.5-05:30": datetime(2026, 1, 1, 15, 30, 0, 500000),
        "10:00": "wrong-type",
        "infinity": "wrong-type",
    }
    zoned = pa.array([datetime(2026, 1, 1, 10, tzinfo=UTC)], pa.timestamp("us", "America/New_York"))
    assert import_arrow(shop, "instant", zoned) == [datetime(2026, 1, 1, 10)]
    finer = pa.array([datetime(2026, 1, 1, 10)], pa.timestamp("ns"))
    assert import_arrow(shop, "instant", finer) == [datetime(2026, 1, 1, 10)]


def test_a_date_beyond_year_9999_is_rejected(shop: Shop) -> None:
    beyond = pa.array([(date(9999, 12, 31) - date(1970, 1, 1)).days, 10**7], pa.int32()).cast(pa.date32())
    assert import_arrow(shop, "day", beyond) == [date(9999, 12, 31), None]


def test_keys_may_be_integers_or_texts_but_not_real_numbers(shop: Shop) -> None:
    rest: dict[str, Any] = {"account": [1, 2]}
    shop.add("accounts", shop.parquet(customer=pa.array([7, 8]), **rest))
    shop.add("accounts", shop.csv("account,customer", "3,7", "4,007"))
    assert shop.known() == {"7": 0, "8": 1, "007": 2}
    with pytest.raises(DataRefused, match="wrong-type in customer: 2"):
        shop.add("accounts", shop.parquet(customer=pa.array([7.0, 8.0]), **rest))


@pytest.mark.parametrize("kind", [pa.binary(), pa.list_(pa.int64()), pa.struct([("a", pa.int64())])])
def test_columns_of_no_declared_kind_are_rejected_row_by_row(shop: Shop, kind: pa.DataType) -> None:
    samples = {"binary": b"x", "list": [1], "struct": {"a": 1}}
    value = next(sample for name, sample in samples.items() if str(kind).startswith(name))
    with pytest.raises(DataRefused, match=r"All 2 rows were rejected \(wrong-type in name: 2\)"):
        shop.add("products", shop.parquet(product=[1, 2], name=pa.array([value, value], kind)))


def test_null_keys_nul_characters_and_endless_keys_are_no_subjects(shop: Shop) -> None:
    path = shop.parquet(account=[1, 2, 3, 4, 5, 6], customer=["alice", None, "", "bo\0b", "é" * 1000, "é" * 1001])
    report = shop.add("accounts", path, max_rejected_share=1)
    assert report.faults == {("null", "customer"): 1, ("no-subject", "customer"): 3}
    assert sorted(shop.known()) == ["alice", "é" * 1000]
