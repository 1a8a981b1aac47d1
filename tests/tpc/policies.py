"""Policies over the TPC tables, drawn up from what a test chooses: masks, forbidden columns, sensitive rows, suppliers.

Customers are the subjects. In TPC-H the suppliers can be public, subjects of a namespace of their own, or subjects of
every line of an order too; in TPC-DS whoever pays and whoever receives are subjects of one row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pellucid.policy.load import load_folder
from pellucid.policy.model import Actor, Policy

ANA = Actor("staff", "ana", ("analyst",), "os-user:test")
PURPOSES = {"planning": "never", "care": "explicit_consent"}
"""Purposes and what they may do with sensitive rows."""

Mask = dict[str, object]
Column = tuple[str, str]
"""A table's name and a column's."""


@dataclass(frozen=True)
class Subject:
    """How rows find a subject: a namespace, the column here, and the table and column that the key is found in."""

    namespace: str
    column: str
    via: tuple[str, str, str] | None = None
    """(table, its key, its column with the subject's key)"""


@dataclass(frozen=True)
class Sensitive:
    """Rows are sensitive where the column, or what a public table says of it (table, key, column), is among values."""

    column: str
    values: tuple[str, ...]
    lookup: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Declared:
    """What a test declares about one personal table."""

    subjects: tuple[Subject, ...]
    key: str | None = None
    time: str | None = None
    retention_days: int | None = None
    sensitive: tuple[Sensitive, ...] = ()
    determines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A policy as a test chose it: personal tables, masks and columns that no purpose may read."""

    tables: Mapping[str, Declared]
    masks: Mapping[Column, Mask] = field(default_factory=dict)
    forbidden: frozenset[Column] = frozenset()
    public_keys: Mapping[str, str] = field(default_factory=dict)


CUSTOMER = Subject("customer", "c_custkey")
OF_ORDER = Subject("customer", "l_orderkey", ("orders", "o_orderkey", "o_custkey"))
SUPPLIER = "supplier"


def tpch(
    *,
    suppliers: str = "public",
    masks: Mapping[Column, Mask] | None = None,
    forbidden: frozenset[Column] = frozenset(),
    retention_days: int | None = None,
    sensitive: bool = False,
    timed: bool = True,
) -> Choice:
    """Choose a policy over TPC-H. `suppliers` is `public`, `apart` (of the tables about them) or `everywhere`."""
    urgent = (Sensitive("o_orderpriority", ("1-URGENT",)),) if sensitive else ()
    maker = Sensitive("l_partkey", ("Manufacturer#5",), ("part", "p_partkey", "p_mfgr"))
    lines = (OF_ORDER, Subject(SUPPLIER, "l_suppkey")) if suppliers == "everywhere" else (OF_ORDER,)
    tables = {
        "customer": Declared((CUSTOMER,), key="c_custkey"),
        "orders": Declared(
            (Subject("customer", "o_custkey"),),
            key="o_orderkey",
            time="o_orderdate" if timed else None,
            retention_days=retention_days if timed else None,
            sensitive=urgent,
        ),
        "lineitem": Declared(
            lines,
            time="l_shipdate" if timed else None,
            retention_days=retention_days if timed else None,
            sensitive=(maker,) if sensitive else (),
            determines=("l_orderkey",),
        ),
    }
    if suppliers != "public":
        tables["supplier"] = Declared((Subject(SUPPLIER, "s_suppkey"),), key="s_suppkey")
        tables["partsupp"] = Declared((Subject(SUPPLIER, "ps_suppkey"),))
    return Choice(tables, dict(masks or {}), forbidden, {"part": "p_partkey"})


def _sold(prefix: str, *people: str) -> Declared:
    rule = Sensitive(f"{prefix}_item_sk", ("Jewelry",), ("item", "i_item_sk", "i_category"))
    return Declared(tuple(Subject("customer", f"{prefix}_{person}_sk") for person in people), sensitive=(rule,))


def tpcds() -> Choice:
    """Return the policy over TPC-DS: sales and returns are about whoever paid, received, returned and was refunded."""
    tables = {
        "customer": Declared((Subject("customer", "c_customer_sk"),), key="c_customer_sk"),
        "store_sales": _sold("ss", "customer"),
        "store_returns": _sold("sr", "customer"),
        "catalog_sales": _sold("cs", "bill_customer", "ship_customer"),
        "catalog_returns": _sold("cr", "refunded_customer", "returning_customer"),
        "web_sales": _sold("ws", "bill_customer", "ship_customer"),
        "web_returns": _sold("wr", "refunded_customer", "returning_customer"),
    }
    masks: dict[Column, Mask] = {
        ("customer", "c_birth_year"): {"kind": "band", "size": 5},
        ("customer", "c_email_address"): {"kind": "null"},
        ("customer", "c_last_name"): {"kind": "prefix", "size": 2},
        ("store_sales", "ss_wholesale_cost"): {"kind": "band", "size": 10},
        ("catalog_sales", "cs_list_price"): {"kind": "band", "size": 5},
    }
    return Choice(tables, masks, public_keys={"item": "i_item_sk"})


# -- from a choice to a policy -----------------------------------------------------------------------------------------


def types_of(folder: Path) -> dict[str, dict[str, str]]:
    """Return the DuckDB types of the columns of each table in a folder."""
    found: dict[str, dict[str, str]] = {}
    with duckdb.connect() as connection:
        for path in sorted(folder.glob("*.parquet")):
            rows = connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
            found[path.stem] = {row[0]: row[1] for row in rows}
    return found


def declared_type(made: str) -> str:
    """Return the type a generation holds a column in, by the type it was made with."""
    if made.startswith("DECIMAL"):
        return "DECIMAL(18,2)"
    return "BIGINT" if made == "INTEGER" else made


def load(choice: Choice, types: Mapping[str, Mapping[str, str]], folder: Path) -> Policy:
    """Write a choice down as a policy and load it; a finding is a defect of this file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.yaml").write_text(json.dumps(document(choice, types), indent=1))
    loaded = load_folder(folder)
    errors = [str(finding) for finding in loaded.findings if finding.severity == "error"]
    assert loaded.policy is not None and not errors, errors
    return loaded.policy


def document(choice: Choice, types: Mapping[str, Mapping[str, str]]) -> dict[str, object]:
    cap = {"epsilon": 99, "delta": 1.0e-6, "period": "year"}
    return {
        "controller": {"name": "TPC", "country": "DE", "contact": "privacy@tpc.example", "officer": "pia"},
        "regimes": {"eu": {"title": "the GDPR", "jurisdictions": ["DE"]}},
        "namespaces": {
            name: {"title": name.title(), "cap": cap}
            for name in sorted({each.namespace for table in choice.tables.values() for each in table.subjects})
        },
        "recipients": {},
        "roles": {
            "analyst": {"title": "Analyst", "may": ["query"]},
            "engineer": {"title": "Engineer", "may": ["data-add"]},
            "officer": {"title": "Officer", "may": ["policy-activate", "consent-record"]},
        },
        "people": {
            "ana": {"title": "Ana", "roles": ["analyst"]},
            "dan": {"title": "Dan", "roles": ["engineer"]},
            "pia": {"title": "Pia", "roles": ["officer"]},
        },
        "purposes": {name: _purpose(name, use, _numbers(choice, types)) for name, use in PURPOSES.items()},
        "datasets": {name: _dataset(name, columns, choice) for name, columns in types.items()},
    }


def _purpose(name: str, sensitive: str, bounded: Iterable[str]) -> dict[str, object]:
    return {
        "title": name,
        "description": "A purpose.",
        "notice": {"version": "1", "text": "We count what is bought."},
        "basis": {"eu": {"basis": "consent", "default": "opt_in"}},
        "unknown": {"place": "eu", "age": "adult"},
        "sensitive": sensitive,
        "categories": ["user.unique_id", "user.behavior.purchase_history"],
        "roles": ["analyst"],
        "release": {
            "rule": "private",
            "epsilon": {"default": 1, "max": 3},
            "allowance": {"epsilon": 12, "delta": 1.0e-7, "period": "month"},
            "max_groups": 10,
            "rows": {"per_group": 100},
            "columns": {name: {"norm": 100_000, "values": [0, 10_000]} for name in bounded},
            "threshold_delta": 1.0e-8,
        },
    }


def _numbers(choice: Choice, types: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the columns of personal tables that hold amounts: what one person may add to a sum of them is bounded."""
    return [
        column
        for table in sorted(choice.tables)
        for column, made in types[table].items()
        if made.startswith("DECIMAL") or column.endswith(("_quantity", "_availqty"))
    ]


def _dataset(name: str, columns: Mapping[str, str], choice: Choice) -> dict[str, object]:
    declared = choice.tables.get(name)
    described = {column: _column((name, column), made, choice, declared) for column, made in columns.items()}
    if declared is None:
        public: dict[str, object] = {"title": name, "public": True, "columns": described}
        return public | ({"key": [choice.public_keys[name]]} if name in choice.public_keys else {})
    found: dict[str, object] = {"title": name, "columns": described, "subjects": []}
    found["subjects"] = [_subject(each) for each in declared.subjects]
    if declared.key:
        found["key"] = [declared.key]
    if declared.time:
        found["time"] = declared.time
    if declared.retention_days:
        found["retention_days"] = declared.retention_days
    if declared.determines:
        found["determines_subject"] = list(declared.determines)
    if declared.sensitive:
        found["sensitive_when"] = [_sensitive(rule) for rule in declared.sensitive]
    return found


def _subject(subject: Subject) -> dict[str, object]:
    if subject.via is None:
        return {"namespace": subject.namespace, "column": subject.column}
    table, key, column = subject.via
    return {
        "namespace": subject.namespace,
        "column": column,
        "via": [{"column": subject.column, "dataset": table, "key": key}],
    }


def _sensitive(rule: Sensitive) -> dict[str, object]:
    found: dict[str, object] = {"column": rule.column, "values": list(rule.values), "reveals": "health"}
    if rule.lookup is not None:
        found["lookup"] = dict(zip(("dataset", "key", "column"), rule.lookup, strict=True))
    return found


def _column(place: Column, made: str, choice: Choice, declared: Declared | None) -> dict[str, object]:
    kind = declared_type(made)
    types = {"BIGINT": "integer", "VARCHAR": "text", "DATE": "date", "DECIMAL(18,2)": "money"}
    found: dict[str, object] = {"type": types[kind], "category": "user.behavior.purchase_history"}
    if kind == "DECIMAL(18,2)":
        found["scale"] = 2
    if declared is None:
        found["category"] = "public.product"
    elif place in choice.forbidden:
        found["category"] = "user.contact"
    if place in choice.masks and declared is not None:
        found["mask"] = choice.masks[place]
    return found
