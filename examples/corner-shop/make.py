"""Makes the corner shop's data: simulated by a seeded rule, so nobody in them exists."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

CUSTOMERS = 400
PRODUCTS = [("bread", "bakery"), ("rolls", "bakery"), ("apples", "fruit"), ("pears", "fruit"), ("milk", "dairy")]
FIRST = datetime(2026, 9, 1, 8)


def main(folder: Path) -> None:
    """Write products.csv, purchases.csv and said.csv into the folder."""
    pick = random.Random(2026)  # noqa: S311  -- an example, not a secret
    _write(folder / "products.csv", ["product", "department"], PRODUCTS)
    names = ["customer", "product", "price", "bought"]
    _write(folder / "purchases.csv", names, (_purchase(pick, number) for number in range(CUSTOMERS) for _ in range(6)))
    heads = ["subject", "purpose", "verb", "covers", "explicit", "notice_version", "channel", "at"]
    said = [
        (f"c{number:03}", "newsletter", "give", "held_data", "false", "1", "till", "2026-10-01T09:00:00+00:00")
        for number in range(0, CUSTOMERS, 2)
    ]
    _write(folder / "said.csv", heads, said)


def _purchase(pick: random.Random, customer: int) -> Sequence[str]:
    product = pick.choices([name for name, _ in PRODUCTS], weights=[9, 3, 4, 1, 8])[0]
    bought = FIRST + timedelta(minutes=pick.randrange(60 * 24 * 60))
    return f"c{customer:03}", product, f"{pick.randint(90, 450) / 100:.2f}", f"{bought.isoformat()}+00:00"


def _write(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(__file__).parent)
