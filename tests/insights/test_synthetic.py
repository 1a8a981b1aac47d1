"""Made-up rows have the declared shape, keep the declared constraints, and join with one another."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from pellucid.demo.data import POLICY as GROCER
from pellucid.governance.activate import activate
from pellucid.holdings.schema_hash import schema_hash
from pellucid.insights.synthetic.draw import Draw
from pellucid.insights.synthetic.rows import arrow_type, chosen_keys, make_rows, masked
from pellucid.policy.load import load_policy
from pellucid.policy.model import Policy
from pellucid.records.columns import to_instant
from pellucid.rewrite.permit_rows import _shown
from pellucid.workspace import Workspace, create
from tests.policy.conftest import SOUND
from tests.shop import EXAMPLE

TODAY = date(2026, 11, 24)
ODD = """\
datasets:
  odd:
    title: Every type, in a key and beside it
    subjects: [{namespace: household, column: payer}, {namespace: household, column: payee}]
    key: [flag, day]
    time: day
    retention_days: 8
    columns:
      flag: {type: boolean, category: user.behavior.purchase_history}
      day: {type: date, category: user.behavior.purchase_history}
      payer: {type: text, category: user.unique_id}
      payee: {type: text, category: user.unique_id}
      amount: {type: money, scale: 2, category: user.financial, mask: {kind: band, size: 7}}
      share: {type: real, category: user.financial, mask: {kind: "null"}}
      code: {type: text, category: user.financial, nullable: false, mask: {kind: prefix, size: 4}}
      at: {type: timestamp, category: user.financial, mask: {kind: year}}
    sensitive_when: [{column: code, values: [X1], reveals: health}]
  fleeting:
    title: Kept for a day
    subjects: [{namespace: household, column: household_id}]
    key: [number]
    time: at
    retention_days: 1
    columns:
      number: {type: integer, category: user.unique_id}
      household_id: {type: text, category: user.unique_id}
      at: {type: timestamp, category: user.unique_id}
