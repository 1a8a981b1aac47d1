"""A small synthetic grocer for the command line's tests: 60 made-up households, the example's policy."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

HOUSEHOLDS = 60
DEPARTMENTS = ("GROCERY", "PRODUCE", "MEAT")
TRANSACTIONS = [
    "household_id",
    "store_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "retail_disc",
    "coupon_disc",
    "coupon_match_disc",
    "week",
    "transaction_timestamp",
]
PRODUCTS = ["product_id", "manufacturer_id", "department", "brand", "product_category", "product_type", "package_size"]
DEMOGRAPHICS = [
    "household_id",
    "age",
    "income",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_comp",
    "kids_count",
]


def write_table(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path


def purchase(household: str, number: int, *, product: str = "1", value: str = "10.00") -> list[Any]:
    stamp = f"2017-01-{number % 28 + 1:02} 10:00:00"
    return [household, "7", f"b{household}", product, 1, value, "0.00", "0.00", "0.00", number % 53 + 1, stamp]


def write_grocer(folder: Path) -> Path:
    folder.mkdir()
    products = [[str(n), "1", name, "National", "BREAD", "LOAF", "1 LB"] for n, name in enumerate(DEPARTMENTS)]
    write_table(folder / "products.csv", PRODUCTS, products)
    names = [str(number) for number in range(1, HOUSEHOLDS + 1)]
    write_table(
        folder / "households.csv",
        ["household_id", "jurisdiction", "mail", "second_mail", "birth_year"],
        [[name, "DE", f"household-{name}@customers.example", "", 1970] for name in names],
    )
    bought = [purchase(name, n, product=str(n % 3)) for name in names for n in range(6)]
    write_table(folder / "transactions.csv", TRANSACTIONS, bought)
    told = [[name, "45-54", "Under 15K", "Renter", "Married", "4", "2 Adults Kids", "2"] for name in names]
    write_table(folder / "demographics.csv", DEMOGRAPHICS, told)
    return folder
