"""A small workspace, and a policy with a personal dataset, its products, and transfers between two people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Connection, select

from pellucid.audit.log import entries
from pellucid.collect.imports import ImportReport, add_data
from pellucid.holdings.place import ImportPlace
from pellucid.holdings.publish import published
from pellucid.policy.model import Actor, Column, ColumnType, Controller, Dataset, Hop, Policy, SubjectPath
from pellucid.records.columns import to_instant
from pellucid.records.database import Database
from pellucid.records.tables import subjects

NOW = to_instant(datetime(2026, 6, 1, 12, tzinfo=UTC))
PIA = Actor("staff", "pia", ("officer",), "os-user:test")


def columns(**types: ColumnType) -> dict[str, Column]:
    """Return columns of one category each; money has two decimals."""
    return {
        name: Column(name, kind, "user.behavior", scale=2 if kind is ColumnType.MONEY else 0)
        for name, kind in types.items()
    }


SALES = Dataset(
    "sales",
    "Sales",
    columns(sale=ColumnType.INTEGER, customer=ColumnType.TEXT, amount=ColumnType.MONEY, at=ColumnType.TIMESTAMP),
    subjects=(SubjectPath("customer", "customer"),),
    key=("sale",),
    time="at",
    retention_days=730,
)
PEOPLE = Dataset(
    "people",
    "People",
    columns(customer=ColumnType.TEXT, country=ColumnType.TEXT, born=ColumnType.INTEGER),
    subjects=(SubjectPath("customer", "customer"),),
    key=("customer",),
    jurisdiction_column="country",
    birth_year_column="born",
)
PRODUCTS = Dataset("products", "Products", columns(product=ColumnType.INTEGER, name=ColumnType.TEXT), key=("product",))
ACCOUNTS = Dataset(
    "accounts",
    "Accounts",
    columns(account=ColumnType.INTEGER, customer=ColumnType.TEXT),
    subjects=(SubjectPath("customer", "customer"),),
)
TRANSFERS = Dataset(
    "transfers",
    "Transfers",
    columns(payer=ColumnType.INTEGER, payee=ColumnType.INTEGER, amount=ColumnType.MONEY),
    subjects=(
        SubjectPath("customer", "customer", via=(Hop("payer", "accounts", "account"),)),
        SubjectPath("customer", "customer", via=(Hop("payee", "accounts", "account"),)),
    ),
)
LOOSE = Dataset(
    "loose",
    "All types",
    columns(
        customer=ColumnType.TEXT,
        whole=ColumnType.INTEGER,
        money=ColumnType.MONEY,
        real=ColumnType.REAL,
        yes=ColumnType.BOOLEAN,
        day=ColumnType.DATE,
        instant=ColumnType.TIMESTAMP,
    ),
    subjects=(SubjectPath("customer", "customer"),),
)
DATASETS = {dataset.name: dataset for dataset in (SALES, PEOPLE, PRODUCTS, ACCOUNTS, TRANSFERS, LOOSE)}


@dataclass
class Shop:
    """A workspace to import into; `added` records what the import told about subjects."""

    folder: Path
    database: Database
    policy: Policy = field(
        default_factory=lambda: Policy(Controller("Grocer", "DE", "x"), {}, {}, {}, DATASETS, {}, {}, {}, "v1")
    )
    added: list[tuple[str, int, int, list[int]]] = field(default_factory=list)

    memory: str = "512MB"

    @property
    def place(self) -> ImportPlace:
        return ImportPlace(self.database, self.folder, memory=self.memory, threads=2)

    def note_added(
        self, _connection: Connection, namespace: str, first_new: int, count: int, changed: Sequence[int]
    ) -> None:
        self.added.append((namespace, first_new, count, list(changed)))

    def add(self, dataset: str, path: Path, **options: Any) -> ImportReport:
        given: dict[str, Any] = {"actor": PIA, "now": NOW, "subjects_added": self.note_added} | options
        return add_data(self.place, self.policy, dataset, path, **given)

    def csv(self, *lines: str, name: str = "in.csv") -> Path:
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def parquet(self, **values: Any) -> Path:
        path = self.folder / "in.parquet"
        pq.write_table(pa.table(values), path, row_group_size=20_000)
        return path

    def rows(self, dataset: str) -> list[tuple[Any, ...]]:
        """Return the published rows without their places, in the order in which they are stored."""
        with self.database.read() as connection:
            holding = published(connection, self.folder)[dataset]
        with duckdb.connect() as engine:
            engine.execute(f"ATTACH '{holding.path}' AS held (READ_ONLY)")
            places = "lambda name: name NOT IN ('_block', '_word', '_bit')"
            return engine.execute(f"SELECT COLUMNS({places}) FROM held.main.rows").fetchall()

    def files(self) -> list[str]:
        return sorted(
            str(file.relative_to(self.folder / "data"))
            for file in (self.folder / "data").rglob("*")
            if file.is_file() and file.name != ".import.lock"
        )

    def known(self) -> dict[str, int]:
        with self.database.read() as connection:
            return {row.natural_key: row.id for row in connection.execute(select(subjects).order_by(subjects.c.id))}

    def log(self) -> list[tuple[str, dict[str, object]]]:
        with self.database.read() as connection:
            return [(str(entry.fields()["action"]), entry.fields()["body"]) for entry in entries(connection)]  # type: ignore[misc]


@pytest.fixture
def shop(tmp_path: Path, control: Database) -> Shop:
    return Shop(tmp_path, control)


@pytest.fixture
def sales(shop: Shop) -> Callable[..., Path]:
    """Return a function that writes sales as CSV: (sale, customer, amount, at)."""

    def write(*rows: tuple[object, ...], name: str = "sales.csv") -> Path:
        return shop.csv("sale,customer,amount,at", *(",".join(map(str, row)) for row in rows), name=name)

    return write