"""


@cache
def policy(name: str) -> Policy:
    if name == "grocer":
        return load_policy(GROCER)
    if name == "shop":
        return load_policy(EXAMPLE / "policy")
    with TemporaryDirectory() as folder:
        text = SOUND.replace("may: [policy-activate, ", "may: [policy-activate, data-add, ")
        (Path(folder) / "policy.yaml").write_text(text + ODD.removeprefix("datasets:\n"))
        return load_policy(Path(folder))


DATASETS = [(name, dataset) for name in ("grocer", "shop", "odd") for dataset in policy(name).datasets]


def made(name: str, dataset: str, rows: int = 40, seed: int = 7, **public: list[str]) -> pa.Table:
    declared = policy(name)
    return make_rows(declared, declared.datasets[dataset], rows=rows, seed=seed, today=TODAY, public=public)


def column(table: pa.Table, name: str) -> list[object]:
    found: list[object] = table.column(name).to_pylist()
    return found


@pytest.mark.parametrize("rows", [1, 2, 40, 500])
@pytest.mark.parametrize(("name", "dataset"), DATASETS)
def test_rows_have_the_declared_types_and_keep_every_declared_constraint(name: str, dataset: str, rows: int) -> None:
    declared, table = policy(name).datasets[dataset], made(name, dataset, rows)

    assert table.schema == pa.schema([(each.name, arrow_type(each)) for each in declared.columns.values()])
    assert table.num_rows == (rows if dataset != "odd" else min(rows, 14))
    for each in declared.columns.values():
        values = [value for value in column(table, each.name) if value is not None]
        if not each.nullable or each.name in declared.key or each.name == declared.time:
            assert len(values) == table.num_rows, each.name
        if each.domain:
            assert set(values) <= set(each.domain), each.name
    if declared.key:
        keys = list(zip(*(column(table, key) for key in declared.key), strict=True))
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("name", "dataset"), DATASETS)
def test_instants_are_past_and_within_retention_all_day_long(name: str, dataset: str) -> None:
    declared = policy(name).datasets[dataset]
    if declared.time is None:
        assert dataset not in ("transactions", "purchases", "coupon_redemptions", "odd", "fleeting")
        return
    tonight = datetime(2026, 11, 24, 23, 59, 59)
    days = declared.retention_days or 366
    for found in column(made(name, dataset, 200), declared.time):
        at = found if isinstance(found, datetime) else datetime.combine(found, datetime.min.time())  # type: ignore[arg-type]
        assert tonight - timedelta(days=days) <= at <= datetime(2026, 11, 24), found


def test_the_same_seed_makes_the_same_rows_and_another_makes_others() -> None:
    for name, dataset in DATASETS:
        assert made(name, dataset).equals(made(name, dataset))
    assert not made("grocer", "transactions").equals(made("grocer", "transactions", seed=8))


def test_draws_are_the_same_in_every_version() -> None:
    draw = Draw(7).at("transactions", "week", 3)

    drawn = [draw.below(1000), draw.at("missing").below(1000), Draw(8).at("transactions", "week", 3).below(1000)]
    assert drawn == [285, 874, 308]
    assert Draw(7).order(["a", "b", "c", "d"], ["a", "b", "c", "d"]) == Draw(7).order([*"dcba"], [*"dcba"])


# -- joins -------------------------------------------------------------------------------------------------------------


def test_samples_join_on_the_subject() -> None:
    bought = set(column(made("grocer", "transactions"), "household_id"))

    assert len(bought) > 3
    for other in ("demographics", "households"):
        assert bought <= set(column(made("grocer", other), "household_id"))
    assert bought & set(column(made("grocer", "campaigns"), "household_id")) != set()
    assert bought & set(column(made("grocer", "coupon_redemptions"), "household_id")) != set()


def test_a_key_that_determines_the_subject_does() -> None:
    table = made("grocer", "transactions", 200)
    owners = set(zip(column(table, "basket_id"), column(table, "household_id"), strict=True))

    assert len({basket for basket, _ in owners}) == len(owners)
    assert len(owners) > len({household for _, household in owners})


def test_a_row_that_finds_its_subject_through_another_table_joins_with_it() -> None:
    bought, baskets = made("odd", "transactions"), made("odd", "baskets")
    owners = dict(zip(column(baskets, "basket_id"), column(baskets, "household_id"), strict=True))

    assert set(column(bought, "basket_id")) <= owners.keys()
    assert {owners[basket] for basket in column(bought, "basket_id")} <= set(
        column(made("odd", "members"), "household_id")
    )


def test_keys_of_a_public_table_are_its_own_where_they_are_known_and_join_where_they_are_not() -> None:
    held = chosen_keys("products", [f"p{number}" for number in range(500)], rows=40, seed=7)
    real = set(column(made("grocer", "transactions", products=held), "product_id")) - {None}
    invented = set(column(made("grocer", "transactions"), "product_id")) - {None}

    assert (len(held), len(set(held))) == (40, 40)
    assert real <= set(held)
    assert invented <= set(column(made("grocer", "products"), "product_id"))


def test_which_public_keys_are_chosen_does_not_depend_on_the_order_in_which_they_are_held() -> None:
    keys = [f"p{number}" for number in range(50)]

    assert chosen_keys("products", keys, rows=9, seed=1) == chosen_keys("products", keys[::-1], rows=9, seed=1)


# -- values ------------------------------------------------------------------------------------------------------------


def test_numbers_stay_within_what_no_bound_would_clip() -> None:
    prices = [value for value in column(made("shop", "purchases", 300), "price") if value is not None]
    pieces = [value for value in column(made("odd", "transactions", 300), "quantity") if value is not None]

    assert (min(prices) >= 0, max(prices) <= 12) == (True, True)  # type: ignore[type-var, operator]
    assert len(set(prices)) > 100
    assert (min(pieces) >= -10, max(pieces) <= 300, min(pieces) < 0) == (True, True, True)  # type: ignore[type-var, operator]


def test_values_are_missing_where_they_may_be_and_sensitive_ones_occur() -> None:
    codes = column(made("odd", "odd"), "code")

    assert None in column(made("grocer", "demographics", 200), "income")
    assert "X1" in codes
    assert {code for code in codes if code != "X1"} <= {f"synthetic-code-{number}" for number in range(1, 9)}


def test_facts_are_places_of_the_laws_and_years_of_grown_ups() -> None:
    table = made("grocer", "households", 200)

    assert set(column(table, "jurisdiction")) - {None} == {"DE", "FR", "US-CA", "US-TX"}
    years = {year for year in column(table, "birth_year") if year is not None}
    assert years <= set(range(1940, 2000))


@pytest.mark.parametrize("dataset", ["odd", "transactions", "members"])
def test_a_mask_makes_of_a_value_what_the_engine_makes_of_it(dataset: str) -> None:
    declared, rows = policy("odd"), made("odd", dataset)
    asking = declared.purposes["range-planning"]
    shown = ", ".join(_shown(each, asking) for each in declared.datasets[dataset].columns.values())
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        engine = connection.sql(f"SELECT {shown} FROM rows AS _b").to_arrow_table()

    ours = masked(rows, declared.datasets[dataset], "range-planning")

    assert ours.to_pylist() == engine.to_pylist()
    assert ours.to_pylist() != rows.to_pylist()
    assert ours.schema.types == engine.schema.types


# -- the door ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "importer"), [("grocer", "dan"), ("odd", "pia")])
def test_an_import_takes_every_made_up_row(name: str, importer: str, tmp_path: Path) -> None:
    create(tmp_path / "w", name="test/log", actor_name="pia").close()
    noon = to_instant(datetime(2026, 11, 24, 12, tzinfo=UTC))
    with Workspace(tmp_path / "w", clock=lambda: noon) as workspace:
        pia = workspace.actor("pia")
        activate(workspace.room.database, policy(name), pia, noon, schema_hash=schema_hash)
        for dataset in (each.name for each in policy(name).datasets.values() if each.built is None):
            rows = made(name, dataset, 60)
            parquet.write_table(rows, tmp_path / f"{dataset}.parquet")
            report = workspace.data.add(dataset, tmp_path / f"{dataset}.parquet", actor=workspace.actor(importer))
            assert (report.rows_kept, dict(report.rejected)) == (rows.num_rows, {}), dataset
